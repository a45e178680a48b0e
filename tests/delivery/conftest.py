"""A destination of a played kind behind a source, served as the worker does it, without its threads."""

import pytest
from django.core import mail

from auditapp.pipeline.delivery import settling
from auditapp.pipeline.delivery.claims import due_lanes
from auditapp.pipeline.delivery.loop import deliver
from auditapp.pipeline.delivery.mail import mail_owners
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, enable_destination
from auditapp.pipeline.intake import take_in
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from tests.delivery_kinds import SETTINGS, played
from tests.factories import acting_as, make_cast


@pytest.fixture
def cast(own_database):
    return make_cast()


@pytest.fixture
def kind():
    with played() as kind:
        yield kind


@pytest.fixture
def make_destination(cast, kind):
    def make(*, name="Receiver", source=None, form="segment", **settings):
        with acting_as(cast.olga, cast.workspace):
            destination, _ = create_destination(
                source_id=(source or cast.shop).id, kind="played", name=name, form=form, settings=SETTINGS | settings
            )
            Destination.objects.filter(id=destination.id).update(tested_at=destination.created_at)
            return enable_destination(destination_id=destination.id)

    return make


@pytest.fixture
def destination(make_destination):
    return make_destination()


@pytest.fixture
def send(cast):
    """Bring events into the source, named as given."""

    def bring(*names, source=None, **fields):
        to = source or cast.shop
        with in_workspace(to.workspace_id):
            events = [
                {"type": "track", "event": name, "userId": "usr_1", "messageId": f"{name}-{number}"} | fields
                for number, name in enumerate(names)
            ]
            return take_in(Source.objects.get(workspace_id=to.workspace_id, id=to.id), events)

    return bring


@pytest.fixture
def work(as_role):
    """Serve everything that is due until nothing is; gives how many places the lanes went on."""

    def run(*, turns=1_000):
        moved = 0
        with as_role("worker"):
            while turns and (due := due_lanes(limit=100)):
                turns -= 1
                moved += sum(deliver(one) for one in due)
        return moved

    return run


@pytest.fixture
def lane(destination):
    """The destination's own row, read anew."""

    def read(one=None):
        of = one or destination
        with in_workspace(of.workspace_id):
            return Delivery.objects.get(workspace_id=of.workspace_id, destination_id=of.id, lane="")

    return read


@pytest.fixture
def mailed(monkeypatch):
    """The mails that were to be sent by then: to whom, subject, body."""
    asked = []
    monkeypatch.setattr(settling, "enqueue", lambda name, **ids: asked.append(ids))

    def sent():
        mail.outbox = []
        for ids in asked:
            mail_owners(**ids)
        return [(one.to, one.subject, one.body) for one in mail.outbox]

    return sent
