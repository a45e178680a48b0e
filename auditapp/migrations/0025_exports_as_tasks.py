"""Exports are written as tasks. Those that are under way go on where their files end."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from auditapp.lib.ids import new_id

STEPS = ("write", "finish")
ATTEMPTS = 6
FORGET_JOBS = (
    "DELETE FROM procrastinate_jobs WHERE task_name IN ('exports.write', 'exports.resume') AND status = 'todo'"
)


def take_over(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    export, task, step = (apps.get_model("auditapp", name) for name in ("Export", "Task", "TaskStep"))
    for one in export.objects.filter(state__in=("queued", "running")):
        made = task.objects.create(
            workspace_id=one.workspace_id,
            id=new_id("tsk"),
            kind="audit_trail.export",
            key=one.id,
            subject_type="export",
            subject_id=one.id,
            subject_name=one.id,
            of=ATTEMPTS,
        )
        for place, name in enumerate(STEPS):
            step.objects.create(workspace_id=one.workspace_id, task_id=made.id, position=place, name=name)


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0024_revert")]

    operations = [
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.RunSQL(FORGET_JOBS, migrations.RunSQL.noop),
        migrations.RemoveField("export", "attempts"),
        migrations.RemoveField("export", "touched_at"),
        migrations.AlterField(
            "taskattempt",
            "state",
            models.TextField(
                choices=[
                    ("running", "Running"),
                    ("paused", "Between two turns"),
                    ("done", "Done"),
                    ("failed", "Failed"),
                    ("interrupted", "Interrupted"),
                ],
                default="running",
            ),
        ),
    ]
