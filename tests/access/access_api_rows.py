"""Rows of the matrix about the API of access: members, invitations, groups, roles, labels, spaces, and questions about who may do what."""

from typing import Any

AUDITOR = {"permissions": [{"roleId": "auditor", "resources": [{"id": "WORKSPACE", "type": "WORKSPACE"}]}]}
OF_SHOP = {"permissions": [{"roleId": "source_read_only", "resources": [{"id": "shop", "type": "SOURCE"}]}]}
INVITE = {"invites": [{"email": "new@example.com", **AUDITOR}]}
ROLE = {"name": "New", "permissions": ["audit.read"]}
LABEL = {"label": {"key": "tier", "value": "gold"}}
# Method, path, scope, and where it is not 200 and nothing is sent: status, body.
ROWS: list[tuple[Any, ...]] = [
    ("GET", "/users", "access:read"),
    ("GET", "/users/{mina}", "access:read"),
    ("GET", "/users/{mina}/groups", "access:read"),
    ("DELETE", "/users?userIds={mina}", "access:write"),
    ("POST", "/users/{mina}/permissions", "access:write", 200, AUDITOR),
    ("PUT", "/users/{mina}/permissions", "access:write", 200, OF_SHOP),
    ("GET", "/invites", "access:read"),
    ("POST", "/invites", "access:write", 201, INVITE),
    ("POST", "/invites/{invitation}/resend", "access:write"),
    ("DELETE", "/invites?emails={invited}", "access:write"),
    ("GET", "/groups", "access:read"),
    ("POST", "/groups", "access:write", 201, {"name": "New"}),
    ("GET", "/groups/{group}", "access:read"),
    ("PATCH", "/groups/{group}", "access:write", 200, {"name": "New"}),
    ("DELETE", "/groups/{group}", "access:write"),
    ("GET", "/groups/{group}/users", "access:read"),
    ("POST", "/groups/{group}/users", "access:write", 200, {"emails": ["rita_email"]}),
    ("DELETE", "/group/{group}/users?emails={mina_email}", "access:write"),
    ("POST", "/groups/{group}/permissions", "access:write", 200, AUDITOR),
    ("PUT", "/groups/{group}/permissions", "access:write", 200, OF_SHOP),
    ("GET", "/roles", "access:read"),
    ("POST", "/roles", "access:write", 201, ROLE),
    ("GET", "/roles/{role}", "access:read"),
    ("PATCH", "/roles/{role}", "access:write", 200, {"name": "Newer"}),
    ("DELETE", "/roles/{role}", "access:write"),
    ("GET", "/labels", "source:read"),
    ("POST", "/labels", "access:write", 201, LABEL),
    ("PATCH", "/labels/{label_key}/{free_label}", "access:write", 200, {"description": "New"}),
    ("DELETE", "/labels/{label_key}/{free_label}", "access:write"),
    ("GET", "/spaces", "space:read"),
    ("POST", "/spaces", "space:write", 201, {"name": "New"}),
    ("GET", "/spaces/{space}", "space:read"),
    ("PATCH", "/spaces/{space}", "space:write", 200, {"name": "New"}),
    ("DELETE", "/spaces/{space}", "space:write"),
    ("POST", "/access-checks", "access:check", 200, {"user": "mina", "permission": "source.read", "resource": "shop"}),
]
