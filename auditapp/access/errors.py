"""What this package refuses, in the words that the person on the page reads."""

from auditapp.lib.errors import Conflict, NotAllowed, NotFound
from auditapp.record.drafts import HasTarget


class Denied(NotAllowed):
    """You do not have permission to do this. Ask an owner of the workspace."""

    def __init__(self, message: str | None = None, *, permission: str = "", resource: HasTarget | None = None) -> None:
        super().__init__(message)
        self.permission = permission
        self.resource = resource


class LastOwner(Conflict):
    """A workspace needs an owner. Make another member one first."""


class OwnRole(NotAllowed):
    """Nobody changes their own role. Ask another owner of the workspace."""


class OwnMembership(OwnRole):
    """Nobody removes themselves with a token that they made. Leave the workspace from the menu under your name, or ask another owner."""


class AboveYou(NotAllowed):
    """This member can do more here than you can. Ask an owner of the workspace."""


class OwnersOnly(NotAllowed):
    """Only an owner of the workspace does this."""


class MoreThanYouHave(NotAllowed):
    """You cannot give what you do not have yourself. Ask an owner of the workspace."""


class BuiltInRole(Conflict):
    """Built-in roles are the same in every workspace and change with upgrades alone. Make a role that is a copy of it."""


class RoleInUse(Conflict):
    """This role is given to somebody. Take it back first."""


class RoleThere(Conflict):
    """This role is there: it was brought back already."""


class AlreadyMember(Conflict):
    """This person is a member already. Change the roles in the list of members."""


class AlreadyInvited(Conflict):
    """This address has an open invitation. Send it again from the list of members, or take it back first."""


class SentOften(Conflict):
    """This address got several invitations within the hour. Wait before you send another one."""


class InvitationGone(NotFound):
    """This invitation was used, taken back, sent again with another link, or is too old. Look for a newer mail, or ask for a new one."""


class SenderLacks(InvitationGone):
    """Whoever sent this invitation may not give its role any more. Ask an owner of the workspace to send it again."""


class SupportGone(NotFound):
    """This link was used, or the support access was taken back or is over. Ask whoever sent it for another one."""


class SupportEnded(NotFound):
    """Your support access here has ended: its time is over, or it was taken back. What you did stays in the Audit Trail."""


class SupportOver(Conflict):
    """The time of this support access is over. Give it anew."""


class SupportThere(Conflict):
    """This address has support access here already. Take it back first to give it anew."""


class NotForSupport(NotAllowed):
    """Support cannot do this. Ask whoever gave you the access to do it themselves."""


class AccountExists(Conflict):
    """There is an account with this address. Sign in with it to accept the invitation."""
