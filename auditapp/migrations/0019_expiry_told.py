"""Whether owners were told that what waits for a destination will not be kept much longer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0018_functions"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="is_expiry_told",
            field=models.BooleanField(default=False),
        ),
    ]
