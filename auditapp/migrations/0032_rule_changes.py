"""What each change of a tracking plan did to its rules, so that it can be undone."""

from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0031_event_attempts")]

    operations = [
        migrations.CreateModel(
            name="PlanRuleChange",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "plan_id",
                        "revision",
                        "type",
                        "key",
                        "version",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("plan_id", models.TextField()),
                ("revision", models.TextField()),
                ("type", models.TextField()),
                ("key", models.TextField()),
                ("version", models.IntegerField()),
                ("before", models.TextField(null=True)),
                ("was", models.TextField(null=True)),
                ("is_now", models.TextField(null=True)),
            ],
            options={"db_table": "tracking_plan_rule_change"},
        ),
        migrations.RunSQL(
            tenant_rights("tracking_plan_rule_change", not_for_app="UPDATE, DELETE"), migrations.RunSQL.noop
        ),
    ]
