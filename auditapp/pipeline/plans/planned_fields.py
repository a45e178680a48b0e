"""Which properties or traits a rule knows, as far as its schema names them."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonschema_rs

_TOGETHER: Final = ("allOf", "anyOf", "oneOf")
_APART: Final = ("if", "then", "else")


class PlannedFields:
    """The names in the schema of `properties` or `traits`, through allOf and the like, references and patterns."""

    def __init__(self, schema: Mapping[str, Any], group: str) -> None:
        places = [_object(one.get("properties")).get(group) for one in _parts(schema, schema)]
        parts = [part for place in places for part in _parts(place, schema)]
        self._names = frozenset(name for part in parts for name in _object(part.get("properties")))
        patterns = {pattern for part in parts for pattern in _object(part.get("patternProperties"))}
        # The validator's own engine: what it takes for a pattern is linear, and means the same.
        self._patterns = [
            jsonschema_rs.Draft7Validator({"pattern": pattern}, pattern_options=jsonschema_rs.RegexOptions())
            for pattern in sorted(patterns)
        ]

    def unplanned(self, fields: Mapping[str, Any]) -> list[str]:
        """The names of fields that are in no schema."""
        return [name for name in fields if name not in self._names and not self._fits(name)]

    def _fits(self, name: Any) -> bool:
        try:
            return any(one.is_valid(name) for one in self._patterns)
        except ValueError:  # a name that is no text
            return False


def _parts(schema: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema and those that say more of the same value, each once: they may refer to themselves."""
    waiting, seen = [schema], set()
    while waiting:
        part = waiting.pop()
        if not isinstance(part, Mapping) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [more for word in _TOGETHER for more in _list(part.get(word))]
        waiting += [part[word] for word in _APART if word in part]
        if isinstance(part.get("$ref"), str):
            waiting.append(_referred(part["$ref"], root))


def _referred(reference: str, root: Mapping[str, Any]) -> Any:
    value: Any = root
    for token in reference.removeprefix("#").split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
