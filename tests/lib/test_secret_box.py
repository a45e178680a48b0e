"""Secrets at rest."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.fernet import Fernet

from auditapp.lib.secret_box import SecretBoxLocked, seal, unseal


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    settings.SECRET_BOX_KEYS = []
    return tmp_path


def test_a_secret_comes_back_and_is_not_readable_meanwhile():
    sealed = seal("pässword")
    assert "pässword".encode() not in sealed
    assert unseal(sealed) == "pässword"
    assert unseal(memoryview(sealed)) == "pässword"
    assert seal("pässword") != sealed


def test_the_key_file_is_made_once_and_readable_by_its_owner_alone(folder):
    sealed = seal("x")
    file = folder / "keys" / "secret_box.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    assert unseal(sealed) == "x"
    assert [path.name for path in file.parent.iterdir()] == ["secret_box.key"]


def test_another_key_opens_nothing_and_says_what_to_do(folder):
    sealed = seal("x")
    (folder / "keys" / "secret_box.key").unlink()
    with pytest.raises(SecretBoxLocked, match="Restore the key"):
        unseal(sealed)


def test_keys_are_exchanged_by_putting_the_new_one_first(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECRET_BOX_KEYS = [old]
    sealed = seal("x")
    settings.SECRET_BOX_KEYS = [new, old]
    assert unseal(sealed) == "x"
    resealed = seal("x")
    settings.SECRET_BOX_KEYS = [new]
    assert unseal(resealed) == "x"
    with pytest.raises(SecretBoxLocked):
        unseal(sealed)


def test_what_was_tampered_with_does_not_open():
    sealed = bytearray(seal("x"))
    sealed[-5] ^= 1
    with pytest.raises(SecretBoxLocked):
        unseal(bytes(sealed))


def test_threads_that_come_first_at_once_have_one_key(folder):
    start = threading.Barrier(16)

    def sealed(number: int) -> bytes:
        start.wait()
        return seal(f"secret {number}")

    with ThreadPoolExecutor(16) as pool:
        boxes = list(pool.map(sealed, range(16)))
    assert [unseal(box) for box in boxes] == [f"secret {number}" for number in range(16)]
    assert [one.name for one in (folder / "keys").iterdir()] == ["secret_box.key"]
