"""Start-up checks: refuse to run where a promise could not be kept. Each has an id and says what to do.

They run at the start of web and worker, and with `manage.py check --database default`.
"""

from auditapp.checks import addresses, database, outbound, project, secrets, sso

__all__ = ["addresses", "database", "outbound", "project", "secrets", "sso"]
