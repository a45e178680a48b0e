"""The cast with a history, and everybody's browser."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.models import User
from tests.factories import Cast, make_cast, make_token
from tests.trail.history import seal_all, tell, tell_everything


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def history(cast: Cast) -> Cast:
    """Every type of the catalogue once, by olga and a token, sealed; and one event in each of three sources by rita."""
    token, _ = make_token(workspace=cast.workspace, name="Terraform Cloud")
    tell_everything(cast.workspace, [cast.olga, token])
    for source in (cast.shop, cast.app, cast.kiosk):
        tell(cast.workspace, cast.rita, "source.modified", source.audit_target, scope_id=source.id)
    seal_all()
    return cast


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """A client with this person's session."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def trail_url() -> str:
    return reverse("trail:event_list", args=["demo"])
