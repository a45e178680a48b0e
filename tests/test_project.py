"""House rules that need Django: the model index, the README's settings, migrations, keys that can be spread by workspace."""

import ast
import importlib
import re
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from auditapp.catalogue.registry import EVENT_TYPES

ROOT = Path(__file__).resolve().parent.parent
# Tables that are not a workspace's: people, roles, and what Django and its apps keep. Reference tables on a cluster.
WITHOUT_WORKSPACE = (
    "user_account",
    "workspace",
    "role",
    "seal_key",
    "cache",
    "django_",
    "auth_",
    "account_",
    "mfa_",
    "usersessions_",
    "socialaccount_",
    "procrastinate_",
)


def test_every_model_of_the_packages_is_in_the_index():
    indexed = {(model.__module__, model.__name__) for model in apps.get_app_config("auditapp").get_models()}
    written = {
        (".".join(path.relative_to(ROOT).with_suffix("").parts), node.name)
        for path in (ROOT / "auditapp").glob("*/**/models.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and {"models.Model", "AbstractBaseUser"} & {ast.unparse(base) for base in node.bases}
    }
    assert written
    assert written <= indexed


def test_no_two_models_share_a_name():
    names = [model.__name__ for model in apps.get_app_config("auditapp").get_models()]
    assert len(names) == len(set(names))


def test_every_setting_that_is_read_is_in_the_readme():
    read = re.findall(
        r'env\.(?:text|flag|number|words|path)\(\s*"([A-Z_]+)"',
        "".join(p.read_text() for p in (ROOT / "settings").glob("*.py")),
    )
    readme = (ROOT / "README.md").read_text()
    assert len(read) > 10
    assert [name for name in read if f"`{name}`" not in readme] == []


def test_migrations_are_complete(db):
    out = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=out)
    assert "No changes detected" in out.getvalue()


def test_every_key_of_a_workspaces_table_has_the_workspace_in_it(db):
    """No unique key and no foreign key crosses workspaces: that is what lets the tables be spread by workspace_id."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT c.relname, k.conname, array_agg(a.attname::text)
            FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
            WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition AND k.contype IN ('p', 'u')
            GROUP BY 1, 2
        """)
        keys = cursor.fetchall()
        cursor.execute("""
            SELECT c.relname, i.relname, array_agg(a.attname::text)
            FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
            LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (x.indkey)
            WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT c.relispartition GROUP BY 1, 2
        """)
        keys += cursor.fetchall()
    checked = [(table, key, columns) for table, key, columns in keys if not table.startswith(WITHOUT_WORKSPACE)]
    assert len(checked) > 30
    assert [(table, key) for table, key, columns in checked if "workspace_id" not in columns] == []


def test_every_table_of_a_workspace_is_under_row_level_security(db):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT c.relname FROM pg_class AS c
            JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
        """)
        assert cursor.fetchall() == []


def test_the_web_owns_nothing_and_changes_no_sealed_table(db):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT table_name, privilege_type FROM information_schema.table_privileges
            WHERE grantee IN ('audit_app', 'audit_worker') AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
            AND table_name ~ '^(event|leaf|node|checkpoint|seal_key)'
        """)
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relowner IN ('audit_app'::regrole, 'audit_worker'::regrole)"
        )
        assert cursor.fetchone() == (0,)


def test_every_type_that_code_records_is_in_the_catalogue():
    found = set()
    for path in (ROOT / "auditapp").glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_record = isinstance(node, ast.Call) and ast.unparse(node.func) in ("record", "record_of_person")
            if is_record and node.args and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    assert len(found) > 20
    assert found <= set(EVENT_TYPES)


@pytest.mark.parametrize("name", ["PORT", "DATABASE_URL", "SEAL_KEY_FILE"])
def test_the_check_of_settings_can_fail(name):
    readme = (ROOT / "README.md").read_text().replace(f"`{name}`", "")
    assert f"`{name}`" not in readme


def test_no_two_shapes_of_the_api_have_one_name():
    """The document of the API has them all in one list, where the second would take the place of the first."""
    from ninja import Schema

    def below(kind):
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    importlib.import_module("auditapp.urls")
    ours = {one for one in below(Schema) if one.__module__.startswith("auditapp.")}
    names = Counter(one.__name__ for one in ours)
    assert [name for name, count in names.items() if count > 1] == []
