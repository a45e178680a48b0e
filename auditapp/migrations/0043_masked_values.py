"""Sensitive fields of declared types; words that only some may search for are erased with their value, and can become such."""

from importlib import import_module

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

EVENT = import_module("auditapp.migrations.0002_event")
REASONS = import_module("auditapp.migrations.0028_reasons")


def again(sql: str) -> str:
    return sql.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


ERASE_BEFORE = REASONS.ERASE.replace(REASONS.BEFORE, REASONS.NOW)
ERASE = ERASE_BEFORE.replace("v_ws || ':t=', ", "v_ws || ':t=', v_ws || ':h=', ").replace(
    "ARRAY[v_ws || ':m=']", "ARRAY[v_ws || ':m=', v_ws || ':p=']"
)
GUARD_BEFORE = again(EVENT.GUARD[: EVENT.GUARD.index("CREATE FUNCTION audit_refuse")])
# A word may become one that fewer search for, as audit_hide_words makes it, and none other.
GUARD = GUARD_BEFORE.replace(
    "OR NOT tsvector_to_array(NEW.tokens) <@ tsvector_to_array(OLD.tokens)",
    "OR NOT tsvector_to_array(NEW.tokens) <@"
    " (tsvector_to_array(OLD.tokens) || ARRAY(SELECT audit_hidden_word(t) FROM unnest(tsvector_to_array(OLD.tokens)) AS t))",
)
HIDDEN_WORD = """
CREATE FUNCTION audit_hidden_word(p_lexeme text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
    SELECT CASE substring(p_lexeme FROM '^[0-9]+:([atm])=')
        WHEN 'a' THEN regexp_replace(p_lexeme, ':a=', ':e=')
        WHEN 't' THEN regexp_replace(p_lexeme, ':t=', ':h=')
        WHEN 'm' THEN regexp_replace(p_lexeme, ':m=', ':p=')
        ELSE p_lexeme END
$$;
GRANT EXECUTE ON FUNCTION audit_hidden_word(text) TO audit_eraser;
"""
# Of each event the words with its place, which only who may see personal data finds it by from then on.
HIDE = """
CREATE FUNCTION audit_hide_words(p_at timestamptz[], p_ids uuid[], p_words text[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    v_ws bigint := NULLIF(current_setting('app.ws', true), '')::bigint;
    v_row record;
    v_done bigint := 0;
BEGIN
    IF v_ws IS NULL THEN
        RAISE EXCEPTION 'audit_hide_words outside of a workspace' USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR v_row IN SELECT w.occurred_at, w.id, array_agg(w.word) AS words FROM unnest(p_at, p_ids, p_words) AS w (occurred_at, id, word)
                 GROUP BY w.occurred_at, w.id ORDER BY w.id LOOP
        UPDATE event AS e SET tokens = array_to_tsvector(ARRAY(
            SELECT DISTINCT CASE WHEN t = ANY (v_row.words) THEN audit_hidden_word(t) ELSE t END FROM unnest(tsvector_to_array(e.tokens)) AS t
        )) WHERE e.workspace_id = v_ws AND e.occurred_at = v_row.occurred_at AND e.id = v_row.id;
        v_done := v_done + 1;
    END LOOP;
    RETURN v_done;
END $$;
REVOKE EXECUTE ON FUNCTION audit_hide_words(timestamptz[], uuid[], text[]) FROM PUBLIC, audit_app;
GRANT EXECUTE ON FUNCTION audit_hide_words(timestamptz[], uuid[], text[]) TO audit_worker;
ALTER FUNCTION audit_hide_words(timestamptz[], uuid[], text[]) OWNER TO audit_eraser;
"""
DROP = "DROP FUNCTION audit_hide_words(timestamptz[], uuid[], text[]); DROP FUNCTION audit_hidden_word(text);"


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0042_own_roles")]

    operations = [
        migrations.AddField(
            model_name="declaredtype", name="sensitive_paths", field=ArrayField(models.TextField(), default=list)
        ),
        migrations.RunSQL(
            REASONS.AS_ERASER.format(HIDDEN_WORD + GUARD + ERASE + HIDE),
            REASONS.AS_ERASER.format(GUARD_BEFORE + ERASE_BEFORE + DROP),
        ),
    ]
