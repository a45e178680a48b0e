"""What stays in a workspace of somebody who goes, and what becomes of it, as sentences for the step that confirms it.

Packages above this one know of their own; wiring.py registers them here: imports only go down.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from auditapp.access.models import ApiToken
from auditapp.access.permissions import TOKEN_SCOPES

# Of a person in a workspace, asked inside it.
Left: TypeAlias = Callable[[int, str], Iterator[str]]

_others: list[Left] = []


def tell_of_left(left: Left) -> None:
    """Have this asked, too."""
    if left not in _others:
        _others.append(left)


def left_behind(workspace_id: int, user_id: str) -> list[str]:
    """All that somebody would leave, a sentence for each kind of thing."""
    return [sentence for left in (_tokens, *_others) for sentence in left(workspace_id, user_id)]


def counted(number: int, thing: str) -> str:
    """ "1 view", "3 views"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _tokens(workspace_id: int, user_id: str) -> Iterator[str]:
    live = ApiToken.objects.filter(workspace_id=workspace_id, created_by=user_id, revoked_at=None)
    scopes = [set(one) for one in live.values_list("scopes", flat=True)]
    need_nobody = {scope for scope, meaning in TOKEN_SCOPES.items() if not meaning.gives}
    if still := sum(1 for one in scopes if one & need_nobody):
        yield f"{counted(still, 'access token')} made here still record{'s' if still == 1 else ''} events until revoked."
    if ended := sum(1 for one in scopes if one - need_nobody):
        does = "does" if ended == 1 else "do"
        yield f"{counted(ended, 'access token')} made here {does} nothing any more that a role is needed for."
