"""Which labels a workspace knows. How they come and go is in labels.py; what carrying one means is in labelling.py."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.db import connection

from auditapp.access.label_models import Label
from auditapp.lib.errors import Invalid
from auditapp.lib.labels import checked_labels

# Every workspace begins with these, as Segment's do.
FIRST_LABELS: Final = (("environment", "dev"), ("environment", "prod"))
WHERE_MADE: Final = "Settings > Access Management > Labels"
# As a foreign key holds its row: who deletes the label waits for this transaction, or this statement for that one.
_HELD = """
SELECT key || ':' || value FROM label
WHERE workspace_id = %s AND key || ':' || value = ANY(%s)
ORDER BY key, value FOR KEY SHARE
"""


class UnknownLabel(Invalid):
    """This label is not known here. Choose one that is, or have an owner make it."""

    def __init__(self, labels: Sequence[str]) -> None:
        named = " and ".join(labels)
        one = "is no label of this workspace" if len(labels) == 1 else "are no labels of this workspace"
        super().__init__(
            f"{named} {one}. Choose of those that are, or have an owner make it under {WHERE_MADE}.",
            field="labels",
            code="unknown_label",
        )


def make_first_labels(workspace_id: int) -> None:
    """What a workspace begins with."""
    Label.objects.bulk_create(Label(workspace_id=workspace_id, key=key, value=value) for key, value in FIRST_LABELS)


def known_labels(workspace_id: int) -> list[Label]:
    """Every label of the workspace, by key and value."""
    return list(Label.objects.filter(workspace_id=workspace_id))


def hold_labels(workspace_id: int, labels: Iterable[str]) -> list[str]:
    """Labels as they are stored, all of them known and none deleted before the transaction ends.

    Raises:  Invalid, UnknownLabel
    """
    wanted = checked_labels(labels)
    there = _there(workspace_id, wanted)
    if unknown := [one for one in wanted if one not in there]:
        raise UnknownLabel(unknown)
    return wanted


def still_known(workspace_id: int, labels: Iterable[str]) -> list[str]:
    """Those of the labels that are known, held as above: for what comes back after some were deleted."""
    wanted = list(labels)
    there = _there(workspace_id, wanted)
    return [one for one in wanted if one in there]


def _there(workspace_id: int, labels: Sequence[str]) -> set[str]:
    if not labels:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [workspace_id, list(labels)])
        return {row[0] for row in cursor.fetchall()}
