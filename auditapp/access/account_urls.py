"""URLs of a person's own account: the way in and out, what is proved, and what only they change. The views of allauth keep its names,
since it goes on to them by these.
"""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as authenticator_app
from allauth.mfa.webauthn import views as passkeys
from django.urls import path, re_path, reverse_lazy

from auditapp.access import account_views, support_views, views
from auditapp.access.decorators import public_page, signed_in_page
from auditapp.access.sso import views as sso
from auditapp.access.step_up import asks_proof

entrance = public_page("People without a session have to get in.")
own_account = signed_in_page("It changes the account of whoever is signed in.")

ACCOUNTS = [
    path("login/", entrance(account.login), name="account_login"),
    path("logout/", entrance(account.logout), name="account_logout"),
    path("signup/", entrance(account.signup), name="account_signup"),  # closed; mails of allauth link to it
    path("inactive/", entrance(account.account_inactive), name="account_inactive"),
    path("password/change/", own_account(account.password_change), name="account_change_password"),
    path("reauthenticate/", own_account(account.reauthenticate), name="account_reauthenticate"),
    path("password/set/", own_account(asks_proof(account.password_set)), name="account_set_password"),
    path("password/reset/", entrance(account.password_reset), name="account_reset_password"),
    path("password/reset/done/", entrance(account.password_reset_done), name="account_reset_password_done"),
    # As allauth's own, but for the underscore that our ids have.
    re_path(
        r"^password/reset/key/(?P<uidb36>\w+)-(?P<key>[^/]+)/$",
        entrance(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        entrance(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    # The names are allauth's, which goes on to them.
    path("", account_views.overview, name="mfa_index"),
    path("sessions/end/", account_views.sessions_end, name="usersessions_list"),
    path("sessions/<int:pk>/end/", account_views.session_end, name="session_end"),
    path("second-step/", entrance(second_factor.authenticate), name="mfa_authenticate"),
    path("reauthenticate/code/", own_account(second_factor.reauthenticate), name="mfa_reauthenticate"),
    path(
        "reauthenticate/passkey/",
        own_account(account_views.PasskeyProofView.as_view()),
        name="mfa_reauthenticate_webauthn",
    ),
    path("app/turn-on/", own_account(asks_proof(authenticator_app.activate_totp)), name="mfa_activate_totp"),
    path("app/turn-off/", own_account(authenticator_app.deactivate_totp), name="mfa_deactivate_totp"),
    path("recovery-codes/", own_account(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/new/", own_account(recovery_codes.generate_recovery_codes), name="mfa_generate_recovery_codes"
    ),
    path(
        "recovery-codes/file/",
        own_account(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path("passkeys/sign-in/", entrance(passkeys.login_webauthn), name="mfa_login_webauthn"),
    path("passkeys/new/", own_account(asks_proof(passkeys.add_webauthn)), name="mfa_add_webauthn"),
    path(
        "passkeys/<int:pk>/remove/",
        own_account(passkeys.RemoveWebAuthnView.as_view(success_url=reverse_lazy("mfa_index"))),
        name="mfa_remove_webauthn",
    ),
    path("sso/", sso.sign_in, name="sso"),
    path("sso/callback/", sso.callback, name="sso_callback"),
    path("sso/signed-out/", sso.signed_out, name="sso_signed_out"),
    path("sso/unlink/", sso.own_unlink, name="sso_unlink"),
    path("reauthenticate/sso/", sso.proof, name="sso_reauthenticate"),
    path("invitation/<str:secret>/", views.invitation, name="invitation"),
    path("support/leave/", support_views.support_leave, name="support_leave"),
    path("support/<str:support_id>/enter/", support_views.support_enter, name="support_enter"),
    path("support/link/<str:secret>/", support_views.support_link, name="support_link"),
]
