"""Forms of passkeys: allauth's own, in this product's words, and with an event where a passkey is refused."""

from typing import Any, ClassVar

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal.auth import extract_user_from_response
from django import forms
from django.core.exceptions import ValidationError

from auditapp.access.second_factor import passkey_failed

NAME_LENGTH = 60


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """A new passkey: what it is called, and whether it stands alone."""

    name = forms.CharField(required=False, max_length=NAME_LENGTH, label="Name")
    passwordless = forms.BooleanField(
        required=False,
        initial=True,
        label="Sign in with it alone, without the password",
        help_text="It asks for your finger, face or PIN then. Otherwise it is the second step after the password.",
    )


class _Watched:
    when: ClassVar[str]
    user: Any
    cleaned_data: dict[str, Any]

    def clean_credential(self) -> Authenticator:
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except ValidationError as refused:
            if refused.code != "incorrect_code":  # too many tries are not one more try
                raise
            if user := self.user or _said_to_be(self.cleaned_data["credential"]):
                passkey_failed(context.request, user, when=self.when)
            raise ValidationError("The passkey was not accepted.", code=refused.code) from None
        return found


def _said_to_be(credential: Any) -> Any:
    try:
        return extract_user_from_response(credential)
    except (ValidationError, AttributeError):
        return None


class SecondStepPasskeyForm(_Watched, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After the password."""

    when = "while signing in"


class SignInPasskeyForm(_Watched, LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of the password."""

    when = "while signing in"


class ProofPasskeyForm(_Watched, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """Of somebody who is signed in, before what is risky."""

    when = "when asked again"
