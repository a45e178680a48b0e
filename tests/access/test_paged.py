"""What lists are searched by: the database makes the same of a column as Python of what is looked for."""

import pytest
from django.db import connection

from auditapp.access.paged import Plain
from auditapp.lib.plain_letters import PLAIN
from tests.lib.test_plain_letters import PAIRS


@pytest.mark.django_db
def test_the_database_makes_the_same_of_its_columns():
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t, {PLAIN.format(column='t')} FROM unnest(%s::text[]) AS t", [[text for text, _ in PAIRS]]
        )
        assert dict(cursor.fetchall()) == dict(PAIRS)
    assert Plain.template.count("%") == Plain.template.count("%(expressions)s")
