"""The shape of the form of an alert rule."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from auditapp.access.models import User
from auditapp.alerts.models import AlertRule, By, Trigger
from auditapp.alerts.services import RuleInput

UNITS: Final = {"60": "minutes", "3600": "hours", "86400": "days"}
TRIGGERS: Final = (
    (Trigger.EACH, "At each event"),
    (Trigger.THRESHOLD, "When there are many"),
    (Trigger.SILENCE, "When none comes"),
)


class AlertRuleForm(forms.Form):
    name = forms.CharField(
        max_length=100, label="Name", widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"})
    )
    query = forms.CharField(required=False, max_length=2_000, label="Events")
    trigger = forms.ChoiceField(choices=TRIGGERS, widget=forms.RadioSelect, initial=Trigger.EACH, label="Fires")
    threshold = forms.IntegerField(required=False, initial=10, label="Events")
    within = forms.IntegerField(required=False, initial=10, min_value=1, max_value=43_200, label="Within")
    within_unit = forms.ChoiceField(required=False, choices=list(UNITS.items()), initial="60", label="Unit")
    by = forms.ChoiceField(required=False, choices=By.choices, label="Counted")
    silent_for = forms.IntegerField(required=False, initial=3, min_value=1, max_value=43_200, label="For")
    silent_unit = forms.ChoiceField(required=False, choices=list(UNITS.items()), initial="86400", label="Unit")
    told_ids = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple, label="People")
    by_bell = forms.BooleanField(required=False, label="in the bell")
    by_email = forms.BooleanField(required=False, label="by e-mail")
    slack_url = forms.CharField(required=False, max_length=2_000, label="Slack webhook")
    without_slack = forms.BooleanField(required=False, label="Stop writing to Slack")
    webhook_url = forms.CharField(required=False, max_length=2_000, label="Webhook")
    with_own = forms.BooleanField(required=False, label="Also for what the rule's owner does")
    quiet_from = forms.TimeField(required=False, label="Quiet from")
    quiet_to = forms.TimeField(required=False, label="to")

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["told_ids"].choices = [(person.id, str(person)) for person in people]  # type: ignore[attr-defined]

    def given(self) -> RuleInput:
        """What the form asks for, its query as it was typed."""
        cleaned = self.cleaned_data
        is_silence = cleaned["trigger"] == Trigger.SILENCE
        count, unit = (
            (cleaned["silent_for"], cleaned["silent_unit"])
            if is_silence
            else (cleaned["within"], cleaned["within_unit"])
        )
        slack_url: str | None = cleaned["slack_url"].strip() or None
        return RuleInput(
            name=cleaned["name"],
            query=cleaned["query"],
            trigger=cleaned["trigger"],
            threshold=cleaned["threshold"] or 0,
            window_s=(count or 0) * int(unit or 0),
            by=cleaned["by"],
            with_own=cleaned["with_own"],
            told_ids=cleaned["told_ids"],
            by_email=cleaned["by_email"],
            by_bell=cleaned["by_bell"],
            slack_url="" if cleaned["without_slack"] and slack_url is None else slack_url,
            webhook_url=cleaned["webhook_url"],
            quiet_from=cleaned["quiet_from"],
            quiet_to=cleaned["quiet_to"],
        )


def initial_of(rule: AlertRule) -> dict[str, Any]:
    """What the form shows of a rule; its secrets it does not."""
    unit = next((unit for unit in ("86400", "3600", "60") if rule.window_s and rule.window_s % int(unit) == 0), "60")
    told: dict[str, Any] = {
        name: getattr(rule, name)
        for name in ("name", "query", "trigger", "by", "told_ids", "by_bell", "by_email", "webhook_url", "with_own")
    }
    if rule.trigger == Trigger.THRESHOLD:
        told |= {"threshold": rule.threshold, "within": rule.window_s // int(unit), "within_unit": unit}
    elif rule.trigger == Trigger.SILENCE:
        told |= {"silent_for": rule.window_s // int(unit), "silent_unit": unit}
    for name in ("quiet_from", "quiet_to"):
        at = getattr(rule, name)
        told[name] = f"{at:%H:%M}" if at else ""
    return told
