"""The blocks of code in docs/, as a reader would copy them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: str, language: str) -> list[tuple[str, str]]:
    """File name, "" where the page gives none, and text of each block in this language."""
    found = _BLOCK.findall((ROOT / "docs" / page).read_text())
    return [(name, text) for kind, name, text in found if kind == language]
