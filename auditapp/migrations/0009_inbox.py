"""What comes into sources: write keys of their own, the inbox in weekly partitions, counts by hour and the schema as it was observed."""

from django.db import migrations, models

import auditapp.lib.clock
from auditapp.migrations._rights import tenant_rights

# Like the months of `event`: LIKE and ATTACH, which do not wait behind open transactions as PARTITION OF does.
INBOX = """
CREATE TABLE source_event (
    workspace_id bigint NOT NULL,
    source_id text NOT NULL,
    index bigint NOT NULL,
    received_at timestamptz NOT NULL,
    message_id text NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    verdict text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (workspace_id, source_id, index, received_at)
) PARTITION BY RANGE (received_at);
CREATE INDEX source_event_by_message ON source_event (workspace_id, source_id, message_id);
CREATE FUNCTION audit_make_weeks(p_from date, p_until date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
    v_week timestamp;
    v_name text;
    v_made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('audit_make_weeks'));
    FOR v_week IN SELECT generate_series(date_trunc('week', p_from::timestamp), date_trunc('week', p_until::timestamp), '1 week') LOOP
        v_name := 'source_event_' || to_char(v_week, 'YYYYMMDD');
        CONTINUE WHEN to_regclass('public.' || v_name) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.source_event INCLUDING ALL)', v_name);
        EXECUTE format('REVOKE ALL ON public.%I FROM audit_app, audit_worker', v_name);
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', v_name);
        EXECUTE format('ALTER TABLE public.source_event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', v_name, v_week, v_week + interval '1 week');
        v_made := v_made + 1;
    END LOOP;
    RETURN v_made;
END $$;
-- Whole weeks that ended before a day. A partition that is in use is left for the next day: nobody's request waits for this.
CREATE FUNCTION audit_drop_weeks(p_before date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' SET lock_timeout = '2s' AS $$
DECLARE
    v_name text;
    v_dropped integer := 0;
BEGIN
    FOR v_name IN
        SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'public.source_event'::regclass AND to_date(right(c.relname, 8), 'YYYYMMDD') + 7 <= p_before
    LOOP
        EXECUTE format('DROP TABLE public.%I', v_name);
        v_dropped := v_dropped + 1;
    END LOOP;
    RETURN v_dropped;
END $$;
REVOKE EXECUTE ON FUNCTION audit_make_weeks(date, date), audit_drop_weeks(date) FROM audit_app;
GRANT EXECUTE ON FUNCTION audit_make_weeks(date, date), audit_drop_weeks(date) TO audit_worker;
SELECT audit_make_weeks((now() AT TIME ZONE 'UTC')::date, ((now() AT TIME ZONE 'UTC') + interval '6 weeks')::date);
"""
MOVE = """
INSERT INTO write_key (workspace_id, id, source_id, key, created_at)
SELECT workspace_id, 'wky_' || substr(id, 5), id, write_key, created_at FROM source;
INSERT INTO source_head (workspace_id, source_id, next_index) SELECT workspace_id, id, 0 FROM source;
"""
# A client says only its key: this row is found before its workspace is known, as an access token is.
BY_KEY = """
CREATE POLICY by_secret ON write_key FOR SELECT TO audit_app
USING (convert_to(key, 'UTF8') = decode(current_setting('app.secret', true), 'hex'))
"""


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0008_saved_views"),
    ]

    operations = [
        migrations.CreateModel(
            name="SeenEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "source_id",
                        "type",
                        "name",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("type", models.TextField()),
                ("name", models.TextField()),
                ("properties", models.JSONField(default=dict)),
                ("is_allowed", models.BooleanField(default=True)),
                ("is_archived", models.BooleanField(default=False)),
                ("first_seen_at", models.DateTimeField()),
            ],
            options={
                "db_table": "seen_event",
            },
        ),
        migrations.CreateModel(
            name="SourceCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "source_id",
                        "hour",
                        "type",
                        "name",
                        "verdict",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("hour", models.DateTimeField()),
                ("type", models.TextField()),
                ("name", models.TextField()),
                ("verdict", models.TextField()),
                ("events", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
            ],
            options={
                "db_table": "source_count",
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(INBOX, migrations.RunSQL.noop)],
            state_operations=[
                migrations.CreateModel(
                    name="SourceEvent",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "workspace_id",
                                "source_id",
                                "index",
                                "received_at",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("workspace_id", models.BigIntegerField()),
                        ("source_id", models.TextField()),
                        ("index", models.BigIntegerField()),
                        ("received_at", models.DateTimeField()),
                        ("message_id", models.TextField()),
                        ("type", models.TextField()),
                        ("name", models.TextField()),
                        ("verdict", models.TextField()),
                        ("payload", models.BinaryField()),
                    ],
                    options={
                        "db_table": "source_event",
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name="SourceHead",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "source_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("source_id", models.TextField()),
                ("next_index", models.BigIntegerField(default=0)),
            ],
            options={
                "db_table": "source_head",
            },
        ),
        migrations.CreateModel(
            name="WriteKey",
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
                ("key", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("ends_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "write_key",
            },
        ),
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="source",
            name="source_write_key_once",
        ),
        migrations.RemoveField(
            model_name="source",
            name="write_key",
        ),
        migrations.AddIndex(
            model_name="writekey",
            index=models.Index(models.F("workspace_id"), models.F("source_id"), name="write_key_of_source"),
        ),
        migrations.AddIndex(
            model_name="writekey",
            index=models.Index(models.F("key"), name="write_key_alone"),
        ),
        migrations.AddConstraint(
            model_name="writekey",
            constraint=models.UniqueConstraint(models.F("workspace_id"), models.F("key"), name="write_key_once"),
        ),
        *(
            migrations.RunSQL(tenant_rights(table), migrations.RunSQL.noop)
            for table in ("write_key", "source_head", "source_count", "seen_event")
        ),
        migrations.RunSQL(
            tenant_rights("source_event", not_for_app="UPDATE, DELETE, TRUNCATE"), migrations.RunSQL.noop
        ),
        migrations.RunSQL(BY_KEY, migrations.RunSQL.noop),
    ]
