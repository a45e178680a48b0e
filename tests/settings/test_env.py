"""Environment variables: typed, and refused with what to write instead."""

from pathlib import Path

import pytest

from settings import env


def test_unset_and_empty_are_the_default():
    assert env.text("X", "d", env={}) == env.text("X", "d", env={"X": " "}) == "d"
    assert env.number("X", 3, env={"X": ""}) == 3


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_flags_are_read_in_words_and_digits(text, value):
    assert env.flag("X", not value, env={"X": text}) is value


@pytest.mark.parametrize("text", ["maybe", "2", "-"])
def test_a_flag_that_is_neither_is_refused(text):
    with pytest.raises(env.BadEnvironment, match="X='"):
        env.flag("X", True, env={"X": text})


@pytest.mark.parametrize("text", ["-1", "1.5", "ten", "²"])
def test_a_number_that_is_none_is_refused(text):
    with pytest.raises(env.BadEnvironment, match="whole number"):
        env.number("X", 0, env={"X": text})


def test_a_database_url_is_taken_apart():
    found = env.database("DATABASE_URL", "postgresql://us%40er:p%2Fw@db.example:6432/audit?sslmode=require")
    assert found == {
        "NAME": "audit",
        "USER": "us@er",
        "PASSWORD": "p/w",
        "HOST": "db.example",
        "PORT": "6432",
        "sslmode": "require",
    }


def test_a_socket_folder_is_the_host():
    assert env.database("DATABASE_URL", "postgresql://u@/audit?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


@pytest.mark.parametrize(
    "url", ["mysql://u@h/audit", "sqlite:///x", "postgresql://u:secret@h/", "secret", "u:secret@h/audit"]
)
def test_another_database_is_refused_without_telling_the_password(url):
    with pytest.raises(env.BadEnvironment) as refused:
        env.database("DATABASE_URL", url)
    assert "secret" not in str(refused.value)


def test_paths_are_absolute():
    assert env.path("X", Path("/d"), env={"X": "~/keys"}) == Path.home() / "keys"
