"""What hangs on a source and goes with it: packages above say how, in wiring.py."""

from collections.abc import Callable
from typing import Any

from auditapp.sources.models import Source

OnDelete = Callable[[Source], None]
_on_delete: list[OnDelete] = []
Tell = Callable[[Source], dict[str, Any]]
_tell: list[Tell] = []
Words = Callable[[Source], list[str]]
_words: list[Words] = []


def attach_to_sources(on_delete: OnDelete) -> None:
    """Have this called in the transaction that deletes a source, before it is gone."""
    if on_delete not in _on_delete:
        _on_delete.append(on_delete)


def delete_attached(source: Source) -> None:
    """Take away what hangs on a source that is being deleted."""
    for on_delete in _on_delete:
        on_delete(source)


def tell_with_sources(tell: Tell) -> None:
    """Have what this says of a source told with it where it is deleted."""
    if tell not in _tell:
        _tell.append(tell)


def told_of_attached(source: Source) -> dict[str, Any]:
    """What packages above know of a source and it comes back with."""
    told: dict[str, Any] = {}
    for tell in _tell:
        told |= tell(source)
    return told


def say_with_sources(words: Words) -> None:
    """Have what this says of a source said to who is about to delete it."""
    if words not in _words:
        _words.append(words)


def attached_in_words(source: Source) -> list[str]:
    """What goes with a source, each as "2 destinations"."""
    return [one for words in _words for one in words(source)]
