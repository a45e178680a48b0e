"""What is known about an event's type: from the catalogue, from the workspace's own declarations, or from its key alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auditapp.catalogue import registry
from auditapp.catalogue.sentence import default_sentence, name_from_key
from auditapp.catalogue.types import EventType, Risk, Sensitivity, Verb
from auditapp.record.models import DeclaredType

# Types that nobody declared are shown after the eighteen areas.
OTHER_AREA = "other"
OTHER_AREA_NAME = "Other"
ICON_OF_VERB = {Verb.CREATE: "plus", Verb.READ: "eye", Verb.UPDATE: "pencil", Verb.DELETE: "minus"}


@dataclass(frozen=True, slots=True)
class KnownType:
    """One type as pages, API and checks use it. `source` is catalogue, workspace, or undeclared.

    `secret_paths` are never stored; `personal_paths` are shown to who may see personal data alone (masking.py).
    """

    key: str
    name: str
    area: str
    resource_type: str
    verb: Verb
    risk: Risk
    icon: str
    sentence: str
    source: str
    secret_paths: frozenset[str] = frozenset()
    personal_paths: frozenset[str] = frozenset()
    revertible: bool = False
    schema: Any = None
    section: str = ""

    @property
    def is_declared(self) -> bool:
        return self.source != "undeclared"


def _from_catalogue(declared: EventType) -> KnownType:
    def paths(sensitivity: Sensitivity) -> frozenset[str]:
        return frozenset(field.path for field in declared.fields if field.sensitivity is sensitivity)

    return KnownType(
        declared.key,
        declared.name,
        declared.area,
        declared.resource_type,
        declared.verb,
        declared.risk,
        declared.icon,
        declared.sentence,
        "catalogue",
        paths(Sensitivity.SECRET),
        paths(Sensitivity.PERSONAL),
        declared.revertible,
        section=declared.section or _section_of(declared.area),
    )


def _from_workspace(row: DeclaredType) -> KnownType:
    verb = Verb(row.verb)
    return KnownType(
        row.key,
        row.name,
        row.area,
        row.resource_type,
        verb,
        Risk(row.risk),
        ICON_OF_VERB[verb],
        row.sentence,
        "workspace",
        frozenset(row.secret_paths),
        frozenset(row.sensitive_paths),
        schema=row.schema,
        section=_section_of(row.area),
    )


def _section_of(area_key: str) -> str:
    area = registry.area(area_key)
    return area.section if area else ""


def undeclared_type(key: str, area: str = OTHER_AREA) -> KnownType:
    """A type known by its key alone: it reads as well as the key allows."""
    resource_type, _, _ = key.rpartition(".")
    return KnownType(
        key,
        name_from_key(key) or key,
        area,
        resource_type,
        Verb.UPDATE,
        Risk.ROUTINE,
        ICON_OF_VERB[Verb.UPDATE],
        default_sentence(key),
        "undeclared",
        section=_section_of(area),
    )


CATALOGUE = {key: _from_catalogue(declared) for key, declared in registry.EVENT_TYPES.items()}


def known_types(workspace_id: int, keys: Iterable[str]) -> dict[str, KnownType]:
    """Each of these keys with what is known of it; one query, and only where the catalogue does not know them all."""
    wanted = set(keys)
    found = {key: CATALOGUE[key] for key in wanted if key in CATALOGUE}
    if missing := wanted - found.keys():
        rows = DeclaredType.objects.filter(workspace_id=workspace_id, key__in=missing)
        found |= {row.key: _from_workspace(row) for row in rows}
        found |= {key: undeclared_type(key) for key in missing - found.keys()}
    return found


def declared_types(workspace_id: int) -> list[KnownType]:
    """The workspace's own types, by key."""
    return [_from_workspace(row) for row in DeclaredType.objects.filter(workspace_id=workspace_id).order_by("key")]


def type_risks(workspace_id: int) -> dict[str, Risk]:
    """The risk of every type that is not routine, the catalogue's and the workspace's own. What nobody declared is routine."""
    known = {row.key: row for row in declared_types(workspace_id)} | CATALOGUE
    return {key: kind.risk for key, kind in known.items() if kind.risk is not Risk.ROUTINE}
