"""Access tokens as their list and their pages show them: who made each, and whether it works now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auditapp.access.accesses import accesses_by_roles
from auditapp.access.models import ApiToken, Member
from auditapp.access.permissions import TOKEN_SCOPES, access_of_sender
from auditapp.access.tokens import tokens_found
from auditapp.lib import clock
from auditapp.lib.errors import NotFound

# Early enough to make another one before whatever uses it stops.
SOON: Final = timedelta(days=14)
# In the place of a digest: it cannot be a token.
UNFIT: Final = "-"
REFUSED: Final = "Refused: its maker may not do this any more"


@dataclass(frozen=True, slots=True)
class TokenState:
    """Whether a token works, in words.

    `tone` is good, warn or bad, as everywhere; `at` the moment that the words are about, where there is one; `lost` scopes that are
    refused, since whoever made it may not do any more what they give.
    """

    words: str
    tone: str
    works: bool
    at: datetime | None = None
    lost: tuple[str, ...] = ()
    may_come_back: bool = False


@dataclass(frozen=True, slots=True)
class TokenShown:
    token: ApiToken
    creator: str
    state: TokenState


@dataclass(frozen=True, slots=True)
class FoundInText:
    """What became of a token of a text: its `place` there, from 1; whose it is, where it is one of here; `fits`, whether it can be one."""

    place: int
    fits: bool
    shown: TokenShown | None


def token_shown(workspace_id: int, token_id: str) -> TokenShown:
    """One token, also one that ended.

    Raises:  NotFound
    """
    found = list(ApiToken.objects.filter(workspace_id=workspace_id, id=token_id))
    if not found:
        raise NotFound
    return with_makers(workspace_id, found)[0]


def with_makers(workspace_id: int, tokens: Sequence[ApiToken]) -> list[TokenShown]:
    """These tokens, each with the name of whoever made it and its state."""
    ids = {token.created_by for token in tokens}
    makers = Member.objects.filter(workspace_id=workspace_id, user_id__in=ids)
    names = {member.user_id: str(member.user) for member in makers.select_related("user")}
    names["system"] = "Audit Trail"
    # By roles alone: what every member sees is not given on to a token.
    held = accesses_by_roles(workspace_id, [one for one in ids if one.startswith("usr_")])
    held |= {one: access_of_sender(workspace_id, one) for one in ids - held.keys()}
    now = clock.now()
    shown = []
    for token in tokens:
        # As a request asks it (tokens.why_refused): a scope that gives nothing, as audit:write, is never lost.
        scopes = [(scope, TOKEN_SCOPES[scope].gives[:1]) for scope in token.scopes if scope in TOKEN_SCOPES]
        lost = tuple(scope for scope, gives in scopes if not all(held[token.created_by].can(one) for one in gives))
        name = names.get(token.created_by, "A former member")
        shown.append(TokenShown(token, name, _state(token, lost, now)))
    return shown


def found_in_text(workspace_id: int, digests: Sequence[str]) -> list[FoundInText]:
    """What each of these is.

    Takes:   digests, in the order of the text; UNFIT for what cannot be a token, as its checksum does not fit
    """
    here = tokens_found(workspace_id, digests)
    shown = {one.token.id: one for one in with_makers(workspace_id, list(here.values()))}
    return [
        FoundInText(place, digest != UNFIT, shown[here[digest].id] if digest in here else None)
        for place, digest in enumerate(digests, 1)
    ]


def _state(token: ApiToken, lost: tuple[str, ...], now: datetime) -> TokenState:
    expires_at = token.expires_at
    if token.revoked_at:
        return TokenState("Revoked", "bad", works=False, at=token.revoked_at)
    if expires_at and expires_at <= now:
        return TokenState("Expired", "bad", works=False, at=expires_at)
    if lost and len(lost) == len(token.scopes):
        return TokenState(REFUSED, "bad", works=False, lost=lost, may_come_back=True)
    if expires_at and expires_at - now < SOON:
        days = (expires_at - now).days
        word = f"Expires in {days} day{'' if days == 1 else 's'}" if days else "Expires within a day"
        return TokenState(word, "warn", works=True, at=expires_at, lost=lost)
    if lost:
        return TokenState("Works in part", "warn", works=True, at=expires_at, lost=lost)
    if expires_at is None:
        return TokenState("Works, and does not expire", "warn", works=True)
    return TokenState("Works", "good", works=True, at=expires_at)
