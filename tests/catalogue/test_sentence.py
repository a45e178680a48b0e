"""Sentences: slots are filled, gaps are said in words, and values pass through as they came."""

from typing import Any

import pytest

from auditapp.catalogue.sentence import Part, default_sentence, name_from_key, plain_sentence, sentence_parts

WAREHOUSE = {"type": "warehouse", "id": "whs_1", "name": "Snowflake prod"}
GROUP = {"type": "user_group", "id": "grp_1", "name": "Mobile team"}
HOSTILE = "<script>alert('{resource}')</script> [x] {meta.role} \u202egpj.exe"


def parts(
    sentence: str,
    targets: list[dict[str, Any]] | None = None,
    meta: dict[str, Any] | None = None,
    changes: list[dict[str, Any]] | None = None,
) -> list[Part]:
    return sentence_parts(sentence, targets=targets or [], meta=meta or {}, changes=changes or [])


def plain(*args: Any, **kwargs: Any) -> str:
    return plain_sentence(parts(*args, **kwargs))


def test_resource_is_quiet_kind_and_strong_name() -> None:
    assert parts("disabled {resource}", [WAREHOUSE]) == [
        Part("text", "disabled "),
        Part("kind", "warehouse"),
        Part("text", " "),
        Part("name", "Snowflake prod"),
    ]


def test_values_and_second_targets_have_their_own_parts() -> None:
    assert parts("granted role {meta.role} to {target.1}", [WAREHOUSE, GROUP], {"role": "Source admin"}) == [
        Part("text", "granted role "),
        Part("value", "Source admin"),
        Part("text", " to "),
        Part("kind", "group"),
        Part("text", " "),
        Part("name", "Mobile team"),
    ]


def test_name_alone_leaves_the_kind_out() -> None:
    assert plain("invited {resource.name} with {target.1.name}", [WAREHOUSE, GROUP]) == (
        "invited Snowflake prod with Mobile team"
    )


def test_nested_meta_and_both_sides_of_a_change_are_read() -> None:
    changes = [{"path": "settings.schedule", "old": "hourly", "new": "daily"}]
    assert (
        plain(
            "moved from {change.settings.schedule.old} to {change.settings.schedule.new} in {meta.a.b}",
            meta={"a": {"b": "c"}},
            changes=changes,
        )
        == "moved from hourly to daily in c"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_842, "1,842"),
        (2.5, "2.5"),
        (0, "0"),
        (True, "yes"),
        (False, "no"),
        (["a", 2, None, "c"], "a, 2, c"),
        ({"redacted": "declared"}, "(withheld)"),
        (None, "(not stated)"),
        ("", "(not stated)"),
        (" ", "(not stated)"),
        ([], "(not stated)"),
        ({"deep": 1}, "(not stated)"),
    ],
)
def test_a_value_is_shown_for_people(value: Any, shown: str) -> None:
    assert plain("set it to {meta.it}", meta={"it": value}) == f"set it to {shown}"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(1, "1 audit event"), (0, "0 audit events"), (1_842, "1,842 audit events"), (None, "some audit events")],
)
def test_a_count_agrees_with_its_noun(count: int | None, shown: str) -> None:
    assert plain("exported {meta.rows:audit event}", meta={"rows": count}) == f"exported {shown}"


def test_an_optional_clause_goes_when_its_slot_is_empty() -> None:
    sentence = "recovered {resource}[ to {target.1}][ on attempt {meta.attempt}]"
    assert plain(sentence, [WAREHOUSE]) == "recovered warehouse Snowflake prod"
    assert plain(sentence, [WAREHOUSE], {"attempt": 3}) == "recovered warehouse Snowflake prod on attempt 3"


@pytest.mark.parametrize(
    ("targets", "shown"),
    [
        ([], "something"),
        ([{}], "something"),
        ([{"type": "tracking_plan"}], "an unnamed tracking plan"),
        ([{"type": "tracking_plan", "id": "tpl_1", "name": ""}], "tracking plan tpl_1"),
        ([{"name": "Prod"}], "Prod"),
        ([{"type": None, "name": 7}], "7"),
    ],
)
def test_a_target_with_gaps_stays_readable(targets: list[dict[str, Any]], shown: str) -> None:
    assert plain("disabled {resource}", targets) == f"disabled {shown}"


@pytest.mark.parametrize(
    "sentence",
    [
        "did {nothing}",
        "did {meta}",
        "did {meta.}",
        "did {meta.a.b.c}",
        "did {change}",
        "did {change.x}",
        "did {change.x.old}",
        "did {}",
        "did {target.9}",
        "did {target." + "9" * 5_000 + "}",
        "did {target.x}",
        "did { {resource}",
        "did } [ ] [[",
        "did {meta.a:}",
    ],
)
def test_a_broken_template_never_raises_or_shows_its_marks(sentence: str) -> None:
    text = plain(sentence, meta={"a": {"b": "c"}})
    assert text.startswith("did ")
    assert not set(text) & set("{}[]")


def test_an_empty_template_has_no_parts() -> None:
    assert parts("") == []


def test_hostile_values_come_through_raw_and_are_never_read_as_slots() -> None:
    target = {"type": "source", "id": "src_1", "name": HOSTILE}
    changes = [{"path": "x", "old": None, "new": HOSTILE}]
    found = parts("changed {resource} by {meta.role} to {change.x.new}", [target], {"role": HOSTILE}, changes)
    assert [part.text for part in found if part.kind in {"name", "value"}] == [HOSTILE] * 3


def test_hostile_kind_stays_in_its_own_part() -> None:
    found = parts("changed {resource}", [{"type": "<b>", "id": "1", "name": "x"}])
    assert found[1] == Part("kind", "<b>")


def test_text_parts_are_joined() -> None:
    assert parts("set {meta.x} now[ or {meta.y}]") == [Part("text", "set (not stated) now")]


@pytest.mark.parametrize(
    ("resource_type", "kind"),
    [
        ("engage_warehouse_source", "Engage warehouse source"),
        ("profiles_sync_warehouse", "Profiles Sync warehouse"),
        ("reverse_etl_model", "Reverse ETL model"),
        ("user_group", "group"),
        ("Loyalty_Card", "loyalty card"),
    ],
)
def test_a_kind_is_in_the_words_of_the_page(resource_type: str, kind: str) -> None:
    assert plain("saw {resource}", [{"type": resource_type, "id": "1", "name": "x"}]) == f"saw {kind} x"


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("order.refunded", "refunded {resource}"),
        ("order.line_removed", "removed line of {resource}"),
        ("report.written", "wrote {resource}"),
        ("export.file_sent", "sent file of {resource}"),
        ("order.refund", "recorded refund[ of {resource}]"),
        ("shop.order.refunded", "refunded {resource}"),
        ("refunded", "recorded Refunded[ on {resource}]"),
        ("", "recorded an event[ on {resource}]"),
        ("...", "recorded an event[ on {resource}]"),
        ("order.{meta.x}", "recorded x[ of {resource}]"),
    ],
)
def test_an_undeclared_type_has_a_sentence(key: str, sentence: str) -> None:
    assert default_sentence(key) == sentence


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("order.refunded", "Order Refunded"),
        ("user_group.member_added", "User Group Member Added"),
        ("store.öffnung_geplant", "Store Öffnung Geplant"),
        ("a.{b}", "A B"),
        ("", ""),
    ],
)
def test_an_undeclared_type_has_a_name(key: str, name: str) -> None:
    assert name_from_key(key) == name


def test_a_default_sentence_reads_without_targets() -> None:
    assert plain(default_sentence("order.refunded")) == "refunded something"
    assert plain(default_sentence("order.refund")) == "recorded refund"
