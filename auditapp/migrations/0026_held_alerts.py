"""What failed attempts of tasks say can be held until the last one."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0025_exports_as_tasks"),
    ]

    operations = [
        migrations.AddField(
            model_name="alertfiring",
            name="held_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="alertfiring",
            name="hold",
            field=models.TextField(
                choices=[
                    ("", "Told"),
                    ("held", "Held"),
                    ("recovered", "Recovered"),
                    ("failed", "Failed for good"),
                    ("silent", "Nothing heard for 24 hours"),
                    ("dropped", "The rule was turned off"),
                ],
                default="",
            ),
        ),
        migrations.AddField(
            model_name="alertfiring",
            name="is_open",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="alertfiring",
            name="task",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="alertmessage",
            name="is_closing",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="alertnotice",
            name="recovered",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="alertnotice",
            name="recovered_ids",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name="alertnotice",
            name="silent_ids",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name="alertnotice",
            name="told_before",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name="alertreading",
            name="flips",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="alertreading",
            name="only_final",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="alertfiring",
            name="notice_id",
            field=models.TextField(default=""),
        ),
        migrations.AddIndex(
            model_name="alertfiring",
            index=models.Index(
                condition=models.Q(("is_open", True)), fields=["workspace_id", "task"], name="alert_firing_open"
            ),
        ),
        migrations.AddIndex(
            model_name="alertfiring",
            index=models.Index(
                condition=models.Q(("hold", "held")), fields=["held_until"], name="alert_firing_overdue"
            ),
        ),
        migrations.AddIndex(
            model_name="alertfiring",
            index=models.Index(
                condition=models.Q(("hold", ""), _negated=True),
                fields=["workspace_id", "-fired_at"],
                name="alert_firing_held",
            ),
        ),
    ]
