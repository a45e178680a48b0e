"""Sources that send to each other, at once from several sides: nobody waits for ever, nothing is lost."""

import threading

from django.db import connection

from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from tests.factories import make_cast
from tests.tracking_plans.conftest import follow, make_plan, rule, track

ROUNDS = 12


def test_two_sources_send_to_each_other_at_once(own_database):
    cast = make_cast()
    plan = make_plan(cast, rule())
    follow(cast, plan, cast.shop, violations_to=cast.app.id)
    follow(cast, plan, cast.app, violations_to=cast.shop.id)
    faults = []

    def send(source, who):
        try:
            for number in range(ROUNDS):
                with in_workspace(cast.workspace.id):
                    # A name of its own each time, so that the schema is written to as well.
                    take_in(source, [track(message_id=f"{who}-{number}"), track(f"New {number}", f"n-{who}-{number}")])
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    senders = [
        threading.Thread(target=send, args=(source, f"{source.id}-{number}"))
        for source in (cast.shop, cast.app)
        for number in range(2)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout=60)
    assert faults == []
    with in_workspace(cast.workspace.id):
        for source in (cast.shop, cast.app):
            names = [one.name for one in read_inbox(cast.workspace.id, source.id, 0)]
            assert names.count("Order Completed") == 2 * ROUNDS
            assert names.count("Violation Generated") == 2 * ROUNDS
