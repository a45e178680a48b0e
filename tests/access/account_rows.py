"""Rows of the matrix about what is in no workspace: sign-in, one's own account, and the instance itself."""

from typing import Any, NamedTuple


class InstanceRow(NamedTuple):
    """One address: what somebody with a session gets, and what somebody without one does."""

    path: str
    signed_in: int
    nobody: int
    data: dict[str, Any] | None = None


# Who is signed in has just given a password: before what is risky it is asked for again.
INSTANCE_ROWS = [
    InstanceRow("/", 302, 302),
    InstanceRow("/healthz", 200, 200),
    InstanceRow("/readyz", 503, 503),
    InstanceRow("/metrics", 200, 200),
    InstanceRow("/v1/track", 405, 405),
    InstanceRow("/v1/track", 400, 400, {}),
    InstanceRow("/api/openapi.json", 200, 200),
    InstanceRow("/api/docs", 200, 200),
    InstanceRow("/api/no-such-thing", 404, 404),
    InstanceRow("/accounts/login/", 302, 200),
    InstanceRow("/accounts/login/", 302, 200, {}),
    InstanceRow("/accounts/logout/", 200, 302),
    InstanceRow("/accounts/logout/", 302, 302, {}),
    InstanceRow("/accounts/signup/", 302, 200),
    InstanceRow("/accounts/signup/", 302, 200, {}),
    InstanceRow("/accounts/inactive/", 200, 200),
    InstanceRow("/accounts/password/change/", 200, 302),
    InstanceRow("/accounts/password/change/", 200, 302, {}),
    InstanceRow("/accounts/reauthenticate/", 200, 302),
    InstanceRow("/accounts/reauthenticate/", 200, 302, {}),
    InstanceRow("/accounts/password/set/", 302, 302),
    InstanceRow("/accounts/password/set/", 302, 302, {}),
    InstanceRow("/accounts/password/reset/", 200, 200),
    InstanceRow("/accounts/password/reset/", 200, 200, {}),
    InstanceRow("/accounts/password/reset/done/", 200, 200),
    InstanceRow("/accounts/password/reset/key/none-none/", 200, 200),
    InstanceRow("/accounts/password/reset/key/none-none/", 200, 200, {}),
    InstanceRow("/accounts/password/reset/key/done/", 200, 200),
    InstanceRow("/accounts/", 200, 302),
    InstanceRow("/accounts/sessions/end/", 302, 302, {}),
    InstanceRow("/accounts/sessions/0/end/", 404, 302, {}),
    InstanceRow("/accounts/second-step/", 302, 302),
    InstanceRow("/accounts/second-step/", 302, 302, {}),
    InstanceRow("/accounts/reauthenticate/code/", 302, 302),
    InstanceRow("/accounts/reauthenticate/code/", 302, 302, {}),
    InstanceRow("/accounts/reauthenticate/passkey/", 302, 302),
    InstanceRow("/accounts/reauthenticate/passkey/", 302, 302, {}),
    InstanceRow("/accounts/app/turn-on/", 200, 302),
    InstanceRow("/accounts/app/turn-on/", 200, 302, {}),
    InstanceRow("/accounts/app/turn-off/", 404, 302),
    InstanceRow("/accounts/app/turn-off/", 404, 302, {}),
    InstanceRow("/accounts/recovery-codes/", 404, 302),
    InstanceRow("/accounts/recovery-codes/new/", 200, 302),
    InstanceRow("/accounts/recovery-codes/new/", 200, 302, {}),
    InstanceRow("/accounts/recovery-codes/file/", 404, 302),
    InstanceRow("/accounts/passkeys/sign-in/", 302, 302),
    InstanceRow("/accounts/passkeys/sign-in/", 302, 302, {}),
    InstanceRow("/accounts/passkeys/new/", 200, 302),
    InstanceRow("/accounts/passkeys/new/", 200, 302, {}),
    InstanceRow("/accounts/passkeys/0/remove/", 404, 302),
    InstanceRow("/accounts/passkeys/0/remove/", 404, 302, {}),
    InstanceRow("/accounts/sso/", 200, 200),
    InstanceRow("/accounts/sso/callback/", 404, 404),
    InstanceRow("/accounts/sso/signed-out/", 302, 302),
    InstanceRow("/accounts/sso/unlink/", 302, 302, {}),
    InstanceRow("/accounts/reauthenticate/sso/", 302, 302, {}),
    InstanceRow("/accounts/support/link/none/", 404, 404),
    InstanceRow("/accounts/support/none/enter/", 404, 302, {}),
    InstanceRow("/accounts/support/leave/", 302, 302, {}),
    InstanceRow("/accounts/invitation/none/", 404, 404),
    InstanceRow("/accounts/invitation/none/", 404, 404, {}),
    InstanceRow("/accounts/unsubscribe/none/", 404, 404),
    InstanceRow("/accounts/unsubscribe/none/", 404, 404, {}),
]
