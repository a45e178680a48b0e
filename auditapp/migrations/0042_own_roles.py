"""Roles that a workspace defines. Built-in ones are seen by all and written by migrations alone; own ones are their workspace's."""

import django.db.models.functions.text
from django.db import migrations, models

from auditapp.migrations._rights import NO_WS, WS

RIGHTS = f"""
GRANT INSERT, UPDATE, DELETE ON role TO audit_app;
ALTER TABLE role ENABLE ROW LEVEL SECURITY;
CREATE POLICY built_in ON role FOR SELECT TO audit_app USING (workspace_id IS NULL);
CREATE POLICY tenant ON role TO audit_app USING (workspace_id = {WS}) WITH CHECK (workspace_id = {WS});
CREATE POLICY worker ON role FOR SELECT TO audit_worker USING ({NO_WS})
"""


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0041_single_sign_on")]

    operations = [
        migrations.AddField(model_name="role", name="workspace_id", field=models.BigIntegerField(null=True)),
        migrations.AlterModelOptions(
            name="role",
            options={
                "ordering": (
                    models.F("workspace_id").asc(nulls_first=True),
                    "position",
                    django.db.models.functions.text.Lower("name"),
                )
            },
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.UniqueConstraint(
                models.F("workspace_id"), django.db.models.functions.text.Lower("name"), name="role_name_once"
            ),
        ),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
