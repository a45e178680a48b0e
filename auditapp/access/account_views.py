"""The person's own account: password, second factor, passkeys and sessions on one page. What changes the first three is allauth's."""

from typing import cast

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import ReauthenticateWebAuthnView
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from auditapp.access.adapter import NO_ADDRESS
from auditapp.access.decorators import signed_in_page
from auditapp.access.models import User
from auditapp.access.second_factor import APP, PASSKEY, RECOVERY
from auditapp.access.second_factor_rule import workspace_that_waits
from auditapp.access.sessions import device_of, end_other_sessions, end_session, sessions_of
from auditapp.access.sso.links import link_of
from auditapp.web.pages import render_page

own_account = signed_in_page("It is the account of whoever is signed in.")


@require_http_methods(["GET", "HEAD"])
@own_account
def overview(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    kept = list(Authenticator.objects.filter(user_id=user.id).order_by("created_at"))
    of_type = {one.type: one for one in kept}
    recovery = of_type.get(RECOVERY)
    return render_page(
        request,
        "account/overview.html",
        {
            "app": of_type.get(APP),
            "waits": workspace_that_waits(user, request.GET.get("needed", "")),
            "sso_link": link_of(user),
            "codes_left": len(recovery.wrap().get_unused_codes()) if recovery else None,
            "passkeys": [(one, one.wrap()) for one in kept if one.type == PASSKEY],
            "sessions": [
                (one, device_of(one.user_agent), "" if one.ip == NO_ADDRESS else one.ip)
                for one in sessions_of(request, user)
            ],
        },
    )


@require_POST
@own_account
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    end_session(request, cast(User, request.user), pk=pk)
    messages.success(request, "The session has ended.")
    return redirect("mfa_index")


@require_POST
@own_account
def sessions_end(request: HttpRequest) -> HttpResponse:
    ended = end_other_sessions(request, cast(User, request.user))
    messages.success(
        request, f"{ended} other session{'' if ended == 1 else 's'} ended." if ended else "There was no other."
    )
    return redirect("mfa_index")


class PasskeyProofView(ReauthenticateWebAuthnView):  # type: ignore[misc]  # allauth has no types
    """As allauth's own, but a passkey that is not accepted is told of on this page and not on the start page."""

    def form_invalid(self, form: Form) -> HttpResponse:
        context = {**self.get_context_data(), "form": form}
        return cast(HttpResponse, self.render_to_response(context, status=422))
