"""What a tampered log is asked, and the log that tests of verification tamper with."""

from dataclasses import dataclass
from uuid import UUID

from auditapp.lib.ids import event_key
from auditapp.sealing.problems import Kind
from auditapp.sealing.verification import Report

SIGNED_AT, SIZE = 300, 310
INDEX = 5  # the leaf that is tampered with
FLIP = "set_byte({0}, 20, get_byte({0}, 20) # 1)"


@dataclass(frozen=True)
class SealedLog:
    ids: list[UUID]

    @property
    def touched(self) -> str:
        return event_key(self.ids[INDEX])


def kinds(report: Report) -> set[Kind]:
    return {problem.kind for problem in report.problems}


def named(report: Report) -> set[tuple[str | None, str | None]]:
    return {(problem.event, problem.field) for problem in report.problems}
