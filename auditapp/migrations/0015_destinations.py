"""Destinations, how far each has been read, what came of each try, and replays."""

import django.db.models.functions.text
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0014_transformations"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeadLetter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "destination_id",
                        "index",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("destination_id", models.TextField()),
                ("index", models.BigIntegerField()),
                ("at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("received_at", models.DateTimeField()),
                ("message_id", models.TextField()),
                ("name", models.TextField()),
                ("payload", models.BinaryField()),
                ("tries", models.IntegerField()),
                ("code", models.TextField()),
                ("message", models.TextField()),
                ("request", models.TextField(default="")),
                ("answer", models.TextField(default="")),
                ("replayed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "dead_letter",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "destination_id",
                        "lane",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("destination_id", models.TextField()),
                ("lane", models.TextField(default="")),
                ("source_id", models.TextField()),
                ("next_index", models.BigIntegerField()),
                ("end_index", models.BigIntegerField(null=True)),
                ("only_dead_letters", models.BooleanField(default=False)),
                ("batch_end", models.BigIntegerField(null=True)),
                ("batch_version", models.IntegerField(default=0)),
                ("suspect_end", models.BigIntegerField(default=0)),
                ("failures", models.IntegerField(default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("last_outcome", models.TextField(default="")),
                ("last_code", models.TextField(default="")),
                ("last_message", models.TextField(default="")),
                ("is_told", models.BooleanField(default=False)),
                ("retry_at", models.DateTimeField(null=True)),
                ("delivered_at", models.DateTimeField(null=True)),
                ("lease", models.BigIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "delivery",
            },
        ),
        migrations.CreateModel(
            name="DeliveryCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "destination_id",
                        "hour",
                        "code",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("destination_id", models.TextField()),
                ("hour", models.DateTimeField()),
                ("code", models.TextField()),
                ("events", models.BigIntegerField()),
            ],
            options={
                "db_table": "delivery_count",
            },
        ),
        migrations.CreateModel(
            name="Replay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "destination_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("destination_id", models.TextField()),
                ("id", models.TextField()),
                ("only_dead_letters", models.BooleanField(default=False)),
                ("start", models.BigIntegerField()),
                ("end", models.BigIntegerField()),
                ("events", models.BigIntegerField()),
                ("delivered", models.BigIntegerField(default=0)),
                ("asked_by", models.TextField(default="")),
                ("asked_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("is_cancelled", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "replay",
            },
        ),
        migrations.CreateModel(
            name="DeliveryAttempt",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "destination_id",
                        "id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("destination_id", models.TextField()),
                ("id", models.TextField()),
                ("lane", models.TextField(default="")),
                ("at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("start", models.BigIntegerField()),
                ("end", models.BigIntegerField()),
                ("events", models.IntegerField()),
                ("batch_id", models.TextField(default="")),
                ("number", models.IntegerField(default=1)),
                ("outcome", models.TextField()),
                ("code", models.TextField(default="")),
                ("message", models.TextField(default="")),
                ("request", models.TextField(default="")),
                ("answer", models.TextField(default="")),
                ("elapsed_ms", models.IntegerField(default=0)),
                ("oldest_at", models.DateTimeField(null=True)),
                ("skipped", models.JSONField(default=list)),
            ],
            options={
                "db_table": "delivery_attempt",
                "indexes": [
                    models.Index(
                        models.F("workspace_id"), models.F("destination_id"), models.F("start"), name="attempt_by_start"
                    ),
                    models.Index(
                        models.F("workspace_id"),
                        models.F("destination_id"),
                        models.OrderBy(models.F("at"), descending=True),
                        name="attempt_by_time",
                    ),
                    models.Index(models.F("at"), name="attempt_by_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Destination",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("source_id", models.TextField()),
                ("kind", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=100)),
                ("is_enabled", models.BooleanField(default=False)),
                ("paused_at", models.DateTimeField(null=True)),
                ("pause_reason", models.TextField(default="")),
                ("form", models.CharField(default="segment", max_length=20)),
                ("settings", models.JSONField(default=dict)),
                ("secrets", models.BinaryField(null=True)),
                ("version", models.IntegerField(default=1)),
                ("tested_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "destination",
                "indexes": [
                    models.Index(models.F("workspace_id"), models.F("source_id"), name="destination_of_source")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        django.db.models.functions.text.Lower("name"),
                        name="destination_name_once",
                    )
                ],
            },
        ),
        *(
            migrations.RunSQL(tenant_rights(table), migrations.RunSQL.noop)
            for table in ("destination", "delivery", "delivery_attempt", "dead_letter", "delivery_count", "replay")
        ),
    ]
