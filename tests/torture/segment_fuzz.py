"""Hostile calls to every path of Segment's API, by way of the real web, while what is taken in goes on to a destination.

The promise: no answer is a 5xx, every request is answered, and no event that was taken in stops those behind it.
The twin: a web that answers 500 to a packing that it does not know.
"""

from itertools import islice

from django.test import override_settings

from auditapp.lib.loopback import LOOPBACK
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, enable_destination
from auditapp.pipeline.formats.rendering import Format
from tests.factories import Cast, acting_as, make_cast, write_keys
from tests.torture.fuzz import Requests
from tests.torture.outcome import Outcome, Plan
from tests.torture.receiver import Sink, receiving
from tests.torture.rig import Rig, installed, wait_for
from tests.torture.segment_grammar import segment_requests

STORED = "SELECT count(*) FROM source_event"
BEHIND = "SELECT count(*) FROM delivery AS d JOIN source_head AS h USING (workspace_id, source_id) WHERE d.next_index < h.next_index"
COUNTED = "SELECT code, sum(events)::int FROM delivery_count GROUP BY code ORDER BY code"
GAPS = """
SELECT coalesce(sum(abs(index - place)), 0)
FROM (SELECT index, row_number() OVER (PARTITION BY source_id ORDER BY index) - 1 AS place FROM source_event) AS numbered
"""


def run(plan: Plan) -> Outcome:
    """Send the requests from some threads at once, and wait until all that came of them has gone out in each format."""
    application = "tests.torture.twins:choke" if plan.twin else "settings.wsgi"
    with installed(writers=plan.writers) as rig, receiving(Sink()) as receiver:
        with rig.in_django("app"), override_settings(DATA_DIR=rig.server.home / "data"):
            cast = make_cast()
            for form in Format:
                _make_destination(cast, form, f"http://{LOOPBACK}:{receiver.port}/{form}")
            key = write_keys(cast.shop)[0]
        worker = rig.worker()
        worker.environment = {**worker.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32"}
        with rig.running(worker), rig.web(application) as (_, port):
            outcome = Requests(islice(segment_requests(plan.seed, key), plan.events), "").sent_by(plan.writers, port)
            patience_s = 120 + plan.events / 100
            wait_for(
                lambda: not rig.ask(BEHIND)[0][0], "all has gone out", worker, rig.log_of(worker), patience_s=patience_s
            )
        _judge(rig, outcome)
        return outcome


def _make_destination(cast: Cast, form: Format, url: str) -> None:
    with acting_as(cast.olga, cast.workspace):
        made, _ = create_destination(
            source_id=cast.shop.id, kind="webhook", name=f"in {form}", form=form, settings={"url": url}
        )
        Destination.objects.filter(id=made.id).update(tested_at=made.created_at)
        enable_destination(destination_id=made.id)


def _judge(rig: Rig, outcome: Outcome) -> None:
    stored, counted = rig.ask(STORED)[0][0], dict(rig.ask(COUNTED))
    outcome.counts["events taken in"] = stored
    outcome.counts |= {f"deliveries: {code}": events for code, events in counted.items()}
    outcome.promise("the inbox has no gaps", int(rig.ask(GAPS)[0][0]))
    filtered = counted.get("FILTERED_BY_INTEGRATIONS_OBJECT", 0)
    outcome.promise("what was taken in goes out in each format", stored * len(Format) - counted["delivered"] - filtered)
