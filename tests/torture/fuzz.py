"""Hostile requests to every path of the API over real sockets: nine of ten from the grammar, the rest as schemathesis makes them.

The promise: no answer is a 5xx, every request is answered, and the log that was written meanwhile is whole.
The twin: a web that answers 500 to what it cannot read.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from itertools import chain, islice

from auditapp.lib.loopback import LOOPBACK
from tests.torture.fuzz_grammar import Sent, endpoints_of, grammar_requests, schemathesis_requests
from tests.torture.log_check import check_log, wait_until_sealed
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import installed

WORKSPACE = 1
FROM_SCHEMATHESIS = 0.1
ANSWER_TIMEOUT_S = 60
SHOWN = 5
ADD_SCOPE = "UPDATE api_token SET scopes = '{audit:read,audit:write,types:write}'"


def run(plan: Plan) -> Outcome:
    """Send the requests from some threads at once."""
    application = "tests.torture.twins:break_down" if plan.twin else "settings.wsgi"
    with installed() as rig, rig.running(rig.worker()) as worker, rig.web(application) as (_, port):
        token = rig.make_token(WORKSPACE)
        with rig.connect("superuser") as superuser:
            superuser.execute(ADD_SCOPE)
        outcome = Requests(_requests(plan), f"Bearer {token}").sent_by(plan.writers, port)
        wait_until_sealed(rig, worker)
        check_log(rig, outcome, seed=plan.seed)
        return outcome


class Requests:
    """The requests that several threads send, each once, and what came of them.

    `authorization` is what they say where they do not say otherwise.
    """

    def __init__(self, requests: Iterator[Sent], authorization: str) -> None:
        self.requests = requests
        self.authorization = authorization
        self.answers: Counter[int] = Counter()  # by status, 0 where there was none
        self.breaking: list[Sent] = []
        self._turn = threading.Lock()

    def sent_by(self, senders: int, port: int) -> Outcome:
        """Send them all from so many threads; gives what was promised of the answers."""
        with ThreadPoolExecutor(senders) as threads:
            for sender in [threads.submit(self._send_all, port) for _ in range(senders)]:
                sender.result()
        outcome = Outcome(counts={"requests": self.answers.total()})
        outcome.counts |= {f"answers: {status}": times for status, times in sorted(self.answers.items())}
        outcome.promise("no answer is a 5xx", sum(n for status, n in self.answers.items() if status >= 500))
        outcome.promise("every request is answered", self.answers[0])
        for sent in self.breaking[:SHOWN]:
            outcome.counts[f"breaks: {sent}"[:600]] = 1
        return outcome

    def _send_all(self, port: int) -> None:
        connection = HTTPConnection(LOOPBACK, port, timeout=ANSWER_TIMEOUT_S)
        while (sent := self._next()) is not None:
            try:
                status = _answer_to(connection, sent, self.authorization)
            except (OSError, HTTPException):
                connection.close()
                status = _again(connection, sent, self.authorization)
            with self._turn:
                self.answers[status] += 1
                if status >= 500 or not status:
                    self.breaking.append(sent)
        connection.close()

    def _next(self) -> Sent | None:
        with self._turn:
            return next(self.requests, None)


def _again(connection: HTTPConnection, sent: Sent, authorization: str) -> int:
    """Once more: an idle connection may have been closed by the server while the request was on its way."""
    try:
        return _answer_to(connection, sent, authorization)
    except (OSError, HTTPException):
        connection.close()
        return 0


def _answer_to(connection: HTTPConnection, sent: Sent, authorization: str) -> int:
    headers = {"Authorization": authorization, **sent.headers}
    latin = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
    connection.request(sent.method, sent.path, sent.body, latin)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _requests(plan: Plan) -> Iterator[Sent]:
    from auditapp.ingest.api import SEARCH_PARAMETERS
    from auditapp.urls import api

    document = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/"), default=str))
    endpoints = endpoints_of(document)
    each = int(plan.events * FROM_SCHEMATHESIS / len(endpoints))
    derived: Iterable[Sent] = schemathesis_requests(plan.seed, document, each) if each else ()
    return islice(chain(derived, grammar_requests(plan.seed, endpoints, SEARCH_PARAMETERS)), plan.events)
