"""Access tokens: made, bound to networks, revoked, found, and recognised on a request. A token is an actor of its own with scopes instead of roles."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from auditapp.access.errors import MoreThanYouHave
from auditapp.access.models import ApiToken
from auditapp.access.permissions import TOKEN_SCOPES, Access, Permission, access_given_to, acting_access
from auditapp.access.rules import begin_change
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.lib.networks import checked_networks, is_inside
from auditapp.lib.tokens import looks_like_token, new_api_token, token_digest
from auditapp.record.drafts import changed
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace, with_secret

USE_NOTED_EVERY = timedelta(minutes=1)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ID = re.compile(r"tok_[0-9A-Za-z]{22}", re.ASCII)


class TokenMade(Conflict):
    """This token was created already. Its secret was shown then and is stored nowhere: without it, revoke the token and
    create another.
    """


@transaction.atomic
def create_token(
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    networks: Sequence[str] = (),
    token_id: str | None = None,
) -> tuple[ApiToken, str]:
    """Make an access token. Its secret is given back here and nowhere again.

    Takes:   networks, in CIDR notation, outside of which it is refused; token_id, of the token to be: a form that is sent twice makes one token
    Raises:  Denied, MoreThanYouHave, Invalid, TokenMade
    Writes:  ApiToken; workspace.access_token_created
    """
    access = begin_change(Permission.TOKEN_MANAGE)
    if token_id is None:
        token_id = new_id("tok")
    elif not _ID.fullmatch(token_id):
        raise Invalid("This form is not ours. Open the page again.", code="bad_token_id")
    if ApiToken.objects.filter(workspace_id=access.workspace_id, id=token_id).exists():
        raise TokenMade
    if not name.strip():
        raise Invalid("Name the token after what will use it.", field="name", code="required")
    if expires_at and expires_at <= clock.now():
        raise Invalid("This time has passed already.", field="expires_at", code="past")
    secret = new_api_token()
    token = ApiToken.objects.create(
        workspace_id=access.workspace_id,
        id=token_id,
        name=name.strip(),
        digest=token_digest(secret),
        last_characters=secret[-4:],
        scopes=_checked_scopes(access, scopes),
        created_by=access.subject_id,
        created_at=clock.now(),
        networks=checked_networks(networks),
        expires_at=expires_at,
    )
    meta: dict[str, object] = {"scopes": token.scopes}
    if expires_at:
        meta["expires_at"] = clock.utc_text(expires_at)
    if token.networks:
        meta["networks"] = token.networks
    record("workspace.access_token_created", target=token, meta=meta)
    return token, secret


@transaction.atomic
def change_token_networks(*, token_id: str, networks: Sequence[str]) -> ApiToken:
    """Let a token work from these networks alone, or with none from everywhere; it holds on its next request.

    Raises:  Denied, NotFound, Invalid
    Writes:  ApiToken; workspace.access_token_modified, unless they are the same
    """
    access = begin_change(Permission.TOKEN_MANAGE)
    token = ApiToken.objects.filter(workspace_id=access.workspace_id, id=token_id, revoked_at=None).first()
    if token is None:
        raise NotFound
    before = {"networks": token.networks}
    token.networks = checked_networks(networks)
    if changes := changed(before, {"networks": token.networks}):
        token.save(update_fields=["networks"])
        record("workspace.access_token_modified", target=token, changes=changes)
    return token


@transaction.atomic
def revoke_token(*, token_id: str) -> None:
    """Stop a token for good, at once.

    Raises:  Denied, NotFound
    Writes:  ApiToken; workspace.access_token_revoked
    """
    access = acting_access()
    access.require(Permission.TOKEN_MANAGE)
    live = ApiToken.objects.select_for_update().filter(workspace_id=access.workspace_id, revoked_at=None)
    token = live.filter(id=token_id).first()
    if token is None:
        raise NotFound
    token.revoked_at = clock.now()
    token.save(update_fields=["revoked_at"])
    used = {"last_used_at": clock.utc_text(token.last_used_at)} if token.last_used_at else {}
    record("workspace.access_token_revoked", target=token, meta=used)


def tokens_found(workspace_id: int, texts: Sequence[str]) -> dict[str, ApiToken]:
    """The tokens of this workspace by their SHA-256, in hex, also those that ended; nothing tells of those of others."""
    digests = [bytes.fromhex(text) for text in texts if _DIGEST.fullmatch(text)]
    here = ApiToken.objects.filter(workspace_id=workspace_id, digest__in=digests) if digests else ()
    return {bytes(token.digest).hex(): token for token in here}


def token_behind(secret: str) -> ApiToken | None:
    """The token with this secret, in whichever workspace it is, also one that no longer works."""
    if not looks_like_token(secret):
        return None
    with with_secret(token_digest(secret)):
        return ApiToken.objects.filter(digest=token_digest(secret)).first()


def why_refused(token: ApiToken, scope: str, held: Access, address: str | None) -> str | None:
    """Why this token cannot be used for this now, from this address; None where it can."""
    if token.revoked_at:
        return "This token was revoked."
    if token.expires_at and token.expires_at <= clock.now():
        return "This token has expired."
    if is_elsewhere(token, address):
        return "This token may not be used from this address."
    if scope not in token.scopes:
        return f"This token does not have the scope {scope}."
    if not all(held.can(permission) for permission in TOKEN_SCOPES[scope].gives[:1]):
        return f"Whoever made this token may not do any more what the scope {scope} gives."
    return None


def access_for(token: ApiToken, scope: str) -> Access:
    """What a token may do where this scope is used. What needs no permission costs no query: events are sent with it."""
    return access_given_to(token) if TOKEN_SCOPES[scope].gives else Access(token.workspace_id, token.id)


def is_elsewhere(token: ApiToken, address: str | None) -> bool:
    """Whether the token is bound to networks of which none has this address."""
    return bool(token.networks) and not is_inside(address, token.networks)


def note_use(token: ApiToken, address: str | None = None) -> None:
    """Keep when and from where the token was last used, to the minute: a write for each request would make its row the bottleneck."""
    now = clock.now()
    if token.last_used_at and token.last_used_at > now - USE_NOTED_EVERY:
        return
    with in_workspace(token.workspace_id):
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(stale, workspace_id=token.workspace_id, id=token.id).update(
            last_used_at=now, last_used_from=address or ""
        )


def viewer_of_token(token: ApiToken, held: Access) -> Viewer:
    """How much of the trail a token sees: with audit:read all of its workspace, as far as whoever made it sees that now;
    else what it did itself.
    """
    return Viewer(
        token.workspace_id,
        sees_all=held.can(Permission.AUDIT_READ_ALL),
        sees_personal=held.can(Permission.AUDIT_READ_PERSONAL),
        own_actor_ids=(token.id,),
    )


def _checked_scopes(access: Access, scopes: Sequence[str]) -> list[str]:
    chosen = [scope for scope in TOKEN_SCOPES if scope in scopes]
    if not chosen or len(chosen) != len(set(scopes)):
        raise Invalid(f"Choose from these scopes: {', '.join(TOKEN_SCOPES)}.", field="scopes", code="bad_scope")
    if not all(access.can(permission) for scope in chosen for permission in TOKEN_SCOPES[scope].gives):
        raise MoreThanYouHave
    return chosen
