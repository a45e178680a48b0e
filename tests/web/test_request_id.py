"""Request ids: from the caller where sane, on the answer and on log records."""

import logging

import pytest

from auditapp.web.request_id import carrying, put_on_log_records, request_id_from


@pytest.mark.parametrize(
    "sane", ["3f1c9d52-8a2b-4c6e-9b1f-2d3e4f5a6b7c", "01J8Z3K4M5N6P7Q8R9S0T1V2W3", "trace.4-bf92_f3577b34"]
)
def test_a_sane_id_of_the_caller_is_kept(sane):
    assert request_id_from(sane) == sane


@pytest.mark.parametrize(
    "odd",
    [None, "", "short", "a" * 65, "with space in it", "line\nbreak-in-it", "<script>alert</script>", "ümläute-sind-es"],
)
def test_another_id_is_replaced(odd):
    made = request_id_from(odd)
    assert made.startswith("req_")
    assert made != request_id_from(odd)


def test_log_records_carry_the_id_of_their_request():
    put_on_log_records()
    make = logging.getLogRecordFactory()
    put_on_log_records()
    assert logging.getLogRecordFactory() is make
    with carrying("req_inside"):
        assert make("audit", logging.INFO, __file__, 1, "text", (), None).request_id == "req_inside"
    assert make("audit", logging.INFO, __file__, 1, "text", (), None).request_id is None


@pytest.mark.django_db
def test_the_answer_names_the_request(client):
    assert client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-1"})["X-Request-ID"] == "from-the-proxy-1"
    assert client.get("/healthz", headers={"X-Request-ID": "no"})["X-Request-ID"].startswith("req_")
