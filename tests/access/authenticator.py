"""What a phone and a passkey do, computed here: codes of RFC 6238, and a WebAuthn authenticator with a key of its own."""

import hashlib
import json
from base64 import urlsafe_b64encode

from allauth.mfa.totp.internal import auth
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def hold_codes(monkeypatch) -> None:
    """Let no half minute end between reading a code and typing it."""
    [counter] = auth.yield_hotp_counters_from_time()
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([counter]))


def code_of(secret: str) -> str:
    """What the app shows now."""
    return auth.format_hotp_value(auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time())))


def wrong_code(secret: str) -> str:
    return f"{(int(code_of(secret)) + 1) % 1_000_000:06}"


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


class Passkey:
    """A passkey for one site; it asks nobody."""

    def __init__(self, *, host: str = "localhost", user_id: str, verifies: bool = True) -> None:
        self.host, self.user_id = host, user_id
        self.id = hashlib.sha256(user_id.encode()).digest()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.flags = PRESENT | (VERIFIED if verifies else 0)
        self.origin = f"http://{host}"

    def created(self, options: dict) -> str:
        """The answer to `navigator.credentials.create`."""
        key = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        credential = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + key
        data = self._data(self.flags | ATTESTED, 0) + credential
        said = {
            "clientDataJSON": encoded(self._client("webauthn.create", options)),
            "attestationObject": encoded(cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._answer(said, {"credProps": {"rk": True}})

    def signed(self, options: dict, *, count: int = 1) -> str:
        """The answer to `navigator.credentials.get`."""
        data, client = self._data(self.flags, count), self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {
            "clientDataJSON": encoded(client),
            "authenticatorData": encoded(data),
            "signature": encoded(signature),
            "userHandle": encoded(self.user_id.encode()),
        }
        return self._answer(said, {})

    def _data(self, flags: int, count: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict) -> bytes:
        asked = {"type": kind, "challenge": options["publicKey"]["challenge"], "origin": self.origin}
        return json.dumps(asked).encode()

    def _answer(self, said: dict, extensions: dict) -> str:
        return json.dumps(
            {
                "id": encoded(self.id),
                "rawId": encoded(self.id),
                "type": "public-key",
                "response": said,
                "clientExtensionResults": extensions,
            }
        )
