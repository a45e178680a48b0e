"""Email against a mail server on loopback: what is in a mail, that it is the same at each try, and what answers mean."""

from contextlib import contextmanager
from email import message_from_bytes, policy

import orjson
import pytest
from django.core import mail

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.email import Email
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, sent, setup_of
from tests.pipeline.test_formats import AUDIT, audit

KIND = Email()


class Server:
    """SMTP as RFC 5321 has it, as far as smtplib speaks it; answers to a command may be given."""

    def __init__(self, **answers):
        self.mails = []
        self.answers = answers

    def __call__(self, line):
        with line.makefile("rwb") as talk:
            self._say(talk, b"220 mail.example ESMTP")
            while command := talk.readline():
                verb = command.split()[0].upper().decode()
                if verb == "QUIT":
                    return self._say(talk, b"221 bye")
                answer = self._answer(command.decode())
                if verb == "DATA" and answer.startswith("354"):
                    self._say(talk, b"354 go on")
                    self.mails.append(self._read(talk))
                    answer = self._answer("END")
                self._say(talk, answer.encode())

    def _answer(self, command):
        verb = command.split()[0].upper()
        for said, answer in self.answers.items():
            if said in (verb, command.strip().rpartition("<")[2].removesuffix(">").partition("@")[0]):
                return answer
        return {"EHLO": "250 mail.example", "DATA": "354 go on"}.get(verb, "250 ok")

    @staticmethod
    def _say(talk, answer):
        talk.write(answer + b"\r\n")
        talk.flush()

    @staticmethod
    def _read(talk):
        lines = []
        while (row := talk.readline()) != b".\r\n":
            assert row.endswith(b"\r\n")
            assert len(row) <= 1_000
            lines.append(row.removeprefix(b".") if row.startswith(b"..") else row)
        return b"".join(lines)


@contextmanager
def _mail_server(serving, settings, **answers):
    server = Server(**answers)
    with serving(server) as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", running.port, False
        settings.DEFAULT_FROM_EMAIL, settings.PUBLIC_URL = "audit-trail@trail.example", "https://trail.example"
        yield server


def _setup(recipients="olga@example.com", **values):
    return setup_of(KIND, recipients=recipients, **values)


def _opened(raw):
    return message_from_bytes(raw, policy=policy.default)


def test_a_batch_is_one_mail_of_who_did_what_to_which_resource(serving, settings):
    linked = outgoing(2, properties={**AUDIT["properties"], "event_id": "evt_2Zx", "workspace": "acme"})
    with _mail_server(serving, settings) as server:
        result = sent(KIND, batch_of(outgoing(1), linked), _setup())
    assert (result.outcome, result.message) == (Outcome.DELIVERED, "The mail server took it for 1 of 1 recipients.")
    [raw] = server.mails
    said = _opened(raw)
    assert (said["Subject"], said["To"], said["From"]) == (
        *("[Audit] 2 events", "olga@example.com"),
        "audit-trail@trail.example",
    )
    assert said["Message-ID"] == "<bat_7Q2k@trail.example>"
    assert said["Date"] == "Tue, 24 Nov 2026 10:00:03 +0000"
    assert said["Auto-Submitted"] == "auto-generated"
    plain, html = (part.get_content().replace("\r\n", "\n") for part in said.iter_parts())
    assert "2026-11-24T10:00:00.250000Z [risky]\nAna Larsen disabled warehouse Snowflake prod\n" in plain
    assert "\nfrom 203.0.113.7 · success · Enabled: yes → no\n" in plain
    assert "https://trail.example/acme/settings/admin/audit-trail/evt_2Zx/" in plain
    assert '<a href="https://trail.example/acme/settings/admin/audit-trail/evt_2Zx/">Ana Larsen disabled' in html


def test_the_same_batch_is_the_same_mail_at_each_try(serving, settings):
    with _mail_server(serving, settings) as server:
        for _ in range(2):
            sent(KIND, batch_of(outgoing(1), outgoing(2)), _setup())
    assert server.mails[0] == server.mails[1]


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: eve@example.com",
        "<script>alert(1)</script>",
        "\u202egnihton",
        "ü€ 漢",
        "x" * 2_000,
        ".\r\n.\r\n",
        "{{ x }}",
    ],
)
def test_no_text_of_an_event_becomes_a_header_or_markup(serving, settings, text):
    properties = {**AUDIT["properties"], "type": text, "actor": {"id": text, "name": text}}
    properties["resource"] = {"id": text, "name": text}
    with _mail_server(serving, settings) as server:
        assert (
            sent(KIND, batch_of(outgoing(1, event=text, properties=properties)), _setup()).outcome is Outcome.DELIVERED
        )
    said = _opened(server.mails[0])
    assert {name.lower() for name, _ in said.items()} == {
        *("content-type", "mime-version", "subject", "from", "to", "message-id", "date", "auto-submitted")
    }
    assert len(said["Subject"].strip()) <= 200
    _, html = (part.get_content() for part in said.iter_parts())
    assert "<script" not in html
    assert "\u202e" not in html + said["Subject"]


def test_one_event_is_told_in_the_subject(serving, settings):
    with _mail_server(serving, settings) as server:
        failed = outgoing(1, **{**audit(outcome="failure"), "messageId": "msg_1"})
        sent(KIND, batch_of(failed), _setup(subject="[Security team]"))
    subject = _opened(server.mails[0])["Subject"]
    assert subject == "[Security team] Ana Larsen disabled warehouse Snowflake prod (failed)"


# --- Recipients and answers -------------------------------------------------------------------------------------------


def test_each_recipient_is_written_to_alone_and_who_is_not_taken_is_told(serving, settings):
    with _mail_server(serving, settings, milo="550 no such user") as server:
        result = sent(
            KIND, batch_of(), _setup("olga@example.com\n\n milo@example.com \nrita@example.com\nolga@example.com")
        )
    assert [_opened(raw)["To"] for raw in server.mails] == ["olga@example.com", "rita@example.com"]
    assert result.outcome is Outcome.DELIVERED
    assert "2 of 3 recipients. 1 did not get it: milo@example.com is not taken: 550 no such user" in result.message


@pytest.mark.parametrize(
    ("answers", "outcome", "code", "told"),
    [
        ({"RCPT": "550 no such user"}, Outcome.AUTH, "550", "olga@example.com is not taken: 550 no such user"),
        ({"RCPT": "451 greylisted"}, Outcome.RETRY, "451", "is not taken: 451 greylisted"),
        ({"MAIL": "553 not yours"}, Outcome.AUTH, "553", "DEFAULT_FROM_EMAIL: 553 not yours"),
        ({"MAIL": "421 later"}, Outcome.RETRY, "421", "Not now: 421 later"),
        ({"MAIL": "530 log in"}, Outcome.AUTH, "530", "login of EMAIL_URL: 530 log in"),
        ({"END": "554 spam\x07"}, Outcome.REFUSED, "554", "refuses this mail: 554 spam<U+0007>"),
        ({"END": "452 disk full"}, Outcome.RETRY, "452", "Not now: 452 disk full"),
        ({"DATA": "552 too large"}, Outcome.REFUSED, "552", "552 too large"),
    ],
)
def test_what_the_mail_server_answers(serving, settings, answers, outcome, code, told):
    with _mail_server(serving, settings, **answers):
        result = sent(KIND, batch_of(), _setup())
    assert (result.outcome, result.code) == (outcome, code)
    assert told in result.message


def test_a_login_that_is_not_taken(serving, settings):
    with _mail_server(serving, settings, EHLO="250-mail.example\r\n250 AUTH PLAIN", AUTH="535 wrong password"):
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "audit", "hunter22"
        result = sent(KIND, batch_of(), _setup())
    assert (result.outcome, result.code) == (Outcome.AUTH, "535")
    assert "login of EMAIL_URL" in result.message


def test_a_server_that_is_not_there_is_asked_once(serving, settings):
    asked = []
    with serving(asked.append) as hangs_up:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", hangs_up.port, False
        result = sent(KIND, batch_of(), _setup("olga@example.com\nmilo@example.com"))
    assert (result.outcome, result.code) == (Outcome.RETRY, "smtp")
    assert len(asked) == 1


def test_a_server_that_goes_away_is_tried_again_for_all(serving, settings, monkeypatch):
    monkeypatch.setattr("auditapp.pipeline.destinations.kinds.email.ALL_WITHIN_S", -1)
    with _mail_server(serving, settings) as server:
        result = sent(KIND, batch_of(), _setup())
    assert (result.outcome, result.message, server.mails) == (Outcome.RETRY, "The mail server is too slow.", [])


def test_mail_that_lies_in_the_outbox_is_told_as_such(settings, tmp_path):
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", str(tmp_path)
    result = sent(KIND, batch_of(), _setup())
    assert result.outcome is Outcome.DELIVERED
    assert "EMAIL_URL names no server" in result.message
    assert len([*tmp_path.iterdir()]) == 1
    assert mail.outbox == []


# --- Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "recipients",
    [
        *("", "\n", "olga", "olga@", "a@b.example, c@d.example", "Olga <o@example.com>"),
        *("a@b.example\x00", "o@x.example\nbad", "\n".join(f"a{number}@example.com" for number in range(11))),
    ],
)
def test_recipients_that_are_none_are_refused(recipients):
    with pytest.raises(Invalid) as raised:
        KIND.check(_setup(recipients))
    assert raised.value.field == "recipients"


def test_good_settings_and_limits():
    KIND.check(_setup("olga@example.com\r\nmilo@example.com"))
    assert KIND.linger_s(_setup()) == 300
    assert KIND.linger_s(_setup(linger_minutes=0)) == 0
    assert KIND.max_events(_setup()) == 100
    assert orjson.loads(body_of(KIND, batch_of(), _setup())).keys() == {"subject", "text", "html"}
