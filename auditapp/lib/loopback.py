"""Asks this machine's own web server how it is; nothing else is ever called by it."""

from http.client import HTTPConnection, HTTPException

LOOPBACK = "127.0.0.1"


def status_of(port: int, path: str, *, timeout_s: float = 2) -> int | None:
    """The HTTP status that a server on loopback answers, or None where none answers."""
    connection = HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
