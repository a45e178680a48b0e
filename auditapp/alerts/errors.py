"""What services of alerts refuse."""

from auditapp.lib.errors import Conflict


class TooManyRules(Conflict):
    """This workspace has 500 alert rules already. Delete one that nobody needs any more."""


class NotSigned(Conflict):
    """This rule calls no webhook, so it has no signing secret."""
