"""Names of tables and columns: snake case, short, and never two of one name."""

import pytest

from auditapp.pipeline.warehouses.naming import MAX_BYTES, event_table, schema_for, shortened, snake, with_ending


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Order Completed", "order_completed"),
        ("orderId", "order_id"),
        ("HTTPServer", "http_server"),
        ("  a--b..c  ", "a_b_c"),
        ("already_snake", "already_snake"),
        ("_led_", "led"),
        ("2nd Step", "_2nd_step"),
        ("Заказ Оформлен", "заказ_оформлен"),
        ("ﬁne", "fine"),
        ('x"; DROP TABLE users; --', "x_drop_table_users"),
    ],
)
def test_snake(name, found):
    assert snake(name) == found


@pytest.mark.parametrize("names", [("!!!", "???"), ("🚀", "🛰"), ("", " ")])
def test_names_without_a_letter_are_names_all_the_same(names):
    first, second = map(snake, names)
    assert first != second
    assert first.startswith("_")


@pytest.mark.parametrize("letter", ["a", "ж", "漢", "𐍈"])
def test_long_names_are_cut_between_letters_and_stay_apart(letter):
    names = {snake(letter * length) for length in range(1, 200)}
    assert len(names) == 199
    assert all(len(name.encode()) <= MAX_BYTES for name in names)
    assert len(shortened("x" * 63)) == 63
    assert shortened("x" * 64) != shortened("x" * 65)


def test_an_event_never_takes_a_table_of_ours():
    assert [event_table(name) for name in ("Users", "tracks", "Accounts", "_audit_sync", "Orders")] == [
        "event_users",
        "event_tracks",
        "event_accounts",
        "audit_sync",
        "orders",
    ]


@pytest.mark.parametrize("slug", ["public", "pg-catalog", "pg_toast", "information-schema"])
def test_a_source_never_takes_a_schema_of_the_server(slug):
    assert schema_for(slug).startswith("source_")
    assert schema_for("web-shop") == "web_shop"


def test_an_ending_fits():
    assert with_ending("web_shop", "abc123") == "web_shop_abc123"
    assert len(with_ending("ж" * 40, "abc123").encode()) <= MAX_BYTES
