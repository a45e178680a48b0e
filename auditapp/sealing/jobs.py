"""The nightly verification of every workspace."""

import logging

from auditapp.sealing.models import TreeHead
from auditapp.sealing.verification import verify_workspace

logger = logging.getLogger(__name__)


def verify_all() -> None:
    """Verify every workspace that has a tree; what is found is stored and shown on its trail."""
    for workspace_id in TreeHead.objects.order_by("workspace_id").values_list("workspace_id", flat=True):
        report = verify_workspace(workspace_id)
        if report.problems:
            logger.error("the trail of workspace %s does not match its seal: %s", workspace_id, report.problems[0])
