"""The views that every workspace has from its first day, as data: a name, what it shows, and its query."""

from dataclasses import dataclass
from typing import Final

from auditapp.record.drafts import Target


@dataclass(frozen=True, slots=True)
class ReadyView:
    """One view; its key stands where a saved view has its id."""

    id: str
    name: str
    shows: str
    query: str

    @property
    def audit_target(self) -> Target:
        return Target("saved_view", self.id, self.name)


READY_VIEWS: Final = (
    ReadyView("risky", "Risky changes", "What stops, removes or fails for good", "risk:risky"),
    ReadyView(
        "unexplained",
        "Risky without a reason",
        "What people and tokens stopped or removed and said nothing to",
        "actor_kind:user actor_kind:token risk:risky outcome:success -reason:*",
    ),
    ReadyView(
        "access",
        "Access and membership",
        "Members, groups, roles, labels, tokens, invitations, support, and who asked for more",
        # What belongs here by its area is held by a test: an event of access that is new comes in, or is left out by name.
        "event:access_request.* event:label.* event:role.* event:support_access.* event:user.access_denied event:user.added_via_sso"
        " event:user.email_changed event:user.invite* event:user.left event:user.list_exported event:user.passkey_*"
        " event:user.policy_updated event:user.recovery_codes_* event:user.removed event:user.restored event:user.role_*"
        " event:user.sessions_revoked event:user.sign_in_throttled event:user.sso_* event:user.two_step_* event:user_group.*"
        " event:workspace.access_token_* event:workspace.ownership_transferred event:workspace.ownerless_tokens_detected"
        " event:workspace.sso_modified",
    ),
    ReadyView(
        "secrets",
        "Tokens and secrets",
        "Keys and credentials made, changed and taken back",
        "event:destination.secret_rotated event:engage_warehouse_source.credential_rotated event:source.write_key_*"
        " event:space.access_token_* event:storage_bucket.credential_rotated event:user.password_*"
        " event:warehouse_credential.* event:workspace.access_token_* event:workspace.ownerless_tokens_detected",
    ),
    ReadyView(
        "forwarding",
        "Forwarding and retention",
        "Where events go, how long they stay, what was erased",
        "event:audit_forwarding.* event:legal_hold.* event:personal_data.* event:regulation.* event:retention.*"
        " event:storage_destination.* event:workspace.regulation_created",
    ),
    ReadyView("failures", "Failures", "What was tried and did not work", "outcome:failure"),
    ReadyView("tokens", "By tokens", "What access tokens did", "actor_kind:token"),
)


def ready_view(view_id: str) -> ReadyView | None:
    """The ready view with this key."""
    return next((view for view in READY_VIEWS if view.id == view_id), None)
