"""Labels of the matrix: who sees them, who manages them, and what is refused while it is in use."""

from auditapp.access.label_models import Label
from auditapp.record.workspace_scope import in_workspace
from tests.factories import Cast, make_source

READERS = "200 403 200 403 404 302"
OWNER_DOES = "302 403 403 403 404 302"
OWNER_REFUSED = "409 403 403 403 404 302"
FREE = ("label_key", "free_label")
USED = ("label_key", "used_label")
ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("access:label_list", READERS, (), None),
    ("access:label_matches", READERS, (), None),
    ("access:label_create", OWNER_DOES, (), {"key": "tier", "value": "gold"}),
    ("access:label_create", "422 403 403 403 404 302", (), {"key": "1", "value": "gold"}),
    ("access:label", READERS, FREE, None),
    ("access:label_describe", OWNER_DOES, FREE, {"description": "New"}),
    ("access:label_delete", OWNER_DOES, FREE, {}),
    ("access:label_delete", OWNER_REFUSED, USED, {}),
]


def label_ids(cast: Cast) -> dict[str, str]:
    """Labels whose names are of their workspace alone, so that those of another are nothing here."""
    key = f"of-{cast.workspace.slug}"
    with in_workspace(cast.workspace.id):
        Label.objects.bulk_create(
            Label(workspace_id=cast.workspace.id, key=key, value=f"{value}-{cast.workspace.slug}")
            for value in ("free", "used")
        )
    used = f"used-{cast.workspace.slug}"
    make_source(workspace=cast.workspace, name="Labelled", labels=[f"{key}:{used}"])
    return {"label_key": key, "free_label": f"free-{cast.workspace.slug}", "used_label": used}
