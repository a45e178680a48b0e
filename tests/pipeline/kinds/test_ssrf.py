"""No kind calls anything inside, whatever address it is set to."""

import re

import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.syslog import Syslog
from auditapp.pipeline.destinations.setup import checked_settings
from auditapp.wiring import DESTINATION_KINDS
from tests.pipeline.kinds.setups import batch_of, body_of, setup_of
from tests.ssrf_cases import CASES_OF_ADDRESSES, playing

HOST_AND_PORT = re.compile(r"\w+://(?P<host>\[[^]]*\]|[^/:?#]*):(?P<port>\d{1,5})(?:[/?#].*)?", re.DOTALL)
GIVEN = {
    "webhook": {"signing_secrets": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",)},
    "segment": {"write_key": "wk_1"},
    "splunk": {"token": "t0ken"},
    "datadog": {"api_key": "k3y"},
    "elasticsearch": {"auth": "none"},
    "s3": {"bucket": "audit", "access_key_id": "AKIA", "secret_access_key": "s3cret"},
}


def _values(kind, url):
    """The address in whatever field the kind has for it; None where the kind asks for none, or the case is of URLs alone."""
    fields = {one.name: one for one in kind.fields}
    if "host" in fields and "port" in fields:
        found = HOST_AND_PORT.fullmatch(url)
        return {"host": found["host"], "port": int(found["port"])} if found else None
    addresses = [name for name, one in fields.items() if one.type == "url"]
    return {addresses[0]: url} if addresses else None


@pytest.mark.parametrize("case", CASES_OF_ADDRESSES, ids=str)
def test_no_kind_sends_anything_inside(case):
    with playing(case) as world:
        for kind in DESTINATION_KINDS:
            values = _values(kind, world.url)
            if values is None:
                continue
            world.begin_again()
            setup = setup_of(kind, **GIVEN.get(kind.key, {}), **values)
            body = body_of(kind, batch_of(), setup)
            for _ in range(case.calls):
                sent = kind.send(body, batch_of(), setup)
            assert world.leaks == [], kind.key
            if not world.requests:
                assert sent.outcome in (Outcome.RETRY, Outcome.AUTH)
                assert sent.message


def test_every_kind_that_has_an_address_is_played():
    played = {kind.key for kind in DESTINATION_KINDS if _values(kind, "https://a.example:1/")}
    assert {kind.key for kind in DESTINATION_KINDS} - played == {"email"}
    assert sum(_values(Syslog(), case.url) is not None for case in CASES_OF_ADDRESSES) > 0
    for case in CASES_OF_ADDRESSES:
        if case.group in ("ipv4", "ipv6"):
            assert _values(Syslog(), case.url.replace("{port}", "6514").replace("{open}", "6514"))


def test_what_is_no_address_is_refused_when_it_is_entered():
    """Kinds are set by those who may change a source; what they cannot mean they learn at once."""
    for kind in DESTINATION_KINDS:
        values = _values(kind, "https://user:password@127.0.0.1:1/")
        if values and "host" not in values:
            with pytest.raises(Invalid):
                checked_settings(
                    kind, {**{k: v for k, v in GIVEN.get(kind.key, {}).items() if k != "signing_secrets"}, **values}
                )
