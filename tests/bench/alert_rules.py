"""200 alert rules of several sorts, and what an event costs that goes past them: those that it may concern, beside asking each."""

from collections.abc import Callable
from uuid import UUID

RULES = 200


def watched() -> tuple[Callable[[], object], Callable[[], object], int]:
    """Calls that take one event past all rules, by the index and one after another, and how many candidates the index gives."""
    from auditapp.alerts.models import AlertRule
    from auditapp.alerts.rule_index import RuleIndex, Shape
    from auditapp.catalogue import registry
    from auditapp.catalogue.types import Risk
    from auditapp.lib import clock
    from auditapp.record.drafts import Actor, EventDraft, Target
    from auditapp.record.event_matches import Looked, matches
    from auditapp.record.viewer import Viewer

    types = sorted(registry.EVENT_TYPES)
    lines = [f"event:{key}" for key in types[: RULES // 2]]
    lines += [f"area:{area.key} risk:risky" for area in registry.AREAS]
    lines += [f"event:{key} actor:usr_{number:022}" for number, key in enumerate(types[:60])]
    lines += [f"event:{key.partition('.')[0]}.* prod" for key in types[: RULES - len(lines)]]
    rules = [AlertRule(workspace_id=1, id=f"alr_{n}", owner_id="usr_0", query=line) for n, line in enumerate(lines)]
    index = RuleIndex(rules)
    now = clock.now()
    event = EventDraft(
        workspace_id=1,
        id=UUID(int=1),
        type="warehouse.disabled",
        area="warehouses",
        actor=Actor("user", "usr_1", "Maya", "maya@example.com"),
        targets=[Target("warehouse", "whs_1", "Snowflake prod")],
        occurred_at=now,
        received_at=now,
    )
    viewer = Viewer(1, sees_all=True, sees_personal=True)

    shape = Shape(event.type, event.area, event.outcome, event.actor.kind, event.is_read, Risk.RISKY)

    def indexed() -> int:
        found = index.candidates(shape, event.actor.id)
        looked = Looked(event)
        return sum(matches(one.rest, event, viewer, risk=Risk.RISKY, looked=looked) for one in found)

    def one_by_one() -> int:
        return sum(matches(one.wanted, event, viewer, risk=Risk.RISKY) for one in index.watches)

    assert len(rules) == RULES
    assert indexed() == one_by_one()
    return indexed, one_by_one, len(index.candidates(shape, event.actor.id))
