"""Second factors and passkeys: how allauth keeps them here, and what it does with them, told to each workspace of the person."""

from contextlib import suppress
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa import signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest

from auditapp.access.models import User
from auditapp.access.own_account import record_of_person
from auditapp.access.queries import workspaces_of
from auditapp.lib.errors import NotFound
from auditapp.lib.secret_box import seal, unseal
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace

APP, PASSKEY, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN, Authenticator.Type.RECOVERY_CODES
AS_SECOND_STEP: Final = {APP: "two-step code", PASSKEY: "passkey", RECOVERY: "recovery code"}


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Keys of authenticator apps and seeds of recovery codes are at rest as every other secret is."""

    def encrypt(self, text: str) -> str:
        return seal(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text.encode())

    def get_totp_issuer(self) -> str:
        # With the host: who uses two installations has two codes in the app.
        return f"Audit Trail {context.request.get_host()}"

    def generate_authenticator_name(self, user: AbstractBaseUser, type: str) -> str:
        there = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {there + 1}" if there else "Passkey"


class NoSuchPerson(NotFound):
    """Nobody has an account with this address."""


def connect() -> None:
    """Register the receivers; called once when the app is ready."""
    signals.authenticator_added.connect(_added, dispatch_uid="audit_authenticator_added")
    signals.authenticator_reset.connect(_added, dispatch_uid="audit_authenticator_reset")
    signals.authenticator_removed.connect(_removed, dispatch_uid="audit_authenticator_removed")
    signals.authentication_failed.connect(_failed, dispatch_uid="audit_second_factor_failed")


def method_of(request: HttpRequest, user: User) -> str:
    """How somebody signed in, in words: with what in this session; who has just set a password, by it."""
    with_what = [one for one in get_authentication_records(request, user) if not one.get("reauthenticated")]
    second = [AS_SECOND_STEP[one["type"]] for one in with_what if one["method"] == "mfa"]
    if any(one.get("passwordless") for one in with_what):
        return "passkey"
    if with_what and with_what[0]["method"] == "socialaccount":
        return f"single sign-on and {second[-1]}" if second else "single sign-on"
    return f"password and {second[-1]}" if second else "password"


def passkeys_work(request: HttpRequest) -> bool:
    """Whether browsers take passkeys here: at a name, never at an IP address, and over HTTPS unless it is this machine."""
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    with suppress(ValueError):
        ip_address(host)
        return False
    return host == "localhost" or settings.PUBLIC_URL.startswith("https://")


def passkey_failed(request: HttpRequest, user: User, *, when: str) -> None:
    """Tell that a passkey was not accepted; allauth says so of codes alone."""
    meta = {"when": when, "reason": "The passkey was not accepted"}
    record_of_person("user.two_step_failed", user, request, meta=meta, outcome="failure")


@transaction.atomic
def remove_second_factor(*, email: str) -> tuple[User, bool]:
    """Let somebody in by password alone who lost phone, passkeys and recovery codes; for whoever runs the installation.

    Gives:   the person, and whether there was anything to remove
    Raises:  NoSuchPerson
    Writes:  Authenticator; user.two_step_disabled in each workspace of the person
    """
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise NoSuchPerson
    removed, _ = Authenticator.objects.filter(user_id=user.id).delete()
    for workspace in workspaces_of(user.id) if removed else ():
        with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
            record("user.two_step_disabled", target=user)
    return user, bool(removed)


def _added(sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **rest: Any) -> None:
    kind = authenticator.type
    if kind == APP:
        record_of_person("user.two_step_enabled", user, request, meta={"method": "authenticator app"})
    elif kind == PASSKEY:
        key = authenticator.wrap()
        meta = {"passkey": key.name, "alone": bool(key.is_passwordless)}
        record_of_person("user.passkey_added", user, request, meta=meta)
    else:
        record_of_person("user.recovery_codes_created", user, request)


def _removed(sender: object, request: HttpRequest, user: User, authenticator: Authenticator, **rest: Any) -> None:
    kind = authenticator.type
    if kind == APP:
        record_of_person("user.two_step_disabled", user, request)
    elif kind == PASSKEY:
        record_of_person("user.passkey_removed", user, request, meta={"passkey": authenticator.wrap().name})
    # Recovery codes go with the last of the others, whose event tells it.


def _failed(sender: object, request: HttpRequest, user: User, reauthentication: bool = False, **rest: Any) -> None:
    meta = {"when": "when asked again" if reauthentication else "while signing in", "reason": "Wrong code"}
    record_of_person("user.two_step_failed", user, request, meta=meta, outcome="failure")
