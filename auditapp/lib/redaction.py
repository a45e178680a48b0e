"""Secrets out of event values before they are hashed, since a sealed event never changes.

Found by the name of the key, by the shape of the value, or by a path that the catalogue declares.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache
from typing import Any, Final, Literal

Reason = Literal["key", "shape", "declared"]


def _singular(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(map(_singular, words.split()))


_SECRET_WORDS: Final = _vocabulary(
    "password passwd passwort pwd passphrase secret token authorization cookie otp totp jwt"
    " card cvv cvc iban ssn pin credential"
)
_KEYS: Final = _vocabulary("api private access write signing encryption account master shared service")
_CODES: Final = _vocabulary("recovery backup verification security")
# For names written in one piece, such as dbpassword or authtoken.
_SECRET_ENDINGS: Final = ("password", "passwd", "secret", "token", "apikey", "privatekey", "accesskey", "credential")

# token_id, otp_enabled, card_brand tell about a secret and are not one.
_HARMLESS_LAST: Final = _vocabulary(
    "id name title label type kind count at on by expires expiry expiration expired created updated changed rotated"
    " status state enabled required policy length age days ttl version url uri arn scope prefix algorithm method"
    " provider format brand last consent"
)
_HARMLESS_FIRST: Final = _vocabulary("is has can needs")
# max_tokens: 4096 is a setting, while a number under "otp" is the secret.
_QUANTITY_FIRST: Final = _vocabulary("max min total prompt completion input output used")
# Ids and digests are random by nature: under such a name only an exact shape counts.
_RANDOM_LAST: Final = _vocabulary(
    "id hash digest checksum etag fingerprint sha md root leaf commit revision version cursor task"
)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 100  # bounds the memory of the cache below

# Each repetition is bounded or starts at the edge of a run, so that no text costs quadratic time.
# Each alternative starts with a literal, its left edge is checked after it: `re` then skips all other characters.
_SHAPES = re.compile(
    r"""
      e(?<![\w-]e) yJ[\w-]{8,}\.eyJ[\w-]{8}                                 # JSON Web Token
    | -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY                                  # PEM
    | A(?<![A-Z0-9]A) (?:KIA|SIA)[A-Z0-9]{16}(?![A-Z0-9])                   # AWS access key id
    | A(?<![A-Za-z0-9]A) Iza[\w-]{35}                                       # Google
    | a(?<![A-Za-z0-9]a) ud_pat_[A-Za-z0-9]{30}                             # ours
    | g(?<![A-Za-z0-9]g) (?:h[pousr]_[A-Za-z0-9]{30} | ithub_pat_\w{22} | lpat-[\w-]{20})
    | n(?<![A-Za-z0-9]n) pm_[A-Za-z0-9]{36}
    | r(?<![A-Za-z0-9]r) k_(?:live|test)_[A-Za-z0-9]{10}                    # Stripe, restricted
    | s(?<![A-Za-z0-9]s) k_(?:live|test)_[A-Za-z0-9]{10}
    | w(?<![A-Za-z0-9]w) hsec_[A-Za-z0-9+/]{16}
    | x(?<![A-Za-z0-9]x) (?:ox[abeoprs] | app)-[A-Za-z0-9-]{10}             # Slack
    | S(?<![A-Za-z0-9]S) G\.[\w-]{22}\.[\w-]{20}                           # SendGrid
    | b(?<![A-Za-z0-9]b) (?i:earer|asic)[ ]{1,4}(?=[^\d\s]{0,60}\d)[\w+/.~=-]{16}  # a digit, or it is prose
    | B(?<![A-Za-z0-9]B) (?i:earer|asic)[ ]{1,4}(?=[^\d\s]{0,60}\d)[\w+/.~=-]{16}
    | ://[^/\s:@]{0,200}:[^/\s@]{1,200}@                                    # URL with a password
    | \?[\w-]{0,30}(?i:token|secret|passwd|password|api_?key|signature)=[^&\s]{8}
    | &[\w-]{0,30}(?i:token|secret|passwd|password|api_?key|signature)=[^&\s]{8}
    """,
    re.VERBOSE | re.ASCII,
)
_SHORTEST_SHAPE = 12
_SHORTEST_RUN = 32
_RANDOM_RUN = re.compile(rf"[A-Za-z0-9+/_-]{{{_SHORTEST_RUN},}}={{0,2}}", re.ASCII)
_HEX_OR_UUID = re.compile(r"[0-9A-Fa-f-]+")
_PREFIXED_ID = re.compile(r"[a-z]{2,16}_[0-9A-Za-z]{22}")
_ID_IN_A_PATH = re.compile(r"/[a-z]{2,16}_[0-9A-Za-z]{22}(?=/|\Z)")
_WORD_IN_A_NAME = re.compile(r"[A-Z]?[a-z]{3,}")


def redact(value: Any, *, secret_paths: Set[str] = frozenset(), base_path: str = "") -> tuple[Any, int]:
    """A copy of `value` with `{"redacted": "key" | "shape" | "declared"}` in place of each secret.

    Takes:   secret_paths, dotted as in the catalogue (`settings.webhook.auth`); elements of a list have the path of
             the list. base_path, where `value` itself stands: the path of a change, or the last key above it
    Gives:   the copy, and how many values were taken out; what is redacted already stays and is not counted
    """
    redactor = _Redactor(secret_paths)
    name = base_path.rpartition(".")[2][-_LONGEST_NAME:]
    copy = redactor.value(value, base_path, name, under_secret=_is_secret_name(name))
    return copy, redactor.count


class _Redactor:
    def __init__(self, secret_paths: Set[str]) -> None:
        self.secret_paths = secret_paths
        self.count = 0

    def value(self, value: Any, path: str, name: str, *, under_secret: bool) -> Any:
        if value is None:
            return None
        if path in self.secret_paths:
            return value if is_redacted(value) else self.taken("declared")
        if isinstance(value, bool):  # password_changed, or a switch inside credentials
            return value
        if isinstance(value, str):
            if under_secret:
                return self.taken("key") if value else value
            return self.taken("shape") if _has_secret_shape(value, name) else value
        if isinstance(value, dict):
            return value if is_redacted(value) else self.object(value, path, under_secret)
        if isinstance(value, (list, tuple)):
            return [self.value(item, path, name, under_secret=under_secret) for item in value]
        if under_secret and not _counts_tokens(name):
            return self.taken("key")
        return value

    def object(self, value: dict[str, Any], path: str, under_secret: bool) -> dict[str, Any]:
        copy = {}
        for key, item in value.items():
            short = key[-_LONGEST_NAME:]
            # Inside "token": {...} the id and the name say which one it was; all the rest goes.
            secret = _is_secret_name(short) or (under_secret and not _is_harmless_name(short))
            copy[key] = self.value(item, f"{path}.{key}" if path else key, short, under_secret=secret)
        return copy

    def taken(self, reason: Reason) -> dict[str, str]:
        self.count += 1
        return {"redacted": reason}


def is_redacted(value: Any) -> bool:
    """Whether this stands in the place of a secret."""
    return isinstance(value, dict) and len(value) == 1 and value.get("redacted") in ("key", "shape", "declared")


def _words(name: str) -> list[str]:
    """The words of a camelCase, snake_case or kebab-case name, in the singular."""
    return [_singular(word.lower()) for word in _WORDS.findall(name)]


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    if _is_harmless_name(name):
        return False
    words = _words(name)
    return (
        not _SECRET_WORDS.isdisjoint(words)
        or (words[-1:] == ["key"] and not _KEYS.isdisjoint(words))
        or (words[-1:] == ["code"] and not _CODES.isdisjoint(words))
        or "".join(words).endswith(_SECRET_ENDINGS)
    )


@lru_cache(maxsize=4096)
def _is_harmless_name(name: str) -> bool:
    words = _words(name)
    return bool(words) and (words[-1] in _HARMLESS_LAST or words[0] in _HARMLESS_FIRST)


@lru_cache(maxsize=4096)
def _counts_tokens(name: str) -> bool:
    words = _words(name)
    return words[-1:] == ["token"] and words[0] in _QUANTITY_FIRST


@lru_cache(maxsize=4096)
def _names_something_random(name: str) -> bool:
    words = _words(name)
    return bool(words) and words[-1] in _RANDOM_LAST


def _has_secret_shape(text: str, name: str) -> bool:
    if len(text) < _SHORTEST_SHAPE:
        return False
    if _SHAPES.search(text):
        return True
    return bool(_RANDOM_RUN.fullmatch(text)) and _looks_random(text) and not _names_something_random(name)


def _looks_random(text: str) -> bool:
    """Whether 32 or more characters are a key rather than a digest, an id of ours or a name."""
    if _HEX_OR_UUID.fullmatch(text) or _PREFIXED_ID.fullmatch(text):
        return False
    # /api/sources/src_...: ids are as random as keys, so the path is judged without them.
    text = _ID_IN_A_PATH.sub("", text)
    if len(text) < _SHORTEST_RUN:
        return False
    # Random base64 mixes its classes; a name, even CamelCase with a suffix, is made of words.
    if not (any(map(str.isdigit, text)) and any(map(str.islower, text)) and any(map(str.isupper, text))):
        return False
    in_words = sum(map(len, _WORD_IN_A_NAME.findall(text)))
    return in_words < len(text) * 0.5 and len(set(text)) >= 16
