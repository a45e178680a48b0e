"""Amazon S3 and the stores that speak as it does: one object a batch, which tells in its key from where to where it goes.

Source:  docs.aws.amazon.com, Amazon S3 API Reference, PutObject, "Error responses"
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from hashlib import md5
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson

from auditapp.lib import clock
from auditapp.lib.aws_signature import AwsKey, signed_headers
from auditapp.lib.errors import Invalid
from auditapp.lib.outbound import Answer
from auditapp.lib.outbound.urls import parts_of
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.destinations.http_kind import TLS_FIELDS, Call, HttpKind, call_to, outcome_of, told_of, word_of
from auditapp.pipeline.destinations.kind import Batch, Field, Outcome, Outgoing, Setup
from auditapp.pipeline.destinations.object_files import (
    HOW_TO_INSTALL,
    extension_of,
    has_parquet,
    packed_lines,
    parquet_of,
)
from auditapp.pipeline.formats.rendering import Format, render

MOST_EVENTS: Final = 5_000
MOST_BYTES: Final = 16_000_000
_BUCKET: Final = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_PREFIX: Final = re.compile(r"[A-Za-z0-9/_.=-]{0,200}", re.ASCII)
_CLASSES: Final = (
    "STANDARD",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
)
_ERROR: Final = re.compile(r"<(Code|Message|Region)>([^<]{1,300})</\1>")
_WORDS: Final = {
    "AccessDenied": (
        Outcome.AUTH,
        "The key may not write here: it needs s3:PutObject (and s3:PutObjectRetention for locks).",
    ),
    "InvalidAccessKeyId": (Outcome.AUTH, "Nobody has this access key."),
    "SignatureDoesNotMatch": (Outcome.AUTH, "The secret access key belongs to another access key."),
    "NoSuchBucket": (Outcome.AUTH, "There is no bucket of this name."),
    "PermanentRedirect": (Outcome.AUTH, "The bucket is in another region."),
    "TemporaryRedirect": (Outcome.RETRY, "The bucket is being made."),
    "AuthorizationHeaderMalformed": (Outcome.AUTH, "The bucket is in another region."),
    "RequestTimeTooSkewed": (Outcome.AUTH, "The clock of this machine is wrong by more than 15 minutes."),
    "InvalidStorageClass": (Outcome.AUTH, "There is no such storage class here."),
    "ObjectLockConfigurationNotFoundError": (Outcome.AUTH, "Object Lock is not enabled for this bucket."),
    "EntityTooLarge": (Outcome.REFUSED, "The object is larger than is taken."),
    "SlowDown": (Outcome.RETRY, "Too many requests."),
    "RequestTimeout": (Outcome.RETRY, "Not everything arrived in time."),
    "BadDigest": (Outcome.RETRY, "Something was changed on its way."),
    "IncompleteBody": (Outcome.RETRY, "Not everything arrived."),
    "ConditionalRequestConflict": (Outcome.RETRY, "The object is being written."),
}


class AmazonS3(HttpKind):
    """A second try writes the same bytes under the same key; where objects are locked, the first one stays alone."""

    key = "s3"
    name = "Amazon S3"
    summary = "Files in a bucket of Amazon S3 or a compatible store: JSON Lines, CEF or Parquet, locked if you like."
    icon = "storage"
    fields = (
        Field("bucket", "Bucket"),
        Field("region", "Region", default="us-east-1"),
        Field("access_key_id", "Access key ID"),
        Field("secret_access_key", "Secret access key", is_secret=True),
        Field("prefix", "Prefix", help="In front of each key; / for none.", default="audit", is_required=False),
        Field(
            "file",
            "Files are",
            "choice",
            default="lines",
            choices=(("lines", "Lines, packed (.gz)"), ("parquet", "Parquet")),
        ),
        Field("linger_s", "Seconds to gather events", "number", default=60, least=0, most=3_600),
        Field("endpoint", "Endpoint", "url", "Of another store than Amazon's, as MinIO or Ceph.", is_required=False),
        Field(
            "addressing",
            "Bucket stands in the",
            "choice",
            default="auto",
            choices=(("auto", "Host at Amazon, path elsewhere"), ("virtual", "Host"), ("path", "Path")),
            is_advanced=True,
        ),
        Field(
            "lock",
            "Object Lock",
            "choice",
            "The bucket has to be made with it.",
            default="none",
            choices=(("none", "None"), ("GOVERNANCE", "Governance"), ("COMPLIANCE", "Compliance: nobody can delete")),
        ),
        Field("lock_days", "Days locked", "number", default=365, least=1, most=36_500),
        Field(
            "encryption",
            "Encryption",
            "choice",
            default="bucket",
            choices=(("bucket", "As the bucket is set"), ("AES256", "SSE-S3"), ("aws:kms", "SSE-KMS")),
            is_advanced=True,
        ),
        Field("kms_key_id", "KMS key", help="Empty: Amazon's own.", is_required=False, is_advanced=True),
        Field(
            "storage_class",
            "Storage class",
            "choice",
            default="STANDARD",
            choices=tuple((c, c) for c in _CLASSES),
            is_advanced=True,
        ),
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        said = setup.settings
        _matching(
            _BUCKET, said, "bucket", "Write a bucket's name: 3 to 63 lower case letters, digits, dots and hyphens."
        )
        _matching(_REGION, said, "region", "Write a region as eu-central-1.")
        _matching(_PREFIX, said, "prefix", "Write letters, digits and / _ . = - only.")
        if ".." in said["prefix"]:
            raise Invalid("Leave .. out.", field="prefix", code="bad_prefix")
        word_of(said["access_key_id"], "access_key_id")
        word_of(setup.secrets["secret_access_key"], "secret_access_key")
        word_of(said["kms_key_id"], "kms_key_id")
        if said["endpoint"] and (urlsplit(said["endpoint"]).path.strip("/") or "?" in said["endpoint"]):
            raise Invalid("Write the endpoint without a path.", field="endpoint", code="bad_url")
        if said["file"] == "parquet" and not has_parquet():
            raise Invalid(f"Parquet is not installed here: {HOW_TO_INSTALL}.", field="file", code="no_parquet")

    def max_events(self, setup: Setup) -> int:
        return MOST_EVENTS

    def max_bytes(self, setup: Setup) -> int:
        return MOST_BYTES

    def linger_s(self, setup: Setup) -> float:
        return float(setup.settings["linger_s"])

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        said = render(setup.form, outgoing.event)
        return said.encode() if isinstance(said, str) else orjson.dumps(said)

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        return parquet_of(batch.events, items) if _is_parquet(setup) else packed_lines(items)

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        said, at = setup.settings, clock.now()
        url = f"{_base(setup)}/{quote(key_of(batch, setup), safe='/-_.~')}"
        headers = {
            "Content-Type": "application/vnd.apache.parquet" if _is_parquet(setup) else "application/gzip",
            # Object Lock asks for it, and every store that is compatible knows it.
            "Content-MD5": b64encode(md5(body, usedforsecurity=False).digest()).decode(),
        }
        if said["lock"] != "none":
            until = (at + timedelta(days=said["lock_days"])).strftime("%Y-%m-%dT%H:%M:%SZ")
            headers |= {"x-amz-object-lock-mode": said["lock"], "x-amz-object-lock-retain-until-date": until}
            # A second try would be a second version, locked as long.
            headers["If-None-Match"] = "*"
        if said["encryption"] != "bucket":
            headers["x-amz-server-side-encryption"] = said["encryption"]
        if said["encryption"] == "aws:kms" and said["kms_key_id"]:
            headers["x-amz-server-side-encryption-aws-kms-key-id"] = said["kms_key_id"]
        if said["storage_class"] != "STANDARD":
            headers["x-amz-storage-class"] = said["storage_class"]
        key = AwsKey(said["access_key_id"], setup.secrets["secret_access_key"], said["region"])
        return call_to(url, signed_headers("PUT", url, headers, body, key, at), setup, method="PUT")

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        said = dict(_ERROR.findall(answer.body.decode("utf-8", "replace")))
        word = said.get("Code", "")
        if answer.status == 412:
            return Outcome.DELIVERED, "412: the object is there already, from a try whose answer was lost."
        if word in _WORDS:
            outcome, plainly = _WORDS[word]
            region = f" It is in {terminal_safe(said['Region'])}." if "region" in plainly and "Region" in said else ""
            return outcome, f"{answer.status} {word}: {plainly}{region}"
        told = (
            f"{answer.status} {terminal_safe(word)}: {terminal_safe(said.get('Message', ''))}"
            if word
            else told_of(answer)
        )
        outcome = outcome_of(answer.status)
        # What is refused is how it is stored, never what the events say.
        return (Outcome.AUTH, told) if answer.status in (301, 400, 404) else (outcome, told)


def key_of(batch: Batch, setup: Setup) -> str:
    """The key of a batch's object: by source and day, ordered as the events are, the same at every try."""
    day = batch.events[0].received_at.strftime("%Y/%m/%d")
    prefix = str(setup.settings["prefix"]).strip("/")
    extension = "parquet" if _is_parquet(setup) else extension_of(Format(setup.form))
    # As wide as an index can be, so that a list of keys is in order.
    name = f"{batch.source_id}/{day}/{batch.start:019d}-{batch.end:019d}-{batch.id}.{extension}"
    return f"{prefix}/{name}" if prefix else name


def _base(setup: Setup) -> str:
    said = setup.settings
    bucket, endpoint = str(said["bucket"]), _normal(str(said["endpoint"]))
    by_path = said["addressing"] == "path"
    if said["addressing"] == "auto":
        # A certificate for *.s3.amazonaws.com does not cover names with further dots.
        by_path = bool(endpoint) or "." in bucket
    if not endpoint:
        china = ".cn" if said["region"].startswith("cn-") else ""
        endpoint = f"https://s3.{said['region']}.amazonaws.com{china}"
    if by_path:
        return f"{endpoint}/{bucket}"
    scheme, _, host = endpoint.partition("://")
    return f"{scheme}://{bucket}.{host}"


def _normal(endpoint: str) -> str:
    """The endpoint as the request will name it, or the signature would be of another host."""
    if not endpoint:
        return ""
    parts = parts_of(endpoint)
    host = f"[{parts.host}]" if ":" in parts.host else parts.host
    return f"{parts.scheme}://{host}:{parts.port}"


def _is_parquet(setup: Setup) -> bool:
    return bool(setup.settings["file"] == "parquet")


def _matching(pattern: re.Pattern[str], said: Any, name: str, message: str) -> None:
    if not pattern.fullmatch(str(said[name])):
        raise Invalid(message, field=name, code=f"bad_{name}")
