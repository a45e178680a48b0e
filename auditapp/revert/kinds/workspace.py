"""The workspace itself: its name, its address and its time zone. It is neither made nor deleted from here."""

from collections.abc import Mapping
from typing import Any

from auditapp.access.models import FactorRule, ReasonRule, Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.access.sso.services import change_sso, told_of_sso
from auditapp.access.workspaces import IDLE, change_workspace_settings, told_of_workspace
from auditapp.alerts.hold_setting import PATH as NOTIFY
from auditapp.alerts.hold_setting import notifies_after_last_retry, notify_after_last_retry
from auditapp.revert.fields import flat
from auditapp.revert.kind import RevertKind


class WorkspaceRevert(RevertKind[Workspace]):
    resource_type = "workspace"
    settable = (
        *("name", "slug", "time_zone", "reason_rule", "second_factor_rule", "idle_minutes"),
        *(NOTIFY, "sso.join_domains", "sso.required"),
    )

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Workspace | None:
        workspaces = Workspace.objects.select_for_update() if lock else Workspace.objects.all()
        found = workspaces.filter(id=access.workspace_id).first()
        return found if found and found.audit_target.id == resource_id else None

    def values(self, resource: Workspace) -> dict[str, Any]:
        notifies = {NOTIFY: notifies_after_last_retry(resource.id)}
        return {**flat(told_of_workspace(resource)), **notifies, **told_of_sso(resource)}

    def require(self, access: Access, resource: Workspace | None) -> None:
        access.require(Permission.WORKSPACE_MANAGE)

    def write(self, resource: Workspace, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        if NOTIFY in values:
            notify_after_last_retry(is_on=values[NOTIFY])
        now = told_of_sso(resource)
        if asked := {path: value for path, value in values.items() if path in now}:
            change_sso(**{path.removeprefix("sso."): value for path, value in (now | asked).items()})
        if named := {path: value for path, value in values.items() if path != NOTIFY and path not in now}:
            change_workspace_settings(**{**told_of_workspace(resource), **named})

    def effects(self, resource: Workspace | None, values: Mapping[str, Any]) -> list[str]:
        told = []
        if resource is not None and "slug" in values:
            told.append(
                f"Its pages lie under /{values['slug']}/ from then on: links to /{resource.slug}/ lead nowhere."
            )
        if "time_zone" in values:
            told.append(f"Pages show times as they are in {values['time_zone']}; what is recorded stays as it is.")
        if "reason_rule" in values:
            asks = ReasonRule(values["reason_rule"])
            told.append(f"Whether risky changes are asked for a reason, from then on: {asks.label}.")
        if "sso.join_domains" in values:
            who = ", ".join(values["sso.join_domains"])
            told.append(
                f"People of {who} may join by single sign-on." if who else "Nobody joins by single sign-on alone."
            )
        if "sso.required" in values:
            only = "Members come in by single sign-on only" if values["sso.required"] else "Passwords let members in"
            told.append(f"{only}, from their next request on.")
        if "second_factor_rule" in values:
            rule = FactorRule(values["second_factor_rule"])
            told.append(f"A second factor of members, from then on: {rule.label}.")
        if "idle_minutes" in values:
            told.append(
                f"People who do nothing are signed out after: {IDLE[str(values['idle_minutes'])].partition(':')[0].lower()}."
            )
        if NOTIFY in values:
            when = "only once the last one failed" if values[NOTIFY] else "of each"
            told.append(f"Alerts tell of failed attempts {when}, of what comes from now on. What is held stays so.")
        return told
