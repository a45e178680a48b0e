"""Signed notes and checkpoints: who says that a tree had this size and this root.

Form and rules are C2SP signed-note and tlog-checkpoint with Ed25519; keeping keys is the
caller's part.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .hashing import HASH_BYTES

ED25519_TYPE = b"\x01"
KEY_BYTES = 32
KEY_ID_BYTES = 4
# C2SP signed-note asks for 16 at least and for some limit; Go's reader stops at 100 too.
MAX_SIGNATURES = 100
# PostgreSQL and Go hold a tree size in a signed 64-bit number.
MAX_SIZE = 2**63 - 1

_SIGNATURE_PREFIX = "\N{EM DASH} "
# all controls but the newline, and the surrogates that UTF-8 cannot carry
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_SIZE = re.compile("0|[1-9][0-9]{0,18}")


class NoteInvalid(ValueError):
    """The note, checkpoint or key is not well formed, or nobody known signed it."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name it signs under."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.public_key) != KEY_BYTES:
            raise NoteInvalid(f"an Ed25519 key has {KEY_BYTES} bytes, not {len(self.public_key)}")

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read the one line `name+id+key` that is handed to an auditor.

        Raises:  NoteInvalid
        """
        # at most two splits: base64 has a plus of its own
        name, *rest = vkey.split("+", 2)
        if len(rest) != 2:
            raise NoteInvalid("a verifier key has three parts: name+id+key")
        key_id, key = rest[0], _decode_base64(rest[1], "key")
        if key[:1] != ED25519_TYPE:
            raise NoteInvalid("the key is not of type 1, Ed25519")
        verifier = cls(name, key[1:])
        if key_id != verifier.key_id.hex():
            raise NoteInvalid("the key id is not that of the name and key")
        return verifier

    def format(self) -> str:
        """Write the key as the one line that `parse` reads."""
        key = _encode_base64(ED25519_TYPE + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @property
    def key_id(self) -> bytes:
        """The four bytes that tell the keys of one name apart."""
        named_key = self.name.encode() + b"\n" + ED25519_TYPE + self.public_key
        return sha256(named_key).digest()[:KEY_ID_BYTES]

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Tell whether the signature is this key's over the text."""
        key = Ed25519PublicKey.from_public_bytes(self.public_key)
        try:
            key.verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class Signer:
    """A private key with the name it signs under; its 32-byte seed is all there is to keep.

    Raises:  NoteInvalid, when the name or the seed cannot be used
    """

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise NoteInvalid(f"an Ed25519 seed has {KEY_BYTES} bytes, not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Sign the bytes of the text."""
        return self._key.sign(text.encode())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: the root of its tree at one size.

    Extension lines are read but never written: no monitor can audit them.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            _require_printable(line)
            if not line or "\n" in line:
                raise NoteInvalid("origin and extensions are one line each, not empty")
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteInvalid(f"the size {self.size} is not from 0 to {MAX_SIZE}")
        if len(self.root) != HASH_BYTES:
            raise NoteInvalid(f"a root has {HASH_BYTES} bytes, not {len(self.root)}")

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint, once `open_note` has vouched for it.

        Raises:  NoteInvalid
        """
        *lines, end = text.split("\n")
        if len(lines) < 3 or end:
            raise NoteInvalid("a checkpoint has three lines, each ended by a newline")
        origin, size, root, *extensions = lines
        if not _SIZE.fullmatch(size):
            raise NoteInvalid("the size is not a plain decimal number")
        return cls(origin, int(size), _decode_base64(root, "root"), tuple(extensions))

    def format(self) -> str:
        """Write the text that is to be signed.

        Raises:  NoteInvalid, when there are extension lines
        """
        if self.extensions:
            raise NoteInvalid("a checkpoint is written without extension lines")
        return f"{self.origin}\n{self.size}\n{_encode_base64(self.root)}\n"


def sign_note(text: str, *signers: Signer) -> str:
    """Sign a text; with the old and the new signer while a key is being replaced.

    Raises:  NoteInvalid
    """
    _require_text(text)
    if not 1 <= len(signers) <= MAX_SIGNATURES:
        raise NoteInvalid(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(signers)}")
    lines = []
    for signer in signers:
        stamp = _encode_base64(signer.verifier.key_id + signer.sign(text))
        lines.append(f"{_SIGNATURE_PREFIX}{signer.verifier.name} {stamp}\n")
    return f"{text}\n{''.join(lines)}"


def open_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """Give the text of a note that at least one of the verifiers signed.

    Signatures of unknown keys are passed over; one bad signature of a known key spoils the note.

    Raises:  NoteInvalid, with the reason
    """
    _require_printable(note)
    # the last empty line: the text may have empty lines of its own
    text, blank, signatures = note.rpartition("\n\n")
    if not blank:
        raise NoteInvalid("no empty line parts the text from its signatures")
    text += "\n"
    known = list(verifiers)
    is_signed = False
    for name, key_id, signature in _parse_signatures(signatures):
        for verifier in known:
            if (verifier.name, verifier.key_id) == (name, key_id):
                if not verifier.has_signed(text, signature):
                    raise NoteInvalid(f"the signature of {name} is not over this text")
                is_signed = True
    if not is_signed:
        raise NoteInvalid("no known key signed the note")
    return text


def _parse_signatures(block: str) -> list[tuple[str, bytes, bytes]]:
    *lines, end = block.split("\n")
    if not lines or end:
        raise NoteInvalid("a signature line does not end with a newline")
    if len(lines) > MAX_SIGNATURES:
        raise NoteInvalid(f"a note has {MAX_SIGNATURES} signatures at most")
    return [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    if not line.startswith(_SIGNATURE_PREFIX):
        raise NoteInvalid("a signature line begins with an em dash and a space")
    name, _, stamp = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    _require_name(name)
    raw = _decode_base64(stamp, "signature")
    if len(raw) <= KEY_ID_BYTES:
        raise NoteInvalid(f"the signature of {name} is too short")
    return name, raw[:KEY_ID_BYTES], raw[KEY_ID_BYTES:]


def _require_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteInvalid("the text of a note ends with a newline")
    _require_printable(text)


def _require_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() for char in name):
        raise NoteInvalid("a key name is not empty and has neither spaces nor a plus")
    _require_printable(name)


def _require_printable(text: str) -> None:
    if _UNPRINTABLE.search(text):
        raise NoteInvalid("a note is UTF-8 without control characters but newlines")


def _encode_base64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")


def _decode_base64(text: str, what: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except ValueError as error:
        raise NoteInvalid(f"the {what} is not base64") from error
    # Python lets stray bits pass at the end: one value, one spelling
    if _encode_base64(raw) != text:
        raise NoteInvalid(f"the {what} is not base64 in its only spelling")
    return raw
