"""A small OpenID Connect provider on loopback: discovery, keys, authorize, token and userinfo. It says what a test has it say."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

CLIENT_ID, SECRET = "audit-trail", "s3cret-of-the-client"
METADATA = "/.well-known/openid-configuration"


def new_key(kid: str) -> tuple[Any, dict[str, Any]]:
    """A private key, and its public half as a JWK."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return key, {**public, "kid": kid, "use": "sig", "alg": "ES256"}


class OidcProvider:
    """`person` is who signs in; `bent` changes the claims of ID tokens, `signed` how they are signed, `answers` what a path says."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key, self.jwk = new_key("k1")
        self.calls: list[str] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.start_again()

    def start_again(self) -> None:
        self.person: dict[str, Any] = {}
        self.bent: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.signed: Callable[[dict[str, Any]], str] = self.sign
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.metadata: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.auth_time: int | None = None  # now
        self.calls.clear()

    def is_somebody(self, email: str, *, subject: str = "sub-1", **claims: Any) -> None:
        self.person = {"sub": subject, "email": email, "email_verified": True, "name": "Olga Ivanova", **claims}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="ES256", headers={"kid": "k1"})

    def authorized(self, address: str) -> str:
        """What the browser is sent back to, for where it was sent to."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert (asked["client_id"], asked["response_type"], asked["code_challenge_method"]) == (
            CLIENT_ID,
            "code",
            "S256",
        )
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, sent: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(sent.get("code", ""), None)
        if asked is None or (sent.get("client_id"), sent.get("client_secret")) != (CLIENT_ID, SECRET):
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        if "max_age" in asked:
            claims["auth_time"] = now if self.auth_time is None else self.auth_time
        token = self.signed(self.bent(claims | self.person))
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": token}

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        where = urlsplit(path).path
        self.calls.append(where)
        if where in self.answers:
            status, said = self.answers[where]
            return status, {}, said
        if where == "/authorize":
            return 302, {"Location": self.authorized(path)}, b""
        if where == "/token" and method == "POST":
            status, told = self.token(dict(parse_qsl(body.decode())))
            return status, {}, json.dumps(told).encode()
        known: dict[str, Any] = {METADATA: self._document(), "/jwks": {"keys": [self.jwk]}, "/userinfo": self.userinfo}
        return (200, {}, json.dumps(known[where]).encode()) if known.get(where) else (404, {}, b"{}")

    def _document(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
        ends = {name: f"{self.issuer}/{end}" for name, end in (names | {"userinfo_endpoint": "userinfo"}).items()}
        return {"issuer": self.issuer, **ends, **self.metadata}


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    provider = OidcProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, said = provider.answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(said)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET

        def log_message(self, *told: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
