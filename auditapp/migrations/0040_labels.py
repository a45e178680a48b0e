"""Labels of their own: every workspace has its first two, and those that it used already; owners manage them."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

# What is no label by the rules was never taken by a service, and stays unknown.
MAKE_KNOWN = """
INSERT INTO label (workspace_id, key, value, description, created_at)
SELECT DISTINCT workspace_id, split_part(label, ':', 1), split_part(label, ':', 2), '', now()
FROM (
    SELECT id, unnest(ARRAY['environment:dev', 'environment:prod']) FROM workspace
    UNION ALL SELECT workspace_id, unnest(labels) FROM source
    UNION ALL SELECT workspace_id, unnest(labels) FROM space
    UNION ALL SELECT workspace_id, unnest(labels) FROM role_grant
    UNION ALL SELECT workspace_id, unnest(labels) FROM invitation
) AS used (workspace_id, label)
WHERE label ~ '^[a-z][a-z0-9-]{0,39}:[a-z][a-z0-9-]{0,39}$'
ON CONFLICT DO NOTHING
"""


def widen_owner(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    role = apps.get_model("auditapp", "Role").objects.get(key="workspace_owner")
    role.permissions = [*role.permissions, "label.manage"]
    role.save(update_fields=["permissions"])


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0039_invitations_again")]

    operations = [
        migrations.CreateModel(
            name="Label",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "key", "value", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=40)),
                ("value", models.CharField(max_length=40)),
                ("description", models.CharField(default="", max_length=200)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={"db_table": "label", "ordering": ("key", "value")},
        ),
        migrations.RunSQL(tenant_rights("label"), migrations.RunSQL.noop),
        migrations.RunSQL(MAKE_KNOWN, migrations.RunSQL.noop),
        migrations.RunPython(widen_owner, migrations.RunPython.noop),
    ]
