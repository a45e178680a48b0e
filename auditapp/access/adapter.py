"""How allauth behaves here: nobody signs up without an invitation, and addresses of clients are found as everywhere else."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as request_now
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from auditapp.access.models import User
from auditapp.access.own_account import record_of_person
from auditapp.access.sso.links import CAN_LEAVE
from auditapp.access.step_up import count_sign_in, proof_by_sso
from auditapp.access.throttling import (
    AGAIN,
    CODE,
    PASSWORD,
    SECOND_STEP,
    second_step_key,
    second_step_of,
    stopped,
    tell_stopped,
)
from auditapp.lib.errors import Outside
from auditapp.web.client_address import client_ip

NO_ADDRESS = "0.0.0.0"  # noqa: S104  nothing listens on it
logger = logging.getLogger(__name__)

# What a page shows anyway needs no message.
_SILENT = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}
_PROOFS = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}
_SECOND_STEP = "allauth.mfa.stages.AuthenticateStage"
_OUR_SECOND_STEP = "auditapp.access.sso.arrivals.SecondStep"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Closed sign-up: people come in through an invitation's link (views.py). One adapter serves one form."""

    _asks_password = False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        # Limits are counted by it, and sessions keep it as an address: all who come through a socket file without a trusted
        # proxy share one that nobody has.
        return client_ip(request) or NO_ADDRESS

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        if message_template not in _SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        found = [{**one, "description": _PROOFS[one["id"]]} for one in super().get_reauthentication_methods(user)]
        return found + proof_by_sso(user)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        count_sign_in(request, user)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        self._asks_password = True
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            email = str(credentials.get("email") or credentials.get("username") or "")
            found = stopped(request, self._get_login_attempts_cache_key(request, **credentials))
            when = AGAIN if request.user.is_authenticated else PASSWORD
            said = tell_stopped(request, User.objects.filter(email__iexact=email).first(), when, found)
            raise ValidationError(said, code=CODE) from None

    def validation_error(self, code: str, *args: Any) -> ValidationError:
        # Codes of the second step are counted elsewhere in allauth, which asks here what to say.
        request = request_now.request
        if code == CODE and not self._asks_password and (user := second_step_of(request)):
            when = AGAIN if request.user.is_authenticated else SECOND_STEP
            return ValidationError(
                tell_stopped(request, user, when, stopped(request, second_step_key(user))), code=code
            )
        said: ValidationError = super().validation_error(code, *args)
        return said

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        # Read before the session is gone: whoever came by a provider is still signed in there.
        if request.session.get(CAN_LEAVE):
            return reverse("sso_signed_out")
        return str(super().get_logout_redirect_url(request))

    def get_login_stages(self) -> list[str]:
        return [_OUR_SECOND_STEP if one == _SECOND_STEP else one for one in super().get_login_stages()]

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        record_of_person("user.password_reset_requested", user, context["request"])
        super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        # Also for an address without an account, which gets a mail too: the answer tells nothing of whether there is one.
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as fault:  # SMTPException is one
            logger.error("The mail server did not take a mail about an account: %s", type(fault).__name__)
            raise Outside(
                "The mail server did not take the mail, so no link was sent, and nothing was changed. Try again in some"
                " minutes; if it goes on, tell whoever runs this installation."
            ) from None
