"""No alert calls anything inside, whatever address its rule has."""

import json

import pytest

from auditapp.alerts.messages import SIGNING, SLACK, send_slack, send_webhook
from auditapp.alerts.models import AlertMessage, AlertNotice, AlertRule
from auditapp.alerts.telling import Told
from auditapp.lib import clock
from auditapp.lib.secret_box import seal
from auditapp.lib.webhook_signature import new_secret
from auditapp.pipeline.destinations.kind import Outcome
from tests.ssrf_cases import CASES_OF_ADDRESSES, playing

TOLD = Told(rule="R", workspace="W", headline="Fired", events=(), more=0, firings=1, link="")


@pytest.mark.parametrize("case", CASES_OF_ADDRESSES, ids=str)
def test_no_alert_sends_anything_inside(case):
    now = clock.now()
    with playing(case) as world:
        secrets = seal(json.dumps({SLACK: world.url, SIGNING: new_secret()}))
        rule = AlertRule(id="alr_1", name="R", webhook_url=world.url, secrets=secrets)
        message, notice = AlertMessage(id="msg_1"), AlertNotice(first_at=now, last_at=now, firings=1)
        for send in (lambda: send_slack(TOLD, rule), lambda: send_webhook(TOLD, rule, message, notice)):
            world.begin_again()
            for _ in range(case.calls):
                sent = send()
            assert world.leaks == []
            if not world.requests:
                assert sent.outcome is not Outcome.DELIVERED
                assert sent.said
