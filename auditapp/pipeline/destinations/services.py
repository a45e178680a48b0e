"""What is done to destinations. Each is one transaction with its event in it; secrets are sealed before they are stored."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Literal

from django.db import IntegrityError, transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.catalogue.declaring import WITHHELD
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.ids import new_id
from auditapp.lib.webhook_signature import new_secret
from auditapp.pipeline.delivery.positions import forget_delivery, open_delivery, skip_to_now, wake_delivery
from auditapp.pipeline.destinations.attached import delete_attached
from auditapp.pipeline.destinations.kind import Kind
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for, destinations_of
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.destinations.setup import (
    Secrets,
    SigningSecret,
    checked_form,
    checked_settings,
    made_up,
    secrets_of,
)
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import Source

OVERLAP: Final = timedelta(hours=24)
MAX_OF_SOURCE: Final = 100
MAX_NAME: Final = 100
Start = Literal["continue", "now"]


class AlreadySo(Conflict):
    """The destination is in this state already. Somebody may have been faster; reload the page."""


class NotTested(Conflict):
    """No test event has arrived under these settings yet. Send one, then turn the destination on."""


class NothingToRotate(Conflict):
    """This kind of destination signs nothing."""


class NameTaken(Invalid):
    """Another destination has this name."""

    def __init__(self) -> None:
        super().__init__(field="name", code="taken")


@transaction.atomic
def create_destination(
    *, source_id: str, kind: str, name: str, settings: Mapping[str, Any], form: str = "segment"
) -> tuple[Destination, str]:
    """Make a destination of a source; it is off until a test event has arrived.

    Gives:   the destination, and its signing secret, "" where its kind signs nothing: to be shown this once
    Raises:  NotFound, Denied, Invalid
    Writes:  Destination, Delivery; destination.created
    """
    source = source_to_change(source_id)
    of_kind = destination_kind(kind)
    if destinations_of(source).count() >= MAX_OF_SOURCE:
        raise Conflict(f"A source has at most {MAX_OF_SOURCE} destinations.")
    values, secrets = checked_settings(of_kind, settings)
    signing = (SigningSecret(new_secret()),) if of_kind.signs else ()
    destination = Destination(
        workspace_id=source.workspace_id,
        id=new_id("dst"),
        source_id=source.id,
        kind=kind,
        name=free_name(source.workspace_id, name),
        form=checked_form(of_kind, form),
        settings=values,
        created_at=clock.now(),
    )
    _keep(destination, of_kind, Secrets(secrets, signing))
    save_destination(destination, force_insert=True)
    open_delivery(destination)
    told = {**_told(destination), "kind": kind}
    changes = [*changed({}, told), *(Change(f"settings.{one}", new=WITHHELD) for one in sorted(secrets))]
    record("destination.created", target=[destination, source], meta={"kind": of_kind.name}, changes=changes)
    return destination, signing[0].secret if signing else ""


@transaction.atomic
def change_destination(
    *, destination_id: str, name: str, settings: Mapping[str, Any], form: str = "segment"
) -> Destination:
    """Change how a destination is called and reached. What it sends from now on is rendered anew, and tried at once.

    Takes:   settings, where a secret that is "" or missing stays, and one that is None goes
    Raises:  NotFound, Denied, Invalid
    Writes:  Destination, Delivery; destination.modified, unless nothing differs
    """
    destination = destination_to_change(destination_id)
    kind = destination_kind(destination.kind)
    before, secrets = _told(destination), secrets_of(destination)
    destination.name = free_name(destination.workspace_id, name, but=destination_id)
    destination.form = checked_form(kind, form)
    destination.settings, values = checked_settings(kind, settings, secrets.values)
    changes = changed(before, _told(destination))
    changes += [
        Change(f"settings.{one}", WITHHELD, WITHHELD)
        for one in sorted({*values, *secrets.values})
        if values.get(one) != secrets.values.get(one)
    ]
    if not changes:
        return destination
    # Its name too: an event's `integrations` may go by it.
    destination.version += 1
    if any(change.path != "name" for change in changes):
        destination.tested_at = None
    _keep(destination, kind, replace(secrets, values=values))
    save_destination(destination)
    wake_delivery(destination)
    record("destination.modified", target=destination, changes=changes)
    return destination


@transaction.atomic
def enable_destination(*, destination_id: str, start: Start = "continue") -> Destination:
    """Let events go to a destination.

    Takes:   start, from where it stopped, or from the next event that comes in
    Raises:  NotFound, Denied, AlreadySo, NotTested
    Writes:  Destination, Delivery; destination.enabled
    """
    destination = destination_to_change(destination_id)
    if destination.is_enabled:
        raise AlreadySo
    if destination.tested_at is None:
        raise NotTested
    destination.is_enabled = True
    destination.save(update_fields=["is_enabled"])
    skipped = skip_to_now(destination) if start == "now" else 0
    wake_delivery(destination)
    meta = {"events_skipped": skipped} if skipped else {}
    record("destination.enabled", target=destination, meta=meta, changes=[Change("enabled", False, True)])
    return destination


@transaction.atomic
def disable_destination(*, destination_id: str) -> Destination:
    """Stop a destination; its place in the inbox stays.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Destination; destination.disabled
    """
    destination = destination_to_change(destination_id)
    if not destination.is_enabled:
        raise AlreadySo
    destination.is_enabled = False
    destination.save(update_fields=["is_enabled"])
    record("destination.disabled", target=destination, changes=[Change("enabled", True, False)])
    return destination


@transaction.atomic
def pause_destination(*, destination_id: str, reason: str = "") -> Destination:
    """Hold what goes to a destination for a while; its place in the inbox stays.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Destination; destination.paused
    """
    destination = destination_to_change(destination_id)
    if destination.paused_at:
        raise AlreadySo
    destination.paused_at, destination.pause_reason = clock.now(), reason.strip()[:200]
    destination.save(update_fields=["paused_at", "pause_reason"])
    meta = {"reason": destination.pause_reason} if destination.pause_reason else {}
    record("destination.paused", target=destination, meta=meta, changes=[Change("paused", False, True)])
    return destination


@transaction.atomic
def resume_destination(*, destination_id: str) -> Destination:
    """Go on where a destination was paused, at once.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Destination, Delivery; destination.resumed
    """
    destination = destination_to_change(destination_id)
    if not destination.paused_at:
        raise AlreadySo
    destination.paused_at, destination.pause_reason = None, ""
    destination.save(update_fields=["paused_at", "pause_reason"])
    wake_delivery(destination)
    record("destination.resumed", target=destination, changes=[Change("paused", True, False)])
    return destination


@transaction.atomic
def rotate_signing_secret(*, destination_id: str) -> tuple[Destination, str]:
    """Give a destination a new secret to sign with; the one before signs as well for another 24 hours.

    Gives:   the destination and the new secret: to be shown this once
    Raises:  NotFound, Denied, NothingToRotate
    Writes:  Destination; destination.secret_rotated
    """
    destination = destination_to_change(destination_id)
    kind = destination_kind(destination.kind)
    if not kind.signs:
        raise NothingToRotate
    secrets, made = secrets_of(destination), SigningSecret(new_secret())
    until = clock.now() + OVERLAP
    # One that ended its day already, or is older than the last, does not come back by a second rotation.
    before = [replace(one, until=min(one.until or until, until)) for one in secrets.signing[:1]]
    destination.secrets = replace(secrets, signing=(made, *before)).sealed()
    destination.save(update_fields=["secrets"])
    record(
        "destination.secret_rotated",
        target=destination,
        meta={"overlap_hours": OVERLAP // timedelta(hours=1)},
        changes=[Change("signing_secret", WITHHELD, WITHHELD)],
    )
    return destination, made.secret


@transaction.atomic
def delete_destination(*, destination_id: str) -> None:
    """Delete a destination with its filters, secrets, attempts and dead letters. What it was sent is not touched.

    Raises:  NotFound, Denied
    Writes:  Destination, Delivery and all that hangs on it; destination.deleted
    """
    _delete(destination_to_change(destination_id))


def delete_destinations_of(source: Source) -> None:
    """Delete the destinations of a source that is being deleted, in that transaction.

    Writes:  Destination, Delivery and all that hangs on it; destination.deleted for each
    """
    for destination in destinations_of(source).select_for_update():
        _delete(destination)


def destination_to_change(destination_id: str) -> Destination:
    """The destination, locked, where whoever acts may change it.

    Raises:  NotFound, Denied
    """
    access = acting_access()
    destination = destination_for(access, destination_id)
    source = Source.objects.get(workspace_id=access.workspace_id, id=destination.source_id)
    access.require(Permission.SOURCE_WRITE, source)
    return Destination.objects.select_for_update().get(workspace_id=access.workspace_id, id=destination_id)


def whole_of_destination(destination: Destination) -> dict[str, Any]:
    """All that events tell of a destination, which is what one that was deleted comes back with."""
    return {
        **_told(destination),
        "kind": destination.kind,
        "enabled": destination.is_enabled,
        "paused": destination.paused_at is not None,
    }


def _delete(destination: Destination) -> None:
    source = Source.objects.get(workspace_id=destination.workspace_id, id=destination.source_id)
    delete_attached(destination)
    record("destination.deleted", target=[destination, source], changes=changed(whole_of_destination(destination), {}))
    forget_delivery(destination)
    destination.delete()


def _keep(destination: Destination, kind: Kind, secrets: Secrets) -> None:
    """Seal the secrets into the destination, once the kind has looked at the whole.

    Raises:  Invalid
    """
    kind.check(made_up(destination, secrets))
    destination.secrets = secrets.sealed()


def _told(destination: Destination) -> dict[str, Any]:
    """What events tell of a destination: never its secrets."""
    return {"name": destination.name, "format": destination.form, "settings": dict(destination.settings)}


def free_name(workspace_id: int, name: str, *, but: str = "") -> str:
    """The name, where it is one and no other destination has it.

    Raises:  Invalid, NameTaken
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise Invalid(f"Give the destination a name of at most {MAX_NAME} characters.", field="name", code="required")
    if Destination.objects.filter(workspace_id=workspace_id, name__iexact=name).exclude(id=but).exists():
        raise NameTaken
    return name


def save_destination(destination: Destination, **how: Any) -> None:
    """Save it, also where two give a name at once.

    Raises:  NameTaken
    """
    try:
        with transaction.atomic():
            destination.save(**how)
    except IntegrityError:  # somebody took the name between the look and the write
        raise NameTaken from None
