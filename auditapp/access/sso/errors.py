"""What single sign-on refuses, in the words of the person on the page."""

from auditapp.lib.errors import Conflict, NotAllowed, NotFound, Outside


class NotSetUp(NotFound):
    """Single sign-on is not set up on this installation. Sign in with your password."""


class ProviderAway(Outside):
    """The provider of single sign-on does not answer as it should. Nothing was changed. Try again in some minutes, or sign in with your password."""


class NotLeft(Outside):
    """You are signed out here. The provider does not say where to sign out of it: do that there yourself, before somebody else sits here."""


class SsoRefused(NotAllowed):
    """What the provider said about you could not be trusted, so nobody was signed in. Start again from the sign-in page."""


class StateGone(SsoRefused):
    """This sign-in was begun elsewhere, used already, or took longer than ten minutes. Start again from the sign-in page."""


class Cancelled(SsoRefused):
    """You cancelled, or the provider did not let you in. Nobody was signed in."""


class NotVerified(SsoRefused):
    """The provider does not say that your e-mail address is verified, so it proves nothing. Verify it there, or ask whoever runs the provider to send email_verified; until then sign in with your password."""


class OtherDomain(SsoRefused):
    """People of your e-mail domain do not come in by this provider. Sign in with your password, or ask whoever runs this installation."""


class NoWayIn(SsoRefused):
    """You have no account here yet. Ask an owner of your workspace for an invitation to the address that you signed in with, then come again."""


class LinkedElsewhere(SsoRefused):
    """The account with your address is linked to somebody else at the provider: the address may have been theirs before. Ask whoever runs this installation to take that link away."""


class SwitchedOff(SsoRefused):
    """This account is switched off. Ask an owner of your workspace."""


class ProofRefused(SsoRefused):
    """The provider did not prove that you signed in there just now, or it was somebody else who did. Nothing was confirmed."""


class NotLinked(Conflict):
    """Your account is not linked. Sign in by single sign-on once to link it."""


class OnlyWayIn(Conflict):
    """Without a password single sign-on is your only way in. Set a password first."""
