"""Who may act in a member's name for a time; and who acted as another is erased with the actor."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

AS_ERASER = import_module("auditapp.migrations.0028_reasons").AS_ERASER
ERASE = import_module("auditapp.migrations.0043_masked_values").ERASE
BEFORE = "ARRAY[v_ws || ':a=', v_ws || ':e=']"
NOW = "ARRAY[v_ws || ':a=', v_ws || ':b=', v_ws || ':e=']"
# Before a workspace is entered: by whoever holds the link, and by whoever took it.
WAYS_IN = (
    "CREATE POLICY by_secret ON support_access FOR SELECT TO audit_app"
    " USING (digest = decode(current_setting('app.secret', true), 'hex'))",
    "CREATE POLICY own_support ON support_access FOR SELECT TO audit_app USING (user_id = current_setting('app.user', true))",
    "CREATE POLICY supported_workspaces ON workspace FOR SELECT TO audit_app USING (EXISTS (SELECT FROM support_access AS s"
    " WHERE s.workspace_id = workspace.id AND s.user_id = current_setting('app.user', true)))",
)


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0044_second_factor_rule")]

    operations = [
        migrations.CreateModel(
            name="SupportAccess",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("email", models.EmailField(max_length=254)),
                ("purpose", models.TextField()),
                ("is_read_only", models.BooleanField(default=True)),
                ("digest", models.BinaryField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("first_used_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("expired_at", models.DateTimeField(null=True)),
                (
                    "granted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "support_access",
                "indexes": [
                    models.Index(fields=["digest"], name="support_access_digest"),
                    models.Index(fields=["user", "expires_at"], name="support_access_of"),
                ],
            },
        ),
        migrations.RunSQL(tenant_rights("support_access"), migrations.RunSQL.noop),
        migrations.RunSQL(";\n".join(WAYS_IN), "DROP POLICY supported_workspaces ON workspace"),
        migrations.RunSQL(AS_ERASER.format(ERASE.replace(BEFORE, NOW)), AS_ERASER.format(ERASE)),
    ]
