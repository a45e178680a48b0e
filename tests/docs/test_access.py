"""docs/access.md names every built-in role with how far it goes and what it gives, and every permission with its meaning."""

import re

import pytest

from auditapp.access.models import Role
from auditapp.access.permissions import Permission
from auditapp.access.resources import kind_of
from tests.docs.snippets import ROOT

PAGE = (ROOT / "docs/access.md").read_text()
CODE = re.compile(r"`([a-z_.]+)`")


def rows_under(title):
    """The cells of each row of the table under a heading."""
    _, found, rest = PAGE.partition(f"\n{title}\n")
    assert found, f"docs/access.md has no heading {title}"
    lines = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def given_over(role):
    kind = kind_of(role.resource_type)
    if kind is None:
        return "the workspace"
    reach = {"workspace": "all", "all": "all", "listed": "listed", "labelled": "labelled"}
    return f"{' or '.join(reach[scope] for scope in role.scopes)} {kind.plural}"


@pytest.mark.django_db
def test_the_table_of_roles_is_what_their_rows_say():
    told = {
        name: (over, set(CODE.findall(may)) if may != "everything" else set(Permission))
        for name, over, may in rows_under("## Roles")
    }
    roles = {role.name: (given_over(role), set(role.permissions)) for role in Role.objects.all()}
    assert told == roles


def test_the_table_of_permissions_is_what_they_mean():
    assert [(CODE.findall(key)[0], meaning) for key, meaning in rows_under("## Permissions")] == [
        (str(permission), permission.meaning) for permission in Permission
    ]
