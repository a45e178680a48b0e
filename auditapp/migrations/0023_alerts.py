"""Alert rules, their firings and messages. In /metrics, the lag of their readers is that of workspaces with a rule that is on."""

from importlib import import_module

import django.contrib.postgres.fields
import django.db.models.functions.text
from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

LATER = import_module("auditapp.migrations.0011_reader_figures")
BEFORE = LATER.BEFORE.replace(LATER.EVERY_READER, LATER.FORWARDING).replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
)
NOT_FORWARDING = "WHERE r.name NOT LIKE 'forwarding-%' GROUP BY r.name"
# As of forwarding: one row also while there is no rule, and none of a reader that another one took over from.
ALERTS = """WHERE r.name NOT LIKE 'forwarding-%' AND r.name NOT LIKE 'alerts-%' GROUP BY r.name
    UNION ALL
    SELECT 'audit_reader_lag_events', 'alerts', coalesce(max(h.size - greatest(coalesce(r.position, 0), a.start_index)), 0)::float8
    FROM alert_reading AS a JOIN tree_head AS h USING (workspace_id)
    LEFT JOIN reader AS r ON r.workspace_id = a.workspace_id AND r.name = 'alerts-' || a.generation
    WHERE EXISTS (SELECT FROM alert_rule AS u WHERE u.workspace_id = a.workspace_id AND u.is_enabled)"""
assert NOT_FORWARDING in BEFORE
TABLES = (
    *("alert_rule", "alert_reading", "alert_window", "alert_notice"),
    *("alert_firing", "alert_count", "alert_message", "alert_bell"),
)


def key(*fields: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(*fields, blank=True, editable=False, primary_key=True, serialize=False)


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0022_delivery_figures"),
    ]

    operations = [
        migrations.CreateModel(
            name="AlertBell",
            fields=[
                ("pk", key("workspace_id", "user_id")),
                ("workspace_id", models.BigIntegerField()),
                ("user_id", models.TextField()),
                ("read_to", models.DateTimeField()),
            ],
            options={
                "db_table": "alert_bell",
            },
        ),
        migrations.CreateModel(
            name="AlertCount",
            fields=[
                ("pk", key("workspace_id", "rule_id", "day")),
                ("workspace_id", models.BigIntegerField()),
                ("rule_id", models.TextField()),
                ("day", models.DateField()),
                ("firings", models.IntegerField(default=0)),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "db_table": "alert_count",
            },
        ),
        migrations.CreateModel(
            name="AlertReading",
            fields=[
                ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("generation", models.IntegerField(default=0)),
                ("start_index", models.BigIntegerField(default=0)),
                ("revision", models.TextField(default="")),
            ],
            options={
                "db_table": "alert_reading",
            },
        ),
        migrations.CreateModel(
            name="AlertWindow",
            fields=[
                ("pk", key("workspace_id", "rule_id", "key")),
                ("workspace_id", models.BigIntegerField()),
                ("rule_id", models.TextField()),
                ("key", models.TextField(default="")),
                (
                    "times",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), default=list, size=None
                    ),
                ),
                ("index", models.BigIntegerField(default=0)),
                ("is_told", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "alert_window",
            },
        ),
        migrations.CreateModel(
            name="AlertFiring",
            fields=[
                ("pk", key("workspace_id", "rule_id", "is_silence", "index")),
                ("workspace_id", models.BigIntegerField()),
                ("rule_id", models.TextField()),
                ("is_silence", models.BooleanField(default=False)),
                ("index", models.BigIntegerField()),
                ("event_id", models.UUIDField(null=True)),
                ("occurred_at", models.DateTimeField()),
                ("events", models.IntegerField(default=1)),
                ("fired_at", models.DateTimeField()),
                ("notice_id", models.TextField()),
            ],
            options={
                "db_table": "alert_firing",
                "indexes": [
                    models.Index(
                        fields=["workspace_id", "rule_id", "-fired_at", "-index"], name="alert_firing_of_rule"
                    ),
                    models.Index(fields=["workspace_id", "-fired_at", "-index"], name="alert_firing_latest"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertMessage",
            fields=[
                ("pk", key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("notice_id", models.TextField()),
                (
                    "channel",
                    models.TextField(choices=[("email", "E-mail"), ("slack", "Slack"), ("webhook", "Webhook")]),
                ),
                ("recipient_id", models.TextField(default="")),
                (
                    "state",
                    models.TextField(
                        choices=[("waiting", "Waiting"), ("delivered", "Delivered"), ("failed", "Not delivered")],
                        default="waiting",
                    ),
                ),
                ("attempts", models.IntegerField(default=0)),
                ("retry_at", models.DateTimeField()),
                ("lease", models.IntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                ("said", models.TextField(default="")),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "alert_message",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["retry_at"], name="alert_message_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workspace_id", "notice_id", "channel", "recipient_id"), name="alert_message_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertNotice",
            fields=[
                ("pk", key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("rule_id", models.TextField()),
                ("firings", models.IntegerField(default=0)),
                (
                    "event_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
                ),
                ("sole_actor", models.TextField(default="")),
                ("quiet_since", models.DateTimeField(null=True)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("fixed_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "alert_notice",
                "indexes": [
                    models.Index(fields=["workspace_id", "rule_id", "-last_at"], name="alert_notice_latest"),
                    models.Index(condition=models.Q(("fixed_at", None)), fields=["due_at"], name="alert_notice_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("fixed_at", None)),
                        fields=("workspace_id", "rule_id"),
                        name="alert_notice_one_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("pk", key("workspace_id", "id")),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("owner_id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("query", models.TextField(default="")),
                (
                    "trigger",
                    models.TextField(
                        choices=[
                            ("each", "each event"),
                            ("threshold", "so many within a time"),
                            ("silence", "none for a time"),
                        ],
                        default="each",
                    ),
                ),
                ("threshold", models.IntegerField(default=1)),
                ("window_s", models.IntegerField(default=0)),
                (
                    "by",
                    models.TextField(
                        choices=[("", "all together"), ("actor", "of one actor"), ("resource", "about one resource")],
                        default="",
                    ),
                ),
                ("with_own", models.BooleanField(default=False)),
                (
                    "told_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("by_email", models.BooleanField(default=False)),
                ("by_bell", models.BooleanField(default=True)),
                ("webhook_url", models.TextField(default="")),
                ("has_slack", models.BooleanField(default=False)),
                ("secrets", models.BinaryField(null=True)),
                ("quiet_from", models.TimeField(null=True)),
                ("quiet_to", models.TimeField(null=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("start_index", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "alert_rule",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        models.F("owner_id"),
                        django.db.models.functions.text.Lower("name"),
                        name="alert_rule_name_once",
                    )
                ],
            },
        ),
        *(migrations.RunSQL(tenant_rights(table), migrations.RunSQL.noop) for table in TABLES),
        migrations.RunSQL(BEFORE.replace(NOT_FORWARDING, ALERTS), BEFORE),
    ]
