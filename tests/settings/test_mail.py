"""EMAIL_URL: a folder without it, a server with it, and a plain refusal of what cannot work."""

import django
import pytest

from settings.env import BadEnvironment
from settings.mail import OLD_NAMES, mail_settings


def _parts(url, tmp_path):
    """Backend and options, as either Django names them."""
    found = mail_settings(url, outbox=tmp_path)
    if django.VERSION >= (6, 1):
        mailer = found["MAILERS"]["default"]
        return mailer["BACKEND"].split(".")[-2], mailer["OPTIONS"]
    options = {new: found[old] for new, old in OLD_NAMES.items() if old in found}
    return found["EMAIL_BACKEND"].split(".")[-2], options


def test_mail_goes_to_a_folder_until_a_server_is_named(tmp_path):
    assert _parts("", tmp_path) == ("filebased", {"file_path": str(tmp_path)})


def test_smtp_is_encrypted_once_connected(tmp_path):
    backend, options = _parts("smtp://us%40er:p%2Fw@mail.example.com", tmp_path)
    assert backend == "smtp"
    assert options == {
        "host": "mail.example.com",
        "port": 587,
        "username": "us@er",
        "password": "p/w",
        "use_tls": True,
        "use_ssl": False,
        "timeout": 10,
    }


def test_smtps_is_encrypted_from_the_start(tmp_path):
    _, options = _parts("smtps://mail.example.com:4650", tmp_path)
    assert (options["port"], options["use_ssl"], options["use_tls"]) == (4650, True, False)


def test_a_relay_of_ones_own_may_go_without(tmp_path):
    _, options = _parts("smtp://127.0.0.1:25?starttls=0", tmp_path)
    assert (options["port"], options["use_tls"]) == (25, False)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mail.example.com", "write smtp://"),
        ("http://u:s3cret@h", "write smtp://"),
        ("smtp://u:s3cret@", "names no host"),
        ("smtp://u:s3cret@h:99999", "port"),
        ("smtp://u:s3/cret@h", "port|after the port"),
        ("smtp://h?tls=1", "starttls=0"),
        ("smtp://u:s3cret@h?starttls=0", "in the clear"),
    ],
)
def test_what_cannot_work_is_refused_without_telling_the_password(url, said, tmp_path):
    with pytest.raises(BadEnvironment, match=said) as refused:
        mail_settings(url, outbox=tmp_path)
    assert "s3" not in str(refused.value)
