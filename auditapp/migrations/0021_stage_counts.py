"""What single transformations, filters and functions did, by the hour."""

from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0020_destination_filters")]

    operations = [
        migrations.CreateModel(
            name="StageCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "source_id",
                        "destination_id",
                        "hour",
                        "item_id",
                        "outcome",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("destination_id", models.TextField(default="")),
                ("hour", models.DateTimeField()),
                ("item_id", models.TextField()),
                ("outcome", models.TextField()),
                ("events", models.BigIntegerField()),
            ],
            options={"db_table": "stage_count"},
        ),
        migrations.RunSQL(tenant_rights("stage_count"), migrations.RunSQL.noop),
    ]
