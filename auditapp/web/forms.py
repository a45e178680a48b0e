"""Carries what a service refused back to the form that asked for it."""

from django import forms

from auditapp.lib.errors import Invalid


def add_refusal(form: forms.BaseForm, error: Invalid) -> None:
    """Show the error at the field it names, else above the form."""
    form.add_error(error.field if error.field in form.fields else None, error.message)
