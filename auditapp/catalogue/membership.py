"""Event types of Users about membership: who is invited, comes, is removed, leaves, and asks for access."""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, reason
from auditapp.catalogue.types import Risk, Sensitivity, Verb

_declare = partial(declaring.declare, area="users")

MEMBER = Target("member", "usr_0oLf7GbSmD2vUq9JxKt4Ce", "Elif Yıldız", personal=True)
_INVITATION = Target("invitation", "inv_6wZp3TyHaQ1nFs8RlGd5Xu", "grace.mbeki@halden.example", personal=True)
_REQUEST = Target("access_request", "acr_8tUa4NqKgS6rLd1CfVo3Im", "Change sources")
WORKSPACE = Target("workspace", "wsp_2uJc8FbLoQ5hYi0DxTn6Kv", "Halden Outdoor")
ROLE = Meta("role", "Role", "Source admin")
HELD = [{"role": "Source Admin", "scope": "1 source", "resource_ids": ["src_3vQk7TzLwR1mYb8NfXc2Hd"]}]
ROLES_BACK = Meta("role_names", "Roles given", ["Source Admin"])
_IN_GROUPS = [{"id": "grp_2xJv9OiBkE7cMw4WzPh0Ys", "name": "Mobile team"}]

MEMBERSHIP = (
    _declare(
        "user.invited",
        "User Invite Sent",
        "invited {resource.name} to the workspace",
        _INVITATION,
        ROLE,
        like="created",
        aliases=(
            "User Invited",
            "Users Invited",
            "New Segment User Invited to Workspace",
            "Non-Segment User Invited to Workspace",
        ),
    ),
    _declare(
        "user.invite_renewed",
        "User Invite Renewed",
        "renewed the invitation for {resource.name}",
        _INVITATION,
        ROLE,
        like="created",
        verb=Verb.UPDATE,
        icon="retry",
    ),
    _declare(
        "user.invite_failed",
        "User Invite Failed",
        "refused the invitation for {resource.name}",
        _INVITATION,
        ROLE,
        reason("Whoever sent it may not give this role any more"),
        risk=Risk.NOTABLE,
    ),
    _declare(
        "user.invite_accepted",
        "User Invite Accepted",
        "accepted the invitation for {resource.name}",
        _INVITATION,
        like="completed",
    ),
    _declare(
        "user.invite_deleted",
        "User Invite Deleted",
        "deleted the invitation for {resource.name}",
        _INVITATION,
        aliases=("Invite Deleted",),
    ),
    _declare(
        "user.removed",
        "User Removed",
        "removed {resource} from the workspace",
        MEMBER,
        Change("roles", "Roles", HELD, None),
        Change("groups", "Groups", _IN_GROUPS, None),
        revertible=True,
    ),
    _declare(
        "user.left",
        "User Left",
        "left the workspace",
        MEMBER,
        Change("roles", "Roles", HELD, None),
        Change("groups", "Groups", _IN_GROUPS, None),
        like="removed",
        icon="sign-out",
    ),
    _declare(
        "user.restored",
        "User Restored",
        "restored {resource} in the workspace",
        MEMBER,
        ROLES_BACK,
        Change("groups", "Groups", None, _IN_GROUPS),
    ),
    _declare(
        "user.list_exported",
        "User List Exported",
        "exported the list of {meta.members:member} with their roles",
        WORKSPACE,
        Meta("members", "Members", 24),
    ),
    _declare(
        "access_request.created",
        "Access Request Created",
        "asked for access: {resource.name}",
        _REQUEST,
        MEMBER,
        Meta("note", "Note", "I look after the app events now", Sensitivity.PERSONAL),
        icon="key",
        risk=Risk.NOTABLE,
    ),
    _declare(
        "access_request.approved",
        "Access Request Approved",
        "approved {resource}[ for {target.1}][ with role {meta.role}]",
        _REQUEST,
        MEMBER,
        Meta("role", "Role", "Source Admin"),
        like="granted",
        revertible=False,
    ),
    _declare(
        "access_request.declined",
        "Access Request Declined",
        "declined {resource}[ of {target.1}]",
        _REQUEST,
        MEMBER,
        like="completed",
        icon="x",
    ),
)
