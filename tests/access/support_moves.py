"""What tests of support access do again and again: give it, take the link of its mail, and act by it."""

import re
from itertools import count

from django.core import mail
from django.test import Client

from auditapp.access.support import grant_support
from tests.factories import PASSWORD, acting_as, make_user

LINK = re.compile(r"http://[^/\s]+(/accounts/support/link/[^\s/]+/)")
_numbers = count(1)


def make_sam():
    """Somebody who belongs to no workspace."""
    return make_user(name="Sam Okoro", email=f"sam{next(_numbers)}@vendor.example")


def signed_in(user):
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def prove(client):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/"})
    return client


def give(cast, person, *, by=None, hours=24, is_read_only=False):
    """The support access, and the path of the link in its mail."""
    mail.outbox.clear()
    with acting_as(by or cast.olga, cast.workspace):
        given = grant_support(email=person.email, hours=hours, purpose="Ticket 48213", is_read_only=is_read_only)
    (link,) = [found[1] for one in mail.outbox if one.to == [person.email] and (found := LINK.search(one.body))]
    return given, link


def supporting(cast, person, **how):
    """The support access, and a browser that is in the workspace by it."""
    given, link = give(cast, person, **how)
    client = signed_in(person)
    assert client.post(link)["Location"] == f"/{cast.workspace.slug}/"
    return given, client
