"""The text of API tokens: made, recognised offline, and turned into what is stored.

Which token may do what is not known here.
"""

from __future__ import annotations

import re
from hashlib import sha256
from zlib import crc32

from auditapp.lib.ids import base62, random_base62

PREFIX = "aud_pat_"
_SECRET_LENGTH = 30  # 178 bits: a plain SHA-256 is enough to store it
_CHECKSUM_LENGTH = 6  # 62**6 > 2**32

_SHAPE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{36}}", re.ASCII)
# Where a terminal, a mail or a ticket broke it. static/js/find_token.js has the same.
_GAP = r"[ \t\r\n\f\v\u00a0\u200b]*"
_BEGINS = re.compile(_GAP.join(PREFIX), re.ASCII)
_BODY = re.compile(rf"(?:{_GAP}[0-9A-Za-z]){{36}}", re.ASCII)
_RUN = re.compile(r"[0-9A-Za-z]{6,36}", re.ASCII)  # fewer is somebody who writes of tokens


def new_api_token() -> str:
    """A new secret token, `aud_pat_` + 30 random + 6 checksum characters."""
    secret = random_base62(_SECRET_LENGTH)
    return PREFIX + secret + _checksum(secret)


def looks_like_token(text: str) -> bool:
    """Whether this could be one of our tokens; a typing slip fails without a query."""
    if _SHAPE.fullmatch(text) is None:
        return False
    body = text.removeprefix(PREFIX)
    return _checksum(body[:_SECRET_LENGTH]) == body[_SECRET_LENGTH:]


def tokens_in(text: str) -> list[str | None]:
    """The tokens of a text, each once and in its order, also those that white space broke; None for each that was one once, as
    its checksum does not fit: it is mistyped or cut.
    """
    found: dict[str, str | None] = {}
    position = 0
    while begins := _BEGINS.search(text, position):
        position = begins.end()
        run = _RUN.match(text, position)
        whole = run and PREFIX + run[0]
        joined = _BODY.match(text, position)
        if whole and looks_like_token(whole):
            found[whole] = whole
        elif joined and looks_like_token(put_together := PREFIX + re.sub(_GAP, "", joined[0])):
            found[put_together] = put_together
        elif whole:
            found[whole] = None
    return list(found.values())


def token_digest(text: str) -> bytes:
    """What is stored and looked up instead of the token."""
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _checksum(secret: str) -> str:
    return base62(crc32(secret.encode()), width=_CHECKSUM_LENGTH)
