"""What is refused about tracking plans, in the words that the person on the page reads."""

from auditapp.lib.errors import Conflict, Invalid, NotFound


class PlanNameTaken(Invalid):
    """Another tracking plan has this name."""

    def __init__(self) -> None:
        super().__init__(field="name", code="taken")


class RuleThere(Invalid):
    """The plan has a rule of this type, name and version already. Change that one, or give this one another version."""

    def __init__(self) -> None:
        super().__init__(field="key", code="taken")


class RuleGone(NotFound):
    """This rule is not in the plan, or no longer."""


class AlreadyConnected(Conflict):
    """This source follows this tracking plan already. Somebody may have been faster; reload the page."""


class HasAnotherPlan(Conflict):
    """This source follows another tracking plan, and a source has one. Disconnect it there first."""


class NotConnected(NotFound):
    """This source does not follow this tracking plan, or no longer."""
