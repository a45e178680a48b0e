"""What can go wrong about a task, apart from the work itself."""

from auditapp.lib.errors import AppError


class LeaseLost(AppError):
    """Another worker has taken this task up, or it was cancelled. Nothing more is written here."""


class TurnOver(AppError):
    """Others get their turn first. The task goes on a little later, in the same attempt."""

    def __init__(self, *, after_s: float = 0) -> None:
        super().__init__()
        self.after_s = after_s


class WorkerStops(AppError):
    """The worker is being stopped. The task goes on elsewhere, at the same step."""
