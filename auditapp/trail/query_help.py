"""The query language in words: what the help page of the search box shows, and docs/query.md tells as well."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Explained:
    """One thing that can be written, what it does, and lines to copy."""

    name: str
    does: str
    examples: tuple[str, ...]


HOW: Final = (
    Explained(
        "A word",
        "Found by its beginning, in any case: in names, ids, types, addresses and details. Several words must all be there.",
        ("prod", "prod eu"),
    ),
    Explained("Words in quotes", "Found as whole words, not as beginnings.", ('"prod"', '"prod eu"')),
    Explained("key:value", "A filter. Filters with different keys must all hold.", ("outcome:failure risk:risky",)),
    Explained(
        "The same key again",
        "Any of the values will do. Types and areas count as one key: an event is in by either.",
        ("event:source.created event:source.deleted", "area:sources event:warehouse.disabled"),
    ),
    Explained(
        "A hyphen in front",
        "Leaves out what it finds. Only from, to and reads cannot be left out.",
        ("-outcome:success", "area:sources -event:source.modified", '-staging -"eu west"'),
    ),
    Explained(
        "Quotes around a value",
        'Keep its spaces. A quote inside of quotes is written twice: "".',
        ('event:"Warehouse Disabled"', 'target:"the ""old"" one"'),
    ),
    Explained(
        "An asterisk",
        "At the end of a type it stands for whatever follows. Words need none: they are found by their beginning.",
        ("event:source.*", "event:user.role_*"),
    ),
    Explained(
        "Text that looks like a filter",
        "In quotes it is text; text: in front of it says the same.",
        ('"error:timeout"', "text:error:timeout"),
    ),
)
KEYS_EXPLAINED: Final = (
    Explained(
        "event",
        "What happened: a type, the name of one, or the beginning of several.",
        ("event:warehouse.disabled", 'event:"Source Created"', "event:source.*"),
    ),
    Explained(
        "area",
        "A whole product area, by its key or its name.",
        ("area:sources", 'area:"Destination Filters"', "-area:other"),
    ),
    Explained(
        "actor",
        "Who did it: an e-mail address, a name, or an id. Where several are called so, the box lists them.",
        ("actor:usr_1", "-actor:system"),
    ),
    Explained(
        "actor_kind", "What kind of actor: user, token, system or service.", ("actor_kind:token", "-actor_kind:user")
    ),
    Explained(
        "resource",
        "What it was done to: a kind of resource, or one of them by kind and id.",
        ("resource:warehouse", "resource:warehouse:whs_1"),
    ),
    Explained("target", "Anything that took part, whatever its kind: an id, or a word of its name.", ("target:whs_1",)),
    Explained("risk", "How grave a type of event is: routine, notable or risky.", ("risk:risky", "-risk:routine")),
    Explained("outcome", "How it ended: success or failure.", ("outcome:failure",)),
    Explained(
        "ip",
        "The address it came from, or a range of them, IPv4 to /8 and IPv6 to /32 at the widest. Only for who may see addresses.",
        ("ip:203.0.113.7", "ip:203.0.113.0/24", "-ip:2001:db8::/32"),
    ),
    Explained(
        "support",
        "Who acted in a member's name as support, by id, e-mail or name, or * for any of them.",
        ("support:*", "support:sam@vendor.example", "-support:*"),
    ),
    Explained(
        "token",
        "An access token by id or name: what it did as itself, and what it sent in somebody's name.",
        ("token:tok_1",),
    ),
    Explained("request", "What one request did, by its id.", ("request:req_1",)),
    Explained("session", "What was done in one session, by its id.", ("session:ses_1",)),
    Explained(
        "reason",
        "Words of the reason that somebody gave, or * for any. Only for who may see addresses.",
        ("reason:OPS-2214", 'reason:"cost spike"', "risk:risky -reason:*"),
    ),
    Explained(
        "from",
        "The first day, or the first minute, in the time zone of the page.",
        ("from:2026-11-01", "from:2026-11-01T14:30"),
    ),
    Explained(
        "to", "The last day or minute, with all of it.", ("from:2026-11-01 to:2026-11-30", "to:2026-11-01T18:00")
    ),
    Explained(
        "reads",
        "Shows events that only looked, which are hidden unless their type or area is asked for.",
        ("reads:yes",),
    ),
    Explained("text", "A word, also one that looks like a filter.", ("text:prod",)),
)
