"""What the database alone refuses, on every table of a workspace and for both of its roles: rows of others are not read, made, changed or taken away."""

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from settings.embedded import LOGIN, SUPERUSER
from tests.access.marking import OF_A_WORKSPACE, mark_everything, tell_canaries
from tests.conftest import cloned_database
from tests.factories import make_cast
from tests.trail.history import seal_all

TABLES = sorted(model._meta.db_table for model in OF_A_WORKSPACE)
ROLES = ("app", "worker")
# Functions that pass by row-level security, each with why that shows nothing: a new one is looked at before it is listed here.
PASS_BY = {
    "audit_search": "finds in the workspace of the transaction alone, and refuses outside of one",
    "audit_figures": "sums over all workspaces, for /metrics",
    "audit_delivery_figures": "sums by destination, for /metrics",
    "audit_erase": "erases in the workspace of the transaction alone, for the worker",
    "audit_hide_words": "makes words of events findable by fewer, in the workspace of the transaction alone",
    "audit_make_months": "makes partitions, for the worker",
    "audit_make_weeks": "makes partitions, for the worker",
    "audit_drop_weeks": "drops partitions of the inbox by age, for the worker",
}


@pytest.fixture(scope="module")
def worlds(server, django_db_blocker):
    """A connection of each role, and of the superuser; the ids of the own workspace and the other, which has a row in every table."""
    with django_db_blocker.unblock(), cloned_database(server) as name:
        demo, other = make_cast(slug="demo"), make_cast(slug="other")
        with psycopg.connect(server.url(user=SUPERUSER, name=name), autocommit=True) as admin:
            for cast in (demo, other):
                tell_canaries(cast, count=1)
            seal_all()
            for cast in (demo, other):
                mark_everything(admin, cast)
            by_role = {
                role: psycopg.connect(server.url(user=LOGIN, name=name), options=f"-c role=audit_{role}")
                for role in ROLES
            }
            yield admin, by_role, demo.workspace.id, other.workspace.id
            for one in by_role.values():
                one.close()


def own_column(table):
    return "id" if table == "workspace" else "workspace_id"


def tried(connection, own, statement, values=()):
    """How many rows this gives or touches inside the own workspace; None where it is refused."""
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT set_config('app.ws', %s, true)", [str(own)])
        try:
            with connection.transaction():
                return connection.execute(statement, values).rowcount
        except InsufficientPrivilege:
            return None


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("table", TABLES)
def test_rows_of_another_workspace_are_out_of_reach(worlds, table, role):
    admin, by_role, own, other = worlds
    named = sql.SQL("{}").format(sql.Identifier(table)).as_string()
    foreign = f"{own_column(table)} = {other}"
    assert admin.execute(f"SELECT 1 FROM {named} WHERE {foreign}").rowcount > 0
    for statement in (
        f"SELECT 1 FROM {named} WHERE {foreign}",
        f"SELECT 1 FROM {named} WHERE {foreign} FOR UPDATE",
        f"UPDATE {named} SET {own_column(table)} = {own_column(table)} WHERE {foreign}",
        f"DELETE FROM {named} WHERE {foreign}",
    ):
        assert tried(by_role[role], own, statement) in (0, None), statement
    row = admin.execute(f"SELECT row_to_json(t)::text FROM {named} AS t WHERE {foreign} LIMIT 1").fetchone()[0]
    copied = f"INSERT INTO {named} SELECT * FROM json_populate_record(NULL::{named}, %s)"
    assert tried(by_role[role], own, copied, [row]) is None
    moved = f"UPDATE {named} SET {own_column(table)} = {other} WHERE {own_column(table)} = {own}"
    assert tried(by_role[role], own, moved) is None


@pytest.mark.parametrize("table", TABLES)
def test_outside_of_a_workspace_the_web_reaches_no_row(worlds, table):
    _, by_role, _, _ = worlds
    with by_role["app"].transaction(force_rollback=True):
        # Roles that are built in belong to none.
        of_any = "" if table == "workspace" else "WHERE workspace_id IS NOT NULL"
        assert by_role["app"].execute(f'SELECT 1 FROM "{table}" {of_any}').rowcount == 0


def test_every_table_with_a_workspace_is_guarded(worlds):
    admin, _, _, _ = worlds
    rows = admin.execute(
        """
        SELECT c.relname, c.relrowsecurity, c.relispartition, EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid),
               has_table_privilege('audit_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
               OR has_table_privilege('audit_worker', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        """
    ).fetchall()
    parents = {name for name, _, is_part, _, _ in rows if not is_part}
    assert parents == set(TABLES) - {"workspace"}
    # A partition is reached through its table alone, whose policies hold.
    unguarded = [
        name
        for name, secured, is_part, has_policy, granted in rows
        if not secured or (granted if is_part else not has_policy)
    ]
    assert unguarded == []


def test_what_passes_by_row_level_security_is_known(worlds):
    admin, _, _, _ = worlds
    functions = {
        name
        for (name,) in admin.execute(
            """
            SELECT p.proname FROM pg_proc AS p
            WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
            AND (has_function_privilege('audit_app', p.oid, 'EXECUTE') OR has_function_privilege('audit_worker', p.oid, 'EXECUTE'))
            """
        )
    }
    assert functions == PASS_BY.keys()
    login, app, worker = (
        admin.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        for name in (LOGIN, "audit_app", "audit_worker")
    )
    assert login == app == worker == (False, False)
