"""Messages on the wire: a real mail server and a web server on loopback, and what becomes of what cannot be sent."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from fleetctl import outbox
from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable
from fleetctl.lab.tls import Authority
from fleetctl.operations import messages
from fleetctl.operations.workspace import open_workspace
from fleetctl.protocols import smtp, webhook
from tests.unit.messages.nights import FIRST, Nights

PASSWORD = "a-password-of-the-mail-server"
KEY = "a-key-of-the-test"


@dataclass
class MailServer:
    """What aiosmtpd took in, and how it answers."""

    mails: list[Envelope] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            self.mails.append(envelope)
        return self.answer

    def judge(self, _server: Any, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data.password.decode())
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def mail(authority: Authority) -> Iterator[tuple[MailServer, int]]:
    """A mail server that wants STARTTLS and a login, and its port."""
    told, loop = MailServer(), asyncio.new_event_loop()

    def speaking() -> SMTP:
        tls = authority.context("127.0.0.1")
        more = {"require_starttls": True, "auth_required": True, "authenticator": told.judge}
        return SMTP(told, hostname="127.0.0.1", tls_context=tls, loop=loop, **more)

    server = loop.run_until_complete(loop.create_server(speaking, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield told, server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


class Hook(HTTPServer):
    """A web server that keeps what is posted and answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.status = 204


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Hook)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def server(port: int, authority: Authority, **more: Any) -> smtp.Server:
    told = {"address": "127.0.0.1", "port": port, "security": "starttls", "ca_file": str(authority.ca_file)}
    return smtp.Server(**{**told, "user": "fleetctl", "password": PASSWORD, **more})


def mail_of(subject: str = "Phường Việt Hưng") -> Any:
    sender, to = "fleetctl@hanoi.example", "cntt@hanoi.example"
    return smtp.composed(sender=sender, to=to, subject=subject, text="sai lệch\n", made=FIRST, number="0a1b")


def test_mail_is_handed_in_over_verified_tls_with_a_login(mail: tuple[MailServer, int], authority: Authority) -> None:
    told, port = mail
    smtp.send(server(port, authority), mail_of())
    (envelope,) = told.mails
    assert envelope.rcpt_tos == ["cntt@hanoi.example"]
    assert isinstance(envelope.content, bytes)
    assert b"Message-ID: <0a1b@hanoi.example>" in envelope.content
    assert b"Auto-Submitted: auto-generated" in envelope.content


def test_a_mail_server_that_nobody_vouches_for_gets_neither_login_nor_mail(
    mail: tuple[MailServer, int], authority: Authority
) -> None:
    told, port = mail
    with pytest.raises(Refused, match="the certificate of"):
        smtp.send(server(port, authority, ca_file=""), mail_of())
    assert (told.mails, told.logins) == ([], [])


def test_a_refused_login_a_refused_mail_and_no_server_are_told_apart(
    mail: tuple[MailServer, int], authority: Authority
) -> None:
    told, port = mail
    with pytest.raises(Refused, match="login of fleetctl is refused") as refused:
        smtp.send(server(port, authority, password="wrong"), mail_of())
    assert refused.value.credential
    assert "wrong" not in str(refused.value)
    told.answer = "550 we take no such mail"
    with pytest.raises(Rejected, match="550 we take no such mail"):
        smtp.send(server(port, authority), mail_of())
    told.answer = "451 later"
    with pytest.raises(Unreachable, match="451 later"):
        smtp.send(server(port, authority), mail_of())
    with pytest.raises(Unreachable, match="cannot be reached"):
        smtp.send(server(9, authority), mail_of())
    with pytest.raises(BadAnswer, match="TLS"):
        smtp.send(server(port, authority, security="tls"), mail_of())


def test_a_webhook_is_signed_and_bears_the_same_number_at_every_try(hook: Hook) -> None:
    url = f"http://127.0.0.1:{hook.server_port}/hook?room=1"
    hook.status = 500
    with pytest.raises(Unreachable, match="answered 500"):
        webhook.post(url, b"{}", key=KEY, number="0a1b", time=1_700_000_000)
    hook.status = 204
    webhook.post(url, b"{}", key=KEY, number="0a1b", time=1_700_000_060)
    assert {headers["Idempotency-Key"] for headers, _ in hook.posted} == {"0a1b"}
    headers, body = hook.posted[-1]
    signed = headers["X-Fleetctl-Timestamp"].encode() + b"." + body
    assert headers["X-Fleetctl-Signature"] == "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    hook.status = 301
    with pytest.raises(Rejected, match="301"):
        webhook.post(url, b"{}", key=KEY, number="0a1b", time=1_700_000_060)


def test_a_webhook_of_the_citys_own_authority_is_verified_by_it(hook: Hook, authority: Authority) -> None:
    hook.socket = authority.context("127.0.0.1").wrap_socket(hook.socket, server_side=True)
    url = f"https://127.0.0.1:{hook.server_port}/hook"
    with pytest.raises(Refused, match="does not hold"):
        webhook.post(url, b"{}")
    webhook.post(url, b"{}", ca_file=str(authority.ca_file))
    assert len(hook.posted) == 1


def use(nights: Nights, port: int, hook: Hook, password: str = PASSWORD) -> None:
    """Have the inventory name both servers."""
    told = (
        f"{{server: 127.0.0.1, port: {port}, user: fleetctl, sender: f@hanoi.example, ca_file: ../../authority/ca.pem}}"
    )
    old = "{server: localhost, port: 9, security: none, sender: fleetctl@hanoi.example}"
    nights.write("standard.yml", old, f"{told}\n    message_smtp_password: {password}")
    nights.write("standard.yml", "http://127.0.0.1:9/hook", f"http://127.0.0.1:{hook.server_port}/hook")


def test_an_hour_of_500_and_a_mail_server_that_is_down_lose_nothing(
    nights: Nights, mail: tuple[MailServer, int], hook: Hook
) -> None:
    told, port = mail
    use(nights, port, hook)
    told.answer, hook.status = "421 down", 500
    nights.audit()
    nights.zones["vh-1"] = "UTC"
    nights.audit()
    began = nights.now
    while nights.now < began + timedelta(hours=1):
        messages.deliver(nights.workspace, nights.now)
        nights.now += timedelta(minutes=5)
    tries = len(hook.posted)
    assert 4 <= tries <= 8, "longer and longer pauses"
    assert (told.mails, len(outbox.messages(nights.workspace.store, waiting=True))) == ([], 3)
    told.answer, hook.status = "250 OK", 204
    done = messages.deliver(nights.workspace, nights.now + timedelta(hours=1))
    assert (done.sent, done.waiting, done.troubles) == (3, 0, {})
    assert len(told.mails) == 1
    assert [json.loads(body)["type"] for _, body in hook.posted[tries:]] == ["heartbeat", "change"], "in their order"
    assert messages.deliver(nights.workspace, nights.now + timedelta(hours=2)).sent == 0


def test_a_login_that_the_mail_server_refused_waits_for_another_password(
    nights: Nights, mail: tuple[MailServer, int], hook: Hook
) -> None:
    told, port = mail
    use(nights, port, hook, password="wrong-password")
    nights.audit()
    nights.zones["vh-1"] = "UTC"
    nights.audit()
    for hours in (1, 2, 3):
        done = messages.deliver(nights.workspace, nights.now + timedelta(hours=hours))
        assert "refused" in str(done.troubles["phong-cntt"]) or hours > 1
    assert told.logins == ["wrong-password"]
    nights.write("standard.yml", "wrong-password", PASSWORD)
    assert messages.deliver(nights.workspace, nights.now + timedelta(hours=5)).sent == 1
    assert told.logins == ["wrong-password", PASSWORD]


def test_a_secret_comes_from_a_credential_before_the_inventory(
    nights: Nights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "message_webhook_key").write_text("from-systemd\n")
    assert messages.secret(nights.workspace, "vh-1", "message_webhook_key") == KEY
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert messages.secret(nights.workspace, "vh-1", "message_webhook_key") == "from-systemd"


def test_a_clock_that_jumped_back_holds_no_message_up(nights: Nights, hook: Hook) -> None:
    nights.write("standard.yml", "http://127.0.0.1:9/hook", f"http://127.0.0.1:{hook.server_port}/hook")
    hook.status = 500
    nights.audit()
    messages.deliver(nights.workspace, nights.now + timedelta(days=300))
    hook.status = 204
    assert messages.deliver(open_workspace(nights.root), nights.now).sent == 1
