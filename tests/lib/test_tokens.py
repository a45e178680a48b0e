import re
from hashlib import sha256

import pytest

from auditapp.lib.tokens import looks_like_token, new_api_token, token_digest

# CRC32("0" * 30) written in base62; pinned so that tokens in use stay recognised.
KNOWN = "aud_pat_" + "0" * 30 + "2C8GjS"


def test_new_token_has_the_shape_secret_scanners_look_for():
    token = new_api_token()
    assert re.fullmatch(r"aud_pat_[0-9A-Za-z]{36}", token)
    assert looks_like_token(token)
    assert token != new_api_token()


def test_known_token_stays_recognised():
    assert looks_like_token(KNOWN)


def test_any_single_wrong_character_is_noticed():
    for index in range(len("aud_pat_"), len(KNOWN)):
        wrong = KNOWN[:index] + ("1" if KNOWN[index] != "1" else "2") + KNOWN[index + 1 :]
        assert not looks_like_token(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "aud_pat_", KNOWN[:-1], KNOWN + "0", KNOWN + "\n", "x" + KNOWN, "é" * 44],
)
def test_other_text_is_not_a_token(text):
    assert not looks_like_token(text)


def test_digest_is_sha256_of_the_text():
    assert token_digest(KNOWN) == sha256(KNOWN.encode()).digest()


def test_digest_of_hostile_text_does_not_fail():
    assert len(token_digest("aud_pat_\ud800")) == 32
