"""Sources that hold events of the trail: a role over all sources does not reach them."""

from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights

FORWARDED_TO = """
INSERT INTO trail_source (workspace_id, source_id) SELECT workspace_id, source_id FROM forwarding WHERE source_id <> ''
"""


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0036_roles_of_segment")]

    operations = [
        migrations.CreateModel(
            name="TrailSource",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "source_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
            ],
            options={"db_table": "trail_source"},
        ),
        migrations.RunSQL(FORWARDED_TO, migrations.RunSQL.noop),
        migrations.RunSQL(tenant_rights("trail_source", not_for_app="UPDATE, DELETE"), migrations.RunSQL.noop),
    ]
