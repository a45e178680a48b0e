"""Start-up checks: refuse to run where a promise could not be kept."""
