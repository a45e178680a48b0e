"""The workspace's setting "Notify only after the last retry": read, and switched."""

from typing import Final

from django.db import transaction

from auditapp.access.models import Workspace
from auditapp.access.permissions import Permission, acting_access
from auditapp.alerts.models import AlertReading
from auditapp.alerts.queries import size_of_log
from auditapp.alerts.services import locked_reading
from auditapp.record.drafts import Change
from auditapp.record.services import record
from auditapp.sealing.readers import reader_position

PATH: Final = "settings.notify_after_last_retry"


def notifies_after_last_retry(workspace_id: int) -> bool:
    """Whether failed attempts of tasks are told of only once the last one failed."""
    found = AlertReading.objects.filter(workspace_id=workspace_id).values_list("only_final", flat=True).first()
    return bool(found)


@transaction.atomic
def notify_after_last_retry(*, is_on: bool) -> bool:
    """Hold what failed attempts say until the last one, of events from now on; or tell of each again. What is held stays so.

    Gives:   whether it was switched
    Raises:  Denied
    Writes:  AlertReading; workspace.settings_modified, unless it is so
    """
    access = acting_access()
    access.require(Permission.WORKSPACE_MANAGE)
    reading = locked_reading(access.workspace_id)
    if reading.only_final is is_on:
        return False
    # By a place of the log: a reader that is behind still tells of what lies before it as it was then.
    seen = reader_position(access.workspace_id, reading.reader_name)
    reading.flips = [flip for flip in reading.flips if flip > seen] + [size_of_log(access.workspace_id)]
    reading.only_final = is_on
    reading.save(update_fields=["only_final", "flips"])
    workspace = Workspace.objects.get(id=access.workspace_id)
    record("workspace.settings_modified", target=workspace, changes=[Change(PATH, not is_on, is_on)])
    return True
