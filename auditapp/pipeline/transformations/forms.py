"""The shape of a transformation's form, but for the rows of its changes, which are in form_input.py."""

from collections.abc import Iterable
from typing import Any, Final, cast

from django import forms

from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.transformations.kinds import CALLS, KINDS, condition_of, simple_event
from auditapp.sources.models import Source

AS_WRITTEN: Final = "fql"
EVERY: Final = "all"


class NewTransformationForm(forms.Form):
    """The first step: of which source, for all of its destinations or one, and what it does."""

    source = forms.ChoiceField(label="Source")
    destination = forms.ChoiceField(
        required=False,
        label="Destination",
        help_text="For all of them, an event is changed as it comes in. For one, alone on its way there.",
    )
    kind = forms.ChoiceField(
        label="What it does", choices=[(key, kind.name) for key, kind in KINDS.items()], widget=forms.RadioSelect
    )

    def __init__(
        self, *args: Any, sources: Iterable[Source], destinations: Iterable[Destination] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        names = {one.id: one.name for one in sources}
        cast(forms.ChoiceField, self.fields["source"]).choices = list(names.items())
        grouped: dict[str, list[tuple[str, str]]] = {}
        for one in destinations:
            if one.source_id in names:
                grouped.setdefault(names[one.source_id], []).append((one.id, one.name))
        cast(forms.ChoiceField, self.fields["destination"]).choices = [("", "All destinations"), *grouped.items()]


class TransformationForm(forms.Form):
    """Its name and which events it is about: one of those that were seen, or a condition in FQL."""

    name = forms.CharField(max_length=100, label="Name")
    event = forms.ChoiceField(label="Which events")
    condition = forms.CharField(
        required=False,
        label="Condition in FQL",
        widget=forms.Textarea(attrs={"rows": 2, "class": "code", "spellcheck": "false", "autocapitalize": "off"}),
        help_text='Asked where “As the condition says” is chosen, for example: event = "Order Completed" and properties.total > 100',
    )
    hash_key = forms.CharField(
        required=False,
        strip=False,
        max_length=200,
        label="Key",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="With a key the hash is an HMAC. It is sealed before it is stored, and never shown.",
    )
    drop_key = forms.BooleanField(required=False, label="Take the key away")

    def __init__(self, *args: Any, names: Iterable[str], has_key: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calls = [(call, f"Every {call} call") for call in CALLS]
        seen = [(f"track:{name}", name) for name in names]
        choices = [
            (EVERY, "All events"),
            *calls,
            ("Events that were seen", seen),
            (AS_WRITTEN, "As the condition says"),
        ]
        cast(forms.ChoiceField, self.fields["event"]).choices = choices
        if has_key:
            self.fields["hash_key"].help_text = "Leave it empty to keep the one there is. It is never shown."
        else:
            del self.fields["drop_key"]

    def asked_condition(self) -> str:
        """The condition in FQL, whichever way it was said."""
        chosen, written = self.cleaned_data["event"], self.cleaned_data["condition"]
        if chosen == AS_WRITTEN:
            return str(written)
        call, _, name = chosen.partition(":")
        return condition_of("" if call == EVERY else call, name)

    def asked_key(self) -> str | None:
        """The key as the services take it: None to keep what there is."""
        if self.cleaned_data.get("drop_key"):
            return ""
        return self.cleaned_data["hash_key"] or None


def shown_condition(condition: str, names: Iterable[str]) -> dict[str, str]:
    """The two fields that say this condition."""
    simple = simple_event(condition)
    if simple is None or (simple[1] and simple[1] not in names):
        return {"event": AS_WRITTEN, "condition": condition}
    return {"event": ":".join(part for part in simple if part) or EVERY, "condition": condition}
