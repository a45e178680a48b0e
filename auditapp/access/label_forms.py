"""How labels are chosen in forms: a list of values for each key, so that there is one value per key; and the form of a label."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django import forms
from django.http import QueryDict

from auditapp.access.label_models import Label
from auditapp.access.labels import MAX_DESCRIPTION
from auditapp.lib.words import words


class LabelOption(NamedTuple):
    """A value of a key, in words and with what it means."""

    label: str
    words: str
    is_chosen: bool


class LabelChoice(NamedTuple):
    """The values of one key, to choose one of."""

    key: str
    options: list[LabelOption]


class LabelsField(forms.Field):
    """The labels that were chosen, each in a list of its own; whether they are known is the services' to say."""

    widget = forms.SelectMultiple

    def to_python(self, value: Sequence[str] | None) -> list[str]:
        return [one.lower() for one in words(" ".join(value or ()))]


class DescriptionForm(forms.Form):
    description = forms.CharField(
        max_length=MAX_DESCRIPTION,
        required=False,
        label="Description",
        help_text="What it means. It may be left empty.",
    )


class LabelForm(DescriptionForm):
    key = forms.CharField(max_length=40, label="Key", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    value = forms.CharField(max_length=40, label="Value", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    field_order = ("key", "value", "description")


def label_choices(known: Iterable[Label], chosen: Sequence[str]) -> list[LabelChoice]:
    """What a page offers for each key; what was chosen and is not known stays chosen, so that nobody loses it unseen."""
    by_key: dict[str, list[LabelOption]] = {}
    for label in known:
        text = str(label)
        shown = f"{label.value} ({label.description})" if label.description else label.value
        by_key.setdefault(label.key, []).append(LabelOption(text, shown, text in chosen))
    texts = {option.label for options in by_key.values() for option in options}
    for text in (one for one in chosen if one not in texts):
        key, _, value = text.partition(":")
        by_key.setdefault(key, []).append(LabelOption(text, f"{value or text} (not known any more)", True))
    return [LabelChoice(key, options) for key, options in by_key.items()]


def chosen_in(form: forms.Form) -> list[str]:
    """The labels that a form shows."""
    return words(" ".join(values_in(form, "labels")))


def values_in(form: forms.Form, name: str) -> list[str]:
    """What a field of many values shows: what was sent with the form, else what it began with."""
    if isinstance(form.data, QueryDict):
        return form.data.getlist(form.add_prefix(name))
    return list(form.get_initial_for_field(form.fields[name], name) or ())
