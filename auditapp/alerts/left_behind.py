"""What becomes of the alert rules of somebody who leaves the workspace."""

from collections.abc import Iterator

from auditapp.access.left_behind import counted
from auditapp.alerts.models import AlertRule, Own


def rules_left(workspace_id: int, user_id: str) -> Iterator[str]:
    """A rule finds what its owner may see, which is nothing from then on."""
    rules = AlertRule.objects.filter(workspace_id=workspace_id, owner_id=user_id, own=Own.NONE, is_enabled=True).count()
    if rules:
        yield f"{counted(rules, 'alert rule')} made here find{'s' if rules == 1 else ''} nothing any more: make {'it' if rules == 1 else 'them'} anew where {'it is' if rules == 1 else 'they are'} needed."
