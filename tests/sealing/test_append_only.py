"""Rows are only ever added: rights stop web and worker, triggers stop even the owner."""

from collections.abc import Iterator

import psycopg
import pytest

SEALED = ("event", "leaf", "node", "checkpoint", "seal_key")
COLUMN = {"event": "outcome", "leaf": "hash", "node": "hash", "checkpoint": "note", "seal_key": "vkey"}
STATEMENTS = ("UPDATE {table} SET {column} = {column}", "DELETE FROM {table}", "TRUNCATE {table}")


@pytest.fixture
def month(log, connect) -> Iterator[str]:
    """The partition that holds the events of a log with a row in each sealed table."""
    log(256)
    with connect("postgres") as admin:
        yield str(admin.execute("SELECT tableoid::regclass::text FROM event LIMIT 1").fetchone()[0])


def refusal(connection: "psycopg.Connection[tuple[object, ...]]", statement: str) -> str:
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        connection.execute(statement)
    return str(refused.value)


@pytest.mark.parametrize("role", ["app", "worker"])
def test_web_and_worker_have_no_right_to_change_what_is_sealed(month, connect, role):
    with connect(role) as connection:
        connection.execute("SELECT set_config('app.ws', '1', false)")
        for table in (*SEALED, month):
            for statement in STATEMENTS:
                column = COLUMN.get(table, "outcome")
                assert "permission denied" in refusal(connection, statement.format(table=table, column=column))


@pytest.mark.parametrize("role", ["app", "worker"])
def test_neither_can_get_around_the_triggers(month, connect, role):
    with connect(role) as connection:
        refusal(connection, "SET session_replication_role = replica")
        for table in (*SEALED, month):
            refusal(connection, f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            refusal(connection, f"DROP TABLE {table}")
            refusal(connection, f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def test_triggers_stop_even_the_owner_and_on_a_month_directly(month, connect):
    with connect("owner") as owner:
        for table in (*SEALED, month):
            for statement in STATEMENTS:
                words = refusal(owner, statement.format(table=table, column=COLUMN.get(table, "outcome")))
                assert "never changed or deleted" in words or "only ever added" in words, (table, statement)


def test_triggers_stop_a_superuser_in_replica_mode(month, connect):
    with connect("postgres") as admin:
        admin.execute("SET session_replication_role = replica")
        for table in (*SEALED, month):
            for statement in STATEMENTS:
                refusal(admin, statement.format(table=table, column=COLUMN.get(table, "outcome")))


def test_the_worker_adds_to_the_log_and_the_web_does_not(month, connect):
    with connect("app") as web:
        web.execute("SELECT set_config('app.ws', '1', false)")
        for table in ("leaf", "node", "checkpoint", "seal_key", "tree_head", "reader", "verification"):
            assert "permission denied" in refusal(web, f"INSERT INTO {table} SELECT * FROM {table}")
        for table in ("tree_head", "reader", "type_count", "actor_count"):
            assert "permission denied" in refusal(web, f"DELETE FROM {table}")
    with connect("worker") as worker:
        for table in ("tree_head", "reader", "type_count", "actor_count"):
            assert "permission denied" in refusal(worker, f"DELETE FROM {table}")
