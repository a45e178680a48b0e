"""Grants and row-level security of a table that belongs to a workspace, for the migration that makes it."""

WS = "NULLIF(current_setting('app.ws', true), '')::bigint"
# Outside of any workspace. Not a plain IS NULL, of which the planner expects next to no row and then reads whole tables.
NO_WS = f"(CASE WHEN {WS} IS NULL THEN 1 END) IS NOT NULL"


def tenant_rights(table: str, *, not_for_app: str = "", for_worker: str = "") -> str:
    """The statements that give a new table its policies.

    Takes:   not_for_app, what is taken from the web, which starts with SELECT, INSERT, UPDATE, DELETE (default privileges)
             for_worker, what the worker gets on top of the web's rights
    """
    statements = [
        f"REVOKE {not_for_app} ON {table} FROM audit_app" if not_for_app else "",
        f"GRANT {for_worker} ON {table} TO audit_worker" if for_worker else "",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY tenant ON {table} TO audit_app USING (workspace_id = {WS}) WITH CHECK (workspace_id = {WS})",
        f"CREATE POLICY worker ON {table} TO audit_worker USING ({NO_WS}) WITH CHECK ({NO_WS})",
    ]
    return ";\n".join(filter(None, statements))
