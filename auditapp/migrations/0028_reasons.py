"""Whether a workspace asks for reasons; and the words of a reason are erased with the context that it is in."""

from importlib import import_module

from django.db import migrations, models

ERASE = import_module("auditapp.migrations.0002_event").ERASE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
BEFORE = "ARRAY[v_ws || ':i=']"
NOW = "ARRAY[v_ws || ':i=', v_ws || ':n=']"
# Whoever replaces a function must be able to create in its schema; its owner and rights stay.
AS_ERASER = "GRANT CREATE ON SCHEMA public TO audit_eraser; {} REVOKE CREATE ON SCHEMA public FROM audit_eraser"


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0027_own_notices")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="reason_rule",
            field=models.TextField(
                choices=[
                    ("never", "Never"),
                    ("offered", "Offered: it may be left empty"),
                    ("required", "Required: nothing risky without one"),
                ],
                default="never",
            ),
        ),
        migrations.RunSQL(AS_ERASER.format(ERASE.replace(BEFORE, NOW)), AS_ERASER.format(ERASE)),
    ]
