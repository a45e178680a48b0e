"""What a member chose to be told of: areas by e-mail and in the product, in one workspace.

Each channel is a rule of its own (`AlertRule.own`), so that reader, holding, storms, quiet hours and sending are those of all rules. Nothing
is chosen from the start: mail that nobody asked for is mail that nobody reads, and what an owner has to know is mailed already.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from django.db import transaction

from auditapp.access.models import Member, User, Workspace
from auditapp.access.permissions import Permission, acting_access
from auditapp.alerts.models import AlertFiring, AlertReading, AlertRule, Hold, Own
from auditapp.alerts.queries import OWN_ID, filter_of
from auditapp.alerts.services import begin_looking, locked_reading, rules_changed
from auditapp.catalogue.areas import AREAS
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.record.acting import acting
from auditapp.record.drafts import changed
from auditapp.record.event_types import OTHER_AREA, OTHER_AREA_NAME
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

NAME: Final = "Your notifications"
AREA_NAMES: Final = {**{one.key: one.name for one in AREAS}, OTHER_AREA: OTHER_AREA_NAME}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Areas by channel, in the order of the catalogue, and when no mail is wanted."""

    email: Sequence[str] = ()
    bell: Sequence[str] = ()
    quiet_from: time | None = None
    quiet_to: time | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What events tell of them."""
        return {
            "email": list(self.email),
            "bell": list(self.bell),
            "quiet_from": f"{self.quiet_from:%H:%M}" if self.quiet_from else "",
            "quiet_to": f"{self.quiet_to:%H:%M}" if self.quiet_to else "",
        }


def preferences_of(workspace_id: int, user_id: str) -> Preferences:
    """What a member chose."""
    rules = {one.own: one for one in _own_rules(workspace_id, user_id)}
    mail = rules.get(Own.EMAIL)
    return Preferences(
        email=_areas(mail),
        bell=_areas(rules.get(Own.BELL)),
        quiet_from=mail.quiet_from if mail else None,
        quiet_to=mail.quiet_to if mail else None,
    )


@transaction.atomic
def change_preferences(given: Preferences) -> Preferences:
    """Be told of these areas from now on, and of no others. Only of what one may see when it happens, and never of one's own doing.

    Raises:  Denied, NotFound, Invalid
    Writes:  AlertRule, AlertReading, AlertFiring; user.notification_preferences_modified, where something differs
    """
    access = acting_access()
    access.require(Permission.AUDIT_READ)
    access.refuse_support()
    _member(access.workspace_id, access.subject_id)  # a token is nobody who could be told
    if (given.quiet_from is None) != (given.quiet_to is None):
        raise Invalid("Quiet hours have a beginning and an end.", field="quiet_to", code="required")
    return _change(access.workspace_id, access.subject_id, given)


def stop_emails(*, workspace_id: int, user_id: str, context: dict[str, Any]) -> Workspace:
    """Send a member no more mail of what they chose, in their name. What they have in the product stays.

    Takes:   context, of the request that holds the link of a mail: as proof that is enough
    Raises:  NotFound
    Writes:  as `change_preferences`
    """
    with in_workspace(workspace_id):
        user = _member(workspace_id, user_id)
        with acting(workspace_id, user.audit_actor, **context):
            before = preferences_of(workspace_id, user_id)
            _change(workspace_id, user_id, Preferences(bell=before.bell))
        return Workspace.objects.get(id=workspace_id)


def mailed_of(*, workspace_id: int, user_id: str) -> tuple[Workspace, Preferences]:
    """What a link in a mail would stop.

    Raises:  NotFound
    """
    with in_workspace(workspace_id):
        _member(workspace_id, user_id)
        return Workspace.objects.get(id=workspace_id), preferences_of(workspace_id, user_id)


def _member(workspace_id: int, user_id: str) -> User:
    members = Member.objects.filter(workspace_id=workspace_id, user_id=user_id, user__is_active=True)
    member = members.select_related("user").first()
    if member is None:
        raise NotFound
    return member.user


def _change(workspace_id: int, user_id: str, given: Preferences) -> Preferences:
    reading = locked_reading(workspace_id)
    before = preferences_of(workspace_id, user_id)
    wanted = Preferences(
        email=_checked(given.email, "email"),
        bell=_checked(given.bell, "bell"),
        quiet_from=given.quiet_from,
        quiet_to=given.quiet_to,
    )
    changes = changed(before.told, wanted.told)
    if not changes:
        return wanted
    rules = {one.own: one for one in _own_rules(workspace_id, user_id)}
    for own, areas in ((Own.EMAIL, wanted.email), (Own.BELL, wanted.bell)):
        rule = rules.get(own) or AlertRule(
            workspace_id=workspace_id,
            id=new_id(OWN_ID.rstrip("_")),
            owner_id=user_id,
            own=own,
            name=NAME,
            told_ids=[user_id],
            by_email=own == Own.EMAIL,
            by_bell=own == Own.BELL,
            is_enabled=False,
        )
        if own == Own.EMAIL:
            rule.quiet_from, rule.quiet_to = wanted.quiet_from, wanted.quiet_to
        _look_for(rule, areas, reading, is_new=own not in rules)
    record("user.notification_preferences_modified", target=User.objects.get(id=user_id), changes=changes)
    return wanted


def _look_for(rule: AlertRule, areas: Sequence[str], reading: AlertReading, *, is_new: bool) -> None:
    """Have a rule look for these areas; without any it is off, since an empty query means everything."""
    if is_new and not areas:
        return
    rule.query = " ".join(f"area:{one}" for one in areas)
    if areas and not rule.is_enabled:
        begin_looking(rule, reading)
    else:
        rules_changed(reading)
    if rule.is_enabled and not areas:
        firings = AlertFiring.objects.filter(workspace_id=rule.workspace_id, rule_id=rule.id, is_open=True)
        firings.filter(hold=Hold.HELD).update(hold=Hold.DROPPED, held_until=None)
        firings.update(is_open=False)
    rule.is_enabled = bool(areas)
    rule.save(force_insert=is_new)


def _own_rules(workspace_id: int, user_id: str) -> list[AlertRule]:
    return list(AlertRule.objects.filter(workspace_id=workspace_id, owner_id=user_id).exclude(own=Own.NONE))


def _areas(rule: AlertRule | None) -> tuple[str, ...]:
    return filter_of(rule.query).areas.include if rule and rule.query else ()


def _checked(areas: Sequence[str], field: str) -> tuple[str, ...]:
    if unknown := sorted(set(areas) - AREA_NAMES.keys()):
        raise Invalid(f"There is no area “{unknown[0][:60]}”.", field=field, code="unknown_area")
    return tuple(key for key in AREA_NAMES if key in areas)
