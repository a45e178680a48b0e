"""The two doors to a workspace: `@workspace_page` for members in a browser, `@api_token` for machines.

Each marks its view, so that a test can walk the URL table: a view without a mark fails.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django_htmx.http import HttpResponseClientRedirect

from auditapp.access.denials import Tried, record_denial, record_refused_use
from auditapp.access.models import Workspace
from auditapp.access.permissions import TOKEN_SCOPES, Permission, access_of_support, permissions_for, viewer_for
from auditapp.access.queries import workspaces_of
from auditapp.access.reasons import asked_again, reason_in_field, reason_in_header
from auditapp.access.requests import TokenRequest, WorkspaceRequest, context_of
from auditapp.access.second_factor_rule import SecondFactorNeeded, second_factor_due
from auditapp.access.sessions import SessionIdle, end_idle
from auditapp.access.sso.demand import SsoNeeded, require_way_in
from auditapp.access.support_session import entered_as_support, refuse_to_support
from auditapp.access.tokens import access_for, note_use, token_behind, viewer_of_token, why_refused
from auditapp.lib.errors import NotAllowed
from auditapp.lib.tokens import looks_like_token
from auditapp.record.acting import acting, current_acting
from auditapp.record.reasons import BadReason, require_short
from auditapp.record.workspace_scope import in_workspace

P = ParamSpec("P")
AnyView = TypeVar("AnyView", bound=Callable[..., Any])
Answer = TypeVar("Answer")
# A page is looked at, and its forms are posted; nothing else is offered anywhere.
PAGE_METHODS = ("GET", "HEAD", "POST")
PageView = Callable[Concatenate[WorkspaceRequest, P], HttpResponseBase]


def workspace_page(permission: str) -> Callable[[PageView[P]], Callable[..., HttpResponseBase]]:
    """A page of a workspace, for members with this permission; the URL gives the workspace's slug as `workspace`.

    The view runs in the workspace's transaction, acting as the member. Without a session the answer is a redirect to
    sign-in, for strangers 404 as if there were no such workspace, for members without the permission 403 and an event. What is
    posted as `reason` is the reason of all that the view does; where the workspace wants one and there is none, it is asked for.
    """
    needed = Permission(permission)

    def decorate(view: PageView[P]) -> Callable[..., HttpResponseBase]:
        entered = _inside(view, needed)
        entered.permission = needed  # type: ignore[attr-defined]
        return entered

    return decorate


def member_page(reason: str) -> Callable[[PageView[P]], Callable[..., HttpResponseBase]]:
    """A page of a workspace for each of its members, also one without any role; `reason` says why that is enough."""

    def decorate(view: PageView[P]) -> Callable[..., HttpResponseBase]:
        entered = _inside(view, None)
        entered.public_reason = reason  # type: ignore[attr-defined]
        return entered

    return decorate


def _inside(view: PageView[P], needed: Permission | None) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def entered(request: HttpRequest, workspace: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method not in PAGE_METHODS:
            return HttpResponseNotAllowed(PAGE_METHODS)
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        inside = cast(WorkspaceRequest, request)
        try:
            with _entered(inside, workspace):
                if needed is not None:
                    inside.member_permissions.require(needed)
                refuse_to_support(inside, is_for_members=needed is None)
                inside.viewer = viewer_for(inside.member_permissions)
                require_short(current_acting().reason)
                return view(inside, *args, **kwargs)
        except BadReason as refusal:
            return asked_again(inside, refusal)
        except SsoNeeded:
            return _to_sso(request)
        except SecondFactorNeeded:
            return _led_to(request, f"{reverse('mfa_index')}?{urlencode({'needed': workspace})}")
        except SessionIdle:
            return _to_sign_in(request)

    return entered


def signed_in_page(reason: str) -> Callable[[AnyView], AnyView]:
    """A page for everybody with a session, in no workspace; `reason` says why that is enough."""

    def decorate(view: AnyView) -> AnyView:
        @wraps(view)
        def signed_in(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(request, *args, **kwargs) if request.user.is_authenticated else _to_sign_in(request)

        signed_in.public_reason = reason  # type: ignore[attr-defined]
        return cast(AnyView, signed_in)

    return decorate


def public_page(reason: str) -> Callable[[AnyView], AnyView]:
    """A view for everybody; `reason` says why that is safe."""

    def decorate(view: AnyView) -> AnyView:
        @wraps(view)
        def public(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **kwargs)

        public.public_reason = reason  # type: ignore[attr-defined]
        return cast(AnyView, public)

    return decorate


def api_token(scope: str) -> Callable[[Callable[Concatenate[TokenRequest, P], Answer]], Callable[..., Any]]:
    """An endpoint for access tokens with this scope, as a plain view or as a django-ninja operation below its router.

    The view runs in the transaction of the token's workspace, acting as the token. What is wrong with a token is a 401, as
    Segment's Public API answers it; where the token is one of ours, the refusal is an event. The header Audit-Reason is the
    reason of all that the view does.
    """
    if scope not in TOKEN_SCOPES:
        raise ValueError(f"There is no token scope {scope!r}.")

    def decorate(view: Callable[Concatenate[TokenRequest, P], Answer]) -> Callable[..., Any]:
        @wraps(view)
        def authorised(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> Answer | HttpResponse:
            kind, _, secret = request.headers.get("Authorization", "").partition(" ")
            token = token_behind(secret.strip()) if kind.lower() == "bearer" else None
            if token is None:
                return _unauthorized(_why_no_token(kind, secret.strip()))
            context = {"token_id": token.id, **context_of(request)}
            with in_workspace(token.workspace_id):
                workspace = Workspace.objects.get(id=token.workspace_id)
                held = access_for(token, scope)
            if refusal := why_refused(token, scope, held, context["ip"]):
                record_refused_use(refusal, token, scope, workspace, context, Tried.of(view, kwargs, request.method))
                return _unauthorized(refusal)
            note_use(token, context["ip"])
            reason = reason_in_header(request)
            require_short(reason)
            inside = cast(TokenRequest, request)
            inside.token, inside.workspace, inside.viewer = token, workspace, viewer_of_token(token, held)
            try:
                with (
                    in_workspace(workspace.id),
                    acting(
                        workspace.id,
                        token.audit_actor,
                        needs_reason=workspace.needs_reason,
                        reason=reason,
                        **context,
                    ),
                ):
                    return view(inside, *args, **kwargs)
            except NotAllowed as denied:  # by a service: whoever made the token may do less than its scopes say
                record_denial(denied, workspace, token.audit_actor, context, Tried.of(view, kwargs, request.method))
                raise

        authorised.permission = scope  # type: ignore[attr-defined]
        return csrf_exempt(authorised)  # no cookie is read here

    return decorate


@contextmanager
def _entered(request: WorkspaceRequest, slug: str) -> Iterator[None]:
    request.workspaces = workspaces_of(request.user.id)
    workspace, request.support = next((one for one in request.workspaces if one.slug == slug), None), None
    if workspace is None:
        workspace, request.support = entered_as_support(request, slug)
    request.workspace = workspace
    end_idle(request, workspace)
    request.acting_as = actor = request.support.audit_actor if request.support else request.user.audit_actor
    context = context_of(request) | ({"support_id": request.support.id} if request.support else {})
    with (
        in_workspace(workspace.id),
        acting(workspace.id, actor, needs_reason=workspace.needs_reason, reason=reason_in_field(request), **context),
        timezone.override(ZoneInfo(workspace.time_zone)),
    ):
        if request.support:
            request.member_permissions = access_of_support(request.support)
        else:
            request.member_permissions = permissions_for(workspace.id, request.user.id)
        require_way_in(request, workspace, request.member_permissions)
        request.second_factor_due = second_factor_due(request, workspace)
        yield


def _to_sso(request: HttpRequest) -> HttpResponseBase:
    """To the other way in that the workspace wants; what was posted is lost, as it is with a session that has ended."""
    htmx = getattr(request, "htmx", None)
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
    if htmx:
        back = htmx.current_url_abs_path or "/"
    return _led_to(request, f"{reverse('sso')}?{urlencode({'next': back, 'asked': ''})}")


def _led_to(request: HttpRequest, where: str) -> HttpResponseBase:
    return HttpResponseClientRedirect(where) if getattr(request, "htmx", None) else redirect(where)


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    htmx = getattr(request, "htmx", None)
    if htmx:
        # A redirect would be followed by the script, and the sign-in page would land inside the old one.
        back = redirect_to_login(htmx.current_url_abs_path or "/")
        return HttpResponseClientRedirect(back.url)
    if request.method not in {"GET", "HEAD"}:
        return redirect_to_login("/")
    return redirect_to_login(request.get_full_path())


def _why_no_token(kind: str, secret: str) -> str:
    """What is wrong with what was sent, as far as it is seen without a look at those there are."""
    if kind.lower() != "bearer" or not secret:
        return "Send an access token as Authorization: Bearer aud_pat_..."
    if looks_like_token(secret):
        return "There is no such access token here. Look whether it is one of this installation."
    return (
        "This is no access token: it is mistyped or cut. One is aud_pat_ and 36 letters and digits, the last six of which check"
        " the others."
    )


def _unauthorized(message: str) -> HttpResponse:
    response = JsonResponse({"errors": [{"type": "unauthorized", "message": message}]}, status=401)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response
