"""Destinations of the matrix: what is in the paths of their pages, and who gets what there. They are reached by their source."""

from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, Replay
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.setup import Secrets
from auditapp.record.workspace_scope import in_workspace
from tests.factories import make_destination

SETTINGS = {"name": "New", "url": "https://hooks.example.com/new", "sends": "batch", "form": "segment"}
MESSAGE = {"event": "warehouse.*", "text": "{actor}", "intent": "save"}
FILTER = {"title": "New", "does": "DROP", "condition": "all"}
WRITERS = "302 302 403 403 404 302"
READERS = "200 200 200 403 404 302"
TESTERS = "200 200 403 403 404 302"
OF_KIOSK = "302 404 403 403 404 302"
# Name, statuses as in the matrix, ids in the path, what is posted.
ROWS = [
    ("destination_list", READERS, (), None),
    ("destination_create", READERS, (), None),
    ("destination_create", READERS, (), {"name": "New"}),  # without a source and a kind in the address it asks for them
    ("destination", READERS, ("destination",), None),
    ("destination", "200 404 200 403 404 302", ("kiosk_destination",), None),
    ("destination_settings", READERS, ("destination",), None),
    ("destination_settings", WRITERS, ("destination",), SETTINGS),
    ("destination_settings", OF_KIOSK, ("kiosk_destination",), SETTINGS),
    ("message_list", READERS, ("slack_destination",), None),
    ("message_edit", TESTERS, ("slack_destination",), None),
    ("message_edit", WRITERS, ("slack_destination",), MESSAGE),
    ("message_edit", OF_KIOSK, ("kiosk_destination",), MESSAGE),
    ("message_remove", WRITERS, ("slack_destination",), {"event": "source.*"}),
    ("destination_test", TESTERS, ("destination",), {}),
    ("destination_rotate", TESTERS, ("destination",), {}),
    ("destination_enable", WRITERS, ("off_destination",), {}),
    ("destination_disable", WRITERS, ("destination",), {}),
    ("destination_pause", WRITERS, ("destination",), {}),
    ("destination_resume", WRITERS, ("paused_destination",), {}),
    ("destination_delete", WRITERS, ("destination",), {}),
    ("destination_delete", OF_KIOSK, ("kiosk_destination",), {}),
    ("attempt_list", READERS, ("destination",), None),
    ("attempt", READERS, ("destination", "attempt"), None),
    ("delivery_retry", WRITERS, ("destination",), {}),
    ("delivery_set_aside", WRITERS, ("refusing_destination",), {}),
    ("event_resend", WRITERS, ("destination", "first"), {}),
    ("filter_list", READERS, ("destination",), None),
    ("filter_list", READERS, ("destination",), {}),
    ("filter_create", TESTERS, ("destination",), None),
    ("filter_create", WRITERS, ("destination",), FILTER),
    ("filter_create", OF_KIOSK, ("kiosk_destination",), FILTER),
    ("filter_edit", READERS, ("destination", "filter"), None),
    ("filter_edit", WRITERS, ("destination", "filter"), FILTER),
    ("filter_disable", WRITERS, ("destination", "filter"), {}),
    ("filter_enable", WRITERS, ("destination", "filter_off"), {}),
    ("filter_delete", WRITERS, ("destination", "filter"), {}),
    ("destination_function", READERS, ("destination",), None),
    ("destination_function", "422 422 403 403 404 302", ("destination",), {"function": ""}),
    ("replay_list", READERS, ("destination",), None),
    ("replay_list", WRITERS, ("destination",), {"since": "2020-01-01T00:00"}),
    ("letters_replay", WRITERS, ("destination",), {}),
    ("replay_cancel", WRITERS, ("destination", "replay"), {}),
]


def destination_ids(cast):
    """The id of everything that can be in their paths; the inbox of the shop holds an event."""
    made = {
        "destination": make_destination(source=cast.shop, name="On"),
        "kiosk_destination": make_destination(source=cast.kiosk, name="Kiosk"),
        "slack_destination": make_destination(
            source=cast.shop,
            name="Slack",
            kind="slack",
            settings={"messages": [{"event": "source.*", "text": "{sentence}"}]},
            secrets=Secrets({"url": "https://127.0.0.1:9/"}).sealed(),
        ),
        "off_destination": make_destination(source=cast.shop, name="Off", is_enabled=False),
        "paused_destination": make_destination(source=cast.shop, name="Paused", paused_at="2026-11-24T10:00:00Z"),
        "refusing_destination": make_destination(source=cast.shop, name="Refusing"),
    }
    ids = {name: one.id for name, one in made.items()}
    where = {"workspace_id": cast.workspace.id, "destination_id": ids["destination"]}
    with in_workspace(cast.workspace.id):
        Delivery.objects.filter(destination_id=ids["destination"]).update(next_index=1)
        refusing = Delivery.objects.filter(destination_id=ids["refusing_destination"])
        refusing.update(next_index=0, last_outcome="refused", suspect_end=1)
        attempt = DeliveryAttempt.objects.create(
            **where, id=f"att_{cast.workspace.slug}", start=0, end=1, events=1, outcome="delivered"
        )
        replay = Replay.objects.create(**where, id=f"rpl_{cast.workspace.slug}", start=0, end=1, events=1)
        DeadLetter.objects.create(
            **where,
            index=0,
            received_at="2026-11-24T10:00:00Z",
            message_id="m",
            name="A",
            payload=b"{}",
            tries=2,
            code="422",
        )
        for name, is_enabled in (("filter", True), ("filter_off", False)):
            ids[name] = DestinationFilter.objects.create(
                **where,
                id=f"flt_{name}_{cast.workspace.slug}",
                source_id=cast.shop.id,
                title=name,
                condition="all",
                actions=[{"type": "DROP"}],
                is_enabled=is_enabled,
                revision=name,
            ).id
    return ids | {"attempt": attempt.id, "replay": replay.id}
