"""Requests of the demo at moments of the past: of a person, of a token, and of support in a person's name.

What is done in them is in scenes.py and in the files of the story.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from auditapp.access.models import ApiToken
from auditapp.access.support_models import SupportAccess
from auditapp.access.tokens import note_use
from auditapp.lib import clock
from auditapp.management.demo import scenes
from auditapp.management.demo.people import AGENTS, Person
from auditapp.management.demo.scenes import World
from auditapp.record.acting import acting
from auditapp.record.workspace_scope import in_workspace

SITS_DOWN: Final = timedelta(minutes=4, seconds=11)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens once. `by` is who does it, within one request; without anybody it makes its requests itself."""

    at: datetime
    do: Callable[[World], object]
    by: Person | None = None
    reason: str = ""


def tell(world: World, step: Step) -> None:
    """Have it happen, after whoever does it has signed in.

    Raises:  AppError, where it does not fit what happened so far
    """
    if step.by is None:
        with clock.at(step.at):
            step.do(world)
        return
    arrive(world, step.by, step.at - SITS_DOWN)
    with person_acting(world, step.by, step.at, reason=step.reason):
        step.do(world)


def arrive(world: World, person: Person, at: datetime) -> None:
    """Sign in, where the person is not."""
    if not world.is_signed_in(person, at):
        world.begin_session(person, at)
        with person_acting(world, person, at):
            scenes.sign_in(world, person)


@contextmanager
def person_acting(world: World, person: Person, at: datetime, *, reason: str = "") -> Iterator[None]:
    """One request of a person at a moment of the past."""
    context = context_of(world, person) | {"session_id": world.sessions.get(person.email), "reason": reason}
    actor = world.users[person.email].audit_actor
    with clock.at(at), in_workspace(world.workspace.id), acting(world.workspace.id, actor, **context):
        yield


@contextmanager
def token_acting(world: World, token: ApiToken, address: str, agent: str) -> Iterator[None]:
    """One request with a token now, as the API takes it."""
    note_use(token, address)
    context: dict[str, Any] = {
        "token_id": token.id,
        "ip": address,
        "user_agent": agent,
        "request_id": _request_id(world),
    }
    with in_workspace(world.workspace.id), acting(world.workspace.id, token.audit_actor, **context):
        yield


@contextmanager
def support_acting(world: World, support: SupportAccess, person: Person) -> Iterator[None]:
    """One request now of somebody who is there as support."""
    context = context_of(world, person) | {"support_id": support.id}
    with in_workspace(world.workspace.id), acting(world.workspace.id, support.audit_actor, **context):
        yield


def context_of(world: World, person: Person) -> dict[str, Any]:
    """What a request of theirs says of itself."""
    agent = AGENTS[len(person.name) % len(AGENTS)]
    return {"ip": person.ip, "user_agent": agent, "request_id": _request_id(world)}


def _request_id(world: World) -> str:
    return f"req_{world.random.getrandbits(64):016x}"
