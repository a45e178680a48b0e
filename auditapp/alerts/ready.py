"""Rules that every workspace can have with one click, as data."""

from dataclasses import dataclass
from typing import Final

from auditapp.access.everything import EVERYTHING
from auditapp.alerts.models import By, Trigger
from auditapp.catalogue import registry


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """A rule to begin with; who clicks is told by bell and e-mail."""

    key: str
    name: str
    tells: str
    icon: str
    query: str
    trigger: str = Trigger.EACH
    threshold: int = 1
    window_s: int = 0
    by: str = By.ALL


def _events(*ends: str) -> str:
    """A query for all types of the catalogue that end so."""
    return " ".join(f"event:{key}" for key in sorted(registry.EVENT_TYPES) if key.endswith(ends))


DELETED: Final = _events(".deleted", ".removed")
FAILED: Final = _events(".run_failed", ".sync_failed", "_sync_failed", ".export_failed", ".backfill_failed")
READY_RULES: Final = (
    ReadyRule(
        "disabled",
        "Warehouse or source disabled",
        "Data stops coming in or going on",
        "power",
        "event:source.deleted event:source.disabled event:warehouse.deleted event:warehouse.disabled",
    ),
    ReadyRule(
        "owner",
        "Role of a workspace owner granted",
        "Somebody may do everything from now on",
        "key",
        # Each says so itself where it makes an owner of somebody, whatever the role is called (access/everything.py).
        "event:role.updated event:user.invite_accepted event:user.invite_renewed event:user.invited event:user.restored event:user.role_granted"
        " event:user_group.member_added event:user_group.restored event:user_group.role_granted event:workspace.ownership_transferred"
        f' "{EVERYTHING}"',
    ),
    ReadyRule(
        "token", "Access token created", "A machine may read or write", "key", "event:workspace.access_token_created"
    ),
    ReadyRule(
        "forwarding", "Audit Forwarding changed", "Where audit events go", "forwarded", "event:audit_forwarding.*"
    ),
    ReadyRule(
        "deletions",
        "Many deletions by one actor",
        "Ten within ten minutes",
        "trash",
        DELETED,
        Trigger.THRESHOLD,
        10,
        600,
        By.ACTOR,
    ),
    ReadyRule("sync", "Sync failed", "Of a warehouse, an audience, an export or another system", "warning", FAILED),
)


def ready_rule(key: str) -> ReadyRule | None:
    """The ready rule with this key."""
    return next((one for one in READY_RULES if one.key == key), None)
