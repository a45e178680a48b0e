"""OpenID Connect as allauth speaks it, with what it leaves to trust checked here: the signature of the ID token, whoever made it,
for whom, in answer to what, and when.

Source:  OpenID Connect Core 1.0, 3.1.3.7 (ID token), 5.3.2 (UserInfo); RP-Initiated Logout 1.0; RFC 7636 (PKCE); RFC 9207 (iss);
         RFC 8176 (amr)
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import jwt
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string

from auditapp.access.sso.calls import BoundSession, CallFailed, is_safe_address
from auditapp.access.sso.errors import Cancelled, NotLeft, ProviderAway, SsoRefused, StateGone
from auditapp.access.sso.provider import Provider, needed_provider, plain_address
from auditapp.lib import clock

logger = logging.getLogger(__name__)

# With the provider's public keys alone: not "none", and nothing that the client's secret could sign.
ALGORITHMS: Final = frozenset(
    {*("RS256", "RS384", "RS512"), *("PS256", "PS384", "PS512"), *("ES256", "ES384", "ES512"), "EdDSA"}
)
SKEW_S: Final = 60
# What says that the provider asked for two things: of amr, and of acr.
AMR_OF_TWO: Final = frozenset({"mfa"})
ACR_OF_TWO: Final = frozenset(
    {
        *("phr", "phrh"),  # OpenID EAP ACR Values 1.0
        "https://refeds.org/profile/mfa",
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    }
)
SUBJECT_LENGTH: Final = 191  # as allauth keeps it
NAME_LENGTH: Final = 200
_LEAVE: Final = "end_session_endpoint"
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as the provider proved it."""

    issuer: str
    subject: str
    address: str  # verified; "" where the provider does not say so
    named_address: str  # as the provider names it, proved or not
    name: str
    has_second_factor: bool
    authenticated_at: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An identity, and what it was asked for."""

    identity: Identity
    process: str
    next_url: str
    user_id: str
    began_at: float
    can_leave: bool  # whether the provider says where people sign out of it


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """What allauth knows of the provider: the one of the environment, called within bounds."""

    def get_requests_session(self) -> BoundSession:
        return BoundSession()

    def get_provider(self, request: HttpRequest, provider: str, client_id: str | None = None) -> "SpokenProvider":
        return _spoken(request)

    def on_authentication_error(self, request: HttpRequest, provider: Any, **what: Any) -> None:
        raise SsoRefused


class Exchange(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth has no types
    """One conversation with the provider."""

    @property
    def openid_config(self) -> dict[str, Any]:
        if not hasattr(self, "_checked"):
            found = super().openid_config
            issuer = needed_provider().issuer
            if not isinstance(found, dict) or found.get("issuer") != issuer:
                logger.error(
                    "The document of SSO_ISSUER names another issuer: write SSO_ISSUER as it does, to the slash."
                )
                raise ProviderAway
            if not all(is_safe_address(found.get(name)) for name in _ENDPOINTS):
                logger.error("The document of SSO_ISSUER lacks an endpoint, or names one without TLS.")
                raise ProviderAway
            self._checked = found
        return self._checked

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        # Not by the Host of the request: who can forge that would be sent the codes of others.
        return settings.PUBLIC_URL + reverse("sso_callback")

    def proved_claims(self, app: SocialApp, answer: Mapping[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of a token answer, with what only UserInfo tells.

        Raises:  SsoRefused; CallFailed, where the provider is away
        """
        claims = self._claims_of(app, answer.get("id_token"), nonce)
        if "email" not in claims and is_safe_address(self.openid_config.get("userinfo_endpoint")):
            more = self._fetch_user_info(answer["access_token"])
            if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
                raise SsoRefused
            wanted = ("email", "email_verified", "name")
            claims |= {key: more[key] for key in wanted if key in more}
        return claims

    def _claims_of(self, app: SocialApp, token: object, nonce: str) -> dict[str, Any]:
        if not isinstance(token, str):
            raise SsoRefused
        try:
            header = jwt.get_unverified_header(token)
            claims = jwt.decode(
                token,
                key=self._key(header),
                algorithms=[header["alg"]],
                audience=app.client_id,
                issuer=needed_provider().issuer,
                leeway=SKEW_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"], "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as fault:
            logger.warning("An ID token of the provider was refused: %s", type(fault).__name__)
            raise SsoRefused from None
        is_for_us = claims.get("azp", app.client_id) == app.client_id
        is_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        answers = isinstance(claims.get("nonce"), str) and constant_time_compare(claims["nonce"], nonce)
        if not answers or not is_for_us or (is_many and "azp" not in claims):
            logger.warning("An ID token of the provider was refused: it is for another client or another sign-in.")
            raise SsoRefused
        return dict(claims)

    def _key(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        if header.get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        with BoundSession() as session:
            response = session.get(self.openid_config["jwks_uri"])
            response.raise_for_status()
            keys = response.json()["keys"]
        signing = [one for one in keys if one.get("use", "sig") == "sig" and one.get("kty") != "oct"]
        named = [one for one in signing if one.get("kid") == header["kid"]] if "kid" in header else signing
        if len(named) != 1 or named[0].get("alg", header["alg"]) != header["alg"]:
            raise jwt.InvalidKeyError
        return jwt.PyJWK(named[0], algorithm=header["alg"])


class SpokenProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth has no types
    """The provider as allauth calls it."""

    oauth2_adapter_class = Exchange


def begin(
    request: HttpRequest, *, process: str, next_url: str = "", user_id: str = "", is_asked_anew: bool = False
) -> str:
    """Where to send somebody to prove who they are; what is asked is kept in their session for ten minutes.

    Takes:   is_asked_anew, whether to ask the provider for a sign-in of now, however lately there was one
    Raises:  NotSetUp, ProviderAway
    """
    nonce = get_random_string(32)
    fresh = {"prompt": "login", "max_age": "0"} if is_asked_anew else {}
    kept = {"nonce": nonce, "user_id": user_id, "began_at": clock.now().timestamp()}
    with _faults_told():
        answer = _spoken(request).redirect(
            request, process, next_url or None, None, auth_params={"nonce": nonce, **fresh}, **kept
        )
    return str(answer.url)


def finish(request: HttpRequest) -> Answer:
    """Who came back from the provider. What was asked is forgotten by it: nothing comes back twice.

    Raises:  NotSetUp, StateGone, Cancelled, SsoRefused, ProviderAway
    """
    spoken, sent = _spoken(request), request.GET
    issuer = spoken.app.provider_id
    state = statekit.unstash_state(request, provider_id=issuer, state_id=sent.get("state", ""))
    if state is None:
        raise StateGone
    if sent.get("iss", issuer) != issuer:
        raise SsoRefused
    if "error" in sent or "code" not in sent:
        raise Cancelled if sent.get("error") == "access_denied" else SsoRefused
    exchange = spoken.get_oauth2_adapter(request)
    with _faults_told():
        client = exchange.get_client(request, spoken.app)
        told = exchange.get_access_token_data(
            request, spoken.app, client, pkce_code_verifier=state["pkce_code_verifier"]
        )
        claims = exchange.proved_claims(spoken.app, told, state["nonce"])
    identity = _identity(issuer, claims)
    can_leave = is_safe_address(exchange.openid_config.get(_LEAVE))
    return Answer(identity, state["process"], state.get("next", ""), state["user_id"], state["began_at"], can_leave)


def way_out(request: HttpRequest) -> str:
    """Where to send somebody who wants to sign out of the provider too. It is told which client sends them and no more: ID
    tokens are not kept, so it asks them once more itself, and their way ends there.

    Raises:  NotSetUp, NotLeft
    """
    spoken = _spoken(request)
    try:
        with _faults_told():
            address = spoken.get_oauth2_adapter(request).openid_config.get(_LEAVE)
    except ProviderAway:
        address = None
    if not is_safe_address(address):
        raise NotLeft
    joint = "&" if urlsplit(address).query else "?"
    return f"{address}{joint}{urlencode({'client_id': spoken.app.client_id})}"


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    subject, name, when = claims["sub"], claims.get("name"), claims.get("auth_time")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH or "\0" in subject:
        raise SsoRefused
    named = plain_address(claims.get("email"))
    # As a word too, which some providers send; nothing else is a yes.
    is_verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
    methods = claims.get("amr")
    used = {one for one in methods if isinstance(one, str)} if isinstance(methods, list) else set()
    return Identity(
        issuer=issuer,
        subject=subject,
        address=named if is_verified else "",
        named_address=named,
        name=" ".join(name.replace("\0", "").split())[:NAME_LENGTH] if isinstance(name, str) else "",
        has_second_factor=bool(used & AMR_OF_TWO) or str(claims.get("acr")) in ACR_OF_TWO,
        authenticated_at=float(when) if isinstance(when, int | float) and not isinstance(when, bool) else None,
    )


def _spoken(request: HttpRequest) -> SpokenProvider:
    return SpokenProvider(request, app=_app(needed_provider()))


def _app(of: Provider) -> SocialApp:
    # By its issuer: what was kept or linked with another one is not taken for this one's.
    where = {"server_url": f"{of.issuer.rstrip('/')}/.well-known/openid-configuration", "oauth_pkce_enabled": True}
    return SocialApp(
        provider="openid_connect",
        provider_id=of.issuer,
        name=of.name,
        client_id=of.client_id,
        secret=of.secret,
        settings=where,
    )


@contextmanager
def _faults_told() -> Iterator[None]:
    """Calls that fail are told in our words. What the other side said stays out of pages and logs: it may hold secrets."""
    try:
        yield
    except OAuth2Error:
        logger.warning("The provider of single sign-on did not take a code.")
        raise SsoRefused from None
    except (CallFailed, ValueError, KeyError, TypeError, AttributeError) as fault:
        logger.error("The provider of single sign-on does not answer as it should: %s", type(fault).__name__)
        raise ProviderAway from None
