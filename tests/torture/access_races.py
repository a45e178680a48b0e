"""Two hundred requests at once that change who may do what, and a hundred roles given and taken with a look after each.

Real processes: gunicorn as the product starts it. In a round seven owners take each other's roles and remove each other, while those who
may not try to make themselves owners. The promises: there is always an owner, nobody who may not gains anything, every change that was
answered as done is an event and nothing else is, and a role that was given or taken holds on the next request, of whichever process.
The twin: a web that remembers rights for two seconds and does not look whether an owner is left.
"""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from django.test import override_settings

from auditapp.access.models import Grant, Member, User
from auditapp.record.workspace_scope import in_workspace
from tests.access.escalation_world import gains, owners_of, power
from tests.factories import PASSWORD, Cast, make_cast, make_grant, make_member, make_user
from tests.torture.main_job import HASHERS, TOKEN, Browser
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import Rig, installed

OWNERS: Final = 7
AT_ONCE: Final = 200
FOLLOWED: Final = 100
# What the trail says of a change that was answered as done.
DONE = "SELECT count(*) FROM event WHERE type IN ('user.role_revoked', 'user.removed')"
GIVEN = "SELECT count(*) FROM event WHERE type = 'user.role_granted'"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session, and the token that their forms carry."""

    user: User
    browser: Browser
    csrf: str

    def post(self, path: str, **fields: str) -> int:
        return self.browser.post(path, **fields, csrfmiddlewaretoken=self.csrf)


def run(plan: Plan) -> Outcome:
    """So many rounds of two hundred, then the roles one by one."""
    choice, outcome = random.Random(plan.seed), Outcome()
    with installed(writers=4) as rig, rig.in_django("app"), override_settings(PASSWORD_HASHERS=HASHERS):
        cast = make_cast()
        users = [cast.olga, *(make_user(name=f"Owner{number}") for number in range(1, OWNERS))]
        for user in users[1:]:
            make_member(workspace=cast.workspace, user=user)
        with rig.web("tests.torture.twins:remember" if plan.twin else "settings.wsgi") as (_, port):
            owners = [_signed_in(port, user) for user in users]
            others = [_signed_in(port, user) for user in (cast.milo, cast.rita, cast.mina)]
            left = gained = unrecorded = 0
            for _ in range(plan.events):
                _make_owners(cast, users)
                round_ = _round(rig, cast, owners, others, choice, outcome)
                left += round_[0]
                gained += round_[1]
                unrecorded += round_[2]
            _make_owners(cast, users)
            late = _followed(cast, owners[0], others[2])
        outcome.counts |= {"requests at once": AT_ONCE, "rounds": plan.events, "roles followed": FOLLOWED - late}
        outcome.promise("there is always an owner", left)
        outcome.promise("nobody gains what was not given", gained)
        outcome.promise("what was done is an event, and nothing else is", unrecorded)
        outcome.promise("a role holds on the next request", late)
        return outcome


def _signed_in(port: int, user: User) -> Person:
    browser = Browser(port)
    browser.submit("/accounts/login/", "/accounts/login/", login=user.email, password=PASSWORD)
    found = TOKEN.search(browser.get("/accounts/logout/"))
    assert found, user
    return Person(user, browser, found[1])


def _make_owners(cast: Cast, users: list[User]) -> None:
    """As it is before each round, whoever was removed meanwhile."""
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id__in=[one.id for one in users]).delete()
        for user in users:
            Member.objects.get_or_create(workspace_id=cast.workspace.id, user=user)
    for user in users:
        make_grant(workspace=cast.workspace, user=user, role="workspace_owner")


def _round(
    rig: Rig, cast: Cast, owners: list[Person], others: list[Person], choice: random.Random, outcome: Outcome
) -> tuple[int, int, int]:
    """Breaches: no owner left, somebody who gained, answers that the trail does not tell of."""
    before, told, given = power(cast.workspace.id), rig.ask(DONE)[0][0], rig.ask(GIVEN)[0][0]
    root = f"/{cast.workspace.slug}/settings/access"
    with in_workspace(cast.workspace.id):
        grants = dict(Grant.objects.filter(role_id="workspace_owner").values_list("subject_id", "id"))
    asked: list[tuple[Person, str, dict[str, str]]] = []
    for _ in range(AT_ONCE):
        if choice.random() < 0.3:
            person, whom = choice.choice(others), choice.choice([*others, *owners])
            asked.append((person, f"{root}/members/{whom.user.id}/roles/", {"role": "workspace_owner"}))
        else:
            person, whom = choice.sample(owners, 2)
            what = choice.choice([f"grants/{grants[whom.user.id]}/revoke", f"members/{whom.user.id}/remove"])
            asked.append((person, f"{root}/{what}/", {}))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(lambda one: one[0].post(one[1], **one[2]), asked))
    for status in statuses:
        outcome.counts[f"answers {status}"] = outcome.counts.get(f"answers {status}", 0) + 1
    done = sum(status == 302 and "roles" not in path for status, (_, path, _) in zip(statuses, asked, strict=True))
    wrong = abs(rig.ask(DONE)[0][0] - told - done) + rig.ask(GIVEN)[0][0] - given
    failed = sum(status >= 500 for status in statuses)
    return not owners_of(cast.workspace.id), len(gains(before, power(cast.workspace.id))), wrong + failed


def _followed(cast: Cast, owner: Person, member: Person) -> int:
    """How often the next request did not follow."""
    root, page = (
        f"/{cast.workspace.slug}/settings/access",
        f"/{cast.workspace.slug}/connections/sources/{cast.shop.id}/",
    )
    late = 0
    for number in range(FOLLOWED):
        if number % 2 == 0:
            status = owner.post(
                f"{root}/members/{member.user.id}/roles/",
                role="source_read_only",
                scope="listed",
                resource_ids=cast.shop.id,
            )
        else:
            with in_workspace(cast.workspace.id):
                given = Grant.objects.get(subject_id=member.user.id, role_id="source_read_only")
            status = owner.post(f"{root}/grants/{given.id}/revoke/")
        assert status == 302, status
        late += member.browser.status(page) != (200 if number % 2 == 0 else 403)
    return late
