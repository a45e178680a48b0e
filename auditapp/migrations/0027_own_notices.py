"""What a member chose to be told of by area is a rule of their own."""

import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("auditapp", "0026_held_alerts"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="alertrule",
            name="alert_rule_name_once",
        ),
        migrations.AddField(
            model_name="alertrule",
            name="own",
            field=models.TextField(
                choices=[("", "A rule"), ("bell", "In the product"), ("email", "By e-mail")], default=""
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(
                models.F("workspace_id"),
                models.F("owner_id"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("own", "")),
                name="alert_rule_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("own", ""), _negated=True),
                fields=("workspace_id", "owner_id", "own"),
                name="alert_rule_own_once",
            ),
        ),
    ]
