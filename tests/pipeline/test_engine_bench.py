"""The bench of the stages runs, and what it compares says the same."""

from auditapp.pipeline.destination_filters.fql import compile_fql
from tests.bench.engines import CONDITION, EVENT, in_python, markdown, microseconds, rows


def test_the_bench_measures_every_row_and_its_condition_is_the_one_in_python():
    for total in (125.5, 5):
        event = {**EVENT, "properties": {**EVENT["properties"], "total": total}}
        assert compile_fql(CONDITION).matches(event) is in_python(event) is (total > 100)
    table = markdown(microseconds(rows(), rounds=1, calls=2))
    assert len(table.splitlines()) == 2 + len(rows())
