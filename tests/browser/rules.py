"""axe-core on a page as it is now."""

from pathlib import Path
from typing import Any

AXE = Path(__file__).parent.joinpath("vendor", "axe.min.js").read_text()
AXE_RUN = """async (within) => (await axe.run(within || document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}))
    .violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`)"""


def broken_rules(page: Any, *, within: str = "") -> list[str]:
    """Rules of WCAG and good practice that the page breaks, with where.

    Takes:   within, a selector of the part that is looked at: what an open menu lies over is no smaller for it
    """
    page.evaluate(AXE)
    found: list[str] = page.evaluate(AXE_RUN, within)
    return found
