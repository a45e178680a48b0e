"""The shape of a warehouse's form."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms

from auditapp.pipeline.warehouses.connecting import DEFAULT_SSL_MODE, SSL_MODES, Connection
from auditapp.pipeline.warehouses.schedules import DEFAULT, SCHEDULES
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
    sslmode = forms.ChoiceField(
        choices=[(key, f"{words} ({key})") for key, words in SSL_MODES.items()],
        required=False,
        label="Encryption",
    )
    schedule = forms.ChoiceField(
        choices=[(key, words.capitalize()) for key, words in SCHEDULES.items()], required=False, label="Sync"
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

    def clean_sslmode(self) -> str:
        return self.cleaned_data["sslmode"] or DEFAULT_SSL_MODE

    def clean_schedule(self) -> str:
        return self.cleaned_data["schedule"] or DEFAULT

    def connection(self) -> Connection:
        """How the warehouse is reached, as it was entered."""
        return Connection(**{name: self.cleaned_data[name] for name in Connection._fields})

    def entered_password(self) -> str:
        """The password that was entered, "" for none."""
        return str(self.cleaned_data.get("password", ""))

    def has_connection(self) -> bool:
        """Whether the warehouse could be reached by what was entered, whatever else is missing."""
        return all(name in self.cleaned_data for name in Connection._fields)

    def asked(self) -> dict[str, Any]:
        """What was entered, as the services take it."""
        names = ("name", "password", "source_ids", "schedule")
        return {"connection": self.connection(), **{name: self.cleaned_data[name] for name in names}}
