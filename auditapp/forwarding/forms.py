"""The shape of the form of Audit Forwarding."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from auditapp.sources.models import Source

STARTS = {
    "continue": "Where it stopped",
    "now": "From now on",
    "past": "From a moment in the past",
}


class ForwardingForm(forms.Form):
    is_on = forms.BooleanField(required=False, label="Forward audit events")
    source_id = forms.ChoiceField(required=False, widget=forms.RadioSelect, label="To this event streams source")
    query = forms.CharField(
        required=False,
        max_length=2_000,
        label="Which events",
        help_text="A line of the Audit Trail's search, for example: -event:source_schema.* risk:risky. Empty for all of them.",
    )
    has_one_name = forms.BooleanField(required=False, label='Call every event "Audit", as Segment does')
    start = forms.ChoiceField(choices=list(STARTS.items()), widget=forms.RadioSelect, required=False, label="Start")
    start_at = forms.DateTimeField(
        required=False,
        label="Moment",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        error_messages={"invalid": "Write the moment as 2026-11-01 00:00."},
    )

    def __init__(self, *args: Any, sources: Sequence[Source], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        self.fields["source_id"].choices = [("", "None"), *((one.id, one.name) for one in sources)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("start") == "past":
            moment = cleaned.get("start_at")
            if moment is None and "start_at" not in self.errors:
                self.add_error("start_at", "Say from which moment on.")
            elif moment is not None:
                cleaned["start"] = moment.replace(tzinfo=self.zone).astimezone(UTC)
        return cleaned
