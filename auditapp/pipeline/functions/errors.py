"""What this package refuses, in the words that the person on the page reads."""

from auditapp.lib.errors import Conflict, Invalid


class NameTaken(Invalid):
    """Another function has this name."""

    def __init__(self) -> None:
        super().__init__(field="name", code="taken")


class CodeRefused(Invalid):
    """This code cannot be loaded."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="code", code="bad_code")


class AlreadyDeployed(Conflict):
    """This version is deployed already."""


class IsLatest(Conflict):
    """This version is the latest already."""


class VersionGone(Conflict):
    """The code of that time is not kept any more."""


class StillThere(Conflict):
    """This function is there: it was brought back already."""


class InUse(Conflict):
    """This function is in use. Take it out of its sources and destinations first."""


class NotDeployed(Conflict):
    """No version of this function is deployed yet. Deploy one, then put it here."""


class NothingThere(Conflict):
    """There is no function here. Somebody may have been faster; reload the page."""
