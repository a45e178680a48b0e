"""What a workspace asks of single sign-on, and the two looks across workspaces that coming in by it takes.

Each shows rows for what was proved alone: the invitations to one address, the workspaces that take one domain.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

POLICIES = (
    "CREATE POLICY by_address ON invitation FOR SELECT TO audit_app"
    " USING (lower(email) = NULLIF(current_setting('app.address', true), ''));"
    " CREATE POLICY by_domain ON workspace FOR SELECT TO audit_app"
    " USING (NULLIF(current_setting('app.domain', true), '') = ANY (sso_join_domains))"
)


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0040_labels"), ("socialaccount", "0006_alter_socialaccount_extra_data")]

    operations = [
        migrations.AddField(
            "workspace",
            "sso_join_domains",
            django.contrib.postgres.fields.ArrayField(models.TextField(), default=list, size=None),
        ),
        migrations.AddField("workspace", "sso_required", models.BooleanField(default=False)),
        migrations.RunSQL(POLICIES, "DROP POLICY by_address ON invitation; DROP POLICY by_domain ON workspace"),
    ]
