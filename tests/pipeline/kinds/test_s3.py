"""Amazon S3 against a bucket that checks the signature, the digests and the conditions of a request as S3 does."""

import gzip
import hashlib
import hmac
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from io import BytesIO

import orjson
import pytest

from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations import object_files
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.s3 import AmazonS3
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, receiving, sent, setup_of

KIND = AmazonS3()
KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(\S+)/(\d{8})/(\S+)/s3/aws4_request, SignedHeaders=(\S+), Signature=([0-9a-f]{64})"
)
OBJECT = "audit/src_1/2026/11/24/0000000000000000007-0000000000000000009-bat_7Q2k.jsonl.gz"


class Bucket:
    """Objects by key; what it checks, S3 checks."""

    def __init__(self, region="eu-central-1", has_lock=False):
        self.objects = {}
        self.region, self.has_lock = region, has_lock

    def __call__(self, request):
        status, word = self._put(request)
        if not word:
            return status, {"ETag": '"x"'}, b""
        region = f"<Region>{self.region}</Region>"
        said = f"<?xml version='1.0'?><Error><Code>{word}</Code><Message>Told &lt;so&gt;</Message>{region}</Error>"
        return status, {"Content-Type": "application/xml"}, said.encode()

    def _put(self, request):
        assert request.method == "PUT"
        headers = request.headers
        key_id, day, region, names, signature = AUTHORIZATION.fullmatch(headers["authorization"]).groups()
        sent_at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        assert day == headers["x-amz-date"][:8]
        # Everything that says something is signed.
        said = {name for name in headers if name.startswith(("x-amz-", "content-md5", "if-none"))} | {"host"}
        assert said <= set(names.split(";"))
        if key_id != KEY_ID:
            return 403, "InvalidAccessKeyId"
        if region != self.region:
            return 400, "AuthorizationHeaderMalformed"
        if abs(datetime.now(UTC) - sent_at) > timedelta(minutes=15):
            return 403, "RequestTimeTooSkewed"
        if signature != _signature(request, names.split(";"), day, region):
            return 403, "SignatureDoesNotMatch"
        if headers["x-amz-content-sha256"] != hashlib.sha256(request.body).hexdigest():
            return 400, "XAmzContentSHA256Mismatch"
        if headers["content-md5"] != b64encode(hashlib.md5(request.body).digest()).decode():
            return 400, "BadDigest"
        if "x-amz-object-lock-mode" in headers and not self.has_lock:
            return 400, "ObjectLockConfigurationNotFoundError"
        if headers.get("if-none-match") == "*" and request.path in self.objects:
            return 412, "PreconditionFailed"
        self.objects.setdefault(request.path, []).append(request)
        return 200, ""


def _signature(request, names, day, region):
    """Written from the documentation, apart from the code it checks."""
    canonical = [request.method, request.path, "", *(f"{name}:{request.headers[name].strip()}" for name in names), ""]
    canonical += [";".join(names), request.headers["x-amz-content-sha256"]]
    scope = f"{day}/{region}/s3/aws4_request"
    digest = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
    key = b"AWS4" + SECRET.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{scope}\n{digest}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _setup(form=Format.SEGMENT, **values):
    given = {"bucket": "audit", "region": "eu-central-1", "access_key_id": KEY_ID, "secret_access_key": SECRET}
    return setup_of(KIND, form, **{**given, **values})


def _batch():
    return batch_of(outgoing(7), outgoing(8), start=7)


def test_a_batch_is_an_object_that_a_second_try_writes_again(serving):
    bucket = Bucket()
    with receiving(serving, bucket) as store:
        setup = _setup(endpoint=store.url)
        for _ in range(2):
            result = sent(KIND, _batch(), setup)
            assert (result.outcome, result.code) == (Outcome.DELIVERED, "200")
    [(path, puts)] = bucket.objects.items()
    assert path == f"/audit/{OBJECT}"
    assert puts[0].body == puts[1].body
    assert [orjson.loads(line)["messageId"] for line in gzip.decompress(puts[0].body).splitlines()] == [
        "msg_7",
        "msg_8",
    ]
    assert puts[0].headers["content-type"] == "application/gzip"
    assert SECRET not in result.request + result.answer
    assert "Warehouse Disabled" in result.request


@pytest.mark.parametrize("form", Format)
def test_each_format_is_lines(form):
    body = body_of(KIND, _batch(), _setup(form))
    assert body[4:8] == b"\0\0\0\0"  # without a time: the same bytes at each try
    lines = gzip.decompress(body).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(b"CEF:0|" if form is Format.CEF else b"{")
    url = KIND.call(b"", _batch(), _setup(form)).url
    assert url.endswith(".log.gz" if form is Format.CEF else ".jsonl.gz")


def test_locks_encryption_and_storage_class(serving):
    bucket = Bucket(has_lock=True)
    with receiving(serving, bucket) as store, clock.at(clock.now().replace(microsecond=0)):
        until = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        said = {"lock": "COMPLIANCE", "lock_days": 30, "storage_class": "STANDARD_IA"}
        setup = _setup(endpoint=store.url, encryption="aws:kms", kms_key_id="arn:aws:kms:x", **said)
        first, again = sent(KIND, _batch(), setup), sent(KIND, _batch(), setup)
    assert (first.outcome, again.outcome, again.code) == (Outcome.DELIVERED, Outcome.DELIVERED, "412")
    assert "already" in again.message
    [[put]] = bucket.objects.values()
    assert put.headers["x-amz-object-lock-mode"] == "COMPLIANCE"
    assert put.headers["x-amz-object-lock-retain-until-date"] == until
    assert put.headers["x-amz-server-side-encryption"] == "aws:kms"
    assert put.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "arn:aws:kms:x"
    assert put.headers["x-amz-storage-class"] == "STANDARD_IA"


def test_without_them_nothing_is_said_of_them(serving):
    bucket = Bucket()
    with receiving(serving, bucket) as store:
        sent(KIND, _batch(), _setup(endpoint=store.url))
    [[put]] = bucket.objects.values()
    assert {name for name in put.headers if name.startswith(("x-amz", "if-"))} == {"x-amz-date", "x-amz-content-sha256"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"access_key_id": "AKIANOBODY"}, "403 InvalidAccessKeyId: Nobody has this access key."),
        ({"secret_access_key": "wrong-key"}, "403 SignatureDoesNotMatch: The secret access key belongs to another"),
        (
            {"region": "us-east-1"},
            "400 AuthorizationHeaderMalformed: The bucket is in another region. It is in eu-central-1.",
        ),
        ({"lock": "GOVERNANCE"}, "400 ObjectLockConfigurationNotFoundError: Object Lock is not enabled"),
    ],
)
def test_what_is_set_up_wrongly_is_told_and_waits_for_somebody(serving, values, told):
    with receiving(serving, Bucket()) as store:
        result = sent(KIND, _batch(), _setup(endpoint=store.url, **values))
    assert result.outcome is Outcome.AUTH
    assert result.message.startswith(told)


def test_a_clock_that_is_wrong_is_told(serving):
    with receiving(serving, Bucket()) as store, clock.at(datetime(2020, 1, 1, tzinfo=UTC)):
        result = sent(KIND, _batch(), _setup(endpoint=store.url))
    assert "clock of this machine" in result.message


@pytest.mark.parametrize(
    ("status", "word", "outcome"),
    [
        (403, "AccessDenied", Outcome.AUTH),
        (404, "NoSuchBucket", Outcome.AUTH),
        (301, "PermanentRedirect", Outcome.AUTH),
        (307, "TemporaryRedirect", Outcome.RETRY),
        (400, "RequestTimeout", Outcome.RETRY),
        (400, "EntityTooLarge", Outcome.REFUSED),
        (400, "SomethingNew", Outcome.AUTH),
        (409, "ConditionalRequestConflict", Outcome.RETRY),
        (503, "SlowDown", Outcome.RETRY),
        (500, "InternalError", Outcome.RETRY),
    ],
)
def test_what_the_store_answers(serving, status, word, outcome):
    body = f"<Error><Code>{word}</Code><Message>Well\x1b</Message></Error>".encode()
    with receiving(serving, lambda request: (status, {}, body)) as store:
        result = sent(KIND, _batch(), _setup(endpoint=store.url))
    assert result.outcome is outcome
    assert f"{status} {word}: " in result.message
    assert "\x1b" not in result.message


@pytest.mark.parametrize(
    ("values", "base"),
    [
        ({}, "https://audit.s3.eu-central-1.amazonaws.com/"),
        ({"bucket": "audit.example.com"}, "https://s3.eu-central-1.amazonaws.com/audit.example.com/"),
        ({"region": "cn-north-1"}, "https://audit.s3.cn-north-1.amazonaws.com.cn/"),
        ({"addressing": "path"}, "https://s3.eu-central-1.amazonaws.com/audit/"),
        ({"endpoint": "https://minio.example.com:9000/"}, "https://minio.example.com:9000/audit/"),
        ({"endpoint": "https://R2.example.com", "addressing": "virtual"}, "https://audit.r2.example.com:443/"),
        ({"prefix": "/a=b/c/"}, "https://audit.s3.eu-central-1.amazonaws.com/a%3Db/c/src_1/"),
        ({"prefix": ""}, "https://audit.s3.eu-central-1.amazonaws.com/src_1/"),
    ],
)
def test_where_an_object_goes(values, base):
    assert KIND.call(b"", _batch(), _setup(**values)).url.startswith(base)


def test_a_prefix_that_needs_encoding_is_signed_as_it_is_sent(serving):
    bucket = Bucket()
    with receiving(serving, bucket) as store:
        assert sent(KIND, _batch(), _setup(endpoint=store.url, prefix="year=x/_a.b")).outcome is Outcome.DELIVERED
    assert next(iter(bucket.objects)).startswith("/audit/year%3Dx/_a.b/src_1/")


# --- Parquet ----------------------------------------------------------------------------------------------------------


def test_a_parquet_file_holds_columns_and_the_whole_event(serving):
    io = pytest.importorskip("arro3.io")
    bucket = Bucket()
    with receiving(serving, bucket) as store:
        result = sent(KIND, _batch(), _setup(endpoint=store.url, file="parquet"))
    [(path, [put])] = bucket.objects.items()
    assert path.endswith("-bat_7Q2k.parquet")
    assert "(Parquet, " in result.request
    table = io.read_parquet(BytesIO(put.body)).read_all()
    rows = {name: table.column(name).to_pylist() for name in object_files.COLUMNS}
    assert rows["message_id"] == ["msg_7", "msg_8"]
    assert rows["received_at"][0] == datetime(2026, 11, 24, 10, 0, 8, tzinfo=UTC)
    assert rows["occurred_at"][0] == datetime(2026, 11, 24, 10, 0, 0, 250_000, tzinfo=UTC)
    assert (rows["name"][0], rows["actor_id"][0], rows["resource_id"][0]) == ("Warehouse Disabled", "usr_7", "whs_1")
    assert orjson.loads(rows["payload"][1])["messageId"] == "msg_8"


def test_parquet_is_refused_where_it_is_not_installed(monkeypatch):
    monkeypatch.setattr("auditapp.pipeline.destinations.kinds.s3.has_parquet", lambda: False)
    with pytest.raises(Invalid, match="pip install") as raised:
        KIND.check(_setup(file="parquet"))
    assert raised.value.field == "file"


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        *(
            ({"bucket": bucket}, "bucket")
            for bucket in ("ab", "Audit", "a..b", "a/b", "-ab", "a_b", "audit.evil.com/x")
        ),
        *(({"region": region}, "region") for region in ("", "eu central", "x.evil.example/")),
        *(({"prefix": prefix}, "prefix") for prefix in ("a b", "a?b", "../b", "ü", "a%2fb")),
        *(({name: "a b"}, name) for name in ("access_key_id", "secret_access_key", "kms_key_id")),
        *(({"endpoint": url}, "endpoint") for url in ("https://a.example/b", "https://a.example?x")),
    ],
)
def test_settings_that_cannot_work_are_refused(values, field):
    with pytest.raises(Invalid) as raised:
        KIND.check(_setup(**values))
    assert raised.value.field == field


def test_good_settings_and_limits():
    KIND.check(_setup())
    KIND.check(_setup(endpoint="https://minio.example.com:9000/", prefix="", kms_key_id="arn:aws:kms:eu:1:key/x"))
    assert (KIND.max_events(_setup()), KIND.linger_s(_setup()), KIND.linger_s(_setup(linger_s=5))) == (5_000, 60, 5)
