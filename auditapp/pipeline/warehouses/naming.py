"""Names of schemas, tables and columns as Segment's warehouses have them: snake case, of at most 63 bytes, never two of one name.

Any text is a name; whoever writes SQL quotes it all the same.
"""

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256
from typing import Final

MAX_BYTES: Final = 63  # PostgreSQL's NAMEDATALEN - 1
DIGEST_LENGTH: Final = 8
POSITIONS: Final = "_audit_sync"  # begins as no name of an event does
RESERVED_TABLES: Final = frozenset(
    {"tracks", "identifies", "users", "pages", "screens", "groups", "aliases", "accounts", POSITIONS}
)
# PostgreSQL's own columns of every table.
SYSTEM_COLUMNS: Final = frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "oid"})
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str) -> str:
    """`orderId`, `Order ID` and `order-id` are all `order_id`; letters of any script stay."""
    text = _HUMP.sub("_", unicodedata.normalize("NFKC", name)).lower()
    words = "".join(one if _is_part_of_word(one) else " " for one in text).split()
    joined = "_".join("_".join(words).split("_")).strip("_")
    joined = re.sub("_+", "_", joined)
    if not joined:
        return f"_{_digest(name)}"
    return shortened(f"_{joined}" if joined[0].isdigit() else joined)


def shortened(name: str) -> str:
    """The name where it is short enough, else its beginning with a digest of the whole."""
    encoded = name.encode()
    if len(encoded) <= MAX_BYTES:
        return name
    beginning = encoded[: MAX_BYTES - DIGEST_LENGTH - 1].decode(errors="ignore")
    return f"{beginning}_{_digest(name)}"


@lru_cache(maxsize=50_000)
def column_for(path: tuple[str, ...]) -> str:
    """The column of a value by its path: the same few names come with every event."""
    return shortened("_".join(snake(part) for part in path))


@lru_cache(maxsize=10_000)
def event_table(event: str) -> str:
    """The table of a track event; an event called "Users" has one beside that of users."""
    name = snake(event)
    return f"event_{name}" if name in RESERVED_TABLES else name


def schema_for(slug: str) -> str:
    """The schema of a source; PostgreSQL's own and `public` belong to others."""
    name = snake(slug)
    if name in {"public", "information_schema"} or name.startswith("pg_"):
        return shortened(f"source_{name}")
    return name


def with_ending(name: str, ending: str) -> str:
    """The name with an ending, for where the name itself is taken."""
    room = MAX_BYTES - len(ending.encode()) - 1
    return f"{name.encode()[:room].decode(errors='ignore')}_{ending}"


def _is_part_of_word(character: str) -> bool:
    return character == "_" or character.isalnum() or unicodedata.category(character).startswith("M")


def _digest(name: str) -> str:
    return sha256(name.encode(errors="surrogatepass")).hexdigest()[:DIGEST_LENGTH]
