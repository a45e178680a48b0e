"""Counts of each type and actor by month and of all time, beside those by day: a dropdown over years adds up next to nothing."""

import datetime

from django.db import migrations, models

from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0004_roles_and_cache"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActorTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "scope_id",
                        "period",
                        "actor_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("scope_id", models.TextField()),
                ("period", models.TextField()),
                ("actor_id", models.TextField()),
                ("events", models.BigIntegerField()),
            ],
            options={
                "db_table": "actor_total",
            },
        ),
        migrations.CreateModel(
            name="TypeTotal",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "scope_id",
                        "period",
                        "type",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("scope_id", models.TextField()),
                ("period", models.TextField()),
                ("type", models.TextField()),
                ("events", models.BigIntegerField()),
            ],
            options={
                "db_table": "type_total",
            },
        ),
        migrations.AddField(
            model_name="treehead",
            name="folded_before",
            field=models.DateField(db_default=datetime.date(1970, 1, 1)),
        ),
        *(
            migrations.RunSQL(
                tenant_rights(table, not_for_app="INSERT, UPDATE, DELETE", for_worker="INSERT, UPDATE"),
                migrations.RunSQL.noop,
            )
            for table in ("type_total", "actor_total")
        ),
    ]
