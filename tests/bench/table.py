"""The result as Markdown for the README: small and large side by side, their ratio, and what bounds each row."""

from collections.abc import Iterable

from tests.bench.exports import Exports
from tests.bench.timing import Series, Timings
from tests.bench.writes import BATCH, SINGLES

KINDS = ("keys", "events", "page")
BARE = f"{BATCH} INSERTs into a bare table"
BARE_SINGLES = f"{SINGLES} INSERTs into a bare table in a transaction each"
# Each row of writing beside the plain INSERT of the same rows in the same rounds.
WRITES = {
    f"POST of {BATCH}": (BATCH, BARE),
    f"write_events() of {BATCH}": (BATCH, BARE),
    f"its INSERTs alone, {BATCH}": (BATCH, BARE),
    BARE: (BATCH, BARE),
    f"COPY of {BATCH} into a bare table": (BATCH, BARE),
    f"{SINGLES} record() in a transaction each": (SINGLES, BARE_SINGLES),
    BARE_SINGLES: (SINGLES, BARE_SINGLES),
}


def markdown(timings: Timings, sizes: list[int], counts: dict[str, dict[int, int]]) -> str:
    """All tables that were measured.

    Takes:   counts, events that a row of `sealing` or `verifying` went through, by size
    """
    tables = [_pages(timings, sizes), _plain(timings, sizes), _rates(timings, sizes, counts)]
    return "\n\n".join(table for table in tables if table)


def bound(one: Series) -> str:
    """Who computes."""
    share = one.python_share
    return f"Python {share:.0%}" if share >= 0.5 else f"PostgreSQL {1 - share:.0%}"


def seal_waits(waits: list[float]) -> str:
    """How long events waited from their commit until their seal was seen, in one line."""
    p50, p99 = (sorted(waits)[int(len(waits) * share)] for share in (0.5, 0.99))
    return f"From commit to seal at 500 events a second: p50 {p50:.2f} s, p99 {p99:.2f} s."


def exports_table(exports: Iterable[Exports]) -> str:
    """A file fetched over HTTP beside the bare COPY of the same events."""
    names = [
        "CSV over HTTP, events",
        "MB",
        "COPY, a second",
        "CSV, a second",
        "of COPY",
        "web's memory (MB)",
        "its growth",
    ]
    return "\n".join([_line(names), _line(["---:"] * len(names)), *(_line(one.cells()) for one in exports)])


def _pages(timings: Timings, sizes: list[int]) -> str:
    names = [row.removesuffix(": keys") for row in timings.series if row.endswith(": keys")]
    if not names:
        return ""
    shown = [f"{kind}, {_short(size)}" for size in sizes for kind in KINDS]
    lines = _head(["a page of 50 (ms)", *shown, "keys, ratio", "page is bound by"])
    for name in names:
        by_kind = {kind: timings.series[f"{name}: {kind}"] for kind in KINDS}
        cells = [_ms(by_kind[kind][size]) for size in sizes for kind in KINDS]
        lines.append(_line([name, *cells, _ratio(by_kind["keys"], sizes), bound(by_kind["page"][sizes[-1]])]))
    return "\n".join(lines)


def _plain(timings: Timings, sizes: list[int]) -> str:
    names = [row for row in timings.series if row.startswith(("dropdowns", "histogram"))]
    if not names:
        return ""
    lines = _head(["counts (ms)", *map(_short, sizes), "ratio", "bound by"])
    for name in names:
        series = timings.series[name]
        lines.append(
            _line([name, *(_ms(series[size]) for size in sizes), _ratio(series, sizes), bound(series[sizes[-1]])])
        )
    return "\n".join(lines)


def _rates(timings: Timings, sizes: list[int], counts: dict[str, dict[int, int]]) -> str:
    names = [row for row in timings.series if row in WRITES or row in counts]
    if not names:
        return ""
    lines = _head(["events a second", *map(_short, sizes), "of the bare INSERT", "bound by"])
    for name in names:
        series = timings.series[name]
        events, beside = WRITES.get(name, (0, ""))
        cells = [f"{(events or counts[name][size]) / series[size].seconds:,.0f}" for size in sizes]
        largest = sizes[-1]
        share = f"{timings.series[beside][largest].seconds / series[largest].seconds:.0%}" if beside else ""
        lines.append(_line([name, *cells, share, bound(series[largest])]))
    return "\n".join(lines)


def _head(names: list[str]) -> list[str]:
    return [_line(names), _line(["---", *["---:"] * (len(names) - 2), "---"])]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ms(one: Series) -> str:
    return f"{one.seconds * 1_000:.1f}"


def _ratio(series: dict[int, Series], sizes: list[int]) -> str:
    return f"{series[sizes[-1]].seconds / series[sizes[0]].seconds:.1f}" if len(sizes) > 1 else ""


def _short(size: int) -> str:
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if size >= unit and not size % unit:
            return f"{size // unit}{letter}"
    return f"{size:,}"
