"""Signatures as AWS publishes them, and as botocore makes them."""

from datetime import UTC, datetime

import pytest

from auditapp.lib.aws_signature import AwsKey, signed_headers

SUITE = AwsKey("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
SUITE_AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
S3 = AwsKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
S3_AT = datetime(2013, 5, 24, tzinfo=UTC)
BUCKET = "https://examplebucket.s3.amazonaws.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "signature"),
    [
        ("GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            *("GET", "/?Param2=value2&Param1=value1", {}, b""),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("POST", "/", FORM, b"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
    ids=["get-vanilla", "post-vanilla", "get-vanilla-query-order-key-case", "post-x-www-form-urlencoded"],
)
def test_the_test_suite_of_aws(method, url, headers, body, signature):
    signed = signed_headers(method, f"https://example.amazonaws.com{url}", headers, body, SUITE, SUITE_AT)
    assert signed["x-amz-date"] == "20150830T123600Z"
    names = "content-type;host;x-amz-date" if headers else "host;x-amz-date"
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            b"",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            *("PUT", "/test%24file.text"),
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        ("GET", "/?lifecycle", {}, b"", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("GET", "/?max-keys=2&prefix=J", {}, b"", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
    ids=["GET Object", "PUT Object", "GET Bucket Lifecycle", "List Objects"],
)
def test_the_examples_of_the_s3_reference(method, url, headers, body, signature):
    signed = signed_headers(method, BUCKET + url, headers, body, S3, S3_AT)
    assert signed["Authorization"].endswith(f"Signature={signature}")


LENT = AwsKey(S3.id, S3.secret, "eu-north-1", token="lent/token==")
LOCKED = {
    "Content-MD5": "nOoyKWa8sTZN1eq2kiDfrQ==",
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": "2020-05-24T00:00:00Z",
    "If-None-Match": "*",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-storage-class": "STANDARD_IA",
}
# Made with S3SigV4Auth of botocore 1.43.11, over the same request at the same moment.
BOTOCORE = {
    "locked, another port": (
        "https://minio.example.com:9000/audit/y%3D2013/a.jsonl.gz",
        LOCKED,
        AwsKey(S3.id, S3.secret, "eu-central-1"),
        "9b07890e4b6f5296628eb1eb2cbe2ec08f81bd7eaaf7f0af7eb1a8e50932a0e2",
    ),
    "a key that was lent": (
        "https://audit.s3.eu-north-1.amazonaws.com/a/b.parquet",
        {"Content-Type": "application/vnd.apache.parquet"},
        LENT,
        "c2993012407669c6aa21ac4d3b634b0de2acf68f45a2b83c5f8e305f0d7f52f5",
    ),
}


@pytest.mark.parametrize("name", BOTOCORE)
def test_botocore_signs_alike(name):
    url, headers, key, signature = BOTOCORE[name]
    signed = signed_headers("PUT", url, headers, b"[1]", key, S3_AT)
    assert signed["Authorization"].endswith(f"Signature={signature}")
