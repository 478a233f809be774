"""One console over SSH: netmiko's connection with bounds, its errors as fleetctl's, and error lines that count."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import netmiko
import paramiko

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.protocols.hostkeys import fingerprint
from fleetctl.protocols.ssh.platforms import Dialogue, Platform

MAX_ANSWER: Final = 4 * 1024 * 1024
SLOW: Final = 3  # a console may take so many times as long for an answer as for a connection
_MASK: Final = "***"


def opened(
    platform: Platform,
    where: str,
    *,
    alias: str,
    sock: socket.socket,
    user: str,
    password: str,
    enable: str,
    known_hosts: str,
    timeout_s: float,
) -> Console:
    """Return a console that is logged in and in the mode that shows everything.

    The host key is checked before the password is sent. Raises Refused (host key, login, enable secret), Unreachable,
    BadAnswer (it is no such console).
    """
    with _errors(where, login=user):
        connection = bounded(netmiko.ssh_dispatcher(platform.netmiko))(
            device_type=platform.netmiko,
            host=alias,
            sock=sock,
            username=user + platform.login_suffix,
            password=password,
            secret=enable or password,
            ssh_strict=True,
            system_host_keys=False,
            alt_host_keys=True,
            alt_key_file=known_hosts,
            use_keys=False,
            allow_agent=False,
            fast_cli=True,
            conn_timeout=timeout_s,
            auth_timeout=timeout_s,
            banner_timeout=timeout_s,
            read_timeout_override=timeout_s * SLOW,
        )
        console = Console(platform, where, connection)
        try:
            if platform.enable and not connection.check_enable_mode():
                connection.enable()
                console.enabled = bool(enable)
        except BaseException:
            connection.disconnect()
            raise
    return console


class Console:
    """What is typed and what is printed. Made by `opened`."""

    def __init__(self, platform: Platform, where: str, connection: Any) -> None:
        self.platform, self._where, self._connection = platform, where, connection
        self.enabled = False  # the privileged mode was entered, and there was a secret for it
        self._prompt = platform.prompt.format(name=re.escape(connection.base_prompt))

    def close(self) -> None:
        """End the connection."""
        try:
            self._connection.disconnect()
        except (OSError, EOFError, paramiko.SSHException, netmiko.NetmikoBaseException):
            self._connection.remote_conn = None

    @contextmanager
    def patient(self, timeout_s: float) -> Iterator[None]:
        """Inside, an answer may take so long: a checksum of a whole image, the unpacking of one."""
        before = self._connection.read_timeout_override
        self._connection.read_timeout_override = max(timeout_s, before or 0.0)
        try:
            yield
        finally:
            self._connection.read_timeout_override = before

    def ask(self, command: str) -> str:
        """Send a command and return what it prints; raises Rejected for an error line, Unreachable, BadAnswer."""
        with _errors(self._where):
            self._connection.received = 0
            told: str = self._connection.send_command(command, expect_string=self._prompt)
        self._judge(command, told)
        return told

    def privileged_by(self, secret: str) -> None:
        """Leave the privileged mode and enter it again by its secret.

        Raises Refused (`of_enable`) where it is not taken, Unsupported where the console asks for none.
        """
        asks = r"[Pp]assword:\s*$"
        with _errors(self._where):
            self._connection.received = 0
            if self._connection.check_enable_mode():
                self._sent("disable", self._prompt)
            if not re.search(asks, self._sent("enable", f"{self._prompt}|{asks}")):
                raise Unsupported(f"{self._where}: the console asks for no secret of its privileged mode")
            self._connection.write_channel(self._connection.normalize_cmd(secret))
            told = str(self._connection.read_until_pattern(pattern=f"{self._prompt}|{asks}"))
            again = re.search(asks, told) is not None
            if again:  # IOS asks three times; whatever is typed now, the library's farewell too, would be a try
                self._connection.paramiko_cleanup()
            if again or not self._connection.check_enable_mode():
                raise Refused(f"{self._where}: the console refuses the secret of its privileged mode", of_enable=True)
        self.enabled = True

    def converse(self, talk: Dialogue) -> str:
        """Send a command that may ask back; raises Rejected when its answer does not say that it was done."""
        enter, leave = self.platform.config if talk.in_config else ("", "")
        if enter:
            self.ask(enter)
        try:
            return self._talked(talk)
        finally:
            if leave:
                self._leave(leave)

    def _talked(self, talk: Dialogue) -> str:
        pattern = "|".join([self._prompt, *(f"(?:{question})" for question, _ in talk.answers)])
        with _errors(self._where):
            self._connection.received = 0
            told = last = self._sent(talk.command, pattern)
            for _ in range(2 * len(talk.answers)):
                answer = next((a for question, a in talk.answers if re.search(f"(?:{question})\\s*$", last)), None)
                if answer is None:
                    break
                last = self._sent(answer, pattern)
                told += last
        self._judge(talk.command, told)
        if talk.good and not re.search(talk.good, told):
            raise Rejected(f"{self._where}: `{talk.command}` did not say that it was done: {_tail(told)!r}")
        return told

    def part(self, talk: Dialogue) -> None:
        """Send a command after which the device goes away; an answer that it goes is all there will be."""
        try:
            self.converse(talk)
        except (Unreachable, BadAnswer):
            return

    def configure(self, commands: Sequence[str], hidden: Sequence[str] = ()) -> None:
        """Type settings one by one; the first error line ends it. Raises Rejected with the command, `hidden` masked."""
        enter, leave = self.platform.config
        if enter:
            self.ask(enter)
        try:
            for command in commands:
                self._type(command, hidden)
        finally:
            if leave:
                self._leave(leave)

    def _type(self, command: str, hidden: Sequence[str]) -> None:
        try:
            if self.platform.config[0]:
                self._judge(command, self._line(command))
            else:
                self.ask(command)  # a console that paints its line again: its echo is waited for
        except Rejected as error:
            raise Rejected(_masked(str(error), hidden), code=error.code) from None

    def _line(self, command: str) -> str:
        """Send one setting and return what is printed after its echo: the library's own way takes longer."""
        with _errors(self._where):
            self._connection.received = 0
            self._connection.write_channel(self._connection.normalize_cmd(command))
            told = str(self._connection.read_until_pattern(pattern=self._prompt))
        return told.partition("\n")[2]

    def _leave(self, leave: str) -> None:
        try:
            self.ask(leave)
        except Rejected:  # it was left already
            return

    def _sent(self, text: str, pattern: str) -> str:
        if text[:1] < " " and text:  # a control key, not a line
            self._connection.write_channel(text)
            return str(self._connection.read_until_pattern(pattern=pattern))
        return str(self._connection.send_command(text, expect_string=pattern, strip_prompt=False, strip_command=False))

    def _judge(self, command: str, told: str) -> None:
        for line in told.splitlines():
            benign = self.platform.benign is not None and self.platform.benign.search(line)
            if self.platform.error.search(line) and not benign:
                raise Rejected(f"{self._where}: `{command}`: {line.strip()[:200]}", code="console")


def _tail(text: str) -> str:
    return " ".join(text.split())[-120:]


def _masked(text: str, hidden: Sequence[str]) -> str:
    for secret in hidden:
        if secret:
            text = text.replace(secret, _MASK)
    return text


def bounded(base: Any) -> Callable[..., Any]:
    """Return a class of netmiko's that stops reading what does not end, and what ended."""

    class Bounded(base):  # type: ignore[misc]  # netmiko chooses the class by the name of the console
        received = 0

        def read_channel(self) -> str:
            piece: str = super().read_channel()
            line = self.remote_conn
            if not piece and line is not None and (line.closed or line.eof_received):
                raise EOFError("closed by the switch")
            self.received += len(piece)
            if self.received > MAX_ANSWER:
                raise BadAnswer(f"more than {MAX_ANSWER} bytes in one answer")
            return piece

    return Bounded


@contextmanager
def _errors(where: str, *, login: str = "") -> Iterator[None]:
    """Raise what goes wrong on the line as fleetctl's errors."""
    try:
        yield
    except FleetctlError:
        raise
    except netmiko.NetmikoAuthenticationException as error:
        raise Refused(f"{where}: SSH refuses the login of {login}. Not retried", credential=True) from error
    except netmiko.NetmikoTimeoutException as error:
        raise _not_connected(where, error) from error
    except netmiko.ReadTimeout as error:
        what = "stopped answering in the middle" if not login else "does not answer like its platform"
        raise Unreachable(f"{where}: the console {what}") from error
    except ValueError as error:
        if login and ("enable" in str(error).lower() or "secret" in str(error).lower()):
            raise Refused(
                f"{where}: the console wants another enable secret. Give it once: fleetctl adopt --again "
                f"--limit {where.partition(' ')[0]} --enable-secret FILE",
                of_enable=True,
            ) from error
        raise BadAnswer(
            f"{where}: the console answers otherwise than its platform does: {_tail(str(error))}"
        ) from error
    except (OSError, EOFError, paramiko.SSHException, netmiko.NetmikoBaseException) as error:
        raise Unreachable(f"{where}: the console broke the connection: {_tail(str(error))}") from error


def _not_connected(where: str, error: BaseException) -> FleetctlError:
    """Return why no console was reached: netmiko hides a changed host key in a time-out."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, paramiko.BadHostKeyException):
            return Refused(
                f"{where}: it shows another SSH host key, {fingerprint(cause.key)}, than the one on record, "
                f"{fingerprint(cause.expected_key)}. It was replaced or reset, or someone is in between. Nothing was "
                "sent. Look at the switch and its serial number; if it was replaced on purpose, adopt it with "
                "--replace"
            )
        cause = cause.__cause__ or cause.__context__
    return Unreachable(f"{where} cannot be reached over SSH: {_tail(str(error).strip())}")
