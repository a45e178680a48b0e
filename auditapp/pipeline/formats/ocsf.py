"""OCSF 1.4: Authentication, Account Change, API Activity for what tokens do, Entity Management for the rest.

What OCSF has no attribute for is kept under `unmapped`, as the schema asks.
"""

from typing import Any, Final

from auditapp.catalogue.types import Risk, Verb
from auditapp.pipeline.formats.reading import PRODUCT, Facts, Thing

VERSION: Final = "1.4.0"
ACCOUNT_CHANGE, AUTHENTICATION, ENTITY_MANAGEMENT, API_ACTIVITY = 3001, 3002, 3004, 6003
_CLASSES: Final = {
    ACCOUNT_CHANGE: "Account Change",
    AUTHENTICATION: "Authentication",
    ENTITY_MANAGEMENT: "Entity Management",
    API_ACTIVITY: "API Activity",
}
_CATEGORIES: Final = {3: "Identity & Access Management", 6: "Application Activity"}
_BY_VERB: Final = {
    Verb.CREATE: (1, "Create"),
    Verb.READ: (2, "Read"),
    Verb.UPDATE: (3, "Update"),
    Verb.DELETE: (4, "Delete"),
}
_SWITCHED: Final = {
    "enabled": (8, "Enable"),
    "disabled": (9, "Disable"),
    "paused": (12, "Suspend"),
    "resumed": (13, "Resume"),
}
_OTHER: Final = (99, "Other")
# Who signs in or whose account changes: class and activity by type of event.
_PEOPLE: Final = {
    "user.signed_in": (AUTHENTICATION, 1, "Logon"),
    "user.sign_in_failed": (AUTHENTICATION, 1, "Logon"),
    "user.two_step_failed": (AUTHENTICATION, 1, "Logon"),
    "user.sign_in_throttled": (AUTHENTICATION, 1, "Logon"),
    "user.signed_out": (AUTHENTICATION, 2, "Logoff"),
    "user.sessions_revoked": (AUTHENTICATION, 2, "Logoff"),
    "support_access.used": (AUTHENTICATION, 1, "Logon"),
    "user.invite_accepted": (ACCOUNT_CHANGE, 1, "Create"),
    "user.added_via_sso": (ACCOUNT_CHANGE, 1, "Create"),
    "user.password_changed": (ACCOUNT_CHANGE, 3, "Password Change"),
    "user.password_reset_requested": (ACCOUNT_CHANGE, 4, "Password Reset"),
    "user.removed": (ACCOUNT_CHANGE, 6, "Delete"),
    "user.left": (ACCOUNT_CHANGE, 6, "Delete"),
    "user.restored": (ACCOUNT_CHANGE, 1, "Create"),
    "user.role_granted": (ACCOUNT_CHANGE, 7, "Attach Policy"),
    "user.role_revoked": (ACCOUNT_CHANGE, 8, "Detach Policy"),
    "user.two_step_enabled": (ACCOUNT_CHANGE, 10, "MFA Factor Enable"),
    "user.two_step_disabled": (ACCOUNT_CHANGE, 11, "MFA Factor Disable"),
    "user.passkey_added": (ACCOUNT_CHANGE, 10, "MFA Factor Enable"),
    "user.passkey_removed": (ACCOUNT_CHANGE, 11, "MFA Factor Disable"),
    "user.email_changed": (ACCOUNT_CHANGE, *_OTHER),
    "user.sso_linked": (ACCOUNT_CHANGE, *_OTHER),
    "user.sso_unlinked": (ACCOUNT_CHANGE, *_OTHER),
    "user.policy_updated": (ACCOUNT_CHANGE, *_OTHER),
}
_SEVERITIES: Final = {Risk.ROUTINE: (1, "Informational"), Risk.NOTABLE: (2, "Low"), Risk.RISKY: (3, "Medium")}
_STATUS: Final = {True: (1, "Success"), False: (2, "Failure"), None: (0, "Unknown")}
_USER_TYPES: Final = {"user": (1, "User"), "system": (3, "System")}


def as_ocsf(facts: Facts) -> dict[str, Any]:
    """The event of OCSF that says this.

    Source:  schema.ocsf.io, 1.4.0
    """
    class_uid, activity_id, activity = _class(facts)
    severity_id, severity = _SEVERITIES[facts.risk]
    status_id, status = _STATUS[facts.is_success]
    category = class_uid // 1_000
    event: dict[str, Any] = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": category,
        "category_name": _CATEGORIES[category],
        "class_uid": class_uid,
        "class_name": _CLASSES[class_uid],
        "type_uid": class_uid * 100 + activity_id,
        "type_name": f"{_CLASSES[class_uid]}: {activity}",
        "time": _milliseconds(facts),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": facts.sentence,
        "metadata": _metadata(facts),
        "actor": {"user": _user(facts.actor)},
        **_where_from(facts),
        **_about(facts, class_uid),
    }
    said = {"area": facts.area, "reason": facts.reason}
    unmapped = {**facts.rest, **{name: value for name, value in said.items() if value}}
    return {**event, "unmapped": unmapped} if unmapped else event


def _class(facts: Facts) -> tuple[int, int, str]:
    if found := _PEOPLE.get(facts.key):
        return found
    # API Activity must say from where, which a token's events may not.
    if facts.actor.kind == "token" and facts.ip:
        return (API_ACTIVITY, *_BY_VERB[facts.verb])
    switched = _SWITCHED.get(facts.key.rpartition(".")[2]) if facts.verb is Verb.UPDATE else None
    return (ENTITY_MANAGEMENT, *(switched or _BY_VERB[facts.verb]))


def _metadata(facts: Facts) -> dict[str, Any]:
    said = {"uid": facts.message_id, "tenant_uid": facts.workspace.id}
    return {
        "version": VERSION,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT},
        "event_code": facts.key,
        **{name: value for name, value in said.items() if value},
    }


def _about(facts: Facts, class_uid: int) -> dict[str, Any]:
    """What the class is about: an account, an entity, a call."""
    resource = facts.resource
    if class_uid == AUTHENTICATION:
        return {"user": _user(facts.actor), "service": {"name": PRODUCT}}
    if class_uid == ACCOUNT_CHANGE:
        return {"user": _user(resource if resource.id else facts.actor)}
    if class_uid == API_ACTIVITY:
        resources = {"resources": [_entity(resource)]} if resource.id else {}
        return {"api": {"operation": facts.key}, **resources}
    # An entity must have a name or an id: the event's own name, where there is no resource.
    return {"entity": _entity(resource) or {"name": facts.name}}


def _entity(thing: Thing) -> dict[str, Any]:
    said = {"uid": thing.id, "name": thing.name, "type": thing.kind}
    return {name: value for name, value in said.items() if value}


def _user(thing: Thing) -> dict[str, Any]:
    type_id, kind = _USER_TYPES.get(thing.kind or "user", (99, thing.kind))
    said = {"uid": thing.id or "unknown", "name": thing.name or thing.email, "email_addr": thing.email}
    return {**{name: value for name, value in said.items() if value}, "type_id": type_id, "type": kind}


def _where_from(facts: Facts) -> dict[str, Any]:
    request = {name: value for name, value in (("user_agent", facts.user_agent), ("uid", facts.request_id)) if value}
    return {
        **({"src_endpoint": {"ip": facts.ip}} if facts.ip else {}),
        **({"http_request": request} if request else {}),
    }


def _milliseconds(facts: Facts) -> int:
    return round(facts.at.timestamp() * 1_000)
