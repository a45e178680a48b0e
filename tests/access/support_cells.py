"""What support access opens of the matrix, as docs/access.md says it: what the owner may do, less what is listed here.

The lists are the promise, written by hand and not read from the permissions of the pages.
"""

from typing import Protocol


class Row(Protocol):
    """A row of the matrix, as far as it is needed here."""

    name: str
    ids: tuple[str, ...]


# Who is let in, and by what: never support's, neither the form nor what it does. Nothing of it outlasts the support access.
LETS_IN = {
    f"access:{one}"
    for one in (
        *("workspace_sso", "ownership_transfer", "support_grant", "support_revoke", "members_export"),
        *("invite", "invitation_revoke", "invitation_resend", "member_role_grant", "member_remove", "grant_revoke"),
        *(
            "group_create",
            "group_rename",
            "group_delete",
            "group_role_grant",
            "group_member_add",
            "group_member_remove",
        ),
        *("token_create", "token_networks", "token_revoke", "request_approve", "request_decline"),
        *("role_create", "role_edit", "role_delete"),
    )
}
# A member's own place and wishes.
OF_A_MEMBER = {"access:own_requests", "access:request_create", "access:leave"}
# A member's own as well, though anybody may look at the empty form of one.
MADE_BY_MEMBERS = {
    *("alerts:rule_create", "alerts:ready_rule_create", "alerts:preferences"),
    *("trail:view_create", "trail:view_default", "trail:view_default_clear"),
}
# A view that nobody shared is not there for anybody else. One that is shared is the workspace's.
A_VIEW = "view"
# Forms for what is made or changed, and what takes along.
NO_READING = {
    *("access:workspace_settings", "forwarding:forwarding", "forwarding:forwarding_matching"),
    *("sources:source_create", "functions:function_create", "warehouses:warehouse_create", "plans:plan_create"),
    *("plans:rule_create", "spaces:space_create", "alerts:rule_edit", "trail:view_edit"),
    *("destinations:message_edit", "destinations:filter_create"),
    *("trail:event_export", "trail:export_list", "trail:export_file", "trail:export_manifest"),
}


def of_support(row: Row, owner: int, *, is_post: bool, is_read_only: bool) -> int:
    """The status for who acts as support of the owner.

    Takes:   owner, the status that the owner gets
    """
    if row.name in LETS_IN or row.name in OF_A_MEMBER or (is_post and is_read_only):
        return 403
    if is_post and row.name in MADE_BY_MEMBERS:
        return 403
    if A_VIEW in row.ids:
        return 404
    return 403 if is_read_only and row.name in NO_READING else owner
