"""Receivers of Django's and allauth's sign-in signals: each sign-in, refusal, sign-out and new password is recorded in every
workspace of the person. An unknown address belongs to no workspace: it is told to the log alone, without the address.
"""

import logging
from typing import Any

from allauth.account import signals as allauth_signals
from django.contrib.auth import signals as django_signals
from django.http import HttpRequest

from auditapp.access.models import User
from auditapp.access.own_account import record_of_person
from auditapp.access.second_factor import method_of
from auditapp.access.sessions import mark_begun
from auditapp.access.sso import arrivals
from auditapp.catalogue.declaring import WITHHELD
from auditapp.record.drafts import Change

logger = logging.getLogger(__name__)


def connect() -> None:
    """Register the receivers; called once when the app is ready."""
    # allauth's own, since Django's is also sent where tests and scripts make a session without signing in.
    allauth_signals.user_logged_in.connect(_signed_in, dispatch_uid="audit_signed_in")
    django_signals.user_login_failed.connect(_sign_in_failed, dispatch_uid="audit_sign_in_failed")
    django_signals.user_logged_out.connect(_signed_out, dispatch_uid="audit_signed_out")
    for signal in (allauth_signals.password_changed, allauth_signals.password_set, allauth_signals.password_reset):
        signal.connect(_password_changed, dispatch_uid="audit_password_changed")


def _signed_in(sender: object, request: HttpRequest, user: User, **rest: Any) -> None:
    mark_begun(request)
    arrivals.signed_in(request, user)
    record_of_person("user.signed_in", user, request, meta={"method": method_of(request, user)})


def _sign_in_failed(
    sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **rest: Any
) -> None:
    if request is None:
        return
    email = str(credentials.get("email") or credentials.get("username") or "")
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        logger.warning("Somebody failed to sign in with an address that has no account.")
        return
    reason = "Wrong password" if user.is_active else "The account is switched off"
    meta = {"email": user.email, "reason": reason}
    record_of_person("user.sign_in_failed", user, request, meta=meta, outcome="failure")


def _signed_out(sender: object, request: HttpRequest, user: User | None, **rest: Any) -> None:
    if user is not None:
        record_of_person("user.signed_out", user, request)


def _password_changed(sender: object, request: HttpRequest, user: User, **rest: Any) -> None:
    record_of_person("user.password_changed", user, request, changes=[Change("password", WITHHELD, WITHHELD)])
