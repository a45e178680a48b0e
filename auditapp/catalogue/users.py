"""Event types of Users: signing in, membership, roles, groups and support access.

Access tokens belong to the workspace and are declared there.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, attempt, reason, secret
from auditapp.catalogue.membership import HELD, MEMBER, MEMBERSHIP, ROLE, ROLES_BACK
from auditapp.catalogue.types import EventType, Risk, Sensitivity, Verb

_declare = partial(declaring.declare, area="users")

_USER = Target("user", "usr_5kEh1RwXcN8jTp3OyVa6Zi", "Maya Lindqvist", personal=True)
_GROUP = Target("user_group", "grp_2xJv9OiBkE7cMw4WzPh0Ys", "Mobile team")
_SCOPE = Meta("scope", "Scope", "2 sources")
_RESOURCES = Meta("resource_ids", "Resources", ["src_3vQk7TzLwR1mYb8NfXc2Hd", "src_8zEa4MhTkP7lSx1VqOc6Bw"])
_SUPPORTED = Target("support_access", "sup_1bNc7QwEr9tYu5IoPa3Sd6", "sam.okoro@vendor.example", personal=True)
_GIVER = Meta("giver", "In the name of", "usr_5kEh1RwXcN8jTp3OyVa6Zi")
_PURPOSE = Meta("purpose", "What for", "Ticket 48213", Sensitivity.PERSONAL)
_PASSKEY = Meta("passkey", "Passkey", "Laptop")
_IN_GROUPS = [{"id": "grp_2xJv9OiBkE7cMw4WzPh0Ys", "name": "Mobile team"}]
_INSIDE = ["usr_0oLf7GbSmD2vUq9JxKt4Ce"]

_SIGNING_IN = (
    _declare(
        "user.signed_in",
        "User Signed In",
        "signed in[ with {meta.method}]",
        _USER,
        Meta("method", "Method", "password and two-step code"),
        like="started",
        icon="user",
    ),
    _declare(
        "user.sign_in_failed",
        "User Sign-In Failed",
        "failed to sign in[ as {meta.email}]",
        _USER,
        Meta("email", "E-mail", "maya@halden.example", Sensitivity.PERSONAL),
        reason("Wrong password"),
        attempt(2),
        risk=Risk.NOTABLE,
    ),
    _declare(
        "user.sign_in_throttled",
        "User Sign-In Throttled",
        "tried to sign in too often[ {meta.when}], and has to wait[ {meta.wait}]",
        _USER,
        Meta("when", "When", "with the password"),
        Meta("wait", "For", "5 minutes"),
        like="failed",
        risk=Risk.RISKY,
        icon="lock",
    ),
    _declare("user.signed_out", "User Signed Out", "signed out", _USER, like="started", icon="sign-out"),
    _declare(
        "user.two_step_enabled",
        "User Two-Step Sign-In Enabled",
        "turned on two-step sign-in",
        _USER,
        Meta("method", "Method", "authenticator app"),
        icon="lock",
        revertible=False,
    ),
    _declare(
        "user.two_step_disabled",
        "User Two-Step Sign-In Disabled",
        "turned off two-step sign-in",
        _USER,
        revertible=False,
    ),
    _declare(
        "user.two_step_failed",
        "User Two-Step Sign-In Failed",
        "failed the two-step check[ {meta.when}]",
        _USER,
        Meta("when", "When", "while signing in"),
        reason("Wrong code"),
        attempt(1),
        risk=Risk.NOTABLE,
    ),
    _declare(
        "user.recovery_codes_created",
        "User Recovery Codes Created",
        "made new recovery codes for {resource}",
        _USER,
        icon="key",
        risk=Risk.NOTABLE,
    ),
    _declare(
        "user.passkey_added",
        "User Passkey Added",
        "added the passkey {meta.passkey} to {resource}",
        _USER,
        _PASSKEY,
        Meta("alone", "Signs in without a password", True),
        icon="key",
        risk=Risk.NOTABLE,
        revertible=False,
    ),
    _declare(
        "user.passkey_removed",
        "User Passkey Removed",
        "removed the passkey {meta.passkey} from {resource}",
        _USER,
        _PASSKEY,
    ),
    _declare(
        "user.password_changed",
        "User Password Changed",
        "changed the password of {resource}",
        _USER,
        secret("password", "Password"),
        like="rotated",
    ),
    _declare(
        "user.password_reset_requested",
        "User Password Reset Requested",
        "asked for a new password of {resource}",
        _USER,
        like="rotated",
    ),
    _declare(
        "user.email_changed",
        "User E-mail Changed",
        "changed the e-mail address of {resource}",
        _USER,
        Change("email", "E-mail", "maya@old.example", "maya@halden.example", Sensitivity.PERSONAL),
        like="rotated",
    ),
    _declare(
        "user.notification_preferences_modified",
        "User Notification Preferences Modified",
        "changed what {resource} is notified of",
        _USER,
        Change("email", "By e-mail", ["users"], ["users", "workspace"]),
        Change("bell", "In the product", [], ["workspace"]),
        Change("quiet_from", "No mail from", "", "22:00"),
        Change("quiet_to", "No mail until", "", "07:00"),
        icon="bell",
        revertible=False,
    ),
    _declare(
        "user.sessions_revoked",
        "User Sessions Revoked",
        "ended {meta.sessions:session} of {resource}",
        _USER,
        Meta("sessions", "Sessions", 3),
        Meta("session_ids", "Which", ["ses_3vQk7TzLwR1mYb8NfXc2Hd"]),
    ),
    _declare(
        "user.access_denied",
        "User Access Denied",
        "tried to use {resource}[ to {meta.tried}][ without permission {meta.permission}][ by scope {meta.scope}][ from {meta.address}][: {meta.refusal}]",
        Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop"),
        Meta("tried", "Tried to", "rotate source write key"),
        Meta("permission", "Permission", "source.write"),
        Meta("scope", "Scope of the token", "source:write"),
        Meta("refusal", "Refusal", "This token may not be used from this address."),
        Meta("address", "Address", "198.51.100.7", Sensitivity.PERSONAL),
        # No read, which lists hide: whoever tried what they may not do is to be seen.
        verb=Verb.UPDATE,
        risk=Risk.NOTABLE,
        icon="lock",
        like="failed",
        aliases=("Permission Check",),
    ),
)

_ROLES = (
    _declare(
        "user.role_granted",
        "User Role Granted",
        "granted role {meta.role} to {resource}[ on {meta.scope}]",
        MEMBER,
        ROLE,
        _SCOPE,
        _RESOURCES,
        aliases=("Policy Created",),
    ),
    _declare(
        "user.role_revoked",
        "User Role Revoked",
        "removed role {meta.role} from {resource}[ on {meta.scope}]",
        MEMBER,
        ROLE,
        _SCOPE,
        _RESOURCES,
        like="granted",
        verb=Verb.DELETE,
        risk=Risk.RISKY,
        aliases=("Policy Deleted",),
    ),
    _declare(
        "user.policy_updated",
        "User Policy Updated",
        "changed scope of role {meta.role} of {resource}[ to {change.scope.new}]",
        MEMBER,
        ROLE,
        Change("scope", "Scope", "all sources", "2 sources"),
        like="granted",
    ),
    _declare(
        "user_group.role_granted",
        "User Group Role Granted",
        "granted role {meta.role} to {resource}[ on {meta.scope}]",
        _GROUP,
        ROLE,
        _SCOPE,
        _RESOURCES,
    ),
    _declare(
        "user_group.role_revoked",
        "User Group Role Revoked",
        "removed role {meta.role} from {resource}[ on {meta.scope}]",
        _GROUP,
        ROLE,
        _SCOPE,
        _RESOURCES,
        like="granted",
        verb=Verb.DELETE,
        risk=Risk.RISKY,
    ),
    _declare(
        "user_group.policy_updated",
        "User Group Policy Updated",
        "changed scope of role {meta.role} of {resource}[ to {change.scope.new}]",
        _GROUP,
        ROLE,
        Change("scope", "Scope", "all sources", "2 sources"),
        like="granted",
    ),
)

_GROUPS = (
    _declare(
        "user_group.created",
        "User Group Created",
        "created {resource}",
        _GROUP,
        Change("name", "Name", None, "Mobile team"),
        revertible=True,
    ),
    _declare(
        "user_group.updated",
        "User Group Updated",
        "changed {resource}",
        _GROUP,
        Change("name", "Name", "App team", "Mobile team"),
    ),
    _declare(
        "user_group.deleted",
        "User Group Deleted",
        "deleted {resource}",
        _GROUP,
        Change("name", "Name", "Mobile team", None),
        Change("members", "Members", _INSIDE, None),
        Change("roles", "Roles", HELD, None),
        revertible=True,
    ),
    _declare(
        "user_group.restored",
        "User Group Restored",
        "restored {resource}",
        _GROUP,
        ROLES_BACK,
        Change("name", "Name", None, "Mobile team"),
        Change("members", "Members", None, _INSIDE),
    ),
    _declare(
        "user_group.member_added",
        "User Added To User Group",
        "added {target.1} to {resource}",
        _GROUP,
        MEMBER,
        aliases=("Subjects Added to Group",),
    ),
    _declare(
        "user_group.member_removed",
        "User Removed From User Group",
        "removed {target.1} from {resource}",
        _GROUP,
        MEMBER,
        revertible=True,
        aliases=("Group Memberships Deleted",),
    ),
)

_SUPPORT = (
    _declare(
        "support_access.granted",
        "Support Access Granted",
        "granted {resource}[ for {meta.lasts}]",
        _SUPPORTED,
        Meta("lasts", "For", "7 days"),
        Meta("until", "Until", "2026-11-30T09:00:00Z"),
        Meta("access", "May", "read-only"),
        _PURPOSE,
        _GIVER,
    ),
    _declare(
        "support_access.used",
        "Support Login",
        "signed in as support[ for {meta.purpose}]",
        _SUPPORTED,
        _PURPOSE,
        like="granted",
        icon="user",
        revertible=False,
    ),
    _declare(
        "support_access.revoked",
        "Support Access Revoked",
        "revoked {resource}",
        _SUPPORTED,
        _GIVER,
        revertible=True,
    ),
    _declare(
        "support_access.expired",
        "Support Access Expired",
        "ended {resource}, whose time is over",
        _SUPPORTED,
        _GIVER,
        like="completed",
        icon="calendar",
    ),
)

TYPES: tuple[EventType, ...] = (*_SIGNING_IN, *MEMBERSHIP, *_ROLES, *_GROUPS, *_SUPPORT)
