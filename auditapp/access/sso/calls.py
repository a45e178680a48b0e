"""The calls to the provider: the one place outside of lib/outbound that calls out.

Its address comes from the environment, never from a person, and providers often stand in the inner network that lib/outbound
refuses. allauth speaks through `requests`; here it is bound: in time, in size, to where it was sent, and to TLS.
"""

from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

from requests import Response, Session
from requests.exceptions import ContentDecodingError, ReadTimeout, RequestException, TooManyRedirects

# Whatever went wrong with a call.
CallFailed = RequestException
TIMEOUTS_S: Final = (3.05, 5)  # to connect, and between two pieces of the answer
WHOLE_S: Final = 10
ANSWER_BYTES: Final = 512 * 1024
_CHUNK: Final = 16 * 1024
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class BoundSession(Session):
    """As requests' own, but no answer is long, late or from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.headers["Accept-Encoding"] = "identity"  # what is packed can be longer than it says

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Response:
        options |= {"timeout": TIMEOUTS_S, "allow_redirects": False, "stream": True}
        ends_at = monotonic() + WHOLE_S
        response = super().request(method, url, *args, **options)
        with response:
            if response.is_redirect:
                raise TooManyRedirects("The provider sent the call elsewhere.")
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > ANSWER_BYTES:
                    raise ContentDecodingError("The provider's answer is too long.")
                if monotonic() > ends_at:
                    raise ReadTimeout("The provider's answer took too long.")
        response._content = bytes(body)
        return response


def is_safe_address(url: object) -> bool:
    """Whether secrets may be sent there: by TLS, or to this machine itself."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        host = parts.hostname if parts else None
    except ValueError:
        return False
    if parts is None or not host or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
