"""Event types of Audiences and Computed Traits: definitions, the runs that compute them, the syncs that send them.

A run or a sync is retried; each failed attempt is an event and so is the attempt that recovered.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, TaskAttempt, reason
from auditapp.catalogue.types import EventType

_audience = partial(declaring.declare, area="audiences")
_trait = partial(declaring.declare, area="computed_traits")

_AUDIENCE = Target("audience", "aud_2bGq8VsNiZ5tEk0XoWf7Lm", "Lapsed hikers")
_TRAIT = Target("computed_trait", "tra_6jCy3HpUxA9dRv4KwTg1Se", "Lifetime value")
_DESTINATION = Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze")
_SPACE = Target("space", "spa_4nOi7QaBmF1yJl8ZeUr5Hc", "Production")

_AUDIENCES = (
    _audience("audience.created", "Audience Created", "created {resource}[ in {target.1}]", _AUDIENCE, _SPACE),
    _audience(
        "audience.modified",
        "Audience Modified",
        "changed {resource}",
        _AUDIENCE,
        Change("definition", "Definition", "no order for 90 days", "no order for 120 days"),
    ),
    _audience("audience.deleted", "Audience Deleted", "deleted {resource}[ from {target.1}]", _AUDIENCE, _SPACE),
    _audience(
        "audience.csv_downloaded",
        "Audience CSV Downloaded",
        "downloaded {resource} as CSV",
        _AUDIENCE,
        Meta("profiles", "Profiles", 18_204),
    ),
    _audience(
        "audience.preview_created",
        "Audience Preview Created",
        "previewed {resource}",
        _AUDIENCE,
        Meta("profiles", "Profiles", 17_950),
        like="viewed",
    ),
    _audience(
        "audience.run_forced",
        "Audience Run Forced",
        "started a run of {resource} by hand",
        _AUDIENCE,
        like="started",
    ),
    _audience(
        "audience.run_completed",
        "Audience Run Complete",
        "completed run of {resource}",
        _AUDIENCE,
        Meta("profiles", "Profiles", 18_204),
        aliases=("Audience Compute Run",),
    ),
    _audience(
        "audience.run_failed",
        "Audience Run Failed",
        "failed to run {resource}[ on attempt {meta.attempt}]",
        _AUDIENCE,
        TaskAttempt(2),
        reason("The compute service did not answer within 10 min"),
    ),
    _audience(
        "audience.run_recovered",
        "Audience Run Recovered",
        "recovered run of {resource}[ on attempt {meta.attempt}]",
        _AUDIENCE,
        TaskAttempt(3),
    ),
    _audience(
        "audience.destination_sync_failed",
        "Audience Destination Sync Failed",
        "failed to sync {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _AUDIENCE,
        _DESTINATION,
        TaskAttempt(2),
        reason("429 Too Many Requests"),
    ),
    _audience(
        "audience.destination_sync_recovered",
        "Audience Destination Sync Recovered",
        "recovered sync of {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _AUDIENCE,
        _DESTINATION,
        TaskAttempt(3),
    ),
    _audience(
        "audience.activation_created",
        "Activation Created",
        "activated {resource}[ in {target.1}]",
        _AUDIENCE,
        _DESTINATION,
        Meta("trigger", "Trigger", "profile enters the audience"),
    ),
    _audience(
        "audience.destination_added",
        "Destination Added into Audience",
        "added {target.1} to {resource}",
        _AUDIENCE,
        _DESTINATION,
    ),
    _audience(
        "audience.destination_updated",
        "Destination Updated for Audience",
        "changed {target.1} of {resource}",
        _AUDIENCE,
        _DESTINATION,
        Change("settings.identifier", "Identifier", "email", "external_id"),
    ),
    _audience(
        "audience.destination_removed",
        "Destination Removed from Audience",
        "removed {target.1} from {resource}",
        _AUDIENCE,
        _DESTINATION,
        revertible=True,
    ),
    _audience(
        "audience.destinations_listed",
        "Destinations Listed from Audience",
        "listed destinations of {resource}",
        _AUDIENCE,
    ),
    _audience(
        "audience.supported_destinations_listed",
        "Supported Destinations Listed For Audience",
        "listed destinations that {resource} supports",
        _AUDIENCE,
    ),
)

_TRAITS = (
    _trait("computed_trait.created", "Computed Trait Created", "created {resource}[ in {target.1}]", _TRAIT, _SPACE),
    _trait(
        "computed_trait.modified",
        "Computed Trait Modified",
        "changed {resource}",
        _TRAIT,
        Change("definition", "Definition", "sum of total, 12 months", "sum of total, all time"),
    ),
    _trait("computed_trait.deleted", "Computed Trait Deleted", "deleted {resource}[ from {target.1}]", _TRAIT, _SPACE),
    _trait(
        "computed_trait.csv_downloaded",
        "Computed Trait CSV Downloaded",
        "downloaded {resource} as CSV",
        _TRAIT,
        Meta("profiles", "Profiles", 240_118),
    ),
    _trait(
        "computed_trait.run_failed",
        "Computed Trait Run Failed",
        "failed to run {resource}[ on attempt {meta.attempt}]",
        _TRAIT,
        TaskAttempt(5),
        reason("The compute service did not answer within 10 min"),
    ),
    _trait(
        "computed_trait.run_recovered",
        "Computed Trait Run Recovered",
        "recovered run of {resource}[ on attempt {meta.attempt}]",
        _TRAIT,
        TaskAttempt(4),
    ),
    _trait(
        "computed_trait.destination_sync_failed",
        "Computed Trait Destination Sync Failed",
        "failed to sync {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _TRAIT,
        _DESTINATION,
        TaskAttempt(2),
        reason("503 Service Unavailable"),
    ),
    _trait(
        "computed_trait.destination_sync_recovered",
        "Computed Trait Destination Sync Recovered",
        "recovered sync of {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _TRAIT,
        _DESTINATION,
        TaskAttempt(3),
    ),
)

TYPES: tuple[EventType, ...] = (*_AUDIENCES, *_TRAITS)
