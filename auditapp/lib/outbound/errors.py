"""The two ways in which calling out fails: it was not allowed to, or nobody answered."""

from enum import StrEnum

from auditapp.lib.errors import Outside


class Refusal(StrEnum):
    """What about a call is not allowed."""

    URL = "url"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    HOST = "host"
    PORT = "port"
    ADDRESS = "address"
    METHOD = "method"
    HEADER = "header"
    CERTIFICATE = "certificate"


class Failure(StrEnum):
    """Where a call that was allowed came to its end."""

    NAME = "name"
    CONNECT = "connect"
    TLS = "tls"
    BROKEN = "broken"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"


class Refused(Outside):
    """This address may not be called. Trying again does not help; changing it does."""

    retryable = False

    def __init__(self, why: Refusal, message: str | None = None) -> None:
        super().__init__(message, permanent=True)
        self.why = why


class Unreachable(Outside):
    """The other system did not answer. It is tried again later."""

    retryable = True

    def __init__(self, why: Failure, message: str | None = None) -> None:
        super().__init__(message)
        self.why = why
