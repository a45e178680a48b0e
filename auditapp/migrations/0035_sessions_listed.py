"""Everybody signs in once more: a session begun before sessions were listed could be seen and ended by nobody."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0034_access_requests"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [migrations.RunSQL("DELETE FROM django_session", migrations.RunSQL.noop)]
