import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.visible_text import search_words, terminal_safe, visible


def test_reversed_file_name_shows_its_override():
    assert visible("invoice_\u202efdp.js") == [(False, "invoice_"), (True, "U+202E"), (False, "fdp.js")]


def test_plain_text_is_one_run_and_empty_text_none():
    assert visible("Zoë 🎉 日本語") == [(False, "Zoë 🎉 日本語")]
    assert visible("") == []


def test_neighbouring_unseen_characters_are_named_one_by_one():
    assert visible("\x1b\u200bx\r\n") == [
        (True, "U+001B"),
        (True, "U+200B"),
        (False, "x"),
        (True, "U+000D"),
        (True, "U+000A"),
    ]


UNSEEN_RANGES = [
    (0x00, 0x1F),
    (0x7F, 0x9F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2028, 0x2029),
    (0x2066, 0x2069),
    (0x061C, 0x061C),
    (0xFEFF, 0xFEFF),
    (0xE0000, 0xE007F),
]


@pytest.mark.parametrize(("first", "last"), UNSEEN_RANGES)
def test_every_unseen_character_is_named(first, last):
    for code in range(first, last + 1):
        assert visible(f"a{chr(code)}b")[1] == (True, f"U+{code:04X}")


@pytest.mark.parametrize("character", "\x20\x7e\xa0\u0300\u200a\u2010\u2030\u3000\ufe0f\ufffd")
def test_ordinary_neighbours_of_the_unseen_are_shown(character):
    assert visible(character) == [(False, character)]


@given(st.text())
def test_runs_hold_the_whole_text_and_nothing_unseen(text):
    runs = visible(text)
    rebuilt = "".join(chr(int(run.text[2:], 16)) if run.is_escape else run.text for run in runs)
    assert rebuilt == text
    assert all(visible(run.text) == [(False, run.text)] for run in runs)


@given(st.text(st.characters()))
def test_terminal_gets_one_line_without_controls(text):
    safe = terminal_safe(text)
    assert safe.splitlines() in ([], [safe])
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in safe)


def test_escape_sequence_is_spelled_out_for_the_terminal():
    assert terminal_safe("\x1b[2Jowned\u202e") == "<U+001B>[2Jowned<U+202E>"


def test_lone_surrogate_can_be_printed():
    assert terminal_safe("\ud800").encode() == b"<U+D800>"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("-- / --", []),
        ("Disabled the Warehouse, disabled", ["disabled", "the", "warehouse"]),
        ("Olga@Example.com", ["olga@example.com", "olga", "example", "com"]),
        ("from 203.0.113.9.", ["from", "203.0.113.9", "203", "0", "113", "9"]),
        ("2001:db8::1", ["2001:db8::1", "2001", "db8", "1"]),
        ("tok_77b3 eu-west", ["tok_77b3", "tok", "77b3", "eu-west", "eu", "west"]),
        ("user.role_changed", ["user.role_changed", "user", "role", "changed"]),
        ("a/b?c=d", ["a", "b", "c", "d"]),
        ("ＦＵＬＬ width Straße", ["full", "width", "strasse"]),
        ("Zoe\u0308 ZOË", ["zoë"]),
        ("ℂ", ["c"]),
        ("日本語 Привет", ["日本語", "привет"]),
    ],
)
def test_words_are_found_whole_and_in_parts(text, words):
    assert search_words(text) == words


def test_words_and_their_number_are_bounded():
    assert search_words("x" * 100) == ["x" * 64]
    assert search_words(" ".join(map(str, range(100)))) == [str(n) for n in range(64)]
    assert search_words(" ".join(map(str, range(63))) + " x.y")[-2:] == ["62", "x.y"]


@given(st.text())
def test_case_does_not_matter(text):
    assert search_words(text.casefold()) == search_words(text)


@pytest.mark.parametrize("unit", ["a.", "a", ".", "_", "a_._", "\ufdfa"])
# A text of this length would take hours at quadratic cost: the limit stops a hang, it measures nothing.
@pytest.mark.timeout(60)
def test_hostile_text_costs_linear_time(unit):
    assert len(search_words(unit * 1_000_000)) <= 64
