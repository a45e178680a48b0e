"""The plan that a source follows, ready to meet events: one query a request, and rules that are compiled once a process and revision."""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Final

import orjson

from auditapp.pipeline.plans.plan import CompiledPlan
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.pipeline.plans.settings import ALLOW_EVERYTHING, SchemaSettings, settings_of
from auditapp.pipeline.plans.violations import Origin
from auditapp.record.prepared import prepared_cursor
from auditapp.sources.models import Source

# Some 40 KB each in memory, where they are as large as people write them.
KEPT_RULES: Final = 6_000

FOLLOWED = """
SELECT s.plan_id, p.name, p.revision, s.settings, s.forwarding_violations_to, s.forwarding_blocked_to
FROM source_plan AS s LEFT JOIN tracking_plan AS p ON p.workspace_id = s.workspace_id AND p.id = s.plan_id
WHERE s.workspace_id = %s AND s.source_id = %s
"""


@dataclass(frozen=True, slots=True)
class Following:
    """What a source follows: no plan, or one with what names it. Forwarding is to other sources, by their ids."""

    plan: CompiledPlan | None = None
    origin: Origin | None = None
    settings: SchemaSettings = ALLOW_EVERYTHING
    violations_to: str | None = None
    blocked_to: str | None = None


NOTHING: Final = Following()


def followed_by(source: Source) -> Following:
    """What a source follows now; a change holds on the next request."""
    with prepared_cursor() as cursor:
        row = cursor.execute(FOLLOWED, [source.workspace_id, source.id]).fetchone()
    if row is None:
        return NOTHING
    plan_id, name, revision, settings, violations_to, blocked_to = row
    if revision is None:
        return Following(blocked_to=blocked_to)
    return Following(
        _compiled(source.workspace_id, plan_id, revision),
        Origin(source.id, source.name, source.slug, plan_id, name),
        _settings(settings),
        violations_to,
        blocked_to,
    )


def _compiled(workspace_id: int, plan_id: str, revision: str) -> CompiledPlan:
    """By revision, which is another one after each change: what is here is never too old."""
    kept = _kept.get(workspace_id, plan_id, revision)
    if kept is None:
        rules = stored_rules(workspace_id, plan_id)
        kept = CompiledPlan(rules)
        _kept.put(workspace_id, plan_id, revision, kept, len(rules))
    return kept


@dataclass(slots=True)
class _Kept:
    """The compiled plans of this process, one revision of each; those that were not asked for the longest go first."""

    plans: OrderedDict[tuple[int, str], tuple[str, CompiledPlan, int]] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def get(self, workspace_id: int, plan_id: str, revision: str) -> CompiledPlan | None:
        with self.lock:
            found = self.plans.get((workspace_id, plan_id))
            if found is None or found[0] != revision:
                return None
            self.plans.move_to_end((workspace_id, plan_id))
            return found[1]

    def put(self, workspace_id: int, plan_id: str, revision: str, plan: CompiledPlan, rules: int) -> None:
        with self.lock:
            self.plans[workspace_id, plan_id] = (revision, plan, rules)
            self.plans.move_to_end((workspace_id, plan_id))
            while len(self.plans) > 1 and sum(one[2] for one in self.plans.values()) > KEPT_RULES:
                self.plans.popitem(last=False)


_kept = _Kept()


@lru_cache(maxsize=1_000)
def _settings(text: str) -> SchemaSettings:
    return settings_of(orjson.loads(text))
