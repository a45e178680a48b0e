"""The database roles under which everything runs, made before the first migration.

Rights on single tables are given by the migrations; here are only the roles and what new tables grant by default.
"""

import psycopg

# NOLOGIN: a login becomes one of them with `-c role=...` and can never be one.
ROLES = ("audit_owner", "audit_app", "audit_worker", "audit_eraser")

# A login that became a member of audit_owner would grant in its name the second time, to itself, which is refused.
LET_OWNER_CREATE = """
DO $$ BEGIN
    IF NOT has_schema_privilege('audit_owner', 'public', 'CREATE WITH GRANT OPTION') THEN
        GRANT USAGE, CREATE ON SCHEMA public TO audit_owner WITH GRANT OPTION;
    END IF;
END $$
"""
# What the worker may do beyond the web's rights is granted table by table.
PREPARE = """
GRANT audit_app TO audit_worker;
GRANT audit_eraser TO audit_owner;
GRANT USAGE ON SCHEMA public TO audit_app, audit_worker, audit_eraser;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE audit_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO audit_app;
ALTER DEFAULT PRIVILEGES FOR ROLE audit_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO audit_app;
ALTER DEFAULT PRIVILEGES FOR ROLE audit_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE audit_owner IN SCHEMA public GRANT EXECUTE ON FUNCTIONS TO audit_app;
"""


def prepare_roles(connection: "psycopg.Connection[tuple[object, ...]]", *, owner_login: str, app_login: str) -> None:
    """Make the roles, let the logins become them, and set what new tables grant; safe to repeat.

    Takes:   connection, autocommit, of a login that may create roles (or where the roles exist already);
             owner_login, the login that migrates; app_login, the login of web and worker
    Raises:  psycopg.errors.InsufficientPrivilege where neither is so
    """
    known = {
        row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
    }
    for role in ROLES:
        if role not in known:
            connection.execute(psycopg.sql.SQL("CREATE ROLE {} NOLOGIN").format(psycopg.sql.Identifier(role)))
    members = {"audit_owner": owner_login, "audit_app": app_login, "audit_worker": app_login}
    for role, login in members.items():
        statement = psycopg.sql.SQL("GRANT {} TO {}").format(
            psycopg.sql.Identifier(role), psycopg.sql.Identifier(login)
        )
        connection.execute(statement)
    connection.execute(LET_OWNER_CREATE)
    connection.execute(PREPARE)
