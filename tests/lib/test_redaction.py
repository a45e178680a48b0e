from base64 import b64encode
from random import Random

import pytest

from auditapp.lib.redaction import redact

BY_KEY = {"redacted": "key"}
BY_SHAPE = {"redacted": "shape"}
DECLARED = {"redacted": "declared"}


@pytest.mark.parametrize(
    "key",
    [
        *("password", "Password", "PASSWORD", "new_password", "passwordConfirmation", "password2", "dbpassword"),
        *("inputPassword", "user.passwd", "pwd", "passphrase", "secret", "secrets", "clientSecret", "client-secret"),
        *("token", "accessToken", "ACCESS_TOKEN", "authtoken", "x-auth-token", "tokens", "Authorization"),
        *("Proxy-Authorization", "cookie", "Set-Cookie", "cookies", "apiKey", "APIKey", "api_key", "api-key"),
        *("apikey", "X-API-Key", "privateKey", "private key", "writeKey", "secretAccessKey", "signing_key"),
        *("otp", "otps", "otp_code", "recovery_codes", "card", "cardNumber", "creditCard", "cvv", "CVV2", "iban"),
        *("IBAN", "credential", "awsCredentials", "jwt"),
    ],
)
def test_text_and_numbers_under_a_secret_key_are_taken_out(key):
    assert redact({"a": {key: "hunter2", "b": 1}}) == ({"a": {key: BY_KEY, "b": 1}}, 1)
    assert redact({key: 4929}) == ({key: BY_KEY}, 1)


@pytest.mark.parametrize(
    "key",
    [
        *("token_id", "tokenId", "token_name", "tokenType", "secret_name", "secretArn", "cookie_policy", "otp_enabled"),
        *("password_changed", "passwordChangedAt", "password_expires", "credentialsExpireAt", "has_password"),
        *("isSecret", "card_brand", "cardLast4", "api_key_id", "apiKeyName", "access_key_count", "token_url"),
        *("key", "keys", "public_key", "keyboard", "secretary", "passenger", "passwordless", "tokenizer", "discard"),
        *("pinned", "dashboard", "author", "", "1", "é"),
    ],
)
def test_keys_that_only_tell_about_a_secret_keep_their_value(key):
    assert redact({key: "hunter2"}) == ({key: "hunter2"}, 0)


def test_switches_nulls_and_empty_text_under_a_secret_key_stay():
    event = {"password": None, "secret": True, "token": "", "tokens": []}
    assert redact(event) == (event, 0)


def test_numbers_of_tokens_stay():
    assert redact({"max_tokens": 4096, "totalTokens": 12})[1] == 0
    assert redact({"input_token": "abc"})[1] == 1


def test_inside_a_secret_only_what_names_it_stays():
    credentials = {
        "id": "tok_1",
        "name": "CI",
        "value": "hunter2",
        "parts": ["a", {"salt": "b", "created_at": "2026"}],
        "active": True,
    }
    copy, count = redact({"token": credentials})
    assert count == 3
    assert copy["token"] == {
        "id": "tok_1",
        "name": "CI",
        "value": BY_KEY,
        "parts": [BY_KEY, {"salt": BY_KEY, "created_at": "2026"}],
        "active": True,
    }


def random_text(alphabet: str, length: int, seed: int) -> str:
    return "".join(Random(seed).choices(alphabet, k=length))


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
R = random_text(LETTERS, 64, 1)
# Split in two, or scanners of this repository would take them for real ones.
SHAPES = [
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "-----BEGIN " + "PRIVATE KEY-----\nMIIE",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ASIA" + "5FLZVX4OI4ZDQJOL",
    *(f"gh{kind}_" + R[:36] for kind in "pousr"),
    "github_pat_" + R[:30],
    "glpat-" + R[:20],
    "xoxb-" + "123456789012-abcdef",
    "xoxp-" + "123456789012-abcdef",
    "sk_live_" + R[:24],
    "rk_test_" + R[:24],
    "whsec_" + R[:32],
    "npm_" + R[:36],
    "AIza" + R[:35],
    "SG." + R[:22] + "." + R[:43],
    "aud_pat_" + R[:30] + "1aB2cD",
    "Bearer " + R[:20],
    "basic b2xnYTpodW50ZXIyMw==",
    "postgres://audit:hunter2@db.example.com/audit",
    "https://example.com/cb?state=1&access_token=abcdefgh",
    "/reset?token=abcdefghij",
]


@pytest.mark.parametrize("text", SHAPES)
def test_text_with_the_shape_of_a_secret_is_taken_out_whole(text):
    assert redact({"note": [text]}) == ({"note": [BY_SHAPE]}, 1)
    assert redact({"note": f"got '{text}' by mail"}) == ({"note": BY_SHAPE}, 1)


@pytest.mark.parametrize("text", SHAPES[:20])
def test_exact_shape_counts_even_under_a_harmless_key(text):
    assert redact({"token_id": text}) == ({"token_id": BY_SHAPE}, 1)


def test_nineteen_of_twenty_random_keys_are_noticed():
    rng = Random(7)
    keys = [b64encode(rng.randbytes(24)).decode() for _ in range(500)]
    keys += ["".join(rng.choices(LETTERS, k=32)) for _ in range(500)]
    found = sum(redact({"note": key})[1] for key in keys)
    assert found >= 950


@pytest.mark.parametrize(
    "text",
    [
        "01a20e24-54bb-7e31-a685-63c72869b6e9",
        "01A20E24-54BB-7F58-A252-86C3A85E9108",
        "evt_0353D2VSdE8H5utbcjGmmL",
        "workspace_7Kd0XqP2mZ4vR9aB1tYc6E",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709",
        "arn:aws:sts::123456789123:assumed-role/MordorNginxStack-BankingWAFRole-9S3E0UAE1MM0/i-0317f6c6b66ae9c40",
        "MordorNginxStack-BankingWAFRole-9S3E0UAE1MM0",
        "AROA5FLZVX4OAMSW6BCRH:i-0317f6c6b66ae9c40",
        "mordors3stack-s3bucket-llp2yingx64a.s3.amazonaws.com",
        "DescribeInstanceCreditSpecifications",
        "https://app.example.com/acme/settings/admin/audit-trail/?older=20261124T133555.123456Z-0000",
        "https://example.com:8443/a@b",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
        "olga.owner+audit-trail.2026@accounts.example.com",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "2026-11-24T13:35:55.123456Z",
        "/home/olga/Projects2026/warehouse-exports/Final/report",
        "The bearer certificates and basic telecommunications of Asia",
        "Removed the private key from the safe",
        "-----BEGIN CERTIFICATE-----\nMIIE",
        "task-management-service-production-eu-west-1",
        "AKIA",
        "Xy1-" * 10,
    ],
)
def test_ordinary_text_of_audit_events_stays(text):
    assert redact({"note": text}) == ({"note": text}, 0)


OUR_ID = "src_OBouTv416QISKk2w8Y3TZH"


@pytest.mark.parametrize(
    "path",
    [
        f"/api/sources/{OUR_ID}",
        f"/demo/connections/sources/{OUR_ID}/settings/write-keys/wky_7Kd0XqP2mZ4vR9aB1tYc6E/rotate/",
        f"/{OUR_ID}/{OUR_ID}",
    ],
)
def test_ids_of_ours_in_a_path_are_no_secrets(path):
    assert redact({"path": path}) == ({"path": path}, 0)


@pytest.mark.parametrize(
    "token", [R[:40], "aud_pat_" + R[:36], "whsec_" + R[:32], f"{R[:31]}/{OUR_ID}", "src_" + R[:40]]
)
def test_a_token_in_a_path_is_one_also_beside_an_id_of_ours(token):
    for path in (f"/hooks/{token}", f"/api/sources/{OUR_ID}/{token}"):
        assert redact({"path": path}) == ({"path": BY_SHAPE}, 1)


@pytest.mark.parametrize("key", ["x-amz-id-2", "requestId", "etag", "content_hash", "rootHash", "sha256"])
def test_random_text_stays_where_the_key_says_it_is_an_id_or_digest(key):
    assert redact({key: "4CQoleTomIld4HqR2P2pORmS7fLf2tZjt1ZGB8Sii4c+/3FPkTo+tReHYeV9D3Cu"})[1] == 0


def test_declared_paths_are_taken_out_whatever_they_hold():
    event = {"meta": {"health": {"ill": True, "note": "x"}, "people": [{"age": 9, "sex": False}], "age": 1}}
    copy, count = redact(event, secret_paths={"meta.health", "meta.people.age", "meta.people.sex"})
    assert copy == {"meta": {"health": DECLARED, "people": [{"age": DECLARED, "sex": DECLARED}], "age": 1}}
    assert count == 3


def test_declared_path_is_met_from_the_base_path_on():
    assert redact("x", secret_paths={"settings.auth"}, base_path="settings.auth") == (DECLARED, 1)
    assert redact({"auth": 0}, secret_paths={"settings.auth"}, base_path="settings") == ({"auth": DECLARED}, 1)


def test_last_name_of_the_base_path_counts_as_the_key():
    assert redact("hunter2", base_path="settings.smtp_password") == (BY_KEY, 1)
    assert redact(["hunter2"], base_path="tokens") == ([BY_KEY], 1)
    assert redact("hunter2", base_path="password.policy") == ("hunter2", 0)


def test_second_redaction_changes_nothing_and_counts_nothing():
    event = {"password": "hunter2", "note": SHAPES[0], "deep": {"own": 1}, "list": ["a"]}
    once, count = redact(event, secret_paths={"deep.own"})
    assert count == 3
    assert redact(once, secret_paths={"deep.own"}) == (once, 0)


def test_pretending_to_be_redacted_does_not_hide_a_secret():
    assert redact({"password": {"redacted": "hunter2"}})[1] == 1
    assert redact({"password": {"redacted": "key", "more": "hunter2"}})[1] == 2
    assert redact({"redacted": SHAPES[0]})[1] == 1


def test_value_given_is_not_changed():
    event = {"a": {"password": "hunter2", "b": [SHAPES[0]]}}
    redact(event)
    assert event == {"a": {"password": "hunter2", "b": [SHAPES[0]]}}


@pytest.mark.parametrize(
    "unit", ["eyJ", "eyJaaaaaaaa.", "://a:", "?a", "&token", "bearer ", "basic a-", "-----BEGIN ", "xoxb-", "A", "aB1"]
)
# A text of this length would take hours at quadratic cost: the limit stops a hang, it measures nothing.
@pytest.mark.timeout(60)
def test_hostile_text_costs_linear_time(unit):
    redact({"note": unit * (1024 * 1024 // len(unit)), unit * 20_000: "x"})
