"""Words for what a revert causes, as several kinds say it."""

from collections.abc import Iterable
from typing import Final

NAMES_SAID: Final = 5


def said(names: Iterable[str]) -> str:
    """Names in a sentence, the first few."""
    known = list(names)
    more = len(known) - NAMES_SAID
    return ", ".join(known[:NAMES_SAID]) + (f" and {more} more" if more > 0 else "")
