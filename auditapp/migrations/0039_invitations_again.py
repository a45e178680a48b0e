"""An invitation knows how often it was sent within the hour, and when it was refused."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0038_spaces")]

    operations = [
        migrations.AddField(
            "invitation",
            "recent_sends",
            django.contrib.postgres.fields.ArrayField(models.DateTimeField(), default=list),
        ),
        migrations.AddField("invitation", "refused_at", models.DateTimeField(null=True)),
    ]
