from auditapp.lib.json_pointer import json_pointer


def test_whole_value_is_the_empty_pointer():
    assert json_pointer(None) == ""


def test_place_is_spelled_from_the_outside_in():
    where = ((None, "batch"), 3)
    assert json_pointer(where) == "/batch/3"
    assert json_pointer(where, "properties", 0) == "/batch/3/properties/0"


def test_examples_of_rfc_6901_are_escaped():
    assert json_pointer(None, "") == "/"
    assert json_pointer(None, "a/b") == "/a~1b"
    assert json_pointer(None, "m~n") == "/m~0n"
    assert json_pointer(None, "~1") == "/~01"


def test_lone_surrogate_in_a_key_is_spelled_in_ascii():
    assert json_pointer(None, "\ud800").encode() == rb"/\ud800"
