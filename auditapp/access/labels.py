"""How labels come, are described and go. A label is never renamed: what carries it knows it by its text."""

import re
from collections.abc import Sequence
from typing import Final

from django.db import transaction

from auditapp.access.known_labels import known_labels
from auditapp.access.label_models import Label
from auditapp.access.label_queries import uses_in_words
from auditapp.access.permissions import Permission
from auditapp.access.rules import begin_change
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.record.drafts import changed
from auditapp.record.services import record

MOST_LABELS: Final = 500
MAX_DESCRIPTION: Final = 200
PART: Final = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


class LabelThere(Conflict):
    """This label is there already."""


class LabelInUse(Conflict):
    """This label is in use. Take it off first."""

    def __init__(self, label: Label, uses: Sequence[str]) -> None:
        super().__init__(f"{label} is in use: {', '.join(uses)}. Take it off first; then it can be deleted.")


@transaction.atomic
def create_label(*, key: str, value: str, description: str = "") -> Label:
    """Make a label known, so that sources and roles can be given it.

    Raises:  Denied, Invalid, LabelThere
    Writes:  Label; label.created
    """
    label = _new(key, value, description)
    record("label.created", target=label, changes=changed({}, whole_of_label(label)))
    return label


@transaction.atomic
def restore_label(*, key: str, value: str, description: str = "") -> Label:
    """Make a label that was deleted known again.

    Raises:  Denied, Invalid, LabelThere
    Writes:  Label; label.restored
    """
    label = _new(key, value, description)
    record("label.restored", target=label, changes=changed({}, whole_of_label(label)))
    return label


@transaction.atomic
def describe_label(*, key: str, value: str, description: str) -> Label:
    """Say otherwise what a label means.

    Raises:  Denied, NotFound, Invalid
    Writes:  Label; label.updated, unless nothing differs
    """
    access = begin_change(Permission.LABEL_MANAGE)
    label = label_at(access.workspace_id, key, value)
    before = whole_of_label(label)
    label.description = _checked_description(description)
    if changes := changed(before, whole_of_label(label)):
        label.save(update_fields=["description"])
        record("label.updated", target=label, changes=changes)
    return label


@transaction.atomic
def delete_label(*, key: str, value: str) -> None:
    """Delete a label that nothing carries and no role or open invitation is limited by.

    Raises:  Denied, NotFound, LabelInUse
    Writes:  Label; label.deleted
    """
    access = begin_change(Permission.LABEL_MANAGE)
    here = Label.objects.filter(workspace_id=access.workspace_id, key=key, value=value)
    # Whoever gives it to a source at this moment holds it; their source is seen by the look that comes after the wait.
    label = here.select_for_update().first()
    if label is None:
        raise NotFound
    if uses := uses_in_words(access, str(label)):
        raise LabelInUse(label, uses)
    whole = whole_of_label(label)
    here.delete()
    record("label.deleted", target=label, changes=changed(whole, {}))


def label_at(workspace_id: int, key: str, value: str) -> Label:
    """The label of this key and value.

    Raises:  NotFound
    """
    found = Label.objects.filter(workspace_id=workspace_id, key=key, value=value).first()
    if found is None:
        raise NotFound
    return found


def whole_of_label(label: Label) -> dict[str, str]:
    """All that events tell of a label, which is what one that was deleted comes back with."""
    return {"description": label.description}


def _new(key: str, value: str, description: str) -> Label:
    access = begin_change(Permission.LABEL_MANAGE)
    label = Label(
        workspace_id=access.workspace_id,
        key=_checked_part(key, "key", "environment"),
        value=_checked_part(value, "value", "prod"),
        description=_checked_description(description),
        created_at=clock.now(),
    )
    known = known_labels(access.workspace_id)
    if str(label) in map(str, known):
        raise LabelThere(f"{label} is there already.")
    if len(known) >= MOST_LABELS:
        raise Invalid(f"A workspace has at most {MOST_LABELS} labels. Delete one that nothing uses.", code="too_many")
    label.save(force_insert=True)
    return label


def _checked_part(text: str, field: str, example: str) -> str:
    part = text.strip().lower()
    if not PART.fullmatch(part):
        message = f"It starts with a letter and has up to 40 letters, digits and hyphens, as in {example}."
        raise Invalid(message, field=field, code=f"bad_{field}")
    return part


def _checked_description(text: str) -> str:
    description = " ".join(text.replace("\x00", " ").split())
    if len(description) > MAX_DESCRIPTION:
        message = f"A description has at most {MAX_DESCRIPTION} characters."
        raise Invalid(message, field="description", code="too_long")
    return description
