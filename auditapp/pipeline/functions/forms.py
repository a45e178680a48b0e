"""The shapes of a function's forms: what it is, what it asks for, how it is tried, and what is entered where it is put."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from django import forms
from django.http import QueryDict

from auditapp.pipeline.functions.services import MAX_CODE, RESOURCE_TYPES
from auditapp.pipeline.functions.setting_input import MAX_SETTINGS, TYPES

SPARE_ROWS: Final = 2
CODE_ATTRIBUTES: Final = {
    "rows": 22,
    "class": "code",
    "spellcheck": "false",
    "autocapitalize": "off",
    "autocomplete": "off",
    "wrap": "off",
}


class FunctionForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name")
    description = forms.CharField(max_length=500, required=False, label="Description")
    code = forms.CharField(strip=False, max_length=MAX_CODE, label="Code", widget=forms.Textarea(attrs=CODE_ATTRIBUTES))

    def clean_code(self) -> str:
        # As it was written, but for what browsers make of its line ends.
        return str(self.cleaned_data["code"]).replace("\r\n", "\n")


class NewFunctionForm(FunctionForm):
    resource_type = forms.ChoiceField(
        choices=list(RESOURCE_TYPES.items()),
        required=False,
        label="Where it is used",
        help_text="In a source it sees each event first, before the schema. In a destination it comes last, after filters and "
        "transformations. It cannot be changed later.",
    )
    field_order = ("name", "description", "resource_type", "code")

    def clean_resource_type(self) -> str:
        return self.cleaned_data["resource_type"] or next(iter(RESOURCE_TYPES))


class TryForm(forms.Form):
    """A sample event and values for the settings, for one try that keeps nothing."""

    event = forms.CharField(
        max_length=50_000,
        label="Event",
        widget=forms.Textarea(attrs={"rows": 14, "class": "code", "spellcheck": "false"}),
    )
    values = forms.CharField(
        required=False,
        max_length=20_000,
        label="Settings as JSON",
        widget=forms.Textarea(attrs={"rows": 2, "class": "code", "spellcheck": "false"}),
        help_text='For example: {"apiKey": "test"}. They are used for this try and kept nowhere.',
    )

    def clean_event(self) -> dict[str, Any]:
        event = _json_object(self.cleaned_data["event"], "An event is a JSON object")
        if not isinstance(event.get("type"), str):
            raise forms.ValidationError("Give the event a type, such as track.")
        return {"messageId": "msg-1", **event}

    def clean_values(self) -> dict[str, Any]:
        text = self.cleaned_data["values"].strip()
        return _json_object(text, "Settings are a JSON object") if text else {}


class SettingsForm(forms.Form):
    """One field for each setting of a function."""

    def __init__(
        self, *args: Any, settings: Sequence[Mapping[str, Any]], kept: Iterable[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.settings = settings
        for one in settings:
            self.fields[one["name"]] = _field(one, is_kept=one["name"] in kept)

    def entered(self) -> dict[str, Any]:
        """The values as the services take them."""
        found: dict[str, Any] = {}
        for one in self.settings:
            value = self.cleaned_data.get(one["name"])
            found[one["name"]] = str(value).splitlines() if one["type"] == "ARRAY" and value else value
        return found


def shown_values(settings: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as the form shows them."""
    lists = {one["name"] for one in settings if one["type"] == "ARRAY"}
    return {name: "\n".join(value) if name in lists else value for name, value in values.items()}


def declared_rows(sent: QueryDict) -> list[dict[str, Any]]:
    """The settings that the rows of the editor declare; rows without a name are left out."""
    columns = [sent.getlist(f"setting_{part}") for part in ("name", "label", "type", "description")]
    required, sensitive = set(sent.getlist("setting_required")), set(sent.getlist("setting_sensitive"))
    found = []
    for number, (name, label, kind, description) in enumerate(zip(*columns, strict=False)):
        if name.strip() or label.strip():
            one = {"name": name.strip(), "label": label.strip(), "type": kind, "description": description.strip()}
            found.append(one | {"required": str(number) in required, "sensitive": str(number) in sensitive})
    return found


def setting_rows(settings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the editor, with some to spare."""
    spare = min(SPARE_ROWS, MAX_SETTINGS - len(settings))
    return [dict(one) for one in settings] + [{"type": "STRING"}] * spare


SETTING_TYPES: Final = list(TYPES.items())


def _field(one: Mapping[str, Any], *, is_kept: bool) -> forms.Field:
    help_text = one["description"]
    if one["type"] == "BOOLEAN":
        return forms.BooleanField(required=False, label=one["label"], help_text=help_text)
    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off"})
    if one["type"] == "ARRAY":
        widget, help_text = (
            forms.Textarea(attrs={"rows": 3}),
            " ".join(filter(None, (help_text and f"{help_text.rstrip('.')}.", "One a line."))),
        )
    elif one["sensitive"]:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    if one["sensitive"]:
        kept = "Leave it empty to keep the one there is." if is_kept else "It is sealed before it is stored."
        help_text = " ".join(filter(None, (help_text and f"{help_text.rstrip('.')}.", kept)))
    return forms.CharField(
        required=False, strip=False, max_length=5_000, label=one["label"], help_text=help_text, widget=widget
    )


def _json_object(text: str, message: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise forms.ValidationError(f"{message}: {error}.") from None
    if not isinstance(value, dict):
        raise forms.ValidationError(f"{message}.")
    return value
