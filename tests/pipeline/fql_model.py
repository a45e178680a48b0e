"""FQL as plain Python: random conditions as trees, their text, and what they mean for random events, written without the engine.

Where a value does not fit, the meaning is FAILED: the event is dropped.
"""

import json

FAILED = "<failed>"


class Failed(Exception):
    """A value that does not fit."""


# --- Random trees -----------------------------------------------------------------------------------------------------

KEYS = ("type", "event", "plan", "n", "ok", "tags", "odd key", "é", "in", "a.b", "0")
TEXTS = (
    "",
    "a",
    "ab",
    "Abc d",
    "false",
    "False",
    "10",
    " 1.50 ",
    "1e3",
    "x*y",
    "é ẞ",
    "\ud800",
    "it's",
    'say "no"',
    "back\\slash",
)
NUMBERS = (0, 1, -1, 2, 3.0, 0.5, -0.0, 10, 1e300, 2**60, 1e22)
GLOBS = ("*", "a*", "*b", "a?", "?", "[ab]*", "[a-c]b", "[^a]*", "x\\*y", "*a*b*", "ab", "", "[b-a]", "*[d]", "??*")
BROKEN_GLOBS = ("[", "a[b", "tail\\", "[a-", "*" * 600)


def random_tree(random, kind="bool", depth=0):
    """A tree whose value is of this kind, as far as anybody can tell before there is an event."""
    if depth > 4 or random.random() < 0.15:
        return _leaf(random, kind)
    deeper = depth + 1
    if kind == "any":
        kind = random.choice(("bool", "number", "string", "list"))
    if kind == "bool":
        shape = random.choice(
            ("and", "or", "not", "=", "!=", "<", "<=", ">", ">=", "in", "contains", "match", "bool", "leaf")
        )
        if shape in ("and", "or"):
            return (shape, [random_tree(random, "bool", deeper) for _ in range(random.randint(2, 4))])
        if shape == "not":
            return ("not", random_tree(random, "bool", deeper))
        if shape in ("=", "!="):
            return ("compare", shape, random_tree(random, "any", deeper), random_tree(random, "any", deeper))
        if shape in ("<", "<=", ">", ">="):
            return ("compare", shape, random_tree(random, "number", deeper), random_tree(random, "number", deeper))
        if shape == "in":
            return ("in", random_tree(random, "any", deeper), random_tree(random, "list", deeper))
        if shape == "contains":
            return ("call", shape, [random_tree(random, "string", deeper), random_tree(random, "string", deeper)])
        if shape == "match":
            pattern = ("value", random.choice(GLOBS)) if random.random() < 0.7 else ("field", (random.choice(KEYS),))
            return ("call", shape, [random_tree(random, "string", deeper), pattern])
        if shape == "bool":
            return ("call", shape, [random_tree(random, "any", deeper)])
    elif kind == "number" and random.random() < 0.6:
        name = random.choice(("length", "number"))
        wanted = random.choice(("string", "list" if name == "length" else "number"))
        return ("call", name, [random_tree(random, wanted, deeper)])
    elif kind == "string" and random.random() < 0.6:
        name = random.choice(("lowercase", "uppercase", "snakecase", "kebabcase", "titlecase", "typeof", "string"))
        return ("call", name, [random_tree(random, "any" if name in ("typeof", "string") else "string", deeper)])
    elif kind == "list" and random.random() < 0.7:
        return ("list", [random_tree(random, "any", deeper) for _ in range(random.randint(0, 4))])
    return _leaf(random, kind)


def _leaf(random, kind):
    if random.random() < 0.5:
        return ("field", tuple(random.choice(KEYS) for _ in range(random.choice((1, 1, 1, 2, 3)))))
    if random.random() < 0.1:
        return ("value", None)
    if kind == "number":
        return ("value", random.choice(NUMBERS))
    if kind == "string":
        return ("value", random.choice(TEXTS))
    if kind == "list":
        return ("list", [("value", random.choice(TEXTS)) for _ in range(random.randint(0, 3))])
    if kind == "any":
        return ("value", random.choice((*TEXTS, *NUMBERS, True, False)))
    return ("value", random.choice((True, False)))


def random_event(random, depth=0):
    return {key: _random_value(random, depth) for key in random.sample(KEYS, random.randint(2, len(KEYS)))}


def _random_value(random, depth):
    if depth < 3 and random.random() < 0.25:
        return random_event(random, depth + 1)
    if depth < 3 and random.random() < 0.15:
        return [_random_value(random, depth + 1) for _ in range(random.randint(0, 4))]
    if random.random() < 0.1:
        return random.choice((*GLOBS, *BROKEN_GLOBS))
    return random.choice((None, True, False, True, False, *TEXTS, *NUMBERS))


# --- Their text -------------------------------------------------------------------------------------------------------


def text_of(tree, random):
    """The tree as FQL, with more or less space and parentheses that are not needed."""
    text = _text(tree, random)
    return f"({text})" if random.random() < 0.1 else text


def _text(tree, random):
    space = random.choice(("", " ", "\n "))
    head, *rest = tree
    if head == "field":
        path = ".".join(
            "".join(c if c.isascii() and (c.isalnum() or c in "_-") else f"\\{c}" for c in key) for key in rest[0]
        )
        # A keyword or a number by itself would be read as that.
        return f"\\{path}" if path == "in" or path[0] == "0" else path
    if head == "value":
        return _literal(rest[0], random)
    if head == "list":
        return "[" + f",{space}".join(_text(item, random) for item in rest[0]) + "]"
    if head == "not":
        return "!" + _tight(rest[0], random)
    if head in ("and", "or"):
        return f" {head} ".join(_within(part, head, random) for part in rest[0])
    if head == "compare":
        return f"{_tight(rest[1], random)}{space or ' '}{rest[0]}{space or ' '}{_tight(rest[2], random)}"
    if head == "in":
        return f"{_tight(rest[0], random)} in {_tight(rest[1], random)}"
    return f"{rest[0]}({space}" + f",{space}".join(_text(part, random) for part in rest[1]) + ")"


def _tight(tree, random):
    return f"({_text(tree, random)})" if tree[0] in ("and", "or", "compare", "in") else _text(tree, random)


def _within(tree, head, random):
    """`and` binds tighter than `or`; parentheses where it would read otherwise."""
    needs = tree[0] == "or" or (tree[0] == "and" and head == "and")
    return f"({_text(tree, random)})" if needs else _text(tree, random)


def _literal(value, random):
    if not isinstance(value, str):
        return json.dumps(value)
    quote = random.choice("'\"")
    return quote + value.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote


# --- Their meaning ----------------------------------------------------------------------------------------------------


def meaning(tree, event):
    """The value of the tree for an event, or FAILED."""
    try:
        return _value(tree, event)
    except Failed:
        return FAILED


def _value(tree, event):
    head, *rest = tree
    if head == "field":
        for key in rest[0]:
            event = event.get(key) if kind(event) == "object" else None
        return event
    if head == "value":
        return rest[0]
    if head == "list":
        return [_value(item, event) for item in rest[0]]
    if head == "not":
        return not _truth(_value(rest[0], event))
    if head == "and":
        return all(_truth(_value(part, event)) for part in rest[0])
    if head == "or":
        return any(_truth(_value(part, event)) for part in rest[0])
    if head == "compare":
        return _compared(rest[0], _value(rest[1], event), _value(rest[2], event))
    if head == "in":
        item, items = _value(rest[0], event), _value(rest[1], event)
        return _need(items, "list", "null") is not None and any(equal(item, other) for other in items)
    return _called(rest[0], [_value(argument, event) for argument in rest[1]])


def kind(value):
    kinds = {
        bool: "bool",
        int: "number",
        float: "number",
        str: "string",
        list: "list",
        dict: "object",
        type(None): "null",
    }
    return kinds[type(value)]


def _need(value, *kinds):
    if kind(value) not in kinds:
        raise Failed
    return value


def _truth(value):
    return _need(value, "bool", "null") is True


def equal(one, other):
    if kind(one) != kind(other):
        return False
    if kind(one) == "list":
        return len(one) == len(other) and all(equal(a, b) for a, b in zip(one, other, strict=True))
    if kind(one) == "object":
        return set(one) == set(other) and all(equal(one[key], other[key]) for key in one)
    return one == other


def _compared(sign, one, other):
    if sign in ("=", "!="):
        return equal(one, other) is (sign == "=")
    if _need(one, "number", "null") is None:
        _need(other, "number", "null")
        return False
    if _need(other, "number", "null") is None:
        return False
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]


def _called(name, given):
    first, *more = given
    if name == "typeof":
        return kind(first)
    if name == "bool":
        return _need(first, "null", "bool", "number", "string", "list") not in (None, False, 0, "", []) and not (
            isinstance(first, str) and first.lower() == "false"
        )
    if name == "string":
        return "" if first is None else _as_text(_need(first, "bool", "number", "string", "list"))
    if name == "number":
        return _as_number(_need(first, "null", "number", "string"))
    if name == "length":
        _need(first, "null", "string", "list")
        return len(first.encode("utf-8", "surrogatepass")) if isinstance(first, str) else len(first or [])
    for text in given:
        _need(text, "string", "null")
    if name in ("contains", "match"):
        if None in given:
            return False
        return first.find(more[0]) >= 0 if name == "contains" else glob(more[0], first)
    if first is None:
        return None
    if name == "titlecase":
        return "".join(c.upper() if i == 0 or first[i - 1] == " " else c for i, c in enumerate(first))
    change = {"lowercase": str.lower, "uppercase": str.upper}
    return change[name](first) if name in change else first.replace(" ", {"snakecase": "_", "kebabcase": "-"}[name])


def _as_text(value):
    if isinstance(value, str):
        return value
    return str(value) if kind(value) == "number" and isinstance(value, int) else _json(value)


def _json(value):
    """RFC 8785: keys in order, numbers as ECMAScript writes them; what has no such form fails."""
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(key)}:{_json(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Failed from None
    if kind(value) == "number":
        if isinstance(value, int) and abs(value) > 2**53 - 1:
            raise Failed
        return str(int(value)) if abs(value) < 1e21 and value == int(value) else str(value)
    return json.dumps(value, ensure_ascii=False)


def _as_number(value):
    if not isinstance(value, str):
        return value
    digits = value.strip(" \t\n\r\f\v")
    if not digits or set(digits) - set("0123456789+-.eE"):
        raise Failed
    try:
        return int(digits)
    except ValueError:
        pass
    try:
        return float(digits)
    except ValueError:
        raise Failed from None


def glob(pattern, text):
    """Every way to match is tried: slow, and easy to believe."""
    if len(pattern) > 512:
        raise Failed
    pieces = _pieces(pattern)
    reached = {0}
    for piece in pieces:
        if piece == "*":
            reached = {end for start in reached for end in range(start, len(text) + 1)}
        else:
            reached = {start + 1 for start in reached if start < len(text) and piece(text[start])}
    return len(text) in reached


def _pieces(pattern):
    letters, pieces = list(pattern), []

    def take():
        if not letters:
            raise Failed
        letter = letters.pop(0)
        if letter == "\\":
            if not letters:
                raise Failed
            return letters.pop(0)
        return letter

    while letters:
        if letters[0] == "*":
            pieces.append(letters.pop(0))
        elif letters[0] == "?":
            letters.pop(0)
            pieces.append(lambda letter: True)
        elif letters[0] == "[":
            letters.pop(0)
            negated = letters[:1] == ["^"]
            if negated:
                letters.pop(0)
            ranges = []
            while not ranges or letters[:1] != ["]"]:
                low = high = take()
                if letters[:1] == ["-"] and letters[1:2] != ["]"]:
                    letters.pop(0)
                    high = take()
                ranges.append((low, high))
            letters.pop(0)
            pieces.append(lambda c, ranges=ranges, negated=negated: any(a <= c <= b for a, b in ranges) is not negated)
        else:
            wanted = take()
            pieces.append(lambda letter, wanted=wanted: letter == wanted)
    return pieces
