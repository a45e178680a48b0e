"""AWS's names for what was done and to what, as event types and resource types: CreateUser of iam is `iam_user.created`.

A name that does not start with a verb known here stays as it is, with its service in front: `signin.console_login`.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from auditapp.record.declarations import MAX_KEY


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Beside these, names start with words that say how, not what: BatchGetItem, AdminCreateUser.
_HOW: Final = frozenset({"batch", "admin", "bulk"})
_READS: Final = _words(
    "check count describe discover download estimate filter get head list lookup poll preview query receive retrieve"
    " scan search select simulate test validate verify view"
)
_WRITES: Final = _words(
    "abort accept acknowledge activate add advertise allocate apply approve archive assign associate assume attach"
    " authorize cancel change clear clone close complete configure confirm connect continue copy create deactivate"
    " decode decrypt delete deploy deprecate deprovision deregister detach disable disassociate disconnect enable"
    " encrypt enroll exchange execute export failover forgot generate grant import increase initiate install"
    " invalidate invite invoke issue join label launch leave lock merge migrate modify monitor move notify open pause"
    " place promote provision publish purchase purge put reboot rebuild record refresh register reject release remove"
    " rename renew replace replicate report request resend reset resize resolve respond restart restore resume retire"
    " retry revoke rollback rotate run save schedule send set share sign signal skip split start stop submit subscribe"
    " suspend swap switch sync tag terminate transfer unarchive unassign unlock unmonitor unsubscribe untag update"
    " upgrade upload vote withdraw write"
)
_DOUBLED: Final = frozenset({"stop", "tag", "untag", "submit", "swap"})
_IRREGULAR: Final = {
    "forgot": "forgotten",
    "get": "read",
    "leave": "left",
    "put": "put",
    "reset": "reset",
    "rollback": "rolled_back",
    "run": "run",
    "send": "sent",
    "resend": "sent",
    "set": "set",
    "split": "split",
    "withdraw": "withdrawn",
    "write": "written",
}
_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+", re.ASCII)
# lambda appends the date of its API's version, s3 a number: CreateFunction20150331, ListObjectsV2.
_VERSION: Final = re.compile(r"(?:\d{8}(?:v\d)?|V\d)$", re.ASCII)


class Action(NamedTuple):
    """What a record says was done: the key of its event type, the kind of thing, and whether it only looked."""

    key: str
    noun: str
    is_read: bool


@lru_cache(maxsize=4096)
def action_of(service: str, name: str) -> Action | None:
    """The action behind an event's source and name, such as `iam.amazonaws.com` and `CreateUser`; None where it has no words."""
    prefix = service_word(service)
    words = [word.lower() for word in _WORD.findall(_VERSION.sub("", name))]
    if not words:
        return None
    verb, rest = words[0], words[1:]
    if verb in _HOW and rest:
        verb, rest = rest[0], rest[1:]
    if verb not in _READS and verb not in _WRITES:
        return Action(_fitting(f"{prefix}.{'_'.join(words)}"), "", False)
    noun = "_".join([*rest[:-1], singular(rest[-1])]) if rest else ""
    return Action(_fitting("_".join(filter(None, (prefix, noun))), participle(verb)), noun, verb in _READS)


def service_word(source: str) -> str:
    """The service in an event's source: `compute-optimizer.amazonaws.com` is compute_optimizer."""
    word = re.sub(r"[^a-z0-9]+", "_", source.lower().removesuffix(".amazonaws.com")).strip("_")
    return word if word[:1].isalpha() else f"aws_{word}".rstrip("_")


def resource_type_of(aws_type: str) -> str:
    """`AWS::IAM::Role` is iam_role."""
    parts = aws_type.removeprefix("AWS::").split("::")
    return "_".join("_".join(snake_words(part)) for part in parts)[:MAX_KEY]


def snake_words(name: str) -> list[str]:
    """The words of a name in camelCase, kebab-case or both."""
    return [word.lower() for word in _WORD.findall(name)]


def participle(verb: str) -> str:
    """The last word of an event type's key: create is created."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("e"):
        return f"{verb}d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return f"{verb[:-1]}ied"
    return f"{verb}{verb[-1]}ed" if verb in _DOUBLED else f"{verb}ed"


def singular(noun: str) -> str:
    """One of several: instances, policies, addresses; status and access stay."""
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    if noun.endswith(("sses", "xes", "shes", "uses", "liases")):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) else noun


def _fitting(subject: str, done: str = "") -> str:
    """A key within its length; a service and a name of AWS are shorter together, but a record may say anything."""
    if not done:
        return subject[:MAX_KEY].rstrip("._")
    return f"{subject[: MAX_KEY - len(done) - 1]}.{done}"
