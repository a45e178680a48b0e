"""The loops of the worker: from an event to its mail, and nothing of it ends them."""

import threading
from time import monotonic, sleep

from django.core import mail

from auditapp.alerts import loop
from auditapp.alerts.loop import run_alert_messages, run_alerts
from auditapp.sealing.services import seal_batch
from auditapp.sources.services import disable_source
from tests.factories import acting_as


def test_an_event_becomes_a_mail_although_something_goes_wrong_once(cast, rule, as_role, monkeypatch, caplog):
    rule(by_email=True)
    with acting_as(cast.milo, cast.workspace):
        disable_source(source_id=cast.shop.id)
    fix, broken = loop.fix_notice, [True]

    def once_broken(due):
        if broken and broken.pop():
            raise RuntimeError
        return fix(due)

    monkeypatch.setattr(loop, "fix_notice", once_broken)
    monkeypatch.setattr(loop, "MAX_PAUSE_S", 0.05)
    stop = threading.Event()
    with as_role("worker"):
        while seal_batch():
            pass
        threads = [threading.Thread(target=run, args=(stop,)) for run in (run_alerts, run_alert_messages)]
        for thread in threads:
            thread.start()
        until = monotonic() + 20
        while not mail.outbox and monotonic() < until:
            sleep(0.02)
        stop.set()
        for thread in threads:
            thread.join()
    assert [one.to for one in mail.outbox] == [[cast.olga.email]]
    assert "something is wrong" in caplog.text


def test_what_fails_in_one_workspace_waits_and_holds_up_no_other(caplog):
    not_before = {}
    assert loop._tried(1, lambda _: 1 / 0, not_before) == 0
    assert loop._tried(1, lambda _: 7, not_before) == 0  # not yet again
    assert loop._tried(2, lambda _: 7, not_before) == 7
    assert "workspace 1 failed" in caplog.text
