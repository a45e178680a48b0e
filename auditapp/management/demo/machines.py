"""Access tokens of the demo and what is done with them: one that runs out soon, one that reads, one that leaked."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from auditapp.access import tokens
from auditapp.access.denials import record_refused_use
from auditapp.access.models import ApiToken
from auditapp.management.demo.days import Calendar
from auditapp.management.demo.doing import Step, token_acting
from auditapp.management.demo.people import ELIF, MAYA, OWNER
from auditapp.management.demo.scenes import World
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources import services as sources
from auditapp.sources import write_keys
from auditapp.sources.models import Source

TERRAFORM, REPORTS, DEPLOY = "Terraform", "Weekly report", "CI deploy"
OFFICE: Final = "198.51.100.0/24"
# Where each works, and what it says that it is.
HOSTS: Final = {
    TERRAFORM: ("198.51.100.40", "Terraform/1.13.4 terraform-provider-audit/2.1.0"),
    REPORTS: ("198.51.100.41", "python-httpx/0.28.1"),
    DEPLOY: ("192.0.2.15", "curl/8.15.0"),
}
STRANGER: Final = "203.0.113.240"
LASTS_ON: Final = timedelta(days=5, hours=6)
Act = Callable[[World], object]


def token_steps(days: Calendar) -> list[Step]:
    """In any order; whoever makes a token has joined by then in a history of forty days or more."""
    on, ago = days.on_day, days.ago
    leaked = ago(7, "08:33:40")
    return [
        Step(
            on(11, "10:38:26"),
            _make(TERRAFORM, ["source:read", "source:write"], networks=[OFFICE], expires_at=days.now + LASTS_ON),
            MAYA,
        ),
        Step(on(12, "14:09:47"), _make(DEPLOY, ["source:read", "source:write"]), ELIF),
        Step(on(13, "09:21:14"), _make(REPORTS, ["audit:read"]), ELIF),
        Step(on(14, "12:16:43"), _apply("Order service")),
        Step(on(14, "12:16:44"), _apply("Loyalty service")),
        Step(on(21, "14:02:18"), _apply("Checkout")),
        Step(on(28, "09:48:31"), _apply("Order service")),
        Step(ago(18, "11:05:57"), _apply("Checkout")),
        Step(ago(11, "13:37:20"), _apply("Order service")),
        Step(ago(11, "13:37:21"), _apply("Web shop")),
        Step(ago(4, "12:15:09"), _apply("Loyalty service")),
        *(Step(ago(number, "05:00:03"), _read) for number in (14, 7, 1)),
        *(Step(ago(number, time), _rotate) for number, time in ((16, "14:50:31"), (11, "13:22:54"))),
        Step(leaked, _revoke, OWNER, "It was printed in a build log, OPS-2219"),
        *(Step(leaked + timedelta(minutes=later), _refused) for later in (83.4, 83.7, 121.2)),
    ]


def _make(name: str, scopes: list[str], **limits: object) -> Act:
    def make(world: World) -> None:
        token, _ = tokens.create_token(name=name, scopes=scopes, **limits)  # type: ignore[arg-type]
        world.kept[name] = token.id

    return make


def _apply(name: str) -> Act:
    """The tier of a source, as the plan of the infrastructure has it, put on and taken off."""

    def apply(world: World) -> None:
        with token_acting(world, _token(world, TERRAFORM), *HOSTS[TERRAFORM]):
            source = Source.objects.get(workspace_id=world.workspace.id, id=world.source_ids[name])
            kept = [label for label in source.labels if not label.startswith("tier:")]
            labels = kept if "tier:gold" in source.labels else [*kept, "tier:gold"]
            sources.change_source(source_id=source.id, name=source.name, labels=labels)

    return apply


def _read(world: World) -> None:
    """Reading the trail by the API leaves no event, but the token tells when it was used."""
    tokens.note_use(_token(world, REPORTS), HOSTS[REPORTS][0])


def _rotate(world: World) -> None:
    with token_acting(world, _token(world, DEPLOY), *HOSTS[DEPLOY]):
        write_keys.rotate_write_key(source_id=world.source_ids["Staging web"])


def _revoke(world: World) -> None:
    tokens.revoke_token(token_id=world.kept[DEPLOY])


def _refused(world: World) -> None:
    """Whoever found it tries it from elsewhere, too late."""
    token, scope = _token(world, DEPLOY), "source:write"
    held = tokens.access_for(token, scope)
    refusal = tokens.why_refused(token, scope, held, STRANGER)
    assert refusal is not None
    context = {"token_id": token.id, "ip": STRANGER, "user_agent": HOSTS[DEPLOY][1]}
    record_refused_use(refusal, token, scope, world.workspace, context)


def _token(world: World, name: str) -> ApiToken:
    with in_workspace(world.workspace.id):
        return ApiToken.objects.get(workspace_id=world.workspace.id, id=world.kept[name])
