"""Random events and random filters over the same few values, so that most filters find something and leave something out."""

from datetime import UTC, datetime, timedelta
from random import Random

from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.viewer import Viewer

WORKSPACE = 7
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
TYPES = {
    "source.created": "sources",
    "source.disabled": "sources",
    "source_schema.updated": "sources",
    "warehouse.deleted": "warehouses",
    "user.role_granted": "users",
    "audit_trail.viewed": "workspace",
    "order.refunded": "other",
}
KINDS = ("user", "token", "system", "service")
ACTORS = ("usr_1", "usr_2", "tok_1", "system", "ana@example.com")
IPS = ("10.1.2.3", "10.200.0.1", "203.0.113.7", "203.0.113.130", "2001:db8::1", "2001:db8:1::2", "not-an-address")
RANGES = (
    *IPS[:-1],
    "10.0.0.0/8",
    "10.192.0.0/10",
    "203.0.113.0/25",
    "203.0.113.128/26",
    "2001:db8::/42",
    "10.1.2.3/32",
)
NAMES = ("Snowflake prod", "iOS app", "O'Hara \\ x", "Ähnlich ﬁn", "ana@example.com", "")
SCOPES = (None, "src_1", "src_2")
REASONS = ("Cost spike, see OPS-2214", "spike in prod", "", "", "?!")
NOTES = ("nightly run", "manual", "Retry-5 prod", "", "told ana@example.com", "from 203.0.113.7")
WORDS = (
    "snow",
    "prod",
    "o'hara",
    "ahnlich",
    "ähnlich",
    "fin",
    "ana@example.com",
    "ana",
    "10.1",
    "night",
    "run",
    "retry-5",
    "usr_1",
    "-",
    "x",
    "203.0",
    "secret-plan",
)
VIEWERS = (
    Viewer(WORKSPACE, sees_all=True, sees_personal=True),
    Viewer(WORKSPACE, sees_all=True),
    Viewer(WORKSPACE, scope_ids=("src_1",), own_actor_ids=("usr_2", "tok_1")),
    Viewer(WORKSPACE, sees_personal=True),
)


def random_event(random: Random) -> EventDraft:
    """An event of workspace 7."""
    key = random.choice([*TYPES])
    at = NOON - timedelta(seconds=random.choice((0, 1, 90, 86_400 * 40)))
    actor_id = random.choice(ACTORS)
    context = {
        "ip": random.choice(IPS),
        "token_id": random.choice(("tok_1", 'tok"2', "")),
        "note": '"token_id":"tok_1"',
    }
    context |= {"reason": random.choice(REASONS)}
    context |= {"request_id": random.choice(("req_1", "req_2", "")), "session_id": random.choice(("ses_1", ""))}
    return EventDraft(
        workspace_id=WORKSPACE,
        id=new_event_id(),
        type=key,
        area=TYPES[key],
        actor=Actor(random.choice(KINDS), actor_id, random.choice(NAMES), random.choice((None, "p1@example.com"))),
        targets=[Target(*target) for target in _targets(random)],
        occurred_at=at,
        received_at=at,
        scope_id=random.choice(SCOPES),
        outcome=random.choice(("success", "failure")),
        is_read=key == "audit_trail.viewed" or random.random() < 0.1,
        context={name: value for name, value in context.items() if value},
        meta={"note": random.choice(NOTES), "plan": "secret-plan run"} if random.random() < 0.7 else {},
        personal_paths=frozenset(random.choice((["plan"], ["targets.0.name"], []))),
    )


def _targets(random: Random) -> list[tuple[str, str, str]]:
    kinds = [random.choice(("source", "warehouse")) for _ in range(random.randrange(3))]
    ids = ("0", "1", "0@example.com")
    return [(kind, f"{kind[:3]}_{random.choice(ids)}", random.choice(NAMES)) for kind in kinds]


def random_filter(random: Random) -> EventFilter:
    """A filter with up to four dimensions."""
    dimensions = {
        "types": (*TYPES, "source.*", "source*", "user.role_*", "nothing.*"),
        "areas": ("sources", "users", "other", "journeys"),
        "actors": (*ACTORS, "usr_9"),
        "actor_kinds": KINDS,
        "resources": ("source", "warehouse", "source:sou_0", "warehouse:war_1", "source:sou_0@example.com"),
        "target_ids": ("sou_0", "WAR_1", "prod", "app", "war_0@example.com"),
        "risks": ("routine", "notable", "risky", "none of these"),
        "outcomes": ("success", "failure"),
        "ips": RANGES,
        "tokens": ("tok_1", 'tok"2', "usr_1"),
        "requests": ("req_1", "req_2"),
        "sessions": ("ses_1",),
        "reasons": ("*", "OPS-2214", "prod spike", "spike", "-"),
    }
    asked = {
        name: _choice(random, dimensions[name])
        for name in random.sample([*dimensions], random.choice((0, 1, 1, 2, 2, 3)))
    }
    words = tuple(
        Word(random.choice(WORDS), is_exact=random.random() < 0.3, is_excluded=random.random() < 0.3)
        for _ in range(random.choice((0, 0, 0, 1, 1, 2)))
    )
    return EventFilter(
        **asked,
        words=words,
        since=random.choice((None, None, None, NOON - timedelta(seconds=90))),
        until=random.choice((None, None, None, NOON)),
        with_reads=random.random() < 0.5,
    )


def _choice(random: Random, values: tuple[str, ...]) -> Choice:
    chosen = random.sample(values, min(len(values), random.choice((1, 1, 2, 3))))
    return Choice(tuple(v for v in chosen if random.random() < 0.75), tuple(v for v in chosen if random.random() < 0.2))
