"""Lists as people write them in one field, and as they read them in a sentence."""

from collections.abc import Sequence
from typing import Final

NAMED: Final = 3


def words(text: str) -> list[str]:
    """What was written between commas or spaces."""
    return text.replace(",", " ").split()


def few(names: Sequence[str], most: int | None = NAMED) -> str:
    """The first of these names and how many more there are: "Kiosk, Till, Web shop and 7 more".

    Takes:   most, how many are named; None for all
    """
    more = len(names) - most if most is not None else 0
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
