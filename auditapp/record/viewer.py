"""How much of the trail somebody may see. The value is built by `access`; this package only obeys it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person's or token's view of one workspace's trail.

    Without `sees_all`, the events of `scope_ids` and those whose actor is one of `own_actor_ids` are seen, no others.
    Without `sees_personal`, IP and e-mail of others' events are neither shown, searched, counted nor exported.
    """

    workspace_id: int
    sees_all: bool = False
    sees_personal: bool = False
    scope_ids: tuple[str, ...] = ()
    own_actor_ids: tuple[str, ...] = ()
