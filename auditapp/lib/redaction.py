"""Secrets out of event values before they are hashed, since a sealed event never changes.

Found by the name of the key, by the shape of the value, or by a path that the catalogue declares.
"""

from __future__ import annotations

import re
from collections.abc import Set
from functools import lru_cache
from typing import Any, Final, Literal

Reason = Literal["key", "shape", "declared"]

_SECRET_WORDS: Final = frozenset(
    "password passwd passwort pwd passphrase secret token authorization cookie otp totp jwt"
    " card cvv cvc iban ssn pin credential".split()
)
_SECRET_PAIRS: Final = frozenset(
    {
        *(
            (word, "key")
            for word in "api private access secret write signing encryption account master shared service".split()
        ),
        *((word, "code") for word in "recovery backup verification security".split()),
        ("session", "id"),
    }
)
# For names written in one piece, such as dbpassword or authtoken.
_SECRET_ENDINGS: Final = ("password", "passwd", "secret", "token", "apikey", "privatekey", "accesskey", "credential")

# token_id, secret_name, otp_enabled, card_brand: about a secret, not the secret.
_HARMLESS_LAST: Final = frozenset(
    "id name label type kind count number_of at on by expires expiry expiration expired created updated changed"
    " rotated status state enabled required policy length age days ttl version url uri arn scope prefix algorithm"
    " method provider format brand last consent".split()
)
# is_secret, has_password, max_tokens
_HARMLESS_FIRST: Final = frozenset("is has can needs max min total prompt completion input output".split())
# Digests and ids are random by nature; only the exact shapes count under such a name.
_RANDOM_LAST: Final = frozenset(
    "id hash digest checksum etag fingerprint sha md root leaf commit revision version cursor".split()
)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 100  # bounds the memory of the cache below

# Each repetition is bounded or starts at the edge of a run, so that no text costs quadratic time.
_SHAPES = re.compile(
    r"""
      (?<![\w-]) eyJ[\w-]{8,}\.eyJ[\w-]{8}                             # JSON Web Token
    | -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY                             # PEM
    | (?<![A-Z0-9]) (?:AKIA|ASIA)[A-Z0-9]{16} (?![A-Z0-9])             # AWS access key id
    | (?<![A-Za-z0-9]) (?:
          gh[pousr]_[A-Za-z0-9]{30} | github_pat_[A-Za-z0-9_]{22}      # GitHub
        | xox[abeoprs]-[A-Za-z0-9-]{10} | xapp-[A-Za-z0-9-]{10}        # Slack
        | [sr]k_(?:live|test)_[A-Za-z0-9]{10} | whsec_[A-Za-z0-9+/]{16}  # Stripe
        | glpat-[\w-]{20} | npm_[A-Za-z0-9]{36} | AIza[\w-]{35}        # GitLab, npm, Google
        | SG\.[\w-]{22}\.[\w-]{20}                                     # SendGrid
        | aud_pat_[A-Za-z0-9]{30}                                      # ours
      )
    | (?i:(?<![a-z]) (?:bearer|basic)[ ]{1,4}[a-z0-9+/._~=-]{16})      # HTTP credentials
    | ://[^/\s:@]{0,200}:[^/\s@]{1,200}@                               # URL with a password
    | (?i:[?&][\w-]{0,30}(?:token|secret|passw(?:or)?d|api_?key|signature)=[^&\s]{8})
    """,
    re.VERBOSE | re.ASCII,
)
_SHORTEST_SHAPE = 12
_RANDOM_RUN = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}", re.ASCII)
_HEX_OR_UUID = re.compile(r"[0-9A-Fa-f-]+")
_PREFIXED_ID = re.compile(r"[a-z]{2,16}_[0-9A-Za-z]{22}")
_WORD_IN_A_NAME = re.compile(r"[A-Z]?[a-z]{3,}")


def redact(value: Any, *, secret_paths: Set[str] = frozenset(), base_path: str = "") -> tuple[Any, int]:
    """A copy of `value` with `{"redacted": "key" | "shape" | "declared"}` in place of each secret.

    Takes:   secret_paths, dotted as in the catalogue (`settings.webhook.auth`); elements of a list have the path of
             the list. base_path, where `value` itself stands: the path of a change, or the last key above it
    Gives:   the copy, and how many values were taken out; what is redacted already stays and is not counted
    """
    redactor = _Redactor(secret_paths)
    name = base_path.rpartition(".")[2]
    return redactor.value(value, base_path, name, under_secret=_is_secret_name(name[-_LONGEST_NAME:])), redactor.count


class _Redactor:
    def __init__(self, secret_paths: Set[str]) -> None:
        self.secret_paths = secret_paths
        self.count = 0

    def value(self, value: Any, path: str, name: str, *, under_secret: bool) -> Any:
        if value is None:
            return None
        if path in self.secret_paths:
            return value if _is_redacted(value) else self.taken("declared")
        if isinstance(value, bool):  # password_changed, or a switch inside credentials
            return value
        if isinstance(value, str):
            if under_secret:
                return self.taken("key") if value else value
            return self.taken("shape") if _has_secret_shape(value, name) else value
        if isinstance(value, dict):
            return value if _is_redacted(value) else self.object(value, path, under_secret)
        if isinstance(value, (list, tuple)):
            return [self.value(item, path, name, under_secret=under_secret) for item in value]
        return self.taken("key") if under_secret else value

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


def _is_redacted(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and value.get("redacted") in ("key", "shape", "declared")


def _words(name: str) -> list[str]:
    """The words of a camelCase, snake_case or kebab-case name, in the singular."""
    return [word.lower().removesuffix("s") for word in _WORDS.findall(name)]


@lru_cache(maxsize=4096)
def _is_harmless_name(name: str) -> bool:
    words = _words(name)
    return bool(words) and (words[-1] in _HARMLESS_LAST_SINGULAR or words[0] in _HARMLESS_FIRST_SINGULAR)


@lru_cache(maxsize=4096)
def _is_secret_name(name: str) -> bool:
    words = _words(name)
    if _SECRET_PAIRS.intersection(zip(words, words[1:], strict=False)) and words[-1] in ("key", "code", "id"):
        return True
    if _is_harmless_name(name):
        return False
    return not _SECRET_WORDS.isdisjoint(words) or "".join(words).endswith(_SECRET_ENDINGS)
