"""A transformation as the API says it, checked when it is saved, and compiled. What it does is in engine.py.

Fields are Segment's, and `propertyCasings` beside them. The key of a hash is a secret: it is given apart from the definition.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_pointer import Token, json_pointer
from auditapp.pipeline.destination_filters.fql import Condition, Expression, compile_expression, compile_fql
from auditapp.pipeline.field_names import Names, names_tree
from auditapp.pipeline.field_paths import Steps, steps_of
from auditapp.pipeline.transformations.engine import ROOTS, Algorithm, Casing, Encoding, Hashing, Transformation

MAX_LEVELS: Final = 4
MAX_VALUES: Final = 10
MAX_DEFINED: Final = 1
MAX_PATHS: Final = 100
MAX_NAME: Final = 200
MAX_VALUE_BYTES: Final = 4 * 1024
_EFFECTS: Final = (
    *("drop", "newEventName", "propertyRenames", "propertyValueTransformations"),
    *("propertyCasings", "fqlDefinedProperties", "allowProperties", "hashPropertiesConfiguration"),
)
# Something is wrong at a place of the definition.
Wrong = Callable[..., None]
_WRITE_PATH: Final = (
    f"Write the path of a field, at most {MAX_LEVELS} levels deep and not through lists, such as order.id."
)


def transformation_of(key: str, value: Any, *, hash_key: bytes = b"") -> Transformation:
    """The transformation that this JSON value defines.

    Raises:  Invalid, with a pointer to each problem
    """
    if not isinstance(value, Mapping):
        raise Invalid("Send an object.")
    problems: list[Problem] = []

    def wrong(message: str, *place: Token) -> None:
        problems.append(Problem(json_pointer(None, *place), message))

    condition = _condition(value.get("if"), wrong)
    new_name = value.get("newEventName") or ""
    if not isinstance(new_name, str) or len(new_name) > MAX_NAME:
        wrong(f"Write a name of at most {MAX_NAME} characters.", "newEventName")
    drops = value.get("drop") or False
    if drops is not True and drops is not False:
        wrong("Send true or false.", "drop")
    renames = tuple(_renames(_items(value, "propertyRenames", MAX_PATHS, wrong), wrong))
    values = tuple(_values(_items(value, "propertyValueTransformations", MAX_VALUES, wrong), wrong))
    casings = tuple(_casings(_items(value, "propertyCasings", MAX_VALUES, wrong), wrong))
    defined = tuple(_defined(_items(value, "fqlDefinedProperties", MAX_DEFINED, wrong), wrong))
    allowed = _allowed(value, wrong)
    hashing = _hashing(value.get("hashPropertiesConfiguration"), hash_key, wrong)
    effects = [name for name in _EFFECTS if value.get(name)]
    if not effects:
        wrong(f"Say what is to be done: {', '.join(_EFFECTS)}.")
    elif drops and len(effects) > 1:
        wrong("An event that is dropped cannot be changed as well.", effects[1])
    _require_apart(renames, values, wrong)
    if problems or condition is None:
        raise Invalid(problems=problems)
    return Transformation(key, condition, drops, new_name, renames, values, casings, defined, allowed, hashing)


def _condition(text: Any, wrong: Wrong) -> Condition | None:
    if not isinstance(text, str):
        wrong("Write which events as FQL, or all.", "if")
        return None
    try:
        return compile_fql(text)
    except Invalid as fault:
        wrong(fault.message, "if")
        return None


def _items(value: Mapping[str, Any], name: str, most: int, wrong: Wrong) -> list[tuple[int, Mapping[str, Any]]]:
    """The objects in a list of the definition, with their numbers."""
    items = value.get(name)
    if items is None:
        return []
    if not isinstance(items, list) or len(items) > most:
        wrong(f"Send a list of at most {most}.", name)
        return []
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            wrong("Send an object.", name, number)
    return [(number, item) for number, item in enumerate(items) if isinstance(item, Mapping)]


def _steps(path: Any) -> Steps | None:
    if not isinstance(path, str) or not 0 < len(path) <= MAX_NAME * MAX_LEVELS:
        return None
    steps = steps_of(path)
    levels = len(steps) - (len(steps) > 1 and steps[0] in ROOTS)
    return steps if levels <= MAX_LEVELS and "" not in steps and not any("[" in step for step in steps) else None


def _renames(items: Iterable[tuple[int, Mapping[str, Any]]], wrong: Wrong) -> Iterable[tuple[Steps, Steps]]:
    for number, item in items:
        old, new = _steps(item.get("oldName")), _steps(item.get("newName"))
        for name, steps in (("oldName", old), ("newName", new)):
            if steps is None:
                wrong(_WRITE_PATH, "propertyRenames", number, name)
        if old and new:
            yield old, new


def _paths(
    item: Mapping[str, Any], place: tuple[Token, ...], wrong: Wrong, name: str = "propertyPaths"
) -> Iterable[Steps]:
    paths = item.get(name)
    if not isinstance(paths, list) or not 1 <= len(paths) <= MAX_PATHS:
        wrong(f"Send a list of 1 to {MAX_PATHS} paths.", *place, name)
        return
    for number, path in enumerate(paths):
        steps = _steps(path)
        if steps is None:
            wrong(_WRITE_PATH, *place, name, number)
        else:
            yield steps


def _values(items: Iterable[tuple[int, Mapping[str, Any]]], wrong: Wrong) -> Iterable[tuple[Steps, Any]]:
    for number, item in items:
        place = ("propertyValueTransformations", number)
        value = item.get("propertyValue")
        if "propertyValue" not in item:
            wrong("Send the value.", *place, "propertyValue")
        try:
            if len(canonical_bytes(value)) > MAX_VALUE_BYTES:
                wrong(f"A value has at most {MAX_VALUE_BYTES} bytes.", *place, "propertyValue")
        except Invalid as fault:
            wrong(fault.message, *place, "propertyValue")
        yield from ((steps, value) for steps in _paths(item, place, wrong))


def _casings(items: Iterable[tuple[int, Mapping[str, Any]]], wrong: Wrong) -> Iterable[tuple[Steps, Casing]]:
    for number, item in items:
        place = ("propertyCasings", number)
        casing = item.get("casing")
        paths = list(_paths(item, place, wrong))
        if not isinstance(casing, str) or casing not in list(Casing):
            wrong(f"Take one of {', '.join(Casing)}.", *place, "casing")
        else:
            yield from ((steps, Casing(casing)) for steps in paths)


def _defined(items: Iterable[tuple[int, Mapping[str, Any]]], wrong: Wrong) -> Iterable[tuple[Steps, Expression]]:
    for number, item in items:
        steps, text = _steps(item.get("propertyName")), item.get("fql")
        if steps is None:
            wrong(_WRITE_PATH, "fqlDefinedProperties", number, "propertyName")
        if not isinstance(text, str):
            wrong("Write the value as FQL, such as lowercase(properties.plan).", "fqlDefinedProperties", number, "fql")
            continue
        try:
            expression = compile_expression(text)
        except Invalid as fault:
            wrong(fault.message, "fqlDefinedProperties", number, "fql")
        else:
            if steps:
                yield steps, expression


def _allowed(value: Mapping[str, Any], wrong: Wrong) -> Names | None:
    names = value.get("allowProperties")
    if not names and names != "":
        return None  # an empty list allows everything, as if it were not there
    if not isinstance(names, list) or len(names) > MAX_PATHS or not all(_steps(name) for name in names):
        wrong(f"Send a list of at most {MAX_PATHS} paths. {_WRITE_PATH}", "allowProperties")
        return None
    return names_tree([_in_group(name) for name in names])


def _in_group(path: str) -> str:
    """Without `properties.` or `traits.` before it: the list is of these."""
    root, _, below = path.partition(".")
    return below if below and root in ("properties", "traits") else path


def _hashing(value: Any, key: bytes, wrong: Wrong) -> Hashing | None:
    if value is None:
        return None
    place = "hashPropertiesConfiguration"
    if not isinstance(value, Mapping):
        wrong("Send an object.", place)
        return None
    algorithm, encoding = (_word(value.get(name)) for name in ("algorithm", "encoding"))
    paths = tuple(_paths(value, (place,), wrong, "paths"))
    if algorithm not in list(Algorithm):
        wrong(f"Take one of {', '.join(Algorithm)}.", place, "algorithm")
    if encoding and encoding not in list(Encoding):
        wrong(f"Take one of {', '.join(Encoding)}.", place, "encoding")
    if algorithm in list(Algorithm) and (not encoding or encoding in list(Encoding)):
        return Hashing(Algorithm(algorithm), paths, key, Encoding(encoding or Encoding.HEX))
    return None


def _word(value: Any) -> str:
    """SHA256, however it is written; what is no text is no word."""
    if value is None:
        return ""
    return value.upper().replace("-", "").replace("_", "") if isinstance(value, str) else "?"


def _require_apart(renames: Iterable[tuple[Steps, Steps]], values: Iterable[tuple[Steps, Any]], wrong: Wrong) -> None:
    """Refuse what would depend on the order in which things are done."""
    old_names, new_names = [old for old, _ in renames], [new for _, new in renames]
    set_paths = [steps for steps, _ in values]
    for steps in _repeated(old_names):
        wrong(f"{'.'.join(steps)} is renamed twice.", "propertyRenames")
    for steps in _repeated(new_names):
        wrong(f"Two fields would be called {'.'.join(steps)}.", "propertyRenames")
    for steps in _repeated(set_paths):
        wrong(f"{'.'.join(steps)} is given two values.", "propertyValueTransformations")
    for steps in {*set_paths} & {*old_names, *new_names}:
        wrong(f"{'.'.join(steps)} is renamed as well.", "propertyValueTransformations")


def _repeated(places: list[Steps]) -> set[Steps]:
    return {place for place in places if places.count(place) > 1}
