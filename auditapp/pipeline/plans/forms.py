"""The shapes of the forms of tracking plans, but for rules, which are in rule_form.py."""

from collections.abc import Iterable
from typing import Any, Final, cast

from django import forms

from auditapp.pipeline.plans.models import SourcePlan
from auditapp.pipeline.plans.queries import schema_settings
from auditapp.pipeline.plans.settings import CallSettings, OnCommon, settings_as_json
from auditapp.sources.models import Source

STARTS: Final = {
    "empty": "Empty",
    "file": "From a CSV or JSON file",
    "source": "From what a source saw",
}
ALLOW, BLOCK, OMIT = "allow", "block", "omit"
_ALLOW_BLOCK: Final = [(ALLOW, "Allow"), (BLOCK, "Block event")]
_ALLOW_OMIT: Final = {
    "properties": [(ALLOW, "Allow"), (OMIT, "Omit properties")],
    "traits": [(ALLOW, "Allow"), (OMIT, "Omit traits")],
}


class PlanForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    description = forms.CharField(
        required=False, max_length=2_000, label="Description", widget=forms.Textarea(attrs={"rows": 3})
    )


class NewPlanForm(PlanForm):
    start = forms.ChoiceField(
        choices=list(STARTS.items()), widget=forms.RadioSelect, initial="empty", required=False, label="Start"
    )
    file = forms.FileField(
        required=False,
        label="File",
        help_text="For a start from a file: as an export of a plan here, CSV or JSON, up to 15 MB and 2,000 events.",
    )
    source_id = forms.ChoiceField(
        required=False, label="Source", help_text="For a start from what a source saw: its events with their fields."
    )

    def __init__(self, *args: Any, sources: Iterable[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(forms.ChoiceField, self.fields["source_id"])
        field.choices = [("", "Choose a source"), *((one.id, one.name) for one in sources)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["start"] = cleaned.get("start") or "empty"
        if cleaned["start"] == "file" and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose a file.")
        if cleaned["start"] == "source" and not cleaned.get("source_id") and "source_id" not in self.errors:
            self.add_error("source_id", "Choose a source.")
        return cleaned


class ImportForm(forms.Form):
    file = forms.FileField(label="File", help_text="CSV or JSON, up to 15 MB, 100,000 rows and 2,000 events.")
    replaces = forms.BooleanField(required=False, label="Take out of the plan what is not in the file")


class ConnectForm(forms.Form):
    source_id = forms.ChoiceField(label="Source")

    def __init__(self, *args: Any, sources: Iterable[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["source_id"]).choices = [(one.id, one.name) for one in sources]


def _choice(label: str, choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices)


def _common(call: str) -> forms.ChoiceField:
    what = "properties" if call == "track" else "traits"
    return _choice("Violations of the common schema", [*_ALLOW_BLOCK, (OMIT, f"Omit {what}")])


class SourceSettingsForm(forms.Form):
    """What a source does with what its plan does not know, in the words of the page."""

    track_unplanned_events = _choice("Unplanned events", _ALLOW_BLOCK)
    track_unplanned = _choice("Unplanned properties", _ALLOW_OMIT["properties"])
    track_violations = _choice("Violations of the JSON Schema", [*_ALLOW_BLOCK, (OMIT, "Omit properties")])
    track_common = _common("track")
    identify_unplanned = _choice("Unplanned traits", _ALLOW_OMIT["traits"])
    identify_violations = _choice("Violations of the JSON Schema", _ALLOW_OMIT["traits"])
    identify_common = _common("identify")
    group_unplanned = _choice("Unplanned traits", _ALLOW_OMIT["traits"])
    group_violations = _choice("Violations of the JSON Schema", _ALLOW_OMIT["traits"])
    group_common = _common("group")
    violations_to = forms.ChoiceField(
        required=False,
        label="Violations",
        help_text="Each violation as a track call named Violation Generated.",
    )
    blocked_to = forms.ChoiceField(
        required=False,
        label="Blocked events",
        help_text="Whole, as they came in. Blocked events that are sent nowhere stay in the debugger of this source only.",
    )

    def __init__(self, *args: Any, targets: Iterable[Source], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "Nowhere"), *((one.id, one.name) for one in targets)]
        for name in ("violations_to", "blocked_to"):
            cast(forms.ChoiceField, self.fields[name]).choices = choices

    def asked(self) -> dict[str, Any]:
        """What was chosen, as the service takes it."""
        chosen = self.cleaned_data
        settings = {
            "track": {
                "allowUnplannedEvents": chosen["track_unplanned_events"] == ALLOW,
                "allowUnplannedEventProperties": chosen["track_unplanned"] == ALLOW,
                "allowEventOnViolations": chosen["track_violations"] != BLOCK,
                "allowPropertiesOnViolations": chosen["track_violations"] != OMIT,
                "commonEventOnViolations": _common_word(chosen["track_common"], "PROPERTIES"),
            }
        }
        for call in ("identify", "group"):
            settings[call] = {
                "allowUnplannedTraits": chosen[f"{call}_unplanned"] == ALLOW,
                "allowTraitsOnViolations": chosen[f"{call}_violations"] == ALLOW,
                "commonEventOnViolations": _common_word(chosen[f"{call}_common"], "TRAITS"),
            }
        return {
            "settings": settings,
            "violations_to": chosen["violations_to"] or None,
            "blocked_to": chosen["blocked_to"] or None,
        }


def chosen_settings(follows: SourcePlan) -> dict[str, str]:
    """The settings of a source as the form shows them."""
    settings = schema_settings(follows)
    chosen = {
        "track_unplanned_events": ALLOW if settings.track.allows_unplanned_events else BLOCK,
        "violations_to": follows.forwarding_violations_to or "",
        "blocked_to": follows.forwarding_blocked_to or "",
    }
    for call in settings_as_json(settings):
        one: CallSettings = getattr(settings, call)
        chosen[f"{call}_unplanned"] = ALLOW if one.allows_unplanned_fields else OMIT
        chosen[f"{call}_violations"] = _on_violations(one)
        chosen[f"{call}_common"] = one.on_common_violations.lower()
    return chosen


def _on_violations(one: CallSettings) -> str:
    if not one.allows_event_on_violations:
        return BLOCK
    return ALLOW if one.allows_fields_on_violations else OMIT


def _common_word(chosen: str, what: str) -> str:
    return f"OMIT_{what}" if chosen == OMIT else OnCommon(chosen.upper()).value
