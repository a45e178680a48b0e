"""The scope of an event that another system sends: by its type's section, else as it says, else the space it is about.

A sender names spaces and sections alone. What belongs to a source or a function of this product is recorded by this product: a token
that could say so would write the history of a source for whoever reads it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from auditapp.catalogue.sections import PREFIX, SCOPES
from auditapp.lib.errors import Invalid
from auditapp.record.drafts import Target
from auditapp.record.event_types import KnownType
from auditapp.record.scopes import is_space_id, section_scope, space_scope, spaces_among


def said_scope(item: Any) -> str:
    """The scope that an event says it has; "" where it says none that could be one."""
    said = (item.get("scope") or item.get("scopeId")) if isinstance(item, dict) else None
    return said if isinstance(said, str) and is_space_id(said) else ""


def scope_of(item: Mapping[str, Any], kind: KnownType, targets: Sequence[Target], known: Collection[str]) -> str | None:
    """The scope that the event gets.

    Takes:   known, the spaces there are, those of the scopes that were said at least
    Raises:  Invalid, for a scope that it cannot have
    """
    own = section_scope(kind)
    said, pointer = _said(item)
    if said is None:
        return own or space_scope(targets)
    if own is not None and said != own:
        raise Invalid(f"{kind.key} belongs to {own}. Leave the scope out.", pointer=pointer, code="bad_scope")
    if said.startswith(PREFIX):
        if said not in SCOPES:
            message = f"There is no such section. Take of these: {', '.join(sorted(SCOPES))}."
            raise Invalid(message, pointer=pointer, code="bad_scope")
        return said
    if not is_space_id(said):
        message = "A scope is a section, or the id of a space, which is letters, digits and any of . _ ~ @ + = - after the first."
        raise Invalid(message, pointer=pointer, code="bad_scope")
    among = {space.id for space in spaces_among(targets)}
    if among and said not in among:
        raise Invalid("This is not the space among the targets. Name one of them.", pointer=pointer, code="bad_scope")
    if not among and said not in known:
        message = (
            "There is no such space yet. Name it among the targets, with the type space, and it is known from then on."
        )
        raise Invalid(message, pointer=pointer, code="unknown_space")
    return said


def kept_scope(item: Mapping[str, Any], kind: KnownType, targets: Sequence[Target]) -> str | None:
    """The scope of an event that is brought back from a file: the one it had, as sources have theirs too."""
    said, _ = _said(item)
    of_source = next((one.id for one in targets[:1] if one.type == "source"), None)
    return said or section_scope(kind) or of_source or space_scope(targets)


def _said(item: Mapping[str, Any]) -> tuple[str | None, str]:
    """What is said, and where."""
    said, other = item.get("scope"), item.get("scopeId")
    if said is not None and other is not None and said != other:
        raise Invalid("Write either scope or scopeId.", pointer="/scopeId", code="bad_scope")
    return (said, "/scope") if said is not None else (other, "/scopeId")
