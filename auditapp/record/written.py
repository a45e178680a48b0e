"""Who else has to know of events that are written, in the same transaction: packages above say so here, since imports only go down."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from auditapp.record.drafts import EventDraft

Follower: TypeAlias = Callable[[Sequence[EventDraft]], None]
_followers: list[Follower] = []


def follow_writing(follower: Follower) -> None:
    """Have this called with all events that are written together. It must be quick: it is in everybody's way."""
    if follower not in _followers:
        _followers.append(follower)


def tell_followers(drafts: Sequence[EventDraft]) -> None:
    """Called by the writer."""
    for follower in _followers:
        follower(drafts)
