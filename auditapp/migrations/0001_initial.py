"""The tables, but for `event`, which is partitioned (0002)."""

import django.contrib.postgres.fields
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import auditapp.access.models
import auditapp.lib.clock


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="ActorCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "scope_id",
                        "day",
                        "actor_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("scope_id", models.TextField()),
                ("day", models.DateField()),
                ("actor_id", models.TextField()),
                ("events", models.BigIntegerField()),
            ],
            options={
                "db_table": "actor_count",
            },
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "size", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("size", models.BigIntegerField()),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "checkpoint",
            },
        ),
        migrations.CreateModel(
            name="DeclaredType",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("key", models.TextField()),
                ("name", models.TextField()),
                ("area", models.TextField()),
                ("resource_type", models.TextField()),
                ("verb", models.TextField()),
                ("risk", models.TextField()),
                ("sentence", models.TextField()),
                ("schema", models.JSONField(null=True)),
                (
                    "secret_paths",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "declared_type",
            },
        ),
        migrations.CreateModel(
            name="Idempotency",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "key_digest", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("key_digest", models.BinaryField()),
                ("body_digest", models.BinaryField()),
                ("event_id", models.UUIDField()),
                ("leaf_hash", models.BinaryField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "idempotency",
            },
        ),
        migrations.CreateModel(
            name="Node",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "level", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("level", models.SmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "db_table": "node",
            },
        ),
        migrations.CreateModel(
            name="Pending",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "n", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("n", models.BigIntegerField()),
                ("occurred_at", models.DateTimeField()),
                ("event_id", models.UUIDField()),
                ("leaf_hash", models.BinaryField()),
                ("type", models.TextField()),
                ("actor_id", models.TextField()),
                ("scope_id", models.TextField(null=True)),
                ("is_failure", models.BooleanField()),
            ],
            options={
                "db_table": "pending",
            },
        ),
        migrations.CreateModel(
            name="Reader",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "name", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("name", models.TextField()),
                ("position", models.BigIntegerField(default=0)),
                ("moved_at", models.DateTimeField()),
            ],
            options={
                "db_table": "reader",
            },
        ),
        migrations.CreateModel(
            name="Role",
            fields=[
                ("key", models.SlugField(max_length=60, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("description", models.TextField()),
                ("permissions", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("scopes", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("resource_type", models.TextField(blank=True)),
                ("position", models.SmallIntegerField()),
            ],
            options={
                "db_table": "role",
                "ordering": ("position",),
            },
        ),
        migrations.CreateModel(
            name="SealKey",
            fields=[
                ("vkey", models.TextField(primary_key=True, serialize=False)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "seal_key",
            },
        ),
        migrations.CreateModel(
            name="TreeHead",
            fields=[
                ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                (
                    "peaks",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(), default=list, size=None),
                ),
            ],
            options={
                "db_table": "tree_head",
            },
        ),
        migrations.CreateModel(
            name="TypeCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "scope_id",
                        "day",
                        "type",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("scope_id", models.TextField()),
                ("day", models.DateField()),
                ("type", models.TextField()),
                ("events", models.BigIntegerField()),
                ("failures", models.BigIntegerField()),
            ],
            options={
                "db_table": "type_count",
            },
        ),
        migrations.CreateModel(
            name="Verification",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "finished_at", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("finished_at", models.DateTimeField()),
                ("events", models.BigIntegerField()),
                ("problems", models.JSONField()),
            ],
            options={
                "db_table": "verification",
            },
        ),
        migrations.CreateModel(
            name="Workspace",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=200)),
                ("time_zone", models.CharField(default="UTC", max_length=60)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "workspace",
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("id", models.TextField(default=auditapp.access.models.new_user_id, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "user_account",
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="user_email_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("digest", models.BinaryField()),
                ("last_characters", models.CharField(max_length=4)),
                ("scopes", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("created_by", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("last_used_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "api_token",
                "indexes": [models.Index(fields=["digest"], name="token_digest")],
                "constraints": [
                    models.UniqueConstraint(models.F("workspace_id"), models.F("digest"), name="token_digest_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "user_group",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"), django.db.models.functions.text.Lower("name"), name="group_name_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GroupMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id",
                        "group_id",
                        "user_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("group_id", models.TextField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "user_group_member",
            },
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "index", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("index", models.BigIntegerField()),
                ("event_id", models.UUIDField()),
                ("occurred_at", models.DateTimeField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "db_table": "leaf",
                "constraints": [
                    models.UniqueConstraint(models.F("workspace_id"), models.F("event_id"), name="leaf_event_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("slug", models.SlugField(max_length=60)),
                ("name", models.CharField(max_length=100)),
                ("kind", models.CharField(default="http_api", max_length=40)),
                ("is_enabled", models.BooleanField(default=True)),
                ("settings", models.JSONField(default=dict)),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("write_key", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "source",
                "constraints": [
                    models.UniqueConstraint(models.F("workspace_id"), models.F("slug"), name="source_slug_once"),
                    models.UniqueConstraint(
                        models.F("workspace_id"), django.db.models.functions.text.Lower("name"), name="source_name_once"
                    ),
                    models.UniqueConstraint(
                        models.F("workspace_id"), models.F("write_key"), name="source_write_key_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Warehouse",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("name", models.CharField(max_length=100)),
                ("kind", models.CharField(default="postgresql", max_length=40)),
                ("is_enabled", models.BooleanField(default=True)),
                ("settings", models.JSONField(default=dict)),
                ("secret", models.BinaryField(null=True)),
                (
                    "source_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
            ],
            options={
                "db_table": "warehouse",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace_id"),
                        django.db.models.functions.text.Lower("name"),
                        name="warehouse_name_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "user_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("joined_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="members", to="auditapp.workspace"
                    ),
                ),
            ],
            options={
                "db_table": "member",
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("email", models.EmailField(max_length=254)),
                (
                    "scope",
                    models.TextField(
                        choices=[
                            ("workspace", "Everything in the workspace"),
                            ("all", "All, also future ones"),
                            ("listed", "These only"),
                            ("labelled", "Those with these labels"),
                        ]
                    ),
                ),
                (
                    "resource_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("digest", models.BinaryField()),
                ("invited_by", models.TextField()),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="auditapp.role"
                    ),
                ),
            ],
            options={
                "db_table": "invitation",
                "indexes": [models.Index(fields=["digest"], name="invitation_digest")],
            },
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workspace_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("workspace_id", models.BigIntegerField()),
                ("id", models.TextField()),
                ("subject_kind", models.TextField()),
                ("subject_id", models.TextField()),
                (
                    "scope",
                    models.TextField(
                        choices=[
                            ("workspace", "Everything in the workspace"),
                            ("all", "All, also future ones"),
                            ("listed", "These only"),
                            ("labelled", "Those with these labels"),
                        ]
                    ),
                ),
                (
                    "resource_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
                ),
                ("created_at", models.DateTimeField(default=auditapp.lib.clock.now)),
                (
                    "role",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="auditapp.role"
                    ),
                ),
            ],
            options={
                "db_table": "role_grant",
                "indexes": [models.Index(fields=["workspace_id", "subject_id"], name="grant_subject")],
            },
        ),
    ]
