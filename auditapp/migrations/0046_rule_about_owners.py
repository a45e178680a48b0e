"""The ready rule about owners asks for what a role gives and no longer for its name: rules made of it are moved, whatever they are called now."""

from django.db import migrations

OLD = (
    "event:user.invited event:user.restored event:user.role_granted event:user_group.restored event:user_group.role_granted"
    ' "Workspace Owner"'
)
# As the ready rule asked at the time of this migration.
NEW = (
    "event:role.updated event:user.invite_accepted event:user.invite_renewed event:user.invited event:user.restored event:user.role_granted"
    " event:user_group.member_added event:user_group.restored event:user_group.role_granted event:workspace.ownership_transferred"
    ' "Everything an owner may do"'
)
# Of the rules that were changed, those that ask for such events alone are moved too; what asks for more was made by somebody on purpose.
MOVE = f"""
UPDATE alert_rule SET query = '{NEW}'
WHERE query = '{OLD}' OR query ~ '^(event:(user|user_group)[.](invited|restored|role_granted) )+"Workspace Owner"$'
"""


class Migration(migrations.Migration):
    dependencies = [("auditapp", "0045_support_access")]

    operations = [migrations.RunSQL(MOVE, migrations.RunSQL.noop)]
