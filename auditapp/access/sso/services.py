"""What a workspace asks of single sign-on: who may join by it, and whether it is the only way in."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction

from auditapp.access.models import Role, User, Workspace
from auditapp.access.permissions import Permission
from auditapp.access.rules import begin_change, refuse_more_than_held
from auditapp.access.sso.demand import with_ways_of_their_own
from auditapp.access.sso.joining import JOINS_AS
from auditapp.access.sso.links import link_of
from auditapp.access.sso.provider import is_domain, provider
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, changed
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

MOST_DOMAINS: Final = 20


def told_of_sso(workspace: Workspace) -> dict[str, Any]:
    """What events tell of these settings, by path."""
    return {"sso.join_domains": list(workspace.sso_join_domains), "sso.required": workspace.sso_required}


@transaction.atomic
def change_sso(*, join_domains: Sequence[str], required: bool) -> Workspace:
    """Set whose domains may join by single sign-on, and whether members come in by it alone; both hold on the next request.

    Raises:  Denied, MoreThanYouHave, Invalid
    Writes:  Workspace; workspace.sso_modified, unless nothing differs
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    workspace = Workspace.objects.get(id=access.workspace_id)
    before = told_of_sso(workspace)
    domains = _checked_domains(join_domains, kept=workspace.sso_join_domains)
    if set(domains) - set(workspace.sso_join_domains):
        refuse_more_than_held(access, Role.objects.get(key=JOINS_AS, workspace_id=None))
    if required and not workspace.sso_required:
        _refuse_lock_out(workspace.id, access.subject_id)
    workspace.sso_join_domains, workspace.sso_required = domains, required
    if changes := changed(before, told_of_sso(workspace)):
        workspace.save(update_fields=["sso_join_domains", "sso_required"])
        record("workspace.sso_modified", target=workspace, changes=changes)
    return workspace


@transaction.atomic
def let_passwords_in(*, slug: str) -> bool:
    """Take back that members come in by single sign-on only, for whoever runs the installation; gives whether it was so.

    Raises:  NotFound
    Writes:  Workspace; workspace.sso_modified
    """
    found = Workspace.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound("There is no workspace with this address.")
    with in_workspace(found.id), acting(found.id, SYSTEM):
        workspace = Workspace.objects.select_for_update().get(id=found.id)
        if not workspace.sso_required:
            return False
        before = told_of_sso(workspace)
        workspace.sso_required = False
        workspace.save(update_fields=["sso_required"])
        record("workspace.sso_modified", target=workspace, changes=changed(before, told_of_sso(workspace)))
    return True


def _checked_domains(domains: Sequence[str], *, kept: Sequence[str]) -> list[str]:
    """In order, once each. Those that were set before stay, also where the provider has come to speak for others."""
    here = provider()
    found = sorted({one.strip().lower().removeprefix("@") for one in domains} - {""})
    for one in found:
        if not is_domain(one):
            text = f"{one[:80]!r} is no domain. Write it as it stands after the @, such as example.com; others than Latin letters as xn--..."
            raise Invalid(text, field="join_domains", code="bad_domain")
        if one not in kept and (here is None or not here.speaks_for(one)):
            text = f"People of {one} do not come in by the provider of this installation. Whoever runs it names its domains."
            raise Invalid(text, field="join_domains", code="other_domain")
    if len(found) > MOST_DOMAINS:
        raise Invalid(f"At most {MOST_DOMAINS} domains.", field="join_domains", code="too_many")
    return found


def _refuse_lock_out(workspace_id: int, subject_id: str) -> None:
    """Whoever turns it on has come in by it, and somebody can still open the door with the provider down."""
    user = User.objects.filter(id=subject_id).first()
    if provider() is None:
        text = "Single sign-on is not set up on this installation: nobody could come in."
    elif user is None or link_of(user) is None:
        text = "Sign in by single sign-on once yourself first: then it is known to work."
    elif not with_ways_of_their_own(workspace_id):
        text = (
            "First let an owner have a password and a second factor, or a passkey, under Your account: with the provider down"
            " nobody could come in and turn this off."
        )
    else:
        return
    raise Invalid(text, field="required", code="lock_out")
