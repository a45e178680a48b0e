"""The shape of a source's form."""

from django import forms

from auditapp.access.forms import words


class SourceForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    labels = forms.CharField(
        required=False,
        label="Labels",
        help_text="key:value, divided by commas, for example: environment:prod, team:shop",
    )

    def clean_labels(self) -> list[str]:
        return words(self.cleaned_data["labels"])
