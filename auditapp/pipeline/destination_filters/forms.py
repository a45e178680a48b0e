"""Title and description of a filter; its condition and actions are read in form_input.py."""

from django import forms

from auditapp.pipeline.destination_filters.services import MAX_DESCRIPTION, MAX_TITLE


class FilterForm(forms.Form):
    title = forms.CharField(max_length=MAX_TITLE, label="Title")
    description = forms.CharField(max_length=MAX_DESCRIPTION, required=False, label="Description")
    condition = forms.CharField(
        required=False,
        label="Condition in FQL",
        widget=forms.Textarea(attrs={"rows": 3, "class": "code", "spellcheck": "false", "autocapitalize": "off"}),
        help_text="The same as the rows, and more. Each follows the other when the filter is saved or tested; where both were changed, this box counts. For all events: all",
    )
    actions = forms.CharField(required=False)
