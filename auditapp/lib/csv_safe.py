"""Cells that a spreadsheet shows instead of running.

Quoting and line ends are the csv module's; the verifiable export is JSON Lines, not CSV.
"""

from __future__ import annotations

from typing import Final

# OWASP ASVS 5.0 1.2.10, and the full-width forms that Excel folds in some locales.
FORMULA_STARTS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")


def csv_cell(text: str) -> str:
    """The text, after a `'` where a spreadsheet would take it for a formula."""
    return f"'{text}" if text[:1] in FORMULA_STARTS else text
