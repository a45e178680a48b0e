"""Event types of single sign-on: who joined by it, and whose account is linked to the provider."""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="users")

_USER = Target("user", "usr_5kEh1RwXcN8jTp3OyVa6Zi", "Maya Lindqvist", personal=True)
_MEMBER = Target("member", "usr_0oLf7GbSmD2vUq9JxKt4Ce", "Elif Yıldız", personal=True)

TYPES: tuple[EventType, ...] = (
    _declare(
        "user.added_via_sso",
        "User Added via SSO",
        "added {resource} through single sign-on",
        _MEMBER,
        Meta("connection", "Connection", "Okta"),
        Change("roles", "Roles", None, [{"role": "Minimal Workspace Access"}]),
        like="created",
    ),
    _declare(
        "user.sso_linked",
        "User Single Sign-On Linked",
        "linked {resource} to {meta.provider}",
        _USER,
        Meta("provider", "Provider", "Okta"),
        like="added",
        icon="link",
        risk=Risk.NOTABLE,
        revertible=False,
    ),
    _declare(
        "user.sso_unlinked",
        "User Single Sign-On Unlinked",
        "unlinked {resource} from {meta.provider}",
        _USER,
        Meta("provider", "Provider", "Okta"),
        like="removed",
    ),
)
