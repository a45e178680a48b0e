"""Who may do what to which table: grants, and row-level security on everything that belongs to a workspace.

`app.ws` is set by record.workspace_scope alone; unset it is NULL or '', which matches no row. The worker inherits the web's
policies and, outside of any workspace, sees them all.
"""

from django.db import migrations

WS = "NULLIF(current_setting('app.ws', true), '')::bigint"
# Outside of any workspace. Not a plain IS NULL, of which the planner expects next to no row and then reads whole tables.
NO_WS = f"(CASE WHEN {WS} IS NULL THEN 1 END) IS NOT NULL"

# audit_app starts with SELECT, INSERT, UPDATE and DELETE (default privileges): what it must not do is taken away.
TENANT_TABLES = (
    "event",
    "pending",
    "idempotency",
    "declared_type",
    "type_count",
    "actor_count",
    "leaf",
    "node",
    "tree_head",
    "checkpoint",
    "reader",
    "verification",
    "role_grant",
    "user_group",
    "user_group_member",
    "source",
    "warehouse",
    # These have one more way in for reading, below.
    "member",
    "api_token",
    "invitation",
)
READ_ONLY_FOR_APP = (
    "leaf",
    "node",
    "tree_head",
    "checkpoint",
    "seal_key",
    "reader",
    "verification",
    "type_count",
    "actor_count",
    "role",
)
INSERT_ONLY_FOR_APP = ("event", "pending", "idempotency")

GRANTS = [
    *(f"REVOKE INSERT, UPDATE, DELETE ON {table} FROM audit_app" for table in READ_ONLY_FOR_APP),
    *(f"REVOKE UPDATE, DELETE ON {table} FROM audit_app" for table in INSERT_ONLY_FOR_APP),
    "REVOKE INSERT, DELETE ON workspace FROM audit_app",
    "REVOKE DELETE ON user_account FROM audit_app",
    "GRANT INSERT ON leaf, node, checkpoint, seal_key, verification TO audit_worker",
    "GRANT INSERT, UPDATE ON tree_head, type_count, actor_count, reader TO audit_worker",
    "GRANT DELETE ON pending, idempotency TO audit_worker",
    "GRANT INSERT ON workspace TO audit_worker",
    # A head is taken with FOR UPDATE, which asks for UPDATE.
    "GRANT SELECT, UPDATE (units, salts, tokens, request_id, session_id, erased_by) ON event TO audit_eraser",
    "REVOKE EXECUTE ON FUNCTION audit_erase(uuid[], text[], uuid) FROM audit_app",
    "REVOKE EXECUTE ON FUNCTION audit_make_months(date, date) FROM audit_app",
    "REVOKE EXECUTE ON FUNCTION audit_make_partition(text, text, text) FROM audit_app",
    "GRANT EXECUTE ON FUNCTION audit_erase(uuid[], text[], uuid) TO audit_worker",
    "GRANT EXECUTE ON FUNCTION audit_make_months(date, date) TO audit_worker",
    # A function's new owner must be able to create in its schema at that moment.
    "GRANT CREATE ON SCHEMA public TO audit_eraser",
    "ALTER FUNCTION audit_erase(uuid[], text[], uuid) OWNER TO audit_eraser",
    "REVOKE CREATE ON SCHEMA public FROM audit_eraser",
]
POLICIES = [
    *(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY" for table in (*TENANT_TABLES, "workspace")),
    *(
        f"CREATE POLICY tenant ON {t} TO audit_app USING (workspace_id = {WS}) WITH CHECK (workspace_id = {WS})"
        for t in TENANT_TABLES
    ),
    *(
        f"CREATE POLICY worker ON {t} TO audit_worker USING ({NO_WS}) WITH CHECK ({NO_WS})"
        for t in (*TENANT_TABLES, "workspace")
    ),
    f"CREATE POLICY eraser ON event TO audit_eraser USING (workspace_id = {WS}) WITH CHECK (workspace_id = {WS})",
    "CREATE POLICY own_membership ON member FOR SELECT TO audit_app USING (user_id = current_setting('app.user', true))",
    "CREATE POLICY by_secret ON api_token FOR SELECT TO audit_app USING (digest = decode(current_setting('app.secret', true), 'hex'))",
    "CREATE POLICY by_secret ON invitation FOR SELECT TO audit_app USING (digest = decode(current_setting('app.secret', true), 'hex'))",
    f"CREATE POLICY tenant ON workspace TO audit_app USING (id = {WS}) WITH CHECK (id = {WS})",
    "CREATE POLICY own_workspaces ON workspace FOR SELECT TO audit_app USING (EXISTS (SELECT FROM member AS m"
    " WHERE m.workspace_id = workspace.id AND m.user_id = current_setting('app.user', true)))",
]


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0002_event")]

    operations = [migrations.RunSQL(";\n".join([*GRANTS, *POLICIES]), migrations.RunSQL.noop)]
