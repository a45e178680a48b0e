"""The form of a destination, made from the fields of its kind."""

from typing import Any, Final

from django import forms

from auditapp.pipeline.destinations.kind import Field, Kind
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.setup import secrets_of
from auditapp.pipeline.formats.rendering import FORMAT_NAMES

CLEAR: Final = "clear_"
KEEPS: Final = "Leave it empty to keep the one there is. It is never shown."


class DestinationForm(forms.Form):
    """Name, format and what the kind asks for; an optional secret that is there has a box to take it away."""

    name = forms.CharField(max_length=100, label="Name")

    def __init__(self, *args: Any, kind: Kind, destination: Destination | None = None, **kwargs: Any) -> None:
        self.kind = kind
        self.held = secrets_of(destination).values if destination else {}
        # What has a page of its own stays as it is.
        self.kept = {
            one.name: destination.settings.get(one.name)
            for one in kind.fields
            if destination and one.type == "messages"
        }
        super().__init__(*args, **kwargs)
        self.asked_for = [one for one in kind.fields if one.type != "messages"]
        for one in self.asked_for:
            self.fields[one.name] = _form_field(one, is_held=one.name in self.held)
            if one.is_secret and not one.is_required and one.name in self.held:
                self.fields[CLEAR + one.name] = forms.BooleanField(required=False, label=f"Remove: {one.label.lower()}")
        if len(kind.formats) > 1:
            choices = [(form.value, FORMAT_NAMES[form]) for form in kind.formats]
            self.fields["form"] = forms.ChoiceField(choices=choices, label="Format", initial=choices[0][0])

    @property
    def plain(self) -> list[forms.BoundField]:
        """What everybody fills in."""
        return [field for field in self if field.name not in self._advanced]

    @property
    def advanced(self) -> list[forms.BoundField]:
        """What few need: folded away, unless something is in it or wrong with it."""
        return [field for field in self if field.name in self._advanced]

    @property
    def is_advanced_open(self) -> bool:
        return any(field.errors for field in self.advanced)

    @property
    def _advanced(self) -> set[str]:
        names = {one.name for one in self.kind.fields if one.is_advanced}
        return names | {CLEAR + name for name in names}

    def asked(self) -> dict[str, Any]:
        """What was entered, as the services take it."""
        entered = self.cleaned_data
        settings = self.kept | {one.name: entered[one.name] for one in self.asked_for}
        for one in self.asked_for:
            if entered.get(CLEAR + one.name):
                settings[one.name] = None
        return {
            "name": entered["name"],
            "settings": settings,
            "form": entered.get("form") or self.kind.formats[0].value,
        }

    @staticmethod
    def initial_of(destination: Destination) -> dict[str, Any]:
        """What the form shows of a destination: never a secret."""
        return {"name": destination.name, "form": destination.form, **destination.settings}


def _form_field(one: Field, *, is_held: bool) -> forms.Field:
    help_text = " ".join(filter(None, [one.help, KEEPS if is_held else ""]))
    is_required = one.is_required and not is_held
    about: dict[str, Any] = {"label": one.label, "help_text": help_text, "required": is_required}
    attrs = {"placeholder": one.placeholder} if one.placeholder else {}
    if one.default != "":
        about["initial"] = one.default
    if one.type == "flag":
        return forms.BooleanField(**(about | {"required": False}))
    if one.type == "choice":
        return forms.ChoiceField(choices=one.choices, **about)
    if one.type == "number":
        return forms.IntegerField(min_value=one.least, max_value=one.most, **about)
    if one.type == "lines":
        return forms.CharField(widget=forms.Textarea(attrs=attrs | {"rows": 4, "spellcheck": "false"}), **about)
    if one.is_secret:
        hidden = forms.PasswordInput(attrs=attrs | {"autocomplete": "new-password"})
        return forms.CharField(strip=False, widget=hidden, **about)
    # Not a URLField: what may be called is said by the one that calls.
    return forms.CharField(
        widget=forms.TextInput(attrs=attrs | {"autocomplete": "off", "spellcheck": "false"}), **about
    )
