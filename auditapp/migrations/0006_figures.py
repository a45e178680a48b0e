"""What /metrics tells of the whole installation: row-level security shows the web no row outside of a workspace, this function sums."""

from django.db import migrations

# Owned by audit_owner, whom policies do not bind; it gives sums and worst cases, never a row, and names no workspace.
FIGURES = """
CREATE FUNCTION audit_figures() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT 'audit_workspaces', '', count(*)::float8 FROM workspace
    UNION ALL
    SELECT 'audit_events_total', '', ((SELECT coalesce(sum(size), 0) FROM tree_head) + (SELECT count(*) FROM pending))::float8
    UNION ALL
    SELECT 'audit_events_waiting', '', count(*)::float8 FROM pending
    UNION ALL
    -- One probe a workspace; the age is since the event was received, which may be long after it happened.
    SELECT 'audit_seal_lag_seconds', '', coalesce(max(extract(epoch FROM clock_timestamp() - e.received_at)), 0)::float8
    FROM workspace AS w
    CROSS JOIN LATERAL (SELECT p.occurred_at, p.event_id FROM pending AS p WHERE p.workspace_id = w.id ORDER BY p.n LIMIT 1) AS first
    JOIN event AS e ON e.workspace_id = w.id AND e.occurred_at = first.occurred_at AND e.id = first.event_id
    UNION ALL
    SELECT 'audit_reader_lag_events', r.name, max(h.size - r.position)::float8
    FROM reader AS r JOIN tree_head AS h USING (workspace_id) GROUP BY r.name
    UNION ALL
    SELECT figure.name, '', figure.value FROM (
        SELECT max(extract(epoch FROM clock_timestamp() - v.finished_at)) AS age,
               count(*) FILTER (WHERE v.finished_at IS NULL) AS unverified,
               count(*) FILTER (WHERE v.problems <> '[]'::jsonb) AS broken
        FROM tree_head AS h LEFT JOIN LATERAL (
            SELECT finished_at, problems FROM verification WHERE workspace_id = h.workspace_id ORDER BY finished_at DESC LIMIT 1
        ) AS v ON true WHERE h.size > 0
    ) AS last CROSS JOIN LATERAL (VALUES
        ('audit_verification_age_seconds', last.age::float8),
        ('audit_workspaces_unverified', last.unverified::float8),
        ('audit_workspaces_broken', last.broken::float8)
    ) AS figure (name, value) WHERE figure.value IS NOT NULL
    UNION ALL
    SELECT 'audit_worker_heartbeat_age_seconds', '', extract(epoch FROM min(clock_timestamp() - last_heartbeat))::float8
    FROM procrastinate_workers HAVING count(*) > 0
    UNION ALL
    SELECT 'audit_jobs', status::text, count(*)::float8 FROM procrastinate_jobs GROUP BY status
$$;
"""


class Migration(migrations.Migration):
    # procrastinate's tables are read: their migrations have to come first.
    dependencies = [("auditapp", "0005_totals"), ("procrastinate", "0041_post_retry_failed_job")]

    operations = [migrations.RunSQL(FIGURES, "DROP FUNCTION audit_figures()")]
