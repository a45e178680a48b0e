"""The shape of a space's form."""

from typing import Any

from django import forms

from auditapp.access.known_labels import known_labels
from auditapp.access.label_forms import LabelChoice, LabelsField, chosen_in, label_choices


class SpaceForm(forms.Form):
    name = forms.CharField(max_length=200, label="Name")
    labels = LabelsField(
        required=False,
        label="Labels",
        help_text="Whose role is over spaces with these labels gets it over this one too.",
    )

    def __init__(self, *args: Any, workspace_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.workspace_id = workspace_id

    def label_choices(self) -> list[LabelChoice]:
        """Asked by the template: one list for each key."""
        return label_choices(known_labels(self.workspace_id), chosen_in(self))


class NewSpaceForm(SpaceForm):
    space_id = forms.CharField(
        max_length=200,
        required=False,
        label="Id",
        help_text="As its own system calls it in the events that it sends. Left empty, it gets one here. It cannot be changed later.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("name", "space_id", "labels")
