"""The versions of a deleted function are kept for a while, so that its deletion can be undone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0028_reasons")]

    operations = [
        migrations.AddField("FunctionVersion", "forget_at", models.DateTimeField(null=True)),
    ]
