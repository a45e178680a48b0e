"""The lag of forwarding in /metrics is that of forwardings that are on: a reader that another one took over from is behind for ever."""

from importlib import import_module

from django.db import migrations

BEFORE = import_module("auditapp.migrations.0006_figures").FIGURES
EVERY_READER = """
    SELECT 'audit_reader_lag_events', r.name, max(h.size - r.position)::float8
    FROM reader AS r JOIN tree_head AS h USING (workspace_id) GROUP BY r.name
"""
# One row also while nobody forwards, so that an alert on it is never without data.
FORWARDING = """
    SELECT 'audit_reader_lag_events', r.name, max(h.size - r.position)::float8
    FROM reader AS r JOIN tree_head AS h USING (workspace_id) WHERE r.name NOT LIKE 'forwarding-%' GROUP BY r.name
    UNION ALL
    SELECT 'audit_reader_lag_events', 'forwarding', coalesce(max(h.size - greatest(coalesce(r.position, 0), f.start_index)), 0)::float8
    FROM forwarding AS f JOIN tree_head AS h USING (workspace_id)
    LEFT JOIN reader AS r ON r.workspace_id = f.workspace_id AND r.name = 'forwarding-' || f.generation WHERE f.is_on
"""
assert EVERY_READER in BEFORE


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0010_forwarding")]

    operations = [
        migrations.RunSQL(
            BEFORE.replace(EVERY_READER, FORWARDING).replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
            BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        )
    ]
