"""Where an access token may be used from, and where it was last used."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0032_rule_changes")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="last_used_from",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="apitoken",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
        ),
    ]
