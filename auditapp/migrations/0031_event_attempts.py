"""Which events are attempts at the same task. What was recorded before has no row here and stays as it was shown."""

from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0030_revert_callbacks"),
    ]

    operations = [
        migrations.CreateModel(
            name="EventAttempt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "event_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("task", models.BinaryField()),
                ("run", models.IntegerField()),
                ("number", models.SmallIntegerField()),
            ],
            options={
                "db_table": "event_attempt",
                "indexes": [
                    models.Index(fields=["workspace_id", "task", "run", "number"], name="event_attempt_of_task")
                ],
            },
        ),
        migrations.RunSQL(
            tenant_rights("event_attempt", not_for_app="UPDATE, DELETE, TRUNCATE", for_worker="DELETE"),
            migrations.RunSQL.noop,
        ),
    ]
