"""Reading the body of a request without trusting its size, packed or unpacked."""

import zlib

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from auditapp.lib.errors import Invalid

_GZIP = 16 + zlib.MAX_WBITS


def read_body(request: HttpRequest, *, max_bytes: int) -> bytes:
    """The body, unpacked where it came as gzip, never more than `max_bytes` of it in memory.

    Raises:  Invalid, with the code too_large, bad_encoding or not_gzip
    """
    if _announced(request) > max_bytes:
        raise _too_large(max_bytes)
    try:
        body = request.body
    except RequestDataTooBig:
        raise _too_large(max_bytes) from None
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise Invalid("Send the body as it is or as gzip.", code="bad_encoding")
    return _unpacked(body, max_bytes)


def _announced(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0


def _unpacked(body: bytes, max_bytes: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        plain = unpacker.decompress(body, max_bytes + 1)
    except zlib.error:
        raise Invalid("This body is not gzip although its Content-Encoding says so.", code="not_gzip") from None
    if len(plain) > max_bytes:
        raise _too_large(max_bytes)
    if not unpacker.eof:
        raise Invalid("This gzip body ends too early. Send it whole.", code="not_gzip")
    return plain


def _too_large(max_bytes: int) -> Invalid:
    return Invalid(f"Send at most {max_bytes} bytes at once.", code="too_large")
