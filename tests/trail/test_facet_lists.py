"""What the dropdowns list, and how choices show as ticks."""

from auditapp.catalogue.areas import AREAS
from auditapp.record.event_filter import Choice
from auditapp.record.event_types import CATALOGUE, undeclared_type
from auditapp.record.facets import ActorFacet
from auditapp.trail.facet_lists import Ticks, actor_groups, area_groups, joint_ticks
from auditapp.trail.query_box import actors_called

KINDS = {key: CATALOGUE[key] for key in ("source.created", "warehouse.disabled", "warehouse.enabled")}
COUNTS = {"source.created": 3, "warehouse.disabled": 2}
MAYA = ActorFacet("usr_1", "user", "Maya Lindqvist", "maya@example.com", 41)
TOMAS = ActorFacet("usr_2", "user", "Tomás Echeverría", None, 33)
TERRAFORM = ActorFacet("tok_1", "token", "Terraform Cloud", None, 64)
SYSTEM = ActorFacet("system", "system", "Audit Trail", None, 2)


NONE = Choice()


def groups_of(types=NONE, areas=NONE, find="", kinds=KINDS):
    return {group.option.value: group for group in area_groups(COUNTS, kinds, *joint_ticks(types, areas), find=find)}


def test_all_areas_are_there_with_the_sum_of_their_types():
    groups = groups_of()
    assert list(groups) == [area.key for area in AREAS]
    assert (groups["sources"].option.count, groups["warehouses"].option.count, groups["users"].option.count) == (
        3,
        2,
        0,
    )


def test_types_that_nobody_declared_come_last_under_other():
    groups = groups_of(kinds=KINDS | {"order.refunded": undeclared_type("order.refunded")})
    assert [*groups][-1] == "other"
    assert [one.value for one in groups["other"].types] == ["order.refunded"]


def test_a_whole_area_ticks_its_types():
    group = groups_of(areas=Choice(("warehouses",)))["warehouses"]
    assert group.option.is_ticked
    assert all(one.is_ticked for one in group.types)
    assert not group.is_open


def test_some_types_of_an_area_open_it():
    group = groups_of(Choice(("warehouse.disabled",)))["warehouses"]
    assert (group.option.is_ticked, group.is_some, group.is_open) == (False, True, True)


def test_exclusions_alone_turn_the_switch_and_tick_what_is_left_out():
    types, areas = joint_ticks(Choice((), ("source.created",)), Choice())
    assert types.is_none_of
    assert areas.is_none_of
    assert (types.ticked, types.carried) == (("source.created",), ())


def test_with_both_kinds_the_switch_says_wanted_and_the_rest_is_carried_along():
    types, areas = joint_ticks(Choice((), ("source.created",)), Choice(("sources",)))
    assert not types.is_none_of
    assert (types.ticked, types.carried, areas.ticked) == ((), ("source.created",), ("sources",))
    group = groups_of(Choice((), ("source.created",)), Choice(("sources",)))["sources"]
    assert group.types[0].is_excluded


def test_search_finds_types_by_the_beginnings_of_their_words_or_by_their_area():
    assert {key: len(group.types) for key, group in groups_of(find="dis wareh").items()} == {"warehouses": 1}
    assert len(groups_of(find="Warehouses")["warehouses"].types) == 2
    assert groups_of(find="zzz") == {}


def test_search_never_hides_what_is_chosen():
    groups = groups_of(Choice(("source.created",)), find="zzz")
    assert {key: [one.value for one in group.types] for key, group in groups.items()} == {"sources": ["source.created"]}


def test_actors_are_grouped_as_people_tokens_and_the_system():
    groups = actor_groups([TERRAFORM, MAYA, TOMAS, SYSTEM], Ticks.of(Choice()))
    assert {group.name: [one.name for one in group.actors] for group in groups} == {
        "Users": ["Maya Lindqvist", "Tomás Echeverría"],
        "Access tokens": ["Terraform Cloud"],
        "The system": ["Audit Trail"],
    }


def test_actors_are_found_by_name_address_and_id_without_accents_in_the_way():
    def found(text):
        return [
            one.value for group in actor_groups([MAYA, TOMAS], Ticks.of(Choice()), find=text) for one in group.actors
        ]

    assert found("lind") == ["usr_1"]
    assert found("maya@example.com") == ["usr_1"]
    assert found("usr_2") == ["usr_2"]
    assert found("tomas") == found("TOMÁS echeverria") == ["usr_2"]
    assert found("mayà") == ["usr_1"]


def test_a_typed_name_is_somebody_s_with_or_without_its_marks():
    listed = [
        MAYA,
        TOMAS,
        ActorFacet("usr_3", "user", "Zoë Okafor", None, 1),
        ActorFacet("usr_4", "user", "Zoe", None, 1),
    ]

    def called(text):
        return [one.id for one in actors_called(text, listed)]

    assert called("tomas") == called("Tomás") == called("tomas echeverria") == ["usr_2"]
    assert called("zoe") == ["usr_4"]
    assert called("ZOË") == ["usr_3"]
    assert called("zoé") == ["usr_3", "usr_4"]
    assert called("okáfor") == ["usr_3"]
    assert called("nobody") == called("?") == []


def test_a_chosen_actor_who_did_nothing_here_is_still_listed():
    (group,) = actor_groups([], Ticks.of(Choice(("tok_9",))))
    assert (group.name, group.actors[0].value, group.actors[0].is_ticked, group.actors[0].count) == (
        "Access tokens",
        "tok_9",
        True,
        0,
    )


def test_a_list_without_a_switch_signs_what_is_left_out():
    ticks = Ticks.of(Choice(("a",), ("b",)))
    assert [ticks.signed(value, value).value for value in "abc"] == ["a", "!b", "c"]
    assert [ticks.signed(value, value).is_ticked for value in "abc"] == [True, True, False]
