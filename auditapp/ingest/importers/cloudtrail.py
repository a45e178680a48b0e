"""AWS CloudTrail: one record as a draft. What has no place of its own in an event is kept in its meta.

Source: docs.aws.amazon.com/awscloudtrail, "CloudTrail record contents" and "CloudTrail userIdentity element"
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from auditapp.ingest.event_input import Door, occurred_at, plain_ip
from auditapp.ingest.importers.aws_names import Action, action_of, resource_type_of, service_word, singular, snake_words
from auditapp.lib.errors import Invalid
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_types import KnownType
from auditapp.record.services import redacted

MAX_TARGETS: Final = 20
# An index holds rows of up to 2,704 bytes, with the resource's type and id in them.
MAX_ID_BYTES: Final = 1_000
MAX_NAME: Final = 500
# Told by other parts of the event.
_TOLD: Final = frozenset({"userAgent", "sourceIPAddress", "requestID", "eventTime", "@timestamp", "@version"})
# Parameters that end as those of a resource do and name none; access keys have the shape of secrets.
_NO_RESOURCE: Final = frozenset(
    {
        "access_key",
        "account",
        "attribute",
        "client",
        "client_request",
        "client_token",
        "correlation",
        "device",
        "display",
        "host",
        "owner",
        "parameter",
        "request",
        "role_session",
        "session",
        "tag",
        "transaction",
        "version",
    }
)
_ENDINGS: Final = ("arn", "id", "identifier", "name")
# Named by services that do not own them.
_OWNER: Final = {"role": "iam", "user": "iam", "instance_profile": "iam", "instance": "ec2", "bucket": "s3"}


def record_id(record: Mapping[str, Any]) -> str | None:
    """What tells this record from every other one."""
    return _text(record.get("eventID")) or None


def type_text(record: Mapping[str, Any]) -> str:
    """The key of the record's event type; "" where it has none."""
    action = _action(record)
    return action.key if action else ""


def draft_of_record(
    record: Mapping[str, Any], *, event_id: UUID, door: Door, known: Mapping[str, KnownType]
) -> EventDraft:
    """The record as an event: who, from where, what, to which resources, and whether it worked.

    Raises:  Invalid, where the record has no name or time
    """
    action = _action(record)
    kind = known.get(action.key) if action else None
    if action is None or kind is None:
        raise Invalid("This record does not say what was done.", pointer="/eventName")
    draft = EventDraft(
        workspace_id=door.workspace_id,
        id=event_id,
        type=kind.key,
        area=kind.area,
        actor=_actor(record),
        targets=_targets(record, action),
        occurred_at=_time(record, door),
        received_at=door.received_at,
        origin=door.origin,
        outcome="failure" if _has_failed(record) else "success",
        is_read=record["readOnly"] if isinstance(record.get("readOnly"), bool) else action.is_read,
        context=_context(record),
        meta={key: value for key, value in record.items() if key not in _TOLD},
    )
    return redacted(draft, kind)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _part(record: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for key in path:
        value = record.get(key)
        record = value if isinstance(value, dict) else {}
    return record


def _action(record: Mapping[str, Any]) -> Action | None:
    return action_of(_text(record.get("eventSource")), _text(record.get("eventName")))


def _time(record: Mapping[str, Any], door: Door) -> Any:
    # Records that went through Logstash carry the time under its own name.
    text = _text(record.get("eventTime")) or _text(record.get("@timestamp"))
    if not text:
        raise Invalid("This record does not say when it was.", pointer="/eventTime")
    return occurred_at(text, door.received_at, pointer="/eventTime")


def _has_failed(record: Mapping[str, Any]) -> bool:
    # A console sign-in that failed has no error code.
    signed_in = _part(record, "responseElements").get("ConsoleLogin")
    return bool(record.get("errorCode") or record.get("errorMessage")) or signed_in == "Failure"


def _context(record: Mapping[str, Any]) -> dict[str, Any]:
    source = _text(record.get("sourceIPAddress"))
    # Calls that AWS makes for somebody come from a name: "ec2.amazonaws.com", "AWS Internal".
    ip = plain_ip(source)
    context = {
        "ip": ip,
        "source": None if ip else source,
        "user_agent": _text(record.get("userAgent"))[:512],
        "request_id": _text(record.get("requestID"))[:200],
    }
    return {key: value for key, value in context.items() if value}


# --- Who --------------------------------------------------------------------------------------------------------------


def _actor(record: Mapping[str, Any]) -> Actor:
    identity = _part(record, "userIdentity")
    issuer = _part(identity, "sessionContext", "sessionIssuer")
    kind, principal, account = (_text(identity.get(key)) for key in ("type", "principalId", "accountId"))
    name, service = _text(identity.get("userName")), _text(identity.get("invokedBy"))
    match kind:
        case "AssumedRole":
            role, session = _text(issuer.get("userName")), principal.partition(":")[2]
            # Single sign-on names sessions after people's addresses.
            email = session if "@" in session else None
            name = "/".join(filter(None, (role, session))) or _last_of_arn(_text(identity.get("arn")))
            return _known_actor("user" if email else "service", principal, name, email)
        case "AWSService":
            return _known_actor("service", service or principal, service or principal)
        case "AWSAccount":
            return _known_actor("service", principal or account, f"AWS account {account or principal}")
        case "Root":
            return _known_actor("user", f"{principal or account}:root", f"Root of AWS account {account or principal}")
        case "IdentityCenterUser":
            principal = _text(_part(identity, "onBehalfOf").get("userId")) or principal
    if not name and kind == "FederatedUser":
        name = _last_of_arn(_text(identity.get("arn"))) or principal.partition(":")[2]
    is_service = not kind and bool(service)
    return _known_actor("service" if is_service else "user", principal or name or service or account, name or service)


def _known_actor(kind: str, actor_id: str, name: str, email: str | None = None) -> Actor:
    """An actor whose id is no address: the id stays in the trail for good, name and e-mail can be erased."""
    first, _, session = actor_id.partition(":")
    if "@" in session or "@" in first:
        actor_id = f"{first if '@' not in first else ''}:{sha256(actor_id.encode()).hexdigest()[:16]}".lstrip(":")
    actor_id = actor_id[:200] or "unknown"
    return Actor(kind, actor_id, (name or actor_id)[:MAX_NAME], email)


# --- To what ----------------------------------------------------------------------------------------------------------


def _targets(record: Mapping[str, Any], action: Action) -> list[Target]:
    """The resources that the record lists, else those its parameters name, else the account; of the action's kind first."""
    service = service_word(_text(record.get("eventSource")))
    found = list(_listed_resources(record)) or list(_parameters(record, service))
    if not found:
        account = _text(record.get("recipientAccountId")) or _text(_part(record, "userIdentity").get("accountId"))
        return [Target("aws_account", _fitting_id(account))] if account else []
    unique = {(target.type, target.id): target for target in found}
    wanted = _resource_type(service, action.noun)
    return sorted(unique.values(), key=lambda target: target.type != wanted)[:MAX_TARGETS]


def _listed_resources(record: Mapping[str, Any]) -> Iterator[Target]:
    listed = record.get("resources")
    for resource in listed if isinstance(listed, list) else []:
        # Without an ARN it names a prefix: everything below, nothing in particular.
        if isinstance(resource, dict) and (arn := _text(resource.get("ARN"))):
            aws_type = _text(resource.get("type"))
            yield _of_arn(arn, resource_type_of(aws_type) if aws_type else "")


def _parameters(record: Mapping[str, Any], service: str) -> Iterator[Target]:
    """Parameters such as instanceId, roleName or topicArn, however deep; of a filter, its name counts as the parameter's."""
    parameters = _part(record, "requestParameters")
    bucket, key = _text(parameters.get("bucketName")), _text(parameters.get("key"))
    if bucket and key:
        yield Target("s3_object", _fitting_id(f"{bucket}/{key}"), key[:MAX_NAME])
    for name, value in _leaves(parameters, ""):
        *noun, ending = snake_words(name) or [""]
        if value.startswith("arn:"):
            yield _of_arn(value, _resource_type(service, "_".join(noun)) if noun and ending == "arn" else "")
        elif noun and ending in _ENDINGS and "_".join(noun) not in _NO_RESOURCE:
            yield Target(_resource_type(service, "_".join(noun)), _fitting_id(value))


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Texts with the name above them: that of their key, past the lists and wrappers of EC2's parameters."""
    if isinstance(value, str):
        if value:
            yield name, value
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, name)
    elif isinstance(value, dict):
        if "valueSet" in value:
            # A filter: instance-id or attachment.instance-id name a resource, availability-zone does not.
            name = _text(value.get("name")).rpartition(".")[2]
            yield from _leaves(value["valueSet"], name if name.endswith("-id") else "")
            return
        for key, item in value.items():
            yield from _leaves(item, name if key in {"items", "item", "value", "content"} else key)


def _resource_type(service: str, noun: str) -> str:
    noun = singular(noun)
    return "_".join(filter(None, (_OWNER.get(noun, service), noun)))[:100]


def _of_arn(arn: str, resource_type: str) -> Target:
    """A resource by its ARN: arn:partition:service:region:account:type/name, where S3 has a bucket and a key instead."""
    parts = arn.split(":", 5)
    service, rest = (parts[2], parts[5]) if len(parts) == 6 else ("aws", "")
    if not resource_type:
        if service == "s3":
            noun = "object" if "/" in rest else "bucket"
        else:
            noun = "_".join(snake_words(rest.replace(":", "/").partition("/")[0])) if "/" in rest or ":" in rest else ""
        resource_type = _resource_type(service_word(service), noun)
    return Target(resource_type, _fitting_id(arn), rest[:MAX_NAME] if service == "s3" else _last_of_arn(arn)[:MAX_NAME])


def _fitting_id(text: str) -> str:
    return text.encode()[:MAX_ID_BYTES].decode(errors="ignore")


def _last_of_arn(arn: str) -> str:
    """The name in an ARN, without the kind before it."""
    rest = arn.split(":", 5)[-1].replace(":", "/")
    return rest.partition("/")[2] or rest
