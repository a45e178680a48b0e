"""The shape of a space's form."""

from django import forms

from auditapp.access.forms import words


class SpaceForm(forms.Form):
    name = forms.CharField(max_length=200, label="Name")
    labels = forms.CharField(
        required=False,
        label="Labels",
        help_text="key:value, divided by commas, for example: environment:prod, team:shop",
    )

    def clean_labels(self) -> list[str]:
        return words(self.cleaned_data["labels"])


class NewSpaceForm(SpaceForm):
    space_id = forms.CharField(
        max_length=200,
        required=False,
        label="Id",
        help_text="As its own system calls it in the events that it sends. Left empty, it gets one here. It cannot be changed later.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("name", "space_id", "labels")
