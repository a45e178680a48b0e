"""The key that signs: made once, restored by its owner, never replaced in silence."""

import logging
import stat
import threading

import pytest

from auditapp.merkle import Verifier
from auditapp.sealing.errors import SealKeyMissing
from auditapp.sealing.keys import _make, known_verifiers
from auditapp.sealing.models import SealKey
from auditapp.sealing.sealer import run_sealer
from auditapp.sealing.services import seal_batch
from tests.sealing.events import write


def test_the_first_seal_makes_the_key_and_publishes_its_public_half(log, seal_key_file, as_role):
    log(1)
    assert stat.S_IMODE(seal_key_file.stat().st_mode) == 0o400
    assert [file.name for file in seal_key_file.parent.iterdir()] == ["seal.key"]
    [verifier] = known_verifiers()
    assert verifier.name == "127.0.0.1/audit"
    assert Verifier.parse(SealKey.objects.get().vkey) == verifier


def test_the_key_is_used_again(log):
    log(1)
    log(1)
    assert SealKey.objects.count() == 1


def test_a_lost_key_is_not_replaced_once_a_checkpoint_exists(log, seal_key_file, as_role):
    log(1, workspace_id=1)
    seal_key_file.unlink()
    write(1, workspace_id=2)
    with as_role("worker"), pytest.raises(SealKeyMissing) as caught:
        seal_batch()
    assert not seal_key_file.exists()
    for part in (str(seal_key_file), "is missing", "backup", "SEAL_KEY_FILE", "No new key is made", "Nothing is lost"):
        assert part in caught.value.message


def test_a_lost_key_that_is_restored_seals_on(log, seal_key_file, as_role):
    log(1)
    line = seal_key_file.read_text()
    seal_key_file.unlink()
    write(1)
    with as_role("worker"):
        with pytest.raises(SealKeyMissing):
            seal_batch()
        seal_key_file.write_text(line)
        assert [batch.size for batch in seal_batch()] == [2]


def test_another_key_in_its_place_is_refused(log, seal_key_file, as_role, tmp_path, settings):
    log(1)
    settings.SEAL_KEY_FILE = tmp_path / "other"
    _make(settings.SEAL_KEY_FILE)
    write(1)
    with as_role("worker"), pytest.raises(SealKeyMissing, match="another key"):
        seal_batch()


@pytest.mark.parametrize("damage", ["", "PRIVATE+KEY+x+00000000+AAAA", "not a key", "\xff"])
def test_a_damaged_key_is_refused_and_its_text_is_not_told(own_database, seal_key_file, as_role, damage):
    write(1)
    seal_key_file.parent.mkdir()
    seal_key_file.write_text(damage, "latin-1")
    with as_role("worker"), pytest.raises(SealKeyMissing) as caught:
        seal_batch()
    assert str(seal_key_file) in caught.value.message
    assert not damage or damage not in caught.value.message
    assert seal_key_file.read_text("latin-1") == damage


def test_a_key_with_a_changed_letter_is_refused(log, seal_key_file, as_role):
    log(1)
    line = seal_key_file.read_text()
    seal_key_file.chmod(0o600)
    seal_key_file.write_text(line[:-10] + ("A" if line[-10] != "A" else "B") + line[-9:])
    write(1)
    with as_role("worker"), pytest.raises(SealKeyMissing, match="does not hold a key"):
        seal_batch()


def test_a_failed_first_batch_leaves_a_key_that_the_next_one_takes(own_database, seal_key_file, as_role, monkeypatch):
    write(1)
    with as_role("worker"):
        with monkeypatch.context() as broken:
            broken.setattr("auditapp.sealing.services._sign", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                seal_batch()
        line = seal_key_file.read_text()
        assert not SealKey.objects.exists()
        assert len(seal_batch()) == 1
    assert seal_key_file.read_text() == line


def test_the_sealer_ends_without_its_key_and_says_so_without_telling_it(log, seal_key_file, as_role, caplog):
    log(1)
    secret = seal_key_file.read_text().strip()
    seal_key_file.unlink()
    write(1)
    with as_role("worker"), caplog.at_level(logging.DEBUG):
        run_sealer(threading.Event())
    assert "The sealer stops." in caplog.text
    assert str(seal_key_file) in caplog.text
    assert secret.split("+", 4)[4] not in caplog.text
