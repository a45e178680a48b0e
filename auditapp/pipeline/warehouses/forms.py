"""The shape of a warehouse's form."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms

from auditapp.pipeline.warehouses.services import Connection
from auditapp.sources.models import Source


class WarehouseForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    host = forms.CharField(max_length=253, label="Host")
    port = forms.IntegerField(label="Port", initial=5432)
    database = forms.CharField(max_length=63, label="Database")
    username = forms.CharField(max_length=63, label="User", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = forms.CharField(
        required=False,
        strip=False,
        label="Password",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    source_ids = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, required=False, label="Sources that feed it"
    )

    def __init__(self, *args: Any, sources: Iterable[Source], keeps_password: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(source.id, source.name) for source in sources]
        cast(forms.MultipleChoiceField, self.fields["source_ids"]).choices = choices
        if keeps_password:
            self.fields["password"].help_text = "Leave it empty to keep the one there is. It is never shown."

    def asked(self) -> dict[str, Any]:
        """What was entered, as the services take it."""
        entered = self.cleaned_data
        connection = Connection(**{name: entered[name] for name in Connection._fields})
        return {"connection": connection, **{name: entered[name] for name in ("name", "password", "source_ids")}}
