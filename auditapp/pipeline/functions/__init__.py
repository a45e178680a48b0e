"""Functions: JavaScript of the workspace's own that sees each event on its way, changes it or stops it."""
