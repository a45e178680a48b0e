"""axe-core on a page as it is now."""

from pathlib import Path
from typing import Any

AXE = Path(__file__).parent.joinpath("vendor", "axe.min.js").read_text()
AXE_RUN = """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}))
    .violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`)"""


def broken_rules(page: Any) -> list[str]:
    """Rules of WCAG and good practice that the page breaks, with where."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(AXE_RUN)
    return found
