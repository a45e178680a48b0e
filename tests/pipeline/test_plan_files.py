"""Plans as CSV and JSON: what goes out comes back as the same rules, nothing runs in a spreadsheet, mistakes name their line."""

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditapp.lib.csv_safe import FORMULA_STARTS, cell_text, exact_cell
from auditapp.lib.errors import Invalid
from auditapp.lib.json_schema import DRAFT_07
from auditapp.pipeline.plans.plan_csv import COLUMNS, rules_as_csv, rules_from_csv
from auditapp.pipeline.plans.plan_json import rules_as_json, rules_from_json
from auditapp.pipeline.plans.rules import Rule, RuleType

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = st.text(st.sampled_from("ab.\\[]'=+ é,\"\n"), min_size=1, max_size=6)
types = st.sampled_from(["string", "number", ["string", "null"], "boolean"])
leaves = st.fixed_dictionaries({}, optional={"type": types, "description": texts, "minimum": st.integers(0, 9)})
fields = st.recursive(
    leaves,
    lambda below: (
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(names, below, max_size=3)},
            optional={"required": st.lists(names, max_size=2, unique=True), "description": texts},
        )
        | st.fixed_dictionaries({"type": st.just("array"), "items": below})
    ),
    max_leaves=8,
)
schemas = st.builds(
    lambda group, below, said: {
        "$schema": DRAFT_07,
        "type": "object",
        "properties": {group: below},
        **({"description": said} if said else {}),
    },
    st.sampled_from(["properties", "traits"]),
    fields,
    texts,
)
labels = st.lists(st.sampled_from(["team:shop", "priority:high"]), unique=True).map(tuple)
rules = st.lists(
    st.builds(Rule, st.just(RuleType.TRACK), names, schemas, st.integers(1, 3), labels)
    | st.builds(Rule, st.just(RuleType.IDENTIFY), st.just(""), schemas, st.just(1), labels),
    max_size=4,
    unique_by=lambda rule: rule.identity,
)


@given(rules)
@settings(max_examples=150, deadline=None)
def test_csv_comes_back_as_the_same_rules_and_no_cell_is_a_formula(plan):
    text = rules_as_csv(plan)
    assert rules_from_csv(text) == plan
    assert [cell for row in csv.reader(StringIO(text)) for cell in row if cell[:1] in FORMULA_STARTS and cell] == []


@given(rules)
@settings(max_examples=50, deadline=None)
def test_json_comes_back_as_the_same_rules(plan):
    assert rules_from_json(rules_as_json(plan)) == plan


@given(st.text())
def test_a_cell_comes_back_as_its_text(text):
    assert cell_text(exact_cell(text)) == text


def test_a_plan_reads_as_people_write_it():
    text = """\ufefftype,event,version,field,description,required,data_type,permitted_values
track,Order Completed,1,,An order was paid,,,
track,Order Completed,1,total,In cents,yes,integer,
track,Order Completed,1,currency,,Optional,string|null,^[A-Z]{3}$
track,Order Completed,1,products[].price,,required,number,
track,Order Completed,1,address.street,,no,string,

identify,,,signed_up,,no,date-time,
"""
    order, person = rules_from_csv(text)
    assert order == Rule(
        RuleType.TRACK,
        "Order Completed",
        {
            "$schema": DRAFT_07,
            "type": "object",
            "description": "An order was paid",
            "properties": {
                "properties": {
                    "type": "object",
                    "required": ["total"],
                    "properties": {
                        "total": {"description": "In cents", "type": "integer"},
                        "currency": {"type": ["string", "null"], "pattern": "^[A-Z]{3}$"},
                        "products": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {"price": {"type": "number"}},
                                "required": ["price"],
                            },
                        },
                        "address": {"type": "object", "properties": {"street": {"type": "string"}}},
                    },
                }
            },
        },
    )
    assert person.json_schema["properties"]["traits"]["properties"] == {
        "signed_up": {"type": "string", "format": "date-time"}
    }


HEAD = "type,event,field,required,data_type,permitted_values,json_schema\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Begin with a line"),
        ("type,colour\n", "no column colour"),
        (HEAD + "event,x,,,,,\n", "Line 2: the type is one of"),
        (HEAD + "track,,,,,,\n", "Line 2: Name the event"),
        (HEAD + "track,x,,,,,\ntrack,x,total,maybe,,,\n", "Line 3: required is"),
        (HEAD + "track,x,total,,money,,\n", "no type money"),
        (HEAD + "track,x,total,,,,\ntrack,x,total,,,,\n", "total is there twice"),
        (HEAD + "track,x,a..b,,,,\n", "not a path"),
        (HEAD + "track,x,total,,string,[,\n", "Line 2: This is not a JSON Schema"),
        (HEAD + "track,x,,,,,{\n", "is not JSON"),
        (HEAD + "track,x,,,,,[]\n", "is an object"),
        (HEAD + "track,x,,,,,{}\ntrack,x,total,,,,\n", "either a JSON Schema or rows"),
        (HEAD + 'track,"x\n', "this is not CSV"),
        (HEAD + "track,x,,,,,,,,\n", "more cells than columns"),
        ("type,event,version\ntrack,x,two\n", "version is a number"),
        ("type,event\n" + "identify,\n" * 100_001, "100000 rows"),
        ("type,event\n" + "x" * 16_000_000, "15 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(text, said):
    with pytest.raises(Invalid) as caught:
        rules_from_csv(text)
    assert said in caught.value.message


def test_the_file_has_a_line_of_columns_even_without_rules():
    assert rules_as_csv([]) == ",".join(COLUMNS) + "\r\n"
    assert rules_from_csv(rules_as_csv([])) == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"[]", "/rules"),
        (b'{"rules": [{"type": "TRACK", "jsonSchema": {}}]}', "/rules/0/key"),
        (b'{"rules": [{"type": "x", "jsonSchema": {}}]}', "/rules/0/type"),
        (b'{"rules": [{"type": "TRACK", "key": "x"}]}', "/rules/0/jsonSchema"),
        (b'{"rules": [1]}', "/rules/0"),
        (b'{"rules": [{"type": "TRACK", "key": 5, "jsonSchema": {}}]}', "/rules/0/key"),
        (b'{"rules": [{"type": "TRACK", "key": "x", "version": "1", "jsonSchema": {}}]}', "/rules/0/version"),
        (b'{"rules": [{"type": "TRACK", "key": "x", "jsonSchema": {}, "labels": [1]}]}', "/rules/0/labels"),
        (b"[" * 100, "/0" * 42),
    ],
)
def test_json_that_is_no_plan_is_refused_with_its_place(body, pointer):
    with pytest.raises(Invalid) as caught:
        rules_from_json(body)
    assert pointer.startswith(caught.value.pointer) or caught.value.pointer == pointer
