"""The shape of a source's form."""

from django import forms

from auditapp.access.forms import words
from auditapp.sources.services import KIND_NAMES


class SourceForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    labels = forms.CharField(
        required=False,
        label="Labels",
        help_text="key:value, divided by commas, for example: environment:prod, team:shop",
    )

    def clean_labels(self) -> list[str]:
        return words(self.cleaned_data["labels"])


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
