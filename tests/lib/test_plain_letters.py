"""Letters as people look for them."""

import pytest

from auditapp.lib.plain_letters import plain

PAIRS = [
    ("Zoë", "zoe"),
    ("ZOE\u0308", "zoe"),
    ("Elif Yıldız", "elif yildiz"),
    ("İZMİR", "izmir"),
    ("Łukasz Wójcik", "lukasz wojcik"),
    ("Bjørn Straße", "bjorn strasse"),
    ("Ærø ÞÓR", "aero thor"),
    ("Tomás Echeverría", "tomas echeverria"),
    ("Ολυμπία ΟΔΟΣ", "ολυμπια οδοσ"),
    ("Ёлка Й", "елка и"),
    ("田辺 有紀", "田辺 有紀"),
    ("O’Brien 100%_\\", "o'brien 100%_\\"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "bare"), PAIRS, ids=range(len(PAIRS)))
def test_capitals_and_marks_go(text, bare):
    assert plain(text) == bare
    assert plain(bare) == bare
