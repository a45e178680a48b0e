"""The list of members with their roles, as a file for spreadsheets."""

import csv
from io import StringIO
from typing import Final

from django.db import transaction

from auditapp.access.models import Member, Workspace
from auditapp.access.permissions import Permission, acting_access
from auditapp.access.queries import members_shown
from auditapp.lib.clock import utc_text
from auditapp.lib.csv_safe import csv_cell
from auditapp.record.services import record

COLUMNS: Final = ("name", "email", "user_id", "joined_at", "last_sign_in_at", "role", "reach", "from_group")


@transaction.atomic
def export_members() -> str:
    """A line for each role of each member, their own and their groups', and one for who has none; what a spreadsheet would
    run is made text.

    For everybody who may see the list: it has no more than its pages show, and answers who has access.

    Raises:  Denied, NotForSupport
    Writes:  user.list_exported
    """
    access = acting_access()
    access.require(Permission.ACCESS_READ)
    access.refuse_support()
    joined = dict(Member.objects.filter(workspace_id=access.workspace_id).values_list("user_id", "joined_at"))
    members = members_shown(access.workspace_id)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for member in members:
        user = member.user
        signed_in = utc_text(user.last_login) if user.last_login else ""
        about = (user.name, user.email, user.id, utc_text(joined[user.id]), signed_in)
        for role in [(one.role, one.reach, one.from_group) for one in member.grants] or [("", "", "")]:
            writer.writerow([csv_cell(cell) for cell in (*about, *role)])
    record(
        "user.list_exported",
        target=Workspace.objects.get(id=access.workspace_id),
        meta={"members": len(members)},
    )
    return out.getvalue()
