"""SIGKILL to one of two workers while they deliver to receivers that reset, stall, answer 5xx and 429, and refuse some events.

The promise: every event arrives, in order, each duplicate byte for byte under the id of the first; only what is refused by itself
is set aside. The twin: a worker that saves its position before it posts.
"""

import itertools
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from django.db import connection
from django.test import override_settings

from auditapp.lib.ids import random_base62
from auditapp.lib.loopback import LOOPBACK
from auditapp.management.process_group import Program
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, enable_destination
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from tests.factories import acting_as, make_cast
from tests.torture.outcome import Outcome, Plan
from tests.torture.receiver import Receiver, receiving
from tests.torture.rig import Rig, installed, kill, wait_for

# By source: its destinations, by how they get their events, and its part of all deliveries.
SOURCES = {"shop": (("batch", "batch"), 0.55), "app": (("batch", "batch"), 0.44), "kiosk": (("single",), 0.01)}
LARGEST = 40
POISON, FIRST_POISON = 1 / 5_000, 7  # the first one early, so that a small run has one too
MOST_DUPLICATES = 0.005
SECONDS_A_KILL = 8.0
# A worker has this long to die of its own request; then it dies anyway.
ARMED_S = 1.0
WAITING = """
SELECT count(*) FROM delivery AS d JOIN source_head AS h USING (workspace_id, source_id) WHERE d.next_index < h.next_index
"""
LETTERS = """
SELECT destination_id, (convert_from(payload, 'UTF8')::jsonb #>> '{properties,number}')::int FROM dead_letter
"""
WORKING = "SELECT count(*) FROM delivery WHERE leased_until IS NOT NULL"


@dataclass(slots=True)
class Stream:
    """A source, the destinations behind it, and the numbers of the events that were brought into it."""

    source: Source
    destinations: list[Destination]
    share: float
    brought: int = 0
    poison: set[int] = field(default_factory=set)


def run(plan: Plan) -> Outcome:
    """Kill workers again and again while events come in and go out."""
    with installed(writers=len(SOURCES)) as rig, receiving(Receiver(plan.seed)) as receiver, rig.in_django("app"):
        with override_settings(DATA_DIR=rig.server.home / "data"):
            streams = _streams(receiver)
        with ExitStack() as running, ThreadPoolExecutor(len(streams)) as threads:
            workers = [running.enter_context(rig.running(_worker(rig, plan, number))) for number in range(plan.writers)]
            feeding = [threads.submit(_feed, plan, stream) for stream in streams]
            kills = _kill_while_delivering(rig, receiver, workers, plan)
            for one in feeding:
                one.result()
            log = rig.log_of(workers[0])
            wait_for(
                lambda: not rig.ask(WAITING)[0][0], "all is delivered", log=log, patience_s=120 + plan.events / 200
            )
        outcome = Outcome(counts={"kills": kills})
        _judge(rig, outcome, receiver, streams)
        return outcome


def _streams(receiver: Receiver) -> list[Stream]:
    cast = make_cast()
    streams = []
    for name, (ways, share) in SOURCES.items():
        source = getattr(cast, name)
        stream = Stream(source, [], share / len(ways))
        for number, way in enumerate(ways):
            key = f"{name}-{number}"
            with acting_as(cast.olga, cast.workspace):
                made, receiver.secrets[key] = create_destination(
                    source_id=source.id,
                    kind="webhook",
                    name=key,
                    settings={"url": f"http://{LOOPBACK}:{receiver.port}/{key}", "sends": way},
                )
                Destination.objects.filter(id=made.id).update(tested_at=made.created_at)
                stream.destinations.append(enable_destination(destination_id=made.id))
        streams.append(stream)
    return streams


def _worker(rig: Rig, plan: Plan, number: int) -> Program:
    command = [sys.executable, "-m", "tests.torture.delivery_worker", *(["twin"] if plan.twin else [])]
    real = rig.worker(number + 1)
    return replace(
        real, command=command, environment={**real.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32"}
    )


def _feed(plan: Plan, stream: Stream) -> None:
    """Bring a source its share of the events, spread over the time that the kills take."""
    choice = random.Random(f"{plan.seed}-{stream.source.name}")
    events = max(int(plan.events * stream.share), FIRST_POISON + 1)
    started, seconds = time.monotonic(), plan.kills * SECONDS_A_KILL
    try:
        while stream.brought < events:
            size = min(choice.randint(1, LARGEST), events - stream.brought)
            time.sleep(max(0.0, started + seconds * stream.brought / events - time.monotonic()))
            made = []
            for number in range(stream.brought, stream.brought + size):
                is_poison = number == FIRST_POISON or choice.random() < POISON
                stream.poison |= {number} if is_poison else set()
                made.append(_event(number, is_poison))
            with in_workspace(stream.source.workspace_id):
                take_in(stream.source, made)
            stream.brought += size
    finally:
        connection.close()


def _event(number: int, is_poison: bool) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"m-{number}-{random_base62(8)}",
        "userId": f"usr_{number % 50}",
        "properties": {"number": number, "total": number / 4, "text": "x" * (number % 97)}
        | ({"poison": True} if is_poison else {}),
    }


def _kill_while_delivering(rig: Rig, receiver: Receiver, workers: list[Program], plan: Plan) -> int:
    """Kill one of the workers, as often as asked: half of the times in the middle of a request that the receiver has just taken."""
    choice, kills = random.Random(plan.seed), 0
    while kills < plan.kills:
        worker = choice.choice(workers)
        wait_for(lambda: bool(rig.ask(WORKING)[0][0]), "a worker delivers", worker, rig.log_of(worker), patience_s=120)
        time.sleep(choice.uniform(0, SECONDS_A_KILL / 2))
        if choice.random() < 0.5:
            in_the_middle = threading.Event()
            receiver.interrupt_once(lambda dies=worker, done=in_the_middle: (kill(dies), done.set()))
            if not in_the_middle.wait(ARMED_S):
                receiver.interrupt_once(None)
        kill(worker)
        kills += 1
        rig.start(worker)
    return kills


def _judge(rig: Rig, outcome: Outcome, receiver: Receiver, streams: list[Stream]) -> None:
    letters: dict[str, set[int]] = {}
    for destination_id, number in rig.ask(LETTERS):
        letters.setdefault(destination_id, set()).add(number)
    missing = disorder = foreign = two_ids = gaps = other_letters = events = duplicates = 0
    for stream in streams:
        wanted = [number for number in range(stream.brought) if number not in stream.poison]
        for destination in stream.destinations:
            arrived = receiver.arrived[destination.name]
            firsts = arrived.firsts()
            missing += len(set(wanted) - set(firsts))
            foreign += len(set(firsts) - set(wanted))
            disorder += sum(one < before for before, one in itertools.pairwise(firsts))
            two_ids += arrived.under_two_ids()
            gaps += arrived.gaps(stream.poison)
            other_letters += len(letters.get(destination.id, set()) ^ stream.poison)
            events += len(firsts)
            duplicates += len(arrived.events) - len(firsts)
    outcome.counts |= {"events": events, "duplicates": duplicates, "dead letters": sum(map(len, letters.values()))}
    outcome.counts |= {f"receiver: {deed}": times for deed, times in sorted(receiver.did.items())}
    outcome.promise("no event is missing", missing)
    outcome.promise("nothing arrives that was not to arrive", foreign)
    outcome.promise("events of a destination arrive in their order", disorder)
    outcome.promise("requests follow each other without gaps", gaps)
    outcome.promise("at most 0.5 % of the events arrive twice", max(0, duplicates - int(events * MOST_DUPLICATES)))
    outcome.promise("what arrives twice does so under one id", two_ids)
    outcome.promise("an id always comes with the same bytes", receiver.changed)
    outcome.promise("every request is signed", receiver.unsigned)
    outcome.promise("what is set aside is what is refused by itself, and nothing else", other_letters)
