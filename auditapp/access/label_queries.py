"""What carries which label, and who holds or is promised a role that is limited by it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models.functions import Lower
from django.urls import reverse

from auditapp.access.known_labels import known_labels
from auditapp.access.label_models import Label
from auditapp.access.models import Grant, Group, Invitation, Member, Workspace
from auditapp.access.permissions import Access
from auditapp.access.resources import ResourceKind, resource_kinds
from auditapp.lib import clock


@dataclass(frozen=True, slots=True)
class Carrying:
    """The resources of one kind that carry a label, as far as whoever looks may see them."""

    word: str
    plural: str
    found: list[tuple[str, str]]  # name and address

    @property
    def in_words(self) -> str:
        return f"{len(self.found)} {self.word if len(self.found) == 1 else self.plural}"


@dataclass(frozen=True, slots=True)
class LimitedRole:
    """A role over what carries the label: whose it is, or for which address it waits, and where that is shown."""

    holder: str
    role: str
    url: str
    kind: str  # member, group or invitation


@dataclass(slots=True)
class LabelShown:
    """A label with its uses; `is_hidden` where something carries it that whoever looks may not see."""

    label: Label
    carrying: list[Carrying] = field(default_factory=list)
    roles: list[LimitedRole] = field(default_factory=list)
    is_hidden: bool = False

    @property
    def is_used(self) -> bool:
        return bool(self.carrying or self.roles or self.is_hidden)


def labels_shown(access: Access) -> list[LabelShown]:
    """Every label of the workspace with what carries it and which roles are limited by it."""
    shown = {str(label): LabelShown(label) for label in known_labels(access.workspace_id)}
    slug = _slug(access)
    for kind in resource_kinds():
        _add_resources(access, kind, slug, shown)
    for label, role in _limited_roles(access.workspace_id, slug):
        if label in shown:
            shown[label].roles.append(role)
    return list(shown.values())


def uses_in_words(access: Access, label: str) -> list[str]:
    """What stands in the way of deleting a label: "2 sources", "a role of Milo Grant"."""
    one = next((one for one in labels_shown(access) if str(one.label) == label), None)
    if one is None:
        return []
    told = [carrying.in_words for carrying in one.carrying]
    if one.is_hidden:
        told.append("something that your role does not reach")
    return [*told, *dict.fromkeys(_in_words(role) for role in one.roles)]


def matching(access: Access, labels: Sequence[str], *, kind_key: str = "") -> list[Carrying]:
    """What carries every one of these labels now, by kind; each kind that can, also where none does.

    Takes:   kind_key, for one kind alone
    """
    slug, found = _slug(access), []
    for kind in resource_kinds():
        if kind.with_labels is None or kind_key not in {"", kind.key}:
            continue
        names, reach = kind.names(access.workspace_id), access.reach(kind.reading)
        if not any(map(reach.covers, names)):
            continue
        fitting = kind.labelled(access.workspace_id, labels) if labels else frozenset()
        found.append(_carrying(kind, slug, names, [one for one in names if one in fitting and reach.covers(one)]))
    return found


def _slug(access: Access) -> str:
    return Workspace.objects.only("slug").get(id=access.workspace_id).slug


def _add_resources(access: Access, kind: ResourceKind, slug: str, shown: dict[str, LabelShown]) -> None:
    labels_of = kind.labels_of(access.workspace_id)
    if not labels_of:
        return
    names, reach = kind.names(access.workspace_id), access.reach(kind.reading)
    carried: dict[str, list[str]] = {}
    for resource_id in names:
        for label in labels_of.get(resource_id, ()):
            carried.setdefault(label, []).append(resource_id)
    for label, ids in carried.items():
        if label in shown:
            seen = [one for one in ids if reach.covers(one)]
            shown[label].is_hidden |= len(seen) < len(ids)
            if seen:
                shown[label].carrying.append(_carrying(kind, slug, names, seen))


def _carrying(kind: ResourceKind, slug: str, names: Mapping[str, str], ids: Sequence[str]) -> Carrying:
    found = [(names[one], reverse(kind.page, args=[slug, one]) if kind.page else "") for one in ids]
    return Carrying(kind.word, kind.plural, found)


def _limited_roles(workspace_id: int, slug: str) -> Iterator[tuple[str, LimitedRole]]:
    here = {"workspace_id": workspace_id}
    people = {one.user_id: str(one.user) for one in Member.objects.filter(**here).select_related("user")}
    groups = dict(Group.objects.filter(**here).values_list("id", "name"))
    grants = Grant.objects.filter(**here).exclude(labels=[]).select_related("role").order_by("role__position", "id")
    for grant in grants:
        is_member = grant.subject_kind == "member"
        name = (people if is_member else groups).get(grant.subject_id, "a former member")
        url = reverse("access:member" if is_member else "access:group", args=[slug, grant.subject_id])
        for label in grant.labels:
            yield label, LimitedRole(name, grant.role.name, url, grant.subject_kind)
    waiting = Invitation.objects.filter(**here, accepted_at=None, revoked_at=None, expires_at__gt=clock.now())
    for invitation in waiting.exclude(labels=[]).select_related("role").order_by(Lower("email")):
        for label in invitation.labels:
            url = f"{reverse('access:overview', args=[slug])}#invitations-title"
            yield label, LimitedRole(invitation.email, invitation.role.name, url, "invitation")


def _in_words(role: LimitedRole) -> str:
    words = {"member": "a role of", "group": "a role of the group", "invitation": "an invitation of"}
    return f"{words[role.kind]} {role.holder}"
