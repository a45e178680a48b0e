"""What /metrics tells of forwarding and delivery: how far behind, failures in a row, dead letters."""

from django.db import migrations

# Owned by audit_owner, whom policies do not bind; of a destination it tells the id, of a workspace nothing. A probe for each.
FIGURES = """
CREATE FUNCTION audit_delivery_figures() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH lane AS (
        SELECT d.workspace_id, d.source_id, d.destination_id, d.next_index, d.failures, h.next_index AS head
        FROM delivery AS d
        JOIN destination AS t ON t.workspace_id = d.workspace_id AND t.id = d.destination_id AND t.is_enabled
        JOIN source_head AS h ON h.workspace_id = d.workspace_id AND h.source_id = d.source_id
        WHERE d.lane = ''
    )
    SELECT 'audit_delivery_lag_events', destination_id, greatest(head - next_index, 0)::float8 FROM lane
    UNION ALL
    SELECT 'audit_delivery_lag_seconds', lane.destination_id,
           coalesce(extract(epoch FROM clock_timestamp() - oldest.received_at), 0)::float8
    FROM lane LEFT JOIN LATERAL (
        SELECT e.received_at FROM source_event AS e
        WHERE lane.next_index < lane.head AND e.workspace_id = lane.workspace_id AND e.source_id = lane.source_id
              AND e.index >= lane.next_index ORDER BY e.index LIMIT 1
    ) AS oldest ON true
    UNION ALL
    SELECT 'audit_delivery_failures', destination_id, failures::float8 FROM lane
    UNION ALL
    SELECT 'audit_dead_letters', t.id, count(l.index)::float8
    FROM destination AS t
    LEFT JOIN dead_letter AS l ON l.workspace_id = t.workspace_id AND l.destination_id = t.id AND l.replayed_at IS NULL
    GROUP BY t.workspace_id, t.id
    UNION ALL
    -- Of new events: those of a backfill are old whatever forwarding does.
    SELECT 'audit_reader_lag_seconds', 'forwarding', coalesce(max(extract(epoch FROM clock_timestamp() - e.received_at)), 0)::float8
    FROM forwarding AS f
    JOIN tree_head AS h ON h.workspace_id = f.workspace_id
    LEFT JOIN reader AS r ON r.workspace_id = f.workspace_id AND r.name = 'forwarding-' || f.generation
    JOIN leaf AS l ON l.workspace_id = f.workspace_id
         AND l.index = greatest(coalesce(r.position, 0), f.start_index, f.backfill_end) AND l.index < h.size
    JOIN event AS e ON e.workspace_id = l.workspace_id AND e.occurred_at = l.occurred_at AND e.id = l.event_id
    WHERE f.is_on
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0021_stage_counts")]

    operations = [migrations.RunSQL(FIGURES, "DROP FUNCTION audit_delivery_figures()")]
