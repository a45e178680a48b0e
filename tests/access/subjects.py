"""Who stands in the matrix, and what each of them gets on a row that says it for six people only.

A row of test_matrix.py and its *_rows.py tells the status for olga (owner), milo (source admin of the shop and the app), rita (auditor),
mina (enters, no more), zoe (a stranger) and nobody. Everybody else stands beside one of the six, by the area of the row; what is otherwise
is in EXCEPTIONS, each with its reason, and of support in support_cells.py.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from django.test import Client
from django.urls import get_resolver

from auditapp.access.models import Grant, Member
from auditapp.record.workspace_scope import in_workspace
from tests.access.support_cells import of_support
from tests.access.support_moves import make_sam, supporting
from tests.factories import Cast, make_member, make_user, prove

PEOPLE = ("olga", "milo", "rita", "mina", "zoe", "nobody")
# Areas in which a role over some sources reaches theirs.
SOURCE_AREAS = ("sources", "transformations", "destinations", "trail", "revert")
Six = Mapping[str, int]


class PageRow(Protocol):
    """A row of the matrix, as far as it is needed here."""

    name: str
    statuses: str
    ids: tuple[str, ...]


class Subject(NamedTuple):
    """`beside` gives the status from those of the six and the area of the row."""

    key: str
    meaning: str
    beside: Callable[[Six, str], int]
    role: str | None = None
    scope: str = "workspace"


def _as(name: str) -> Callable[[Six, str], int]:
    return lambda six, area: six[name]


def _reads_sources(six: Six, area: str) -> int:
    """What milo does not reach is not there; what he does is read, and not changed, as by an auditor."""
    if area not in SOURCE_AREAS:
        return six["mina"]
    return 404 if six["milo"] == 404 else six["rita"]


def _over(area_of_role: str, like: str) -> Callable[[Six, str], int]:
    return lambda six, area: six[like if area == area_of_role else "mina"]


SUBJECTS = [
    Subject("olga", "Workspace Owner", _as("olga")),
    Subject("milo", "Source Admin of two of three sources", _as("milo")),
    Subject("rita", "Auditor", _as("rita")),
    Subject("mina", "Minimal Workspace Access", _as("mina")),
    Subject("zoe", "signed in, a member of no workspace", _as("zoe")),
    Subject("nobody", "without a session", _as("nobody")),
    Subject("reader", "Source Read-only of two of three sources", _reads_sources, "source_read_only", "listed"),
    Subject("function_admin", "Function Admin", _over("functions", "olga"), "function_admin", "all"),
    Subject("function_reader", "Function Read-only", _over("functions", "rita"), "function_read_only", "all"),
    Subject("plan_admin", "Tracking Plan Admin", _over("plans", "olga"), "tracking_plan_admin"),
    Subject("plan_reader", "Tracking Plan Read-only", _over("plans", "rita"), "tracking_plan_read_only"),
    Subject(
        "warehouse_admin",
        "Warehouse Destination Admin",
        _over("warehouses", "olga"),
        "warehouse_destination_admin",
        "all",
    ),
    Subject(
        "warehouse_reader",
        "Warehouse Destination Read-only",
        _over("warehouses", "rita"),
        "warehouse_destination_read_only",
        "all",
    ),
    Subject("without_role", "a member without any role", _as("mina")),
    Subject("support", "support access in the owner's name, as far as the owner goes", _as("olga")),
    Subject("support_reader", "support access in the owner's name, to read only", _as("olga")),
    Subject("elsewhere", "Workspace Owner of another workspace", _as("zoe")),
    Subject("removed", "Workspace Owner, removed since", _as("zoe"), "workspace_owner"),
    Subject("ended", "Workspace Owner whose session was ended", _as("nobody")),
    Subject("suspended", "Auditor whose account is off", _as("nobody"), "auditor"),
]
# In the workspace by an owner's leave, and members of none: whether they only read.
AS_SUPPORT = {"support": False, "support_reader": True}
# By subject, row, and whether it is a form that is posted.
EXCEPTIONS: dict[tuple[str, str, bool], int] = {
    # The source to connect is looked for first, and no role over plans or warehouses shows a source.
    ("plan_admin", "plans:plan_source_connect", True): 404,
    ("plan_reader", "plans:plan_source_connect", True): 404,
    ("warehouse_admin", "warehouses:selective_sync", False): 404,
    ("warehouse_admin", "warehouses:selective_sync", True): 404,
    ("warehouse_reader", "warehouses:selective_sync", False): 404,
    ("warehouse_reader", "warehouses:selective_sync", True): 404,
    # A webhook takes events along, which takes the right to export them.
    ("without_role", "alerts:rule_create", True): 403,
}


def expected(row: PageRow, subject: Subject, *, is_post: bool) -> int:
    """The status that this row has for this subject."""
    # Every member sees what they did themselves.
    if subject.key == "without_role" and permission_of(row.name) not in {"", "audit.read"}:
        return 403
    found = EXCEPTIONS.get((subject.key, row.name, is_post))
    six = dict(zip(PEOPLE, map(int, row.statuses.split()), strict=True))
    if subject.key in AS_SUPPORT:
        return of_support(row, six["olga"], is_post=is_post, is_read_only=AS_SUPPORT[subject.key])
    return subject.beside(six, row.name.partition(":")[0]) if found is None else found


def permission_of(name: str) -> str:
    """The permission that the page is marked with, "" where every member may open it."""
    namespace, _, short = name.partition(":")
    patterns = get_resolver().namespace_dict[namespace][1].url_patterns
    return next(getattr(pattern.callback, "permission", "") for pattern in patterns if pattern.name == short)


def browsers(cast: Cast, other: Cast) -> dict[str, Client]:
    """Everybody's browser, in which each has just proved who they are."""
    workspace = cast.workspace
    # No second owner: what is refused to the last one is in the rows, too.
    people = {name: getattr(cast, name) for name in PEOPLE[:-1]} | {"elsewhere": other.olga, "ended": cast.olga}
    for subject in SUBJECTS[len(PEOPLE) :]:
        if subject.key not in people and subject.key not in AS_SUPPORT:
            people[subject.key] = make_user(name=subject.key.title(), email=f"{subject.key}@demo.example")
            ids = [cast.shop.id, cast.app.id] if subject.scope == "listed" else []
            reach = {"scope": subject.scope, "resource_ids": ids} if subject.role else {}
            make_member(workspace=workspace, user=people[subject.key], role=subject.role, **reach)
    signed_in = {subject.key: Client(raise_request_exception=False) for subject in SUBJECTS}
    for key, person in people.items():
        signed_in[key].force_login(person)
        prove(signed_in[key])
    for key, is_read_only in AS_SUPPORT.items():
        _, signed_in[key] = supporting(cast, make_sam(), hours=168, is_read_only=is_read_only)
        prove(signed_in[key])
    with in_workspace(workspace.id):
        Grant.objects.filter(workspace_id=workspace.id, subject_id=people["removed"].id).delete()
        Member.objects.filter(workspace_id=workspace.id, user=people["removed"]).delete()
    signed_in["ended"].session.flush()
    people["suspended"].is_active = False
    people["suspended"].save(update_fields=["is_active"])
    return signed_in
