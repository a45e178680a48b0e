"""The application on a port of its own on loopback, over the database that a test has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.core.wsgi import get_wsgi_application
from django.db import connections

Application = Callable[..., Any]


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(wrapped: Callable[[Application], Application] = lambda application: application) -> Iterator[str]:
    """Gives the address, without a path.

    Takes:   wrapped, what stands between the server and the application
    """
    application = wrapped(get_wsgi_application())

    def answered(environ: Any, start_response: Any) -> list[bytes]:
        try:
            return list(application(environ, start_response))
        finally:
            connections.close_all()  # this thread's; the database is dropped after the test

    server = make_server("127.0.0.1", 0, answered, handler_class=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
