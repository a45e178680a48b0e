"""Strings unlike any other in everything that belongs to one workspace, so that a byte of it in the answers of another one is found."""

from collections.abc import Iterable
from datetime import date, time
from typing import Any
from uuid import uuid4

import psycopg
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from psycopg.types.json import Jsonb

from auditapp.access.models import User, Workspace
from auditapp.lib import clock
from auditapp.record.drafts import Actor, Change, Target
from auditapp.record.services import record
from tests.factories import Cast, acting_as

MARK = "zqxcnry"
OF_A_WORKSPACE = [
    model
    for model in apps.get_app_config("auditapp").get_models()
    if any(field.attname == "workspace_id" for field in model._meta.concrete_fields) or model is Workspace
]
# Words of the code that rows choose from, without which the page of any workspace would break. Nobody's data is in them.
CODE_WORDS = {
    *(
        "kind",
        "type",
        "area",
        "verb",
        "risk",
        "outcome",
        "state",
        "scope",
        "lane",
        "format",
        "schedule",
        "time_zone",
        "zone",
    ),
    *("resource_type", "subject_kind", "trigger", "count_by", "hold", "period", "reason_rule", "permission", "scopes"),
    *("permissions", "networks", "quiet_from", "quiet_to", "last_used_from", "id", "key", "resource_ids", "what"),
}


# Sealed: no trigger lets anybody change them, so that what is looked for is what they hold.
SEALED = {"event", "checkpoint", "leaf", "node"}


def canary(model: type[models.Model], column: str) -> str:
    """The one of this column."""
    return f"{MARK}-{model._meta.db_table}-{column}".replace("_", "-")


def holds_text(field: Any) -> bool:
    """Whether a column holds what people write: no key or reference, by which rows are found, and no word of the code."""
    is_text = isinstance(field, models.CharField | models.TextField | models.JSONField)
    is_list = isinstance(field, ArrayField) and isinstance(field.base_field, models.CharField | models.TextField)
    is_reference = field.is_relation or field.attname.endswith("_id") or field.attname.endswith("_by")
    in_key = field.attname in {one.attname for one in getattr(field.model._meta.pk, "fields", ())}
    is_short = bool(getattr(field, "max_length", None)) and field.max_length < 40
    chosen = bool(getattr(field, "choices", None)) or field.attname in CODE_WORDS
    return (is_text or is_list) and not (is_reference or in_key or is_short or chosen)


def written(field: Any) -> Any:
    """A canary in the shape of the column."""
    text = canary(field.model, field.attname)
    if isinstance(field, ArrayField):
        return [text]
    return Jsonb({text: text}) if isinstance(field, models.JSONField) else text


def any_value(field: Any, workspace_id: int, user_id: str) -> Any:
    """Something that the column takes, for a row that only has to be there."""
    if field.attname == "workspace_id":
        return workspace_id
    if holds_text(field):
        return written(field)
    if field.is_relation:
        return user_id if field.related_model is User else "auditor"
    kinds: list[tuple[Any, Any]] = [
        (ArrayField, []),
        (SearchVectorField, MARK),
        (models.JSONField, Jsonb({})),
        (models.BooleanField, False),
        (models.UUIDField, uuid4()),
        (models.BinaryField, MARK.encode().ljust(32, b".")),  # as long as a hash
        (models.IntegerField, 9),
        (models.DateTimeField, clock.now()),  # within the weeks that are kept
        (models.DateField, date(2026, 11, 24)),
        (models.TimeField, None if field.null else time(12)),
        (models.GenericIPAddressField, None),
        (models.FloatField, 1.0),
    ]
    for kind, value in kinds:
        if isinstance(field, kind):
            return value
    return (f"{MARK}-{workspace_id}-{field.attname}" if not field.choices else field.choices[0][0])[
        : field.max_length or 60
    ]


def mark_everything(admin: "psycopg.Connection[Any]", cast: Cast) -> list[str]:
    """A canary in every text of every table of this workspace, each of which has a row then; gives what to look for: marks and ids.

    Takes:   admin, a superuser's connection to the database, autocommitting
    """
    workspace_id, ids = cast.workspace.id, [MARK]
    admin.execute("SET session_replication_role = replica")  # no trigger, no foreign key
    for model in OF_A_WORKSPACE:
        table, own = model._meta.db_table, "id" if model is Workspace else "workspace_id"
        fields = [field for field in model._meta.concrete_fields if field.column]
        if not admin.execute(f'SELECT count(*) FROM "{table}" WHERE {own} = %s', [workspace_id]).fetchone()[0]:
            values = [any_value(field, workspace_id, cast.olga.id) for field in fields]
            names = ", ".join(f'"{field.column}"' for field in fields)
            admin.execute(f'INSERT INTO "{table}" ({names}) VALUES ({", ".join(["%s"] * len(fields))})', values)
        texts = [field for field in fields if holds_text(field)]
        for field in texts:
            if table in SEALED:
                continue
            value, among = written(field), f"{own} = %s"
            plain = isinstance(value, str)
            # Some are once in a workspace.
            new = "%s || '-' || substr(md5(random()::text), 1, 8)" if plain else "%s"
            admin.execute(f'UPDATE "{table}" SET "{field.column}" = {new} WHERE {among}', [value, workspace_id])
        ids += keys_of(admin, model, workspace_id)
    people = [getattr(cast, name).id for name in ("olga", "milo", "rita", "mina", "zoe")]
    admin.execute(
        f"UPDATE user_account SET name = '{MARK}-' || id, email = lower(id) || '@{MARK}.example' WHERE id = ANY(%s)",
        [people],
    )
    admin.execute("RESET session_replication_role")
    return sorted({*ids, *people})


def keys_of(admin: "psycopg.Connection[Any]", model: type[models.Model], workspace_id: int) -> Iterable[str]:
    """The ids of its rows, which nobody else's have."""
    if model is Workspace or not any(field.column == "id" for field in model._meta.concrete_fields):
        return []
    rows = admin.execute(f'SELECT id::text FROM "{model._meta.db_table}" WHERE workspace_id = %s', [workspace_id])
    return [one for (one,) in rows if len(one) > 12 and MARK not in one]


def tell_canaries(cast: Cast, *, count: int = 7) -> None:
    """Events of this workspace with a canary in each of their values."""
    for number in range(count):
        actor = Actor("user", f"usr_{MARK}{number}", f"{MARK} actor", f"{MARK}@example.com")
        target = Target("source", f"src_{MARK}", f"{MARK} target")
        with acting_as(actor, cast.workspace):
            change = Change(f"{MARK}.path", f"{MARK} old", f"{MARK} new")
            record("source.modified", target=target, changes=[change], meta={MARK: f"{MARK} meta"})
