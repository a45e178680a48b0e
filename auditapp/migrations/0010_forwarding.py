"""Audit Forwarding: what a workspace forwards, and to which source."""

from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0009_inbox"),
    ]

    operations = [
        migrations.CreateModel(
            name="Forwarding",
            fields=[
                ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("is_on", models.BooleanField(default=False)),
                ("source_id", models.TextField(default="")),
                ("query", models.TextField(default="")),
                ("has_one_name", models.BooleanField(default=False)),
                ("generation", models.IntegerField(default=0)),
                ("start_index", models.BigIntegerField(default=0)),
                ("backfill_end", models.BigIntegerField(default=0)),
                ("changed_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "forwarding",
            },
        ),
        migrations.RunSQL(tenant_rights("forwarding", not_for_app="DELETE"), migrations.RunSQL.noop),
    ]
