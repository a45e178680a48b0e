"""Fills the workspace `demo` with ninety days of work, day by day under a moved clock."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from operator import attrgetter, itemgetter
from random import Random
from typing import Any, Final

from django.core import mail

from auditapp.access import labels, members, tokens, workspaces
from auditapp.access.models import Scope, User, Workspace
from auditapp.access.role_queries import roles_in
from auditapp.alerts.bell import mark_bell_read
from auditapp.ingest.services import accept_events
from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.management.demo import plans, scenes
from auditapp.management.demo.access_story import OLD_NAME, access_steps
from auditapp.management.demo.days import Calendar
from auditapp.management.demo.doing import Step, person_acting, tell, token_acting
from auditapp.management.demo.elsewhere import own_target, posted_event
from auditapp.management.demo.flow import seal_history, set_up_forwarding
from auditapp.management.demo.machines import token_steps
from auditapp.management.demo.mails import forget_mails, secret_in
from auditapp.management.demo.people import LABELS, OWNER, PEOPLE, SOURCES, SPACES, WAREHOUSES, Person
from auditapp.management.demo.ringing import make_rules, ring
from auditapp.management.demo.scenes import SCENES, World
from auditapp.management.demo.support_story import support_steps
from auditapp.management.demo.tried import every_attempt, latest_tasks
from auditapp.pipeline.warehouses import services as warehouses
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources import services as sources
from auditapp.spaces.services import create_space

SLUG: Final = "demo"
DAYS: Final = 90
SEED: Final = 2026
EVENTS_A_WORKDAY: Final = (66, 96)
EVENTS_A_WEEKEND: Final = (8, 20)
WORK_STARTS: Final = 7
TAKES_TO_ACCEPT: Final = timedelta(minutes=5)
WORK_HOURS: Final = 11
FEW: Final = 4
# The share of what people do here; the rest is told by other systems.
BY_HAND: Final = 0.24
# The story begins with days from the start and ends with days back from today, which must not meet.
DAYS_OF_STORY: Final = 40
# When the owner sets up forwarding on the day before.
FORWARDS_AT: Final = "14:06:12"
# From where other systems report, and by what.
REPORTER: Final = ("198.51.100.9", "halden-audit-relay/1.4")


def fill_demo(*, password: str, days: int = DAYS, told: Callable[[str], object] = lambda text: None) -> Workspace:
    """Make the workspace, its people, their history up to this moment, and what alerts fired for in it.

    Takes:   password, of all people of the demo; told, called with the progress
    Writes:  about 55 events a day on average, in order of time
    """
    random = Random(SEED)  # noqa: S311  a demo's chance, the same each time
    start = (clock.now() - timedelta(days=days)).replace(hour=WORK_STARTS, minute=0, second=0, microsecond=0)
    with clock.at(start):
        owner = User.objects.create_user(OWNER.email, password, name=OWNER.name)
        workspace = workspaces.create_workspace(slug=SLUG, name=OLD_NAME, owner=owner, time_zone="Europe/Oslo")
    world = World(random, workspace, {OWNER.email: owner})
    _furnish(world, start)
    story = _story(start, clock.now(), password)
    for day in range(days + 1):
        morning = start + timedelta(days=day)
        _people_join(world, start, day, password)
        _one_day(world, morning, [step for step in story if step.at.date() == morning.date()])
        if day % 30 == 0:
            told(f"day {day} of {days}")
    post(world, latest_tasks(clock.now()))
    plans.send_events(world)
    ring(world.workspace)
    seal_history()
    set_up_forwarding(_sitting(world, OWNER, Calendar(start, clock.now()).ago(1, FORWARDS_AT)))
    with person_acting(world, OWNER, clock.now()):
        mark_bell_read(up_to=clock.now() - timedelta(days=9))
    mail.outbox.clear()
    forget_mails()
    return world.workspace


def _furnish(world: World, start: datetime) -> None:
    """Sources, warehouses, a tracking plan and the token by which other systems report."""
    for number, (name, carried) in enumerate(SOURCES.items()):
        with person_acting(world, OWNER, start + timedelta(minutes=3 + number)):
            if number == 0:  # within the same request, as below
                _make_labels()
            world.source_ids[name] = sources.create_source(name=name, labels=carried).id
    for number, (name, host) in enumerate(WAREHOUSES.items()):
        with person_acting(world, OWNER, start + timedelta(minutes=20 + number)):
            made = warehouses.create_warehouse(
                name=name,
                connection=Connection(host, 5432, "analytics", "loader"),
                password=f"demo-{world.random.getrandbits(40)}",
                source_ids=list(world.source_ids.values())[:3],
            )
        world.warehouse_ids[name] = made.id
    for number, (name, marks) in enumerate(SPACES.items()):
        with person_acting(world, OWNER, start + timedelta(minutes=23, seconds=19 * number)):
            space_id = own_target("space", "spa", name)["id"]
            world.space_ids[name] = create_space(name=name, space_id=space_id, labels=marks).id
    with person_acting(world, OWNER, start + timedelta(minutes=26)):
        plans.make_plan(world)
    with person_acting(world, OWNER, start + timedelta(minutes=30)):
        tokens.create_token(name="Product systems", scopes=["audit:write"])
        scenes.offer_reasons(world)
        # Within the same request: another one would draw from the demo's chance, and all that follows would be other.
        make_rules(world.users[OWNER.email].id)


def _make_labels() -> None:
    for label, description in LABELS.items():
        key, _, value = label.partition(":")
        labels.create_label(key=key, value=value, description=description)


def _people_join(world: World, start: datetime, day: int, password: str) -> None:
    for number, person in enumerate(PEOPLE):
        at = start + timedelta(days=day, minutes=35 + 7 * number)
        # The last day may not have come so far.
        if person.joined_on == day and person is not OWNER and at + TAKES_TO_ACCEPT <= clock.now():
            _invite(world, person, at, password)


def _invite(world: World, person: Person, at: datetime, password: str) -> None:
    with person_acting(world, OWNER, at):
        role = roles_in(world.workspace.id).filter(key=world.role_keys.get(person.role, person.role)).first()
        if role is None:  # in a history that is too short for the story, which makes it
            return
        scope = Scope.LISTED if person.over else Scope.LABELLED if person.labels else Scope(role.scopes[0])
        reach = {"resource_ids": world.ids_of(person.over), "labels": person.labels}
        members.invite_member(email=person.email, role_key=role.key, scope=scope, **reach)
    secret = secret_in(mail.outbox.pop())
    with clock.at(at + TAKES_TO_ACCEPT):
        world.users[person.email], _ = members.accept_invitation(
            secret=secret, user=None, name=person.name, password=password, context={"ip": person.ip}
        )


def _one_day(world: World, morning: datetime, story: Sequence[Step]) -> None:
    """What the people do, between them what happens in the story, and in the evening what other systems report.

    Takes:   story, in order of time
    """
    random = world.random
    # The first day has the furnishing already.
    is_busy = morning.weekday() < 5 and len(world.users) > FEW
    count = random.randint(*(EVENTS_A_WORKDAY if is_busy else EVENTS_A_WEEKEND))
    moments = [morning + timedelta(hours=1.2, seconds=random.triangular(0, WORK_HOURS * 3600)) for _ in range(count)]
    posted: list[dict[str, Any]] = []
    by_time = sorted([*((at, None) for at in moments), *((step.at, step) for step in story)], key=itemgetter(0))
    for at, step in by_time:
        if at > clock.now():
            break
        if step is not None:
            tell(world, step)
        elif random.random() < BY_HAND:
            act(world, at)
        else:
            posted += every_attempt(posted_event(random, at, people_of(world)))
    if posted:
        post(world, sorted(posted, key=itemgetter("occurredAt")))


def _story(start: datetime, now: datetime, password: str) -> list[Step]:
    """What happens once, in order of time; nothing where the history is too short for it."""
    if now.date() - start.date() < timedelta(days=DAYS_OF_STORY):
        return []
    days = Calendar(start, now)
    steps = [*access_steps(days), *token_steps(days), *support_steps(days, password)]
    return sorted((step for step in steps if step.at <= now), key=attrgetter("at"))


def _sitting(world: World, person: Person, at: datetime) -> Callable[[int], AbstractContextManager[None]]:
    """Requests of a person one after the other: each is opened so many seconds after the one before."""
    passed = timedelta(0)

    def request(seconds: int) -> AbstractContextManager[None]:
        nonlocal passed
        passed += timedelta(seconds=seconds, milliseconds=317)
        return person_acting(world, person, at + passed)

    return request


def people_of(world: World) -> list[dict[str, str]]:
    """Who may have done what other systems report."""
    known = [(person, world.users.get(person.email)) for person in PEOPLE]
    return [
        {"id": user.id, "name": person.name, "email": person.email, "ip": person.ip}
        for person, user in known
        if user is not None and person.role == "workspace_owner"
    ]


def act(world: World, at: datetime) -> None:
    """Somebody does something; what the role does not allow or the state does not fit is left out."""
    present = [person for person in PEOPLE if person.email in world.users]
    person = world.random.choices(present, [one.weight for one in present])[0]
    scene = world.random.choices(list(SCENES), list(SCENES.values()))[0]
    is_signed_in = world.is_signed_in(person, at)
    if scene is scenes.sign_out and not is_signed_in:
        return
    if not is_signed_in:
        # Whatever is done begins with a sign-in, and is found by its session.
        world.begin_session(person, at)
        scene = scene if scene is scenes.sign_in_with_a_wrong_password else scenes.sign_in
    try:
        with person_acting(world, person, at, reason=scenes.reason_for(scene, at)):
            scene(world, person)
    except AppError:
        return
    if scene in (scenes.sign_out, scenes.sign_in_with_a_wrong_password):
        world.session_days.pop(person.email, None)


def post(world: World, events: list[dict[str, Any]]) -> None:
    """Events of other systems, as POST /api/audit-events takes them, sent by their token at the end of the day."""
    with in_workspace(world.workspace.id):
        token = world.reporting_token()
    sent_at = min(clock.now(), clock.parse_utc(events[-1]["occurredAt"]) + timedelta(minutes=1))
    with clock.at(sent_at), token_acting(world, token, *REPORTER):
        for answer in accept_events(events):
            if answer.error is not None:
                raise answer.error
