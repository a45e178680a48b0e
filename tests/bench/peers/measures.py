"""What the peers' project does and measures. Django is set up before this is imported."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from auditapp.access.models import User
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor, Target, changed
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from tests.bench.peers.models import Thing

WORKSPACE = 1_000
WARM_UP = 20
PAGE = 50
FIELDS = ("name", "region", "is_enabled", "size", "schedule", "note")
READS = 5

# As django-auditlog writes it for a change of three fields; the words and actors are spread as in dataset.py.
FILL = """
INSERT INTO auditlog_logentry (object_pk, object_id, object_repr, action, changes, changes_text, timestamp, content_type_id, actor_id,
                               remote_addr, cid, serialized_data)
SELECT n, n, CASE WHEN n %% 5 = 0 THEN 'common' WHEN n %% 100 = 1 THEN 'mid' WHEN n %% 200000 = 7 THEN 'rareword' ELSE 'w' || n END
       || ' w' || n %% 20000, 1,
       jsonb_build_object('region', jsonb_build_array('eu-' || n %% 97, 'us-' || n %% 89), 'size', jsonb_build_array(n, n + 1),
                          'note', jsonb_build_array('v' || n %% 19997, 'v' || n %% 19993)), '',
       now() - interval '395 days' * (1 - n / %(events)s::float), (SELECT min(id) FROM django_content_type),
       'usr_peer_' || floor(power(3000, ((n * 7919::bigint) %% 1000003) / 1000003.0)), ('203.0.' || n %% 251 || '.7')::inet, NULL, NULL
FROM generate_series(1, %(events)s) AS n
"""
PEOPLE = """
INSERT INTO user_account (id, email, name, password, is_active, created_at)
SELECT 'usr_peer_' || n, 'p' || n || '@peer.example', 'Person ' || n, '!', true, now() FROM generate_series(0, 3000) AS n
ON CONFLICT DO NOTHING
"""


def prepare() -> None:
    """The tables of the project and of its peer; as owner."""
    call_command("migrate", verbosity=0, run_syncdb=True, skip_checks=True)


def save(times: int) -> dict[str, float]:
    """Seconds that one save of a change takes, in a transaction of its own."""
    thing = Thing.objects.create(name="Orders", region="eu-west-1")
    user = User.objects.first()
    assert user is not None
    for number in range(WARM_UP):
        _save_once(thing, user, number)
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(times):
        _save_once(thing, user, number)
    return {"wall": (time.perf_counter() - started) / times, "python": (time.process_time() - cpu) / times}


def _save_once(thing: Thing, user: User, number: int) -> None:
    before = {field: getattr(thing, field) for field in FIELDS}
    with _transaction():
        thing.region, thing.size, thing.note = f"eu-{number % 7}", thing.size + 1, f"changed {number} times"
        with _kept_by(user):
            thing.save()
        if settings.PEER == "ours":
            after = {field: getattr(thing, field) for field in FIELDS}
            target = Target("source", f"thing_{thing.pk}", thing.name)
            with acting(WORKSPACE, Actor("user", user.id, user.name, user.email), ip="203.0.113.7"):
                record("source.modified", target=target, changes=changed(before, after))


def _transaction() -> AbstractContextManager[None]:
    return in_workspace(WORKSPACE) if settings.PEER == "ours" else transaction.atomic()


@contextmanager
def _kept_by(user: User) -> Iterator[None]:
    """With the person named as the peer wants it."""
    context: AbstractContextManager[Any] = nullcontext()
    if settings.PEER == "auditlog":
        from auditlog.context import set_actor

        context = set_actor(user, remote_addr="203.0.113.7")
    with context:
        yield


def fill(events: int) -> int:
    """So many entries of django-auditlog, with its indexes; as owner. Done once."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM auditlog_logentry")
        [found] = cursor.fetchone()
        if found < events:
            cursor.execute(PEOPLE)
            cursor.execute(FILL, {"events": events})
            cursor.execute("VACUUM ANALYZE auditlog_logentry")
    return max(found, events)


def read() -> dict[str, list[float]]:
    """Seconds of each look at the entries, as the peer's own pages ask."""
    from auditlog.models import LogEntry
    from django.db.models import Q

    entries = LogEntry.objects.order_by("-timestamp")
    total = entries.count()

    def found(word: str) -> Any:
        return entries.filter(Q(object_repr__icontains=word) | Q(changes__icontains=word))

    looks: dict[str, Callable[[], Any]] = {
        "count": entries.count,
        "latest": lambda: list(entries[:PAGE]),
        "95 % down": lambda: list(entries[int(total * 0.95) :][:PAGE]),
        "1 common actor": lambda: list(entries.filter(actor="usr_peer_1")[:PAGE]),
        "1 seldom actor": lambda: list(entries.filter(actor="usr_peer_2999")[:PAGE]),
        "word in 1 %": lambda: list(found("mid")[:PAGE]),
        "word in 6 events": lambda: list(found("rareword")[:PAGE]),
        "word in none": lambda: list(found("nowhere")[:PAGE]),
    }
    return {name: [_seconds(look) for _ in range(READS)] for name, look in looks.items()}


def _seconds(look: Callable[[], Any]) -> float:
    started = time.perf_counter()
    look()
    return time.perf_counter() - started
