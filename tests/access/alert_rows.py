"""Rows of the matrix about alerts: everyone who may open the trail sees rules; owners change all of them, others their own."""

from auditapp.alerts.services import RuleInput, create_alert_rule, disable_alert_rule
from tests.factories import Cast, acting_as

#                  olga milo rita mina zoe nobody
READERS = "        200  200  200  200 404 302"
DO = "             302  302  302  302 404 302"
OWNERS = "         200  403  403  403 404 302"
OWNERS_DO = "      302  403  403  403 404 302"
OWN_OF_MILO = "    200  200  403  403 404 302"
MILO_DOES = "      302  302  403  403 404 302"

NEW = {"name": "New", "trigger": "each", "webhook_url": "https://hooks.example.com/in"}
ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("alerts:rule_list", READERS, (), None),
    ("alerts:rule_create", READERS, (), None),
    ("alerts:rule_create", READERS, (), NEW),
    ("alerts:rule_chips", READERS, (), None),
    ("alerts:last_retry", OWNERS_DO, (), {"is_on": "1"}),
    ("alerts:bell", READERS, (), None),
    ("alerts:bell_read", DO, (), {"up_to": "2026-11-24T10:00:00Z"}),
    ("alerts:preferences", READERS, (), None),
    ("alerts:preferences", DO, (), {"email": ["users"], "bell": ["users", "workspace"]}),
    ("alerts:ready_rule_create", DO, ("ready",), {}),
    ("alerts:rule", READERS, ("alert",), None),
    ("alerts:rule_edit", OWNERS, ("alert",), None),
    ("alerts:rule_edit", OWNERS_DO, ("alert",), NEW),
    ("alerts:rule_edit", OWN_OF_MILO, ("alert_of_milo",), None),
    ("alerts:rule_edit", MILO_DOES, ("alert_of_milo",), NEW),
    ("alerts:rule_test", OWNERS, ("alert",), {}),
    ("alerts:rule_test", OWN_OF_MILO, ("alert_of_milo",), {}),
    ("alerts:rule_disable", OWNERS_DO, ("alert",), {}),
    ("alerts:rule_disable", MILO_DOES, ("alert_of_milo",), {}),
    ("alerts:rule_enable", OWNERS_DO, ("alert_off",), {}),
    ("alerts:rule_secret_rotate", OWNERS, ("alert",), {}),
    ("alerts:rule_delete", OWNERS_DO, ("alert",), {}),
    ("alerts:rule_delete", MILO_DOES, ("alert_of_milo",), {}),
]


def alert_ids(cast: Cast) -> dict[str, str]:
    """The id of everything that can be in their paths; ready rules are the same everywhere, so that the other workspace has none."""
    made = {}
    for name, who in (("alert", cast.olga), ("alert_of_milo", cast.milo), ("alert_off", cast.olga)):
        with acting_as(who, cast.workspace):
            given = RuleInput(name=name, query="risk:risky", webhook_url="https://hooks.example.com/in")
            made[name] = create_alert_rule(given)[0].id
    with acting_as(cast.olga, cast.workspace):
        disable_alert_rule(rule_id=made["alert_off"])
    return made | {"ready": "token" if cast.workspace.slug == "demo" else "none"}
