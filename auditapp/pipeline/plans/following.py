"""The plan that a source follows, ready to meet events: one query a request, and rules that are compiled once a process and revision."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import orjson

from auditapp.pipeline.plans.plan import CompiledPlan
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.pipeline.plans.settings import ALLOW_EVERYTHING, SchemaSettings, settings_of
from auditapp.pipeline.plans.violations import Origin
from auditapp.record.prepared import prepared_cursor
from auditapp.sources.models import Source

COMPILED_PLANS: Final = 64

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


@lru_cache(maxsize=COMPILED_PLANS)
def _compiled(workspace_id: int, plan_id: str, revision: str) -> CompiledPlan:
    """By revision, which is another one after each change: what is here is never too old."""
    return CompiledPlan(stored_rules(workspace_id, plan_id))


@lru_cache(maxsize=1_000)
def _settings(text: str) -> SchemaSettings:
    return settings_of(orjson.loads(text))
