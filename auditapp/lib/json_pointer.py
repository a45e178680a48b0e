"""Where in a JSON value something is: RFC 6901 pointers for error messages.

Walks carry a `Where`, one small tuple a container, and spell it out only on failure.
"""

from __future__ import annotations

from typing import TypeAlias

Token: TypeAlias = str | int
# The container above and the key or index taken in it; None is the whole value.
Where: TypeAlias = "tuple[Where, Token] | None"


def json_pointer(where: Where, *below: Token) -> str:
    """Spell a place as `/batch/3/properties`, the whole value as an empty string."""
    tokens = list(reversed(below))
    while where is not None:
        where, token = where
        tokens.append(token)
    return "".join("/" + _escaped(token) for token in reversed(tokens))


def _escaped(token: Token) -> str:
    text = str(token).replace("~", "~0").replace("/", "~1")
    # A pointer travels in answers and logs, which cannot carry a lone surrogate.
    return text.encode("utf-8", "backslashreplace").decode()
