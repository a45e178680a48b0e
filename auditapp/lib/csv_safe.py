"""Cells that a spreadsheet shows instead of running, and back.

Quoting and line ends are the csv module's; the verifiable export is JSON Lines, not CSV.
"""

from __future__ import annotations

from typing import Final

# OWASP ASVS 5.0 1.2.10, and the full-width forms that Excel folds in some locales.
FORMULA_STARTS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")


def csv_cell(text: str) -> str:
    """The text, after a `'` where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text


def exact_cell(text: str) -> str:
    """As csv_cell, for a file that is read back: a `'` that would be taken for the mark gets one of its own."""
    return f"'{text}" if text[:1] == "'" and _is_marked(text) else csv_cell(text)


def cell_text(cell: str) -> str:
    """The text of an exact_cell, and of whatever else somebody has typed."""
    return cell[1:] if _is_marked(cell) else cell


def _is_marked(cell: str) -> bool:
    return cell[:1] == "'" and (cell[1:2] == "'" or cell[1:2] in FORMULA_STARTS)
