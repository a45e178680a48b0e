"""The shape of a source's form."""

from typing import Any

from django import forms

from auditapp.access.known_labels import known_labels
from auditapp.access.label_forms import LabelChoice, LabelsField, chosen_in, label_choices
from auditapp.sources.services import KIND_NAMES


class SourceForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    labels = LabelsField(
        required=False,
        label="Labels",
        help_text="Whose role is over sources with these labels gets it over this one too.",
    )

    def __init__(self, *args: Any, workspace_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace_id = workspace_id

    def label_choices(self) -> list[LabelChoice]:
        """Asked by the template: one list for each key."""
        return label_choices(known_labels(self.workspace_id), chosen_in(self))


class NewSourceForm(SourceForm):
    kind = forms.ChoiceField(
        choices=list(KIND_NAMES.items()),
        required=False,
        label="Kind",
        help_text="What sends to it. It cannot be changed later.",
    )
    field_order = ("name", "kind", "labels")

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or next(iter(KIND_NAMES))
