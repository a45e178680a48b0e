import re
import time
from hashlib import sha256

import pytest

from auditapp.lib.tokens import looks_like_token, new_api_token, token_digest, tokens_in

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


OTHER = new_api_token()
X = "aud_pat_" + 36 * "x"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"curl -H 'Authorization: Bearer {KNOWN}'", [KNOWN]),
        (f"{X} {KNOWN}", [None, KNOWN]),
        (f"{X}\n{KNOWN}\n{X}, {OTHER} {KNOWN}", [None, KNOWN, OTHER]),
        (f"{KNOWN[:20]}\r\n    {KNOWN[20:]}", [KNOWN]),
        (f"{KNOWN[:8]}\n{KNOWN[8:]}", [KNOWN]),
        (f"{KNOWN[:5]}\n{KNOWN[5:]}", [KNOWN]),
        (" ".join(KNOWN), [KNOWN]),
        (f"{KNOWN[:-1]}, {KNOWN[:20]} is cut", [None, None]),
        (f"{KNOWN[:-1]}\n{OTHER}", [None, OTHER]),
        (f"aud_pat_{KNOWN}", [KNOWN]),
        (KNOWN + "abc", [KNOWN]),
        ("one is aud_pat_ and 36 letters and digits, the last six of which check the others, aud_pat_...", []),
        ("", []),
    ],
    ids=[
        "in-a-line", "after-an-x", "many", "wrapped", "after-prefix", "in-prefix", "spaced", "cut", "cut-then-whole", "twice-prefix", "run-on",
        "prose", "empty",
    ],
)  # fmt: skip
def test_each_token_of_a_text_is_found_once_whatever_stands_before_it(text, found):
    assert tokens_in(text) == found


def test_a_long_text_is_read_in_no_time():
    started = time.process_time()
    assert tokens_in("aud_pat_ " * 100_000 + "a " * 500_000 + KNOWN) == [KNOWN]
    assert time.process_time() - started < 5
