"""What a kind asks for, as it is entered: enough is taken and stored, what is missing is named, and secrets are kept apart."""

import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Setup
from auditapp.pipeline.destinations.setup import checked_settings
from auditapp.wiring import DESTINATION_KINDS
from tests.pipeline.kinds.setups import batch_of, body_of

# No more than has to be entered.
ENOUGH = {
    "webhook": {"url": "https://hooks.example.com/audit"},
    "segment": {"write_key": "wk_1"},
    "slack": {"url": "https://hooks.slack.com/services/T0/B0/x"},
    "email": {"recipients": "olga@example.com"},
    "s3": {"bucket": "audit", "access_key_id": "AKIA", "secret_access_key": "s3cret"},
    "splunk": {"url": "https://splunk.example.com:8088", "token": "t0ken"},
    "datadog": {"api_key": "k3y"},
    "elasticsearch": {"url": "https://elastic.example.com:9200", "api_key": "a2V5"},
    "syslog": {"host": "syslog.example.com"},
}
KINDS = [pytest.param(kind, id=kind.key) for kind in DESTINATION_KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_enough_is_taken_and_the_rest_has_defaults_that_work(kind):
    settings, secrets = checked_settings(kind, ENOUGH[kind.key])
    for form in kind.formats:
        setup = Setup(settings, secrets, form)
        kind.check(setup)
        assert body_of(kind, batch_of(), setup)
    assert settings.keys() | secrets.keys() >= ENOUGH[kind.key].keys()
    assert {one.name for one in kind.fields if one.is_secret} >= secrets.keys()
    # What was stored is taken again as it is.
    assert checked_settings(kind, settings, secrets) == (settings, secrets)


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, values in ENOUGH.items() for name in values])
def test_what_is_missing_is_named(key, name):
    kind = next(one for one in DESTINATION_KINDS if one.key == key)
    values = {one: value for one, value in ENOUGH[key].items() if one != name}
    with pytest.raises(Invalid) as raised:
        kind.check(Setup(*checked_settings(kind, values)))
    assert (raised.value.field, raised.value.code) == (name, "required")


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_has_bounds_and_a_default_within(kind):
    for one in kind.fields:
        if one.type == "number":
            assert one.least <= one.default <= one.most


def test_every_kind_is_here():
    assert ENOUGH.keys() == {kind.key for kind in DESTINATION_KINDS}
