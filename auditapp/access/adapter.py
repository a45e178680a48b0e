"""How allauth behaves here: nobody signs up without an invitation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Closed sign-up: people come in through an invitation's link (access/views.py)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
