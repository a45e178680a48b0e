"""The one helper that opens a transaction inside a workspace; row-level security shows no row outside of one.

Nothing else sets `app.ws`, so a connection that goes back to the pool never carries a workspace: the setting ends with the transaction.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

SET_LOCAL = "SELECT set_config(%s, %s, true)"


@contextmanager
def in_workspace(workspace_id: int) -> Iterator[None]:
    """One transaction that sees and writes the rows of this workspace alone.

    Inside another one it is a savepoint, and the outer workspace comes back at its end.
    """
    is_inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        before = (cursor.execute("SELECT current_setting('app.ws', true)").fetchone()[0] or "") if is_inside else ""
        cursor.execute(SET_LOCAL, ["app.ws", str(workspace_id)])
        yield
        # The end of the transaction takes the setting away; of a savepoint it does not.
        if is_inside and before != str(workspace_id):
            cursor.execute(SET_LOCAL, ["app.ws", before])


@contextmanager
def as_person(user_id: str) -> Iterator[None]:
    """One transaction that sees which workspaces this person belongs to, before one of them is entered."""
    with _local("app.user", user_id):
        yield


@contextmanager
def with_secret(digest: bytes) -> Iterator[None]:
    """One transaction that sees the token or invitation whose SHA-256 the caller holds, in whichever workspace it is."""
    with _local("app.secret", digest.hex()):
        yield


@contextmanager
def with_address(address: str) -> Iterator[None]:
    """One transaction that sees the invitations to an address that whoever is asked about has proved, in every workspace."""
    with _local("app.address", address):
        yield


@contextmanager
def with_domain(domain: str) -> Iterator[None]:
    """One transaction that sees which workspaces take people of this domain of mail by single sign-on."""
    with _local("app.domain", domain):
        yield


@contextmanager
def _local(setting: str, value: str) -> Iterator[None]:
    is_inside = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SET_LOCAL, [setting, value])
        yield
        if is_inside:
            cursor.execute(SET_LOCAL, [setting, ""])
