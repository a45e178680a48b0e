"""Event streams sources: where events come in, and their write keys."""
