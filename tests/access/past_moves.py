"""Random histories of access, played through the services under a clock that moves a second a step."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from auditapp.access.groups import add_group_member, create_group, delete_group, remove_group_member, rename_group
from auditapp.access.label_models import Label
from auditapp.access.labels import create_label, delete_label
from auditapp.access.members import remove_member
from auditapp.access.models import Grant, Group, GroupMember, Member, Role
from auditapp.access.own_roles import change_role, create_role, delete_role, restore_role
from auditapp.access.permissions import Access, permissions_for
from auditapp.access.restoring import RoleOver, restore_group, restore_member
from auditapp.access.roles import grant_role, revoke_role
from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.sources.models import Source
from auditapp.sources.services import change_source, create_source, delete_source
from tests.factories import Cast, acting_as

ROLE_PERMISSIONS = ("audit.read", "source.read", "source.write", "source.create")
LABELS = ("environment:prod", "environment:dev", "team:shop")
REACHES = (
    ("auditor", "workspace"),
    ("source_admin", "all"),
    ("source_read_only", "listed"),
    ("source_admin", "labelled"),
)


class Played:
    """What was done, and what each person could do at each moment, as it was computed then."""

    def __init__(self, cast: Cast, seed: int) -> None:
        self.cast, self.random = cast, Random(seed)
        self.now = clock.now() - timedelta(days=2)
        self.people = [cast.milo, cast.rita, cast.mina]
        self.seen: list[tuple[datetime, dict[str, Access]]] = []
        self.moves: list[Callable[[], object]] = [
            *([self.grant] * 4),
            *([self.revoke] * 2),
            *([self.join_group] * 3),
            self.leave_group,
            self.make_group,
            self.rename_group,
            self.end_group,
            self.remove,
            *([self.restore] * 2),
            *([self.relabel] * 3),
            *([self.make_role] * 2),
            *([self.change_role] * 3),
            *([self.grant_own_role] * 3),
            self.end_role,
            self.make_source,
            self.end_source,
            self.turn_label,
        ]

    def turn_label(self):
        """A label that is in no event of access, and whose coming and going changes nothing by itself."""
        known = Label.objects.filter(key="team").exists()
        (delete_label if known else create_label)(key="team", value="shop")

    def play(self, steps: int) -> None:
        self.look()
        for _ in range(steps):
            self.now += timedelta(seconds=1)
            with clock.at(self.now), acting_as(self.cast.olga, self.cast.workspace):
                try:
                    self.random.choice(self.moves)()
                except AppError:  # what cannot be done here changes nothing
                    continue
                finally:
                    self.look()

    def look(self) -> None:
        with acting_as(self.cast.olga, self.cast.workspace):
            here = self.cast.workspace.id
            self.seen.append((self.now, {one.id: permissions_for(here, one.id) for one in self.people}))

    def one_of(self, rows):
        """One of these rows, which are in an order that does not hang on their random ids."""
        return self.random.choice(list(rows)) if rows else None

    def place_of(self, inside):
        return (Group.objects.get(id=inside.group_id).name, inside.user.email)

    def person(self):
        return self.random.choice(self.people)

    def group(self):
        with clock.at(self.now - timedelta(seconds=0.5)):
            return self.one_of(Group.objects.order_by("name")) or create_group(name=f"Group {self.random.random()}")

    def grant(self):
        role, scope = self.random.choice(REACHES)
        sources = list(Source.objects.order_by("name").values_list("id", flat=True))
        some = {
            "listed": {"resource_ids": self.random.sample(sources, min(2, len(sources)))},
            "labelled": {"labels": self.random.sample(LABELS[1:], self.random.randint(1, 2))},
        }
        on_group = self.random.random() < 0.4
        subject = {"group_id": self.group().id} if on_group else {"user_id": self.person().id}
        grant_role(role_key=role, scope=scope, **subject, **some.get(scope, {}))

    def own_role(self):
        return self.one_of(Role.objects.exclude(workspace_id=None).order_by("name"))

    def make_role(self):
        permissions = self.random.sample(ROLE_PERMISSIONS, self.random.randint(1, 3))
        create_role(name=f"Role {self.random.random()}", over="source", permissions=permissions)

    def change_role(self):
        if role := self.own_role():
            permissions = self.random.sample(ROLE_PERMISSIONS, self.random.randint(1, 3))
            name = self.random.choice([role.name, f"Role {self.random.random()}"])
            change_role(role_key=role.key, name=name, permissions=permissions)

    def grant_own_role(self):
        if role := self.own_role():
            sources = list(Source.objects.order_by("name").values_list("id", flat=True))
            reach = self.random.choice([("all", {}), ("listed", {"resource_ids": sources[:1]})])
            grant_role(role_key=role.key, scope=reach[0], user_id=self.person().id, **reach[1])

    def end_role(self):
        for role in Role.objects.exclude(workspace_id=None).order_by("name"):
            if not Grant.objects.filter(role=role).exists():
                delete_role(role_key=role.key)
                self.now += timedelta(seconds=1)
                with clock.at(self.now):
                    restore_role(role_id=role.key, name="Again", over="source", permissions=["source.read"])
                return

    def revoke(self):
        grants = Grant.objects.exclude(subject_id=self.cast.olga.id)
        if grant := self.one_of(grants.order_by("created_at", "role_id")):
            revoke_role(grant_id=grant.id)

    def join_group(self):
        add_group_member(group_id=self.group().id, user_id=self.person().id)

    def leave_group(self):
        if inside := self.one_of(sorted(GroupMember.objects.all(), key=self.place_of)):
            remove_group_member(group_id=inside.group_id, user_id=inside.user_id)

    def make_group(self):
        create_group(name=f"Group {self.random.random()}")

    def rename_group(self):
        rename_group(group_id=self.group().id, name=f"Group {self.random.random()}")

    def end_group(self):
        group = self.group()
        delete_group(group_id=group.id)
        if self.random.random() < 0.5:
            self.now += timedelta(seconds=1)
            with clock.at(self.now):
                restore_group(
                    group_id=group.id,
                    name=group.name,
                    member_ids=[self.cast.mina.id],
                    roles=[RoleOver("Source Read-only", "all")],
                )

    def remove(self):
        remove_member(user_id=self.person().id)

    def restore(self):
        here = set(Member.objects.values_list("user_id", flat=True))
        away = [one for one in self.people if one.id not in here]
        if away:
            groups = list(Group.objects.order_by("name").values_list("id", flat=True)[:1])
            restore_member(user_id=away[0].id, roles=[RoleOver("Auditor", "workspace")], group_ids=groups)

    def relabel(self):
        if source := self.one_of(Source.objects.order_by("name")):
            labels = [self.random.choice(LABELS[:2]), *self.random.choice([(), LABELS[2:]])]
            change_source(source_id=source.id, name=source.name, labels=labels)

    def make_source(self):
        create_source(name=f"Source {self.random.random()}", labels=[self.random.choice(LABELS)])

    def end_source(self):
        sources = Source.objects.order_by("name")
        if len(sources) > 2:
            delete_source(source_id=self.one_of(sources).id)
