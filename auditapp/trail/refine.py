"""The trail narrowed to a value that somebody sees on it, or without that value: what a click on any value does."""

from dataclasses import dataclass
from typing import Final

from auditapp.record.masking import HIDDEN_TEXT
from auditapp.trail.address import NOT, Address

# Keys whose values are alternatives of one dimension: narrowing to one of them lets the others go.
SHARED: Final = {"event": ("event", "area"), "area": ("event", "area")}


@dataclass(frozen=True, slots=True)
class Refinement:
    """Both links of one value; `word` says of what kind it is, as in "Only this actor"."""

    word: str
    only: Address
    without: Address


def refine(address: Address, key: str, value: str, *, exclude: bool = False) -> Address:
    """The same trail narrowed to this value, or with this value left out; other filters stay.

    Takes:   key, one of address.FILTER_KEYS that has values: event, area, actor, resource, outcome, ip, ...
    """
    if exclude:
        return address.adding(key, NOT + value)
    return address.without(*SHARED.get(key, ())).having(key, value)


def refinement(address: Address, key: str, value: str, *, word: str) -> Refinement | None:
    """Both ways to go on from a value, for `_components/refine.html`; None from one that is hidden."""
    if HIDDEN_TEXT in value:
        return None
    return Refinement(word, refine(address, key, value), refine(address, key, value, exclude=True))
