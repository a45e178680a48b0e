"""What the trail is told of what a source sends for the first time: new events, and new fields that its plan leaves out."""

from collections.abc import Iterable
from typing import Final

from auditapp.pipeline.plans.following import Following
from auditapp.pipeline.plans.plan import Checked
from auditapp.pipeline.verdicts import Verdict
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, Target
from auditapp.record.services import record
from auditapp.sources.models import Source
from auditapp.sources.schema import EventName, Observed, tell_new_event

# Of one batch: a client that makes up names must not fill the trail with them.
MAX_FIELDS_TOLD: Final = 10
_OMITTED: Final = {
    "identify": ("tracking_plan.new_identify_trait_omitted", "trait"),
    "group": ("tracking_plan.new_group_trait_omitted", "trait"),
}
_TRACK: Final = ("tracking_plan.new_track_property_omitted", "property")


def tell_novelties(
    source: Source, follows: Following, observed: Observed, checked: Iterable[tuple[EventName, Checked]]
) -> None:
    """Record what is new in some events, in the caller's transaction.

    Writes:  source.new_event_allowed, or for what the plan does not know tracking_plan.new_event_allowed, _blocked and new_..._omitted
    """
    new = {name for name in observed.names if name.type == "track"}
    if follows.origin is None:
        for name in sorted(new):
            tell_new_event(source, name.name)
        return
    plan = Target("tracking_plan", follows.origin.plan_id, follows.origin.plan_name)
    told: set[tuple[str, str]] = set()
    with acting(source.workspace_id, SYSTEM):
        for name, one in checked if observed.names or observed.properties else ():
            if name in new:
                new.discard(name)
                _tell_event(source, plan, name, one)
            for path in observed.properties.get(name, frozenset()) & set(one.omitted):
                type_key, field = _OMITTED.get(name.type, _TRACK)
                if (type_key, path) not in told and len(told) < MAX_FIELDS_TOLD:
                    told.add((type_key, path))
                    record(type_key, target=[plan, source], meta={field: path}, scope_id=source.id)


def _tell_event(source: Source, plan: Target, name: EventName, checked: Checked) -> None:
    if checked.is_planned:
        tell_new_event(source, name.name, is_planned=True)
        return
    what = "allowed" if checked.verdict is Verdict.ACCEPTED else "blocked"
    record(f"tracking_plan.new_event_{what}", target=[plan, source], meta={"event": name.name}, scope_id=source.id)
