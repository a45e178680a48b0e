"""CloudTrail records become events: all 103 of the sample come in whole, and each kind of identity is named."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from auditapp.catalogue.sentence import plain_sentence, sentence_parts
from auditapp.ingest.event_input import Door
from auditapp.ingest.event_shape import is_type_key
from auditapp.ingest.importers.aws_names import action_of, resource_type_of
from auditapp.ingest.importers.cloudtrail import draft_of_record, record_id, type_text
from auditapp.lib import clock
from auditapp.lib.clock import parse_utc
from auditapp.lib.errors import Invalid
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_types import undeclared_type

SAMPLE = Path(__file__).parents[1] / "vectors" / "cloudtrail" / "sample.jsonl"
RECORDS = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
BASE: dict[str, Any] = {
    "eventName": "CreateUser",
    "eventSource": "iam.amazonaws.com",
    "eventTime": "2026-01-02T03:04:05Z",
    "userIdentity": {"type": "IAMUser", "principalId": "AIDA1", "userName": "ana", "accountId": "111122223333"},
    "sourceIPAddress": "203.0.113.7",
    "recipientAccountId": "111122223333",
    "requestParameters": {"userName": "bob"},
}


def draft(record: dict[str, Any]) -> EventDraft:
    key = type_text(record)
    known = {key: undeclared_type(key)} if is_type_key(key) else {}
    door = Door(1, "import:cloudtrail", clock.now())
    return draft_of_record(record, event_id=UUID(int=1), door=door, known=known)


def sentence(event: EventDraft) -> str:
    targets = [{"type": target.type, "id": target.id, "name": target.name} for target in event.targets]
    template = undeclared_type(event.type).sentence
    return plain_sentence(sentence_parts(template, targets=targets, meta={}, changes=[]))


# --- The sample -------------------------------------------------------------------------------------------------------


def test_the_sample_has_103_records_of_their_own():
    assert len(RECORDS) == len({record_id(record) for record in RECORDS}) == 103


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record['eventName']}-{record['eventID'][:8]}")
def test_each_record_of_the_sample_comes_in_whole(record):
    event = draft(record)
    identity = record["userIdentity"]
    expected = {
        "IAMUser": ("user", "AIDAICAK2CN5MGHIIDIHA", "pedro"),
        "AssumedRole": (
            "service",
            identity.get("principalId"),
            "MordorNginxStack-BankingWAFRole-9S3E0UAE1MM0/i-0317f6c6b66ae9c40",
        ),
        "AWSService": ("service", "ec2.amazonaws.com", "ec2.amazonaws.com"),
    }[identity["type"]]
    assert (event.actor.kind, event.actor.id, event.actor.name) == expected
    is_address = record["sourceIPAddress"] == "1.2.3.4"
    assert event.context.get("ip") == ("1.2.3.4" if is_address else None)
    assert event.context.get("source") == (None if is_address else "ec2.amazonaws.com")
    assert event.context["user_agent"] == record["userAgent"]
    assert event.context["request_id"] == record["requestID"]
    assert event.occurred_at == parse_utc(record["@timestamp"])
    assert event.outcome == "success"
    assert event.is_read is (record["eventName"] != "AssumeRole")
    assert event.meta["eventName"] == record["eventName"]
    assert event.meta["eventID"] == record["eventID"]
    for resource in record.get("resources", []):
        assert "ARN" not in resource or resource["ARN"] in [target.id for target in event.targets]
    named = [value for key, value in ids_in(record.get("requestParameters")) if key.lower() == "instanceid"]
    assert {("ec2_instance", value) for value in named} <= {(target.type, target.id) for target in event.targets}
    assert event.targets, "what names nothing is about the account"
    assert "something" not in sentence(event)


def ids_in(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, item in value.items() for pair in ids_in(item, name if key == "content" else key)]
    if isinstance(value, list):
        return [pair for item in value for pair in ids_in(item, name)]
    return [(name, value)] if isinstance(value, str) else []


def test_no_session_token_of_the_sample_is_kept():
    kept = json.dumps([dict(draft(record).meta) for record in RECORDS])
    tokens = [
        record["responseElements"]["credentials"]["sessionToken"]
        for record in RECORDS
        if record["eventName"] == "AssumeRole"
    ]
    assert len(tokens) == 5
    assert not any(token in kept for token in tokens)


# --- Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "name", "key", "is_read"),
    [
        ("iam", "CreateUser", "iam_user.created", False),
        ("s3", "DeleteBucket", "s3_bucket.deleted", False),
        ("s3", "GetObject", "s3_object.read", True),
        ("s3", "ListObjectsV2", "s3_object.listed", True),
        ("s3", "PutBucketPolicy", "s3_bucket_policy.put", False),
        ("ec2", "DescribeAddresses", "ec2_address.described", True),
        ("ec2", "DescribeVolumeStatus", "ec2_volume_status.described", True),
        ("ec2", "StopInstances", "ec2_instance.stopped", False),
        ("ec2", "RunInstances", "ec2_instance.run", False),
        ("iam", "ListPolicies", "iam_policy.listed", True),
        ("rds", "ModifyDBInstance", "rds_db_instance.modified", False),
        ("lambda", "Invoke20150331v2", "lambda.invoked", False),
        ("lambda", "CreateFunction20150331", "lambda_function.created", False),
        ("dynamodb", "BatchGetItem", "dynamodb_item.read", True),
        ("cognito-idp", "AdminCreateUser", "cognito_idp_user.created", False),
        ("kms", "Decrypt", "kms.decrypted", False),
        ("s3", "CopyObject", "s3_object.copied", False),
        ("signin", "ConsoleLogin", "signin.console_login", False),
        ("ec2", "TagResource", "ec2_resource.tagged", False),
        ("2fa", "X" * 300, "aws_2fa." + "x" * 92, False),
    ],
)
def test_a_name_of_aws_is_an_event_type(service, name, key, is_read):
    action = action_of(f"{service}.amazonaws.com", name)
    assert action is not None
    assert (action.key, action.is_read) == (key, is_read)


def test_a_type_of_aws_is_a_resource_type():
    assert resource_type_of("AWS::IAM::Role") == "iam_role"
    assert resource_type_of("AWS::DynamoDB::Table") == "dynamo_db_table"


def test_a_sentence_reads_well():
    assert sentence(draft(BASE)) == "created iam user bob"


# --- Who --------------------------------------------------------------------------------------------------------------

SSO = {
    "type": "AssumedRole",
    "principalId": "AROA1:ana@example.com",
    "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ana@example.com",
    "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROA1", "userName": "Admin"}},
}


@pytest.mark.parametrize(
    ("identity", "actor"),
    [
        (BASE["userIdentity"], Actor("user", "AIDA1", "ana")),
        (
            {"type": "Root", "principalId": "111122223333", "accountId": "111122223333"},
            Actor("user", "111122223333:root", "Root of AWS account 111122223333"),
        ),
        (
            {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"},
            Actor("service", "autoscaling.amazonaws.com", "autoscaling.amazonaws.com"),
        ),
        (
            {"type": "AWSAccount", "principalId": "AROA9:x", "accountId": "444455556666"},
            Actor("service", "AROA9:x", "AWS account 444455556666"),
        ),
        (
            {"type": "FederatedUser", "principalId": "111122223333:bo", "arn": "arn:aws:sts::1:federated-user/bo"},
            Actor("user", "111122223333:bo", "bo"),
        ),
        (
            {"type": "IdentityCenterUser", "accountId": "1", "onBehalfOf": {"userId": "94482488-3041"}},
            Actor("user", "94482488-3041", "94482488-3041"),
        ),
        (
            {"type": "SAMLUser", "principalId": "idp:bo", "userName": "bo"},
            Actor("user", "idp:bo", "bo"),
        ),
        ({"invokedBy": "signin.amazonaws.com"}, Actor("service", "signin.amazonaws.com", "signin.amazonaws.com")),
        ({}, Actor("user", "unknown", "unknown")),
    ],
    ids=lambda value: value.get("type", "none") if isinstance(value, dict) else "",
)
def test_each_kind_of_identity_is_an_actor(identity, actor):
    assert draft({**BASE, "userIdentity": identity}).actor == actor


def test_an_address_in_a_session_is_kept_where_it_can_be_erased_and_not_in_the_id():
    actor = draft({**BASE, "userIdentity": SSO}).actor
    assert (actor.kind, actor.name, actor.email) == ("user", "Admin/ana@example.com", "ana@example.com")
    assert actor.id.startswith("AROA1:")
    assert "ana" not in actor.id
    other = {**SSO, "principalId": "AROA1:bo@example.com"}
    assert draft({**BASE, "userIdentity": other}).actor.id != actor.id


# --- From where, to what, and how it ended ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "context"),
    [
        ("203.0.113.7", {"ip": "203.0.113.7"}),
        ("2001:DB8::1", {"ip": "2001:db8::1"}),
        ("AWS Internal", {"source": "AWS Internal"}),
        ("cloudformation.amazonaws.com", {"source": "cloudformation.amazonaws.com"}),
        ("", {}),
    ],
)
def test_what_is_no_address_is_kept_but_not_as_one(source, context):
    assert dict(draft({**BASE, "sourceIPAddress": source}).context) == context


@pytest.mark.parametrize(
    "failure",
    [
        {"errorCode": "AccessDenied", "errorMessage": "no"},
        {"errorMessage": "Failed authentication"},
        {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}},
    ],
)
def test_a_failure_is_a_failure_and_its_reason_is_kept(failure):
    event = draft({**BASE, **failure})
    assert event.outcome == "failure"
    assert failure.items() <= event.meta.items()


@pytest.mark.parametrize(
    ("record", "targets"),
    [
        ({}, [Target("iam_user", "bob")]),
        (
            {
                "eventName": "AttachRolePolicy",
                "requestParameters": {"roleName": "r", "policyArn": "arn:aws:iam::aws:policy/P"},
            },
            [Target("iam_role", "r"), Target("iam_policy", "arn:aws:iam::aws:policy/P", "P")],
        ),
        (
            {
                "eventName": "PutObject",
                "eventSource": "s3.amazonaws.com",
                "requestParameters": {"bucketName": "b", "key": "a/b.txt"},
            },
            [Target("s3_object", "b/a/b.txt", "a/b.txt"), Target("s3_bucket", "b")],
        ),
        (
            {
                "resources": [
                    {"ARN": "arn:aws:s3:::b", "type": "AWS::S3::Bucket"},
                    {"ARN": "arn:aws:iam::1:user/bob", "type": "AWS::IAM::User"},
                    {"ARNPrefix": "arn:aws:s3:::b/"},
                ]
            },
            [Target("iam_user", "arn:aws:iam::1:user/bob", "bob"), Target("s3_bucket", "arn:aws:s3:::b", "b")],
        ),
        (
            {"resources": [{"ARN": "arn:aws:kms:eu-west-1:1:key/abc"}]},
            [Target("kms_key", "arn:aws:kms:eu-west-1:1:key/abc", "abc")],
        ),
        ({"requestParameters": None}, [Target("aws_account", "111122223333")]),
        ({"requestParameters": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}}, [Target("aws_account", "111122223333")]),
    ],
    ids=["parameter", "two parameters", "object", "listed", "ARN alone", "nothing", "access key"],
)
def test_targets_are_what_the_record_lists_or_its_parameters_name(record, targets):
    assert draft({**BASE, **record}).targets == targets


def test_read_only_says_more_than_the_name():
    assert draft({**BASE, "readOnly": True}).is_read is True
    assert draft({**BASE, "eventName": "GetUser"}).is_read is True
    assert draft({**BASE, "eventName": "GetUser", "readOnly": False}).is_read is False


@pytest.mark.parametrize(
    ("record", "pointer"),
    [
        ({"eventName": "???"}, "/eventName"),
        ({"eventName": None}, "/eventName"),
        ({"eventName": "2Fast"}, "/eventName"),
        ({"eventTime": None}, "/eventTime"),
        ({"eventTime": "yesterday"}, "/eventTime"),
        ({"eventTime": "2999-01-01T00:00:00Z"}, "/eventTime"),
    ],
)
def test_a_record_without_name_or_time_is_refused(record, pointer):
    with pytest.raises(Invalid) as refused:
        draft({**BASE, **record})
    assert refused.value.pointer == pointer


@pytest.mark.parametrize("value", [None, 5, [], "x", {"a": [1]}, [[]]])
@pytest.mark.parametrize(
    "field", ["userIdentity", "requestParameters", "responseElements", "resources", "sourceIPAddress"]
)
def test_a_field_of_the_wrong_kind_does_no_harm(field, value):
    assert draft({**BASE, field: value}).type == "iam_user.created"
