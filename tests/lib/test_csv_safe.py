import csv
import io

import pytest

from auditapp.lib.csv_safe import csv_cell


@pytest.mark.parametrize("start", [*"=+-@\t\r\n\0", *"＝＋－＠"])
def test_formula_is_defused(start):
    assert csv_cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "olga", "a=1", " x", "'", "1-2", "é"])
def test_ordinary_cell_stays_as_it_is(text):
    assert csv_cell(text) == text


def test_defused_cell_survives_the_csv_module():
    out = io.StringIO()
    csv.writer(out).writerow([csv_cell('=HYPERLINK("http://x","y")\n'), csv_cell("b")])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert row == ['\'=HYPERLINK("http://x","y")\n', "b"]
