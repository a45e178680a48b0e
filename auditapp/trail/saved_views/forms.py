"""The form of a saved view."""

from django import forms

from auditapp.trail.query_box import MAX_QUERY


class SavedViewForm(forms.Form):
    """Name, query, and for who may share, with whom."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}))
    query = forms.CharField(
        max_length=MAX_QUERY,
        help_text="In the words of the search box, for example risk:risky -actor:ana@example.com",
        widget=forms.Textarea(attrs={"class": "input", "rows": 3, "spellcheck": "false"}),
    )
    is_shared = forms.BooleanField(
        label="Share with everyone who may open the trail",
        help_text="Each still finds only what their own role shows.",
        required=False,
        widget=forms.CheckboxInput(attrs={"class": "tick"}),
    )

    def __init__(self, *args: object, can_share: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not can_share:
            del self.fields["is_shared"]
