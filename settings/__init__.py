"""Settings, URLs and the embedded PostgreSQL. Nothing here imports `auditapp`: the project configures the app, never the reverse."""
