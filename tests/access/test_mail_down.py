"""While the mail server is down nothing that it should have carried is lost, and who waits for it is told."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import mail
from django.core.cache import cache

from auditapp.access.models import Invitation
from auditapp.record.workspace_scope import in_workspace
from tests.factories import make_cast, prove

ROOT = Path(__file__).resolve().parents[2]
ACCESS = "/demo/settings/access/"
RESET = "/accounts/password/reset/"


@pytest.fixture
def cast(own_database):
    """In a database in which requests commit: mails go out after that."""
    cache.clear()
    mail.outbox = []
    return make_cast()


@pytest.fixture
def down(monkeypatch):
    def refuse(*_):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    return monkeypatch


def test_a_link_for_a_password_is_told_as_not_sent_alike_for_every_address(client, cast, down, caplog):
    answers = [client.post(RESET, {"email": email}) for email in (cast.olga.email, "nobody@example.com")]
    assert [answer.status_code for answer in answers] == [502, 502]
    pages = [answer.content.decode().replace(answer["X-Request-ID"], "") for answer in answers]
    assert pages[0] == pages[1]
    assert "did not take the mail, so no link was sent" in pages[0]
    assert caplog.text.count("did not take a mail about an account: ConnectionRefusedError") == 2
    assert cast.olga.email not in caplog.text
    down.undo()
    assert client.post(RESET, {"email": cast.olga.email}).status_code == 302
    assert len(mail.outbox) == 1


def test_an_invitation_is_kept_and_its_sender_told_how_to_send_it_again(client, cast, down, caplog):
    client.force_login(cast.olga)
    prove(client)
    asked = {"emails": "grace@example.com", "role": "auditor"}
    answer = client.post(f"{ACCESS}invite/", asked)
    assert answer.status_code == 502
    assert "The invitation is kept, but the mail server did not take its mail" in answer.content.decode()
    assert "did not take an invitation: ConnectionRefusedError" in caplog.text
    assert "grace@example.com" in client.get(ACCESS).content.decode()
    with in_workspace(cast.workspace.id):
        kept = Invitation.objects.get()
    down.undo()
    assert client.post(f"{ACCESS}invitations/{kept.id}/resend/").status_code == 302
    [sent] = mail.outbox
    assert re.search(r"/accounts/invitation/\w+/", sent.body)


def test_the_test_mail_says_in_a_line_what_is_wrong(tmp_path):
    with socket.socket() as probe:  # bound and not listening: refused
        probe.bind(("127.0.0.1", 0))
        url = f"smtp://127.0.0.1:{probe.getsockname()[1]}?starttls=0"
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "EMAIL_URL": url}
        command = [sys.executable, "manage.py", "sendtestemail", "you@example.com"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("The mail was not taken by the server of EMAIL_URL: ")
    assert done.stderr.count("\n") == 1
