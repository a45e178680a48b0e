"""What exports refuse; each docstring is the message on the page."""

from auditapp.lib.errors import Conflict, Invalid, NotFound, Outside


class ExportTooLarge(Invalid):
    """More than 100,000 events match, too many to be sent at once. Have them written in the background."""


class ExportNotFound(NotFound):
    """There is no such export here, or it is somebody else's."""


class ExportGone(NotFound):
    """This file is no longer there: it expired, or its export was stopped. Ask for a new export."""


class ExportHeld(NotFound):
    """This file shows more than your role lets you see now. Ask for a new export."""


class ExportEnded(Conflict):
    """This export has ended already. Reload the page."""


class TooManyExports(Conflict):
    """You have three exports under way. Wait until one is ready, or cancel one."""


class ExportStopped(Outside):
    """This export cannot go on, and trying again would not help; its page says why."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)
