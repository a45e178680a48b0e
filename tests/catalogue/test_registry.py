"""The catalogue as a whole: every type is well formed, reads well from its sample, and is found."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from auditapp.catalogue import registry
from auditapp.catalogue.registry import AREAS, EVENT_TYPES, CatalogueFault
from auditapp.catalogue.sentence import plain_sentence, sentence_parts
from auditapp.catalogue.types import Area, EventType, Risk, Sensitivity, Verb

AREA_NAMES = [
    "Sources",
    "Functions",
    "Warehouses",
    "Destinations",
    "Storage",
    "Consent Management",
    "Tracking Plans",
    "Destination Filters",
    "Transformations",
    "Audiences",
    "Computed Traits",
    "Engage Warehouse Sources",
    "Profiles Sync",
    "Spaces",
    "Users",
    "Journeys",
    "Broadcasts",
    "Workspace",
]

AREA_ICONS = [
    "source",
    "function",
    "warehouse",
    "destination",
    "storage",
    "consent",
    "tracking-plan",
    "funnel",
    "shuffle",
    "audience",
    "trait",
    "warehouse-out",
    "profile-sync",
    "space",
    "user",
    "journey",
    "broadcast",
    "workspace",
]

# What services of this project record by key; a type that goes missing here breaks them.
RECORDED_KEYS = [
    "source.created",
    "source.enabled",
    "source.disabled",
    "source.modified",
    "source.deleted",
    "source.write_key_rotated",
    "warehouse.created",
    "warehouse.enabled",
    "warehouse.disabled",
    "warehouse.modified",
    "warehouse.deleted",
    "user.signed_in",
    "user.sign_in_failed",
    "user.sign_in_throttled",
    "user.signed_out",
    "user.password_changed",
    "user.invited",
    "user.invite_accepted",
    "user.invite_deleted",
    "user.removed",
    "user.role_granted",
    "user.role_revoked",
    "user.access_denied",
    "user_group.created",
    "user_group.updated",
    "user_group.deleted",
    "user_group.member_added",
    "user_group.member_removed",
    "workspace.created",
    "workspace.settings_modified",
    "workspace.access_token_created",
    "workspace.access_token_revoked",
    "audit_trail.viewed",
    "audit_trail.exported",
    "audit_trail.imported",
    "audit_trail.verified",
    "event_type.declared",
    "event_type.removed",
    "personal_data.erased",
    "label.created",
    "label.deleted",
]

NODE_ICONS = {
    "bell",
    "bolt",
    "bookmark",
    "calendar",
    "check",
    "download",
    "eye",
    "eye-off",
    "inbox",
    "key",
    "link",
    "lock",
    "minus",
    "pause",
    "pencil",
    "play",
    "plus",
    "power",
    "publish",
    "replay",
    "retry",
    "seal",
    "seal-broken",
    "sign-out",
    "stop",
    "trash",
    "undo",
    "user",
    "warning",
    "x",
}

PAST_IRREGULAR = {"found", "left", "made", "read", "sent", "set"}


def every_type(check: Callable[[EventType], None]) -> Callable[[], None]:
    """One test that walks the catalogue: a test per type and rule would be thousands, and seconds."""

    def walk() -> None:
        for declared in EVENT_TYPES.values():
            try:
                check(declared)
            except AssertionError as error:
                error.add_note(f"The type at fault is {declared.key}.")
                raise

    return walk


def sample_sentence(declared: EventType) -> str:
    sample = declared.sample
    return plain_sentence(
        sentence_parts(declared.sentence, targets=sample["targets"], meta=sample["meta"], changes=sample["changes"])
    )


def in_past_tense(word: str) -> bool:
    return re.fullmatch(r"[a-z]+ed", word) is not None or word in PAST_IRREGULAR


def test_areas_are_the_eighteen_in_order() -> None:
    assert [area.name for area in AREAS] == AREA_NAMES


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.key)
def test_every_area_has_types_and_is_found_by_key(area: Area) -> None:
    assert registry.types_of(area.key)
    assert registry.area(area.key) is area


def test_areas_have_their_icons() -> None:
    assert [area.icon for area in AREAS] == AREA_ICONS


def test_types_come_in_the_order_of_their_areas() -> None:
    keys = [area.key for area in AREAS]
    places = [keys.index(declared.area) for declared in EVENT_TYPES.values()]
    assert places == sorted(places)
    assert [declared for area in AREAS for declared in registry.types_of(area.key)] == list(EVENT_TYPES.values())


@pytest.mark.parametrize("key", RECORDED_KEYS)
def test_a_recorded_key_is_declared(key: str) -> None:
    declared = registry.event_type(key)
    assert declared is not None
    assert declared.key == key


@every_type
def test_key_is_noun_and_verb(declared: EventType) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", declared.key)
    action = declared.key.partition(".")[2].split("_")
    assert in_past_tense(action[0]) or in_past_tense(action[-1])


@every_type
def test_type_is_found_by_every_name(declared: EventType) -> None:
    for name in (declared.name, *declared.aliases):
        assert registry.by_name(name) is declared
    assert registry.by_name(declared.name.upper()) is declared


@every_type
def test_sample_fills_the_whole_sentence(declared: EventType) -> None:
    text = sample_sentence(declared)
    assert not re.search(r"[{}\[\]]", text)
    assert "(not stated)" not in text
    assert "(withheld)" not in text
    assert "something" not in text
    assert "  " not in text
    assert text == text.strip()


@every_type
def test_no_clause_of_the_sentence_is_lost_with_the_sample(declared: EventType) -> None:
    without_brackets = replace(declared, sentence=re.sub(r"[\[\]]", "", declared.sentence))
    assert sample_sentence(declared) == sample_sentence(without_brackets)


@every_type
def test_sentence_starts_with_a_plain_past_verb_and_is_active(declared: EventType) -> None:
    text = sample_sentence(declared)
    assert in_past_tense(text.split()[0])
    assert not re.search(r"\b(was|were|been|being)\b", text)


@every_type
def test_sample_has_the_shape_of_an_event(declared: EventType) -> None:
    sample = declared.sample
    assert set(sample) == {"targets", "meta", "changes", "outcome"}
    assert sample["targets"][0]["type"] == declared.resource_type
    assert all(target["id"] and target["name"] for target in sample["targets"])
    assert json.loads(json.dumps(sample)) == sample


@every_type
def test_every_value_of_the_sample_is_a_declared_field(declared: EventType) -> None:
    paths = [field.path for field in declared.fields]
    sample = declared.sample
    told = [*sample["meta"], *(change["path"] for change in sample["changes"])]
    assert len(set(paths)) == len(paths)
    assert sorted(told) == sorted(path for path in paths if not path.startswith("targets."))
    assert all(field.label for field in declared.fields)


@every_type
def test_secrets_are_withheld_in_the_sample(declared: EventType) -> None:
    secret = {field.path for field in declared.fields if field.sensitivity is Sensitivity.SECRET}
    for change in declared.sample["changes"]:
        assert (change["old"] == change["new"] == {"redacted": "declared"}) is (change["path"] in secret)
    assert not secret & set(declared.sample["meta"])


@every_type
def test_fields_named_like_secrets_are_secret(declared: EventType) -> None:
    for field in declared.fields:
        if re.search(r"(password|secret|api_key|write_key|access_key|credential)$", field.path):
            assert field.sensitivity is Sensitivity.SECRET


@every_type
def test_people_and_addresses_in_the_sample_are_personal(declared: EventType) -> None:
    personal = {field.path for field in declared.fields if field.sensitivity is Sensitivity.PERSONAL}
    for number, target in enumerate(declared.sample["targets"]):
        assert (target["type"] in {"user", "member", "invitation", "support_access"}) is (
            f"targets.{number}.name" in personal
        )
    values = list(declared.sample["meta"].items())
    values += [(change["path"], change[side]) for change in declared.sample["changes"] for side in ("old", "new")]
    for path, value in values:
        if isinstance(value, str) and re.search(r"\w@\w", value):
            assert path in personal


@every_type
def test_failures_say_why_and_runs_say_which_attempt(declared: EventType) -> None:
    failed = declared.key.endswith("failed") or declared.key in {"user.access_denied", "user.sign_in_throttled"}
    assert (declared.sample["outcome"] == "failure") is failed
    if declared.key.endswith("failed"):
        assert "reason" in declared.sample["meta"]
    if declared.key.endswith(("run_failed", "sync_failed", "_recovered")):
        assert declared.sample["meta"]["attempt"] >= 1


@every_type
def test_risk_follows_what_was_switched_off_or_removed(declared: EventType) -> None:
    action = re.split(r"[._]", declared.key)[-1]
    if action in {"deleted", "disabled", "removed", "disconnected", "revoked"}:
        assert declared.risk is Risk.RISKY
    if action in {"rotated", "granted", "recovered"}:
        assert declared.risk is Risk.NOTABLE
    if action in {"enabled", "viewed", "listed"}:
        assert declared.risk is not Risk.RISKY


@every_type
def test_reads_cannot_be_reverted(declared: EventType) -> None:
    assert not (declared.verb is Verb.READ and declared.revertible)


@every_type
def test_icon_is_in_the_sprite(declared: EventType) -> None:
    assert declared.icon in NODE_ICONS


def test_event_types_can_be_kept_in_sets() -> None:
    assert len(set(EVENT_TYPES.values())) == len(EVENT_TYPES)


def test_the_registry_cannot_be_written_to() -> None:
    with pytest.raises(TypeError):
        EVENT_TYPES["order.refunded"] = registry.event_type("source.created")  # type: ignore[index]


def test_what_is_not_declared_is_not_found() -> None:
    assert registry.event_type("order.refunded") is None
    assert registry.by_name("Order Refunded") is None
    assert registry.area("orders") is None
    assert registry.types_of("orders") == ()


def test_a_key_declared_twice_is_refused() -> None:
    created = EVENT_TYPES["source.created"]
    with pytest.raises(CatalogueFault, match=r"'source\.created' is declared twice"):
        registry.by_key([created, replace(created, name="Another")])


@pytest.mark.parametrize(
    "other",
    [
        replace(EVENT_TYPES["source.enabled"], name="source created"),
        replace(EVENT_TYPES["source.enabled"], aliases=("Source Created",)),
    ],
    ids=["name", "alias"],
)
def test_a_name_taken_by_another_type_is_refused(other: EventType) -> None:
    with pytest.raises(CatalogueFault, match=r"of 'source\.enabled' is already taken by 'source\.created'"):
        registry.by_any_name([EVENT_TYPES["source.created"], other])


def test_an_alias_equal_to_the_own_name_is_refused() -> None:
    with pytest.raises(CatalogueFault, match="already taken"):
        registry.by_any_name([replace(EVENT_TYPES["source.created"], aliases=("Source Created",))])


def test_an_unknown_area_is_refused() -> None:
    with pytest.raises(CatalogueFault, match=r"'source\.created' names an unknown area, 'orders'"):
        registry.by_area([replace(EVENT_TYPES["source.created"], area="orders")], AREAS)
