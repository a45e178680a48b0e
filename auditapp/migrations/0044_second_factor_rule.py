"""A workspace can need a second factor of its members, and end sessions that are not used."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0043_masked_values")]

    operations = [
        migrations.AddField(
            "workspace",
            "second_factor_rule",
            models.TextField(
                choices=[
                    ("never", "Not needed"),
                    ("at_once", "Needed, at once"),
                    ("in_7_days", "Needed, in 7 days from now"),
                    ("in_30_days", "Needed, in 30 days from now"),
                ],
                default="never",
            ),
        ),
        migrations.AddField("workspace", "second_factor_from", models.DateTimeField(null=True)),
        migrations.AddField("workspace", "idle_minutes", models.SmallIntegerField(default=0)),
    ]
