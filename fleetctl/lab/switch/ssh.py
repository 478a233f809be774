"""SSH of the lab's switches: a real server, one thread for each connection; what is typed is done in the lab's loop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import paramiko

from fleetctl.lab.switch import storage
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.lines import ASKS_SECRET
from fleetctl.lab.switch.unit import SimSwitch

LOGIN_S: Final = 20.0
IDLE_S: Final = 600.0
_LINE: Final = 1000  # bytes of what scp says before a file
_KEYS: Final = threading.Lock()


LOOPBACK = "127.0.0.1"  # whoever types in the lab comes from here


class Door(paramiko.ServerInterface):
    """Lets people in by their password, and gives them a shell."""

    def __init__(self, ask: Callable[[str, str], bool]) -> None:
        self._ask = ask
        self.user = ""
        self.shell = threading.Event()
        self.copy = ""  # where a file is to be copied to

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        """Only passwords."""
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        """Ask the switch."""
        self.user = username
        return paramiko.common.AUTH_SUCCESSFUL if self._ask(username, password) else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        """Only sessions."""
        allowed = paramiko.common.OPEN_SUCCEEDED
        return allowed if kind == "session" else paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(self, *_: Any) -> bool:
        """A terminal is given to whoever wants one."""
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:  # noqa: ARG002
        """A file that is copied here, and nothing else."""
        found = re.fullmatch(r"scp (?:-[vdpr] )*-t (?:-- )?(\S+)", command.decode("utf-8", "replace"))
        if found is None:
            return False
        self.copy = found[1]
        self.shell.set()
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:  # noqa: ARG002
        """The console."""
        self.shell.set()
        return True


class Consoles:
    """The consoles of all switches of a lab."""

    def __init__(self, keys: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._keys, self._loop = keys, loop
        self._open: dict[str, set[paramiko.Transport]] = {}
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)

    def welcome(self, sock: socket.socket, switch: SimSwitch) -> None:
        """Serve a connection in a thread of its own."""
        threading.Thread(target=self._serve, args=(sock, switch), name=f"ssh {switch.name}", daemon=True).start()

    def hang_up(self, switch: SimSwitch) -> None:
        """Break every connection of a switch, soon: an answer that is on its way still goes."""
        for transport in list(self._open.get(switch.name, ())):
            self._loop.call_later(0.02, _broken, transport)

    def key(self, switch: SimSwitch) -> paramiko.PKey:
        """Return the host key that a switch shows now."""
        path = self._keys / f"{switch.name}-{switch.key_number}"
        with _KEYS:
            if not path.exists():
                part = path.with_suffix(".part")
                paramiko.ECDSAKey.generate().write_private_key_file(str(part))
                part.replace(path)
        return paramiko.ECDSAKey(filename=str(path))

    def _ask(self, do: Callable[..., Any], *arguments: Any) -> Any:
        """Do something in the lab's loop and wait for what comes of it."""

        async def done() -> Any:
            return do(*arguments)

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result(LOGIN_S)

    def _serve(self, sock: socket.socket, switch: SimSwitch) -> None:
        transport: paramiko.Transport | None = None
        try:
            sock.settimeout(LOGIN_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            transport = paramiko.Transport(sock)
            self._open.setdefault(switch.name, set()).add(transport)
            transport.add_server_key(self.key(switch))
            door = Door(lambda user, password: bool(self._ask(switch.login, _user(user), password)))
            transport.start_server(server=door)
            channel = transport.accept(LOGIN_S)
            if channel is not None and door.shell.wait(LOGIN_S):
                channel.settimeout(IDLE_S)
                if door.copy:
                    copied(self._ask, switch, channel, _user(door.user), door.copy)
                    return
                Terminal(self._ask, switch, channel, _user(door.user)).serve()
        except (paramiko.SSHException, EOFError, OSError, TimeoutError):
            pass
        finally:
            if transport is not None:
                self._open.get(switch.name, set()).discard(transport)
                transport.close()
            sock.close()


def copied(ask: Callable[..., Any], switch: SimSwitch, channel: paramiko.Channel, user: str, path: str) -> None:
    """Take a file in as `scp -t` does; Source: OpenSSH, scp.c."""
    try:
        name = ask(switch.dialect.takes_file, switch, user, path)
    except PermissionError as error:
        channel.sendall(f"{error}\n".encode())
        channel.close()
        return
    channel.sendall(b"\0")
    head = b""
    while not head.endswith(b"\n") and len(head) < _LINE and (byte := channel.recv(1)):
        head += byte
    found = re.fullmatch(rb"C[0-7]{4} (\d+) \S+\n", head)
    if found is None or int(found[1]) > ask(storage.free, switch):
        channel.sendall(b"\1%Error writing (No space left on device)\n" if found else b"\2protocol error\n")
        channel.close()
        return
    channel.sendall(b"\0")
    file, left = storage.Arriving(), int(found[1])
    drop = switch.faults.get("upload-drop")
    until = left if drop is None else max(1, int(left * float(drop["share"])))
    while left and (piece := channel.recv(min(until - file.size, 65536))):
        file.take(piece)
        left -= len(piece)
        if drop is not None and file.size >= until:
            ask(switch.store, name, file.told())
            _broken(channel.get_transport())
            return
    if not left and channel.recv(1) == b"\0":
        ask(switch.store, name, file.told())
        channel.sendall(b"\0")
        channel.send_exit_status(0)
    time.sleep(0.05)  # the answer goes before the connection does
    channel.close()


def _user(told: str) -> str:
    """Return the account: RouterOS takes wishes for the terminal after a plus sign."""
    return told.partition("+")[0]


def _broken(transport: paramiko.Transport) -> None:
    with contextlib.suppress(OSError):
        transport.sock.shutdown(socket.SHUT_RDWR)
    transport.close()


class Terminal:
    """What goes over one channel: keys in, echo and answers out."""

    def __init__(self, ask: Callable[..., Any], switch: SimSwitch, channel: paramiko.Channel, user: str) -> None:
        self._ask, self._switch, self._channel = ask, switch, channel
        self._shell: Shell = switch.dialect.greet(switch, user)
        self._left = b""
        self._after_return = False
        self._asked = ""

    def serve(self) -> None:
        """Talk until somebody leaves, or is gone."""
        try:
            self._talk()
        finally:
            self._ask(self._switch.dialect.left, self._switch, self._shell)

    def _talk(self) -> None:
        self._say("\r\n" + self._prompt())
        while not self._shell.closed:
            line = self._line()
            if line is None:
                return
            if self._switch.loses():
                _broken(self._channel.get_transport())
                return
            told, prompt = self._ask(self._done, line)
            if not self._paged(told):
                return
            if not self._shell.closed:
                self._say(prompt)
        self._channel.close()

    def _done(self, line: str) -> tuple[str, str]:
        """Do what was typed; in the lab's loop."""
        switch, shell = self._switch, self._shell
        self._asked = line
        writing = not shell.asking and bool(line) and switch.dialect.writes(shell, line)
        typing = shell.mode not in ("user", "privileged")
        told = switch.dialect.run(switch, shell, line)
        if typing and shell.mode in ("user", "privileged"):
            switch.diary.append((switch.clock(), shell.user, LOOPBACK))
        if line:
            switch.note("write" if writing else "read", shell.user, line.split(" ", 1)[0])
        return told, self._prompt()

    def _prompt(self) -> str:
        return self._switch.dialect.prompt(self._switch, self._shell)

    # --- keys -----------------------------------------------------------------------------------------

    def _key(self) -> bytes:
        if not self._left:
            self._left = self._channel.recv(4096)
        key, self._left = self._left[:1], self._left[1:]
        return key

    def _line(self) -> str | None:
        """Return the next line, echoed as it is typed; None when the person is gone."""
        typed, echo = bytearray(), bytearray()
        while True:
            if not self._left and echo:  # what came together is echoed together
                self._raw(bytes(echo))
                echo.clear()
            key = self._key()
            if not key:
                return None
            if key == b"\n" and not typed and self._after_return:
                self._after_return = False
                continue
            self._after_return = key == b"\r"
            if key in b"\r\n":
                self._raw(bytes(echo) + b"\r\n")
                return typed.decode("utf-8", "replace").strip()
            if key == b"\x18":  # Ctrl-X: RouterOS' safe mode
                return "\x18"
            if key in (b"\x7f", b"\x08") and typed:
                del typed[-1:]
                echo += b"\b \b"
            elif key >= b" " and key != b"\x7f":
                typed += key
                echo += key if self._shell.asking != ASKS_SECRET else b""

    # --- answers ----------------------------------------------------------------------------------------

    def _paged(self, told: str) -> bool:
        """Print an answer page by page; False when the connection broke in its middle."""
        page = self._shell.page
        lines = told.replace("\r", "").split("\n")
        cut = self._switch.faults.get("cut-output")
        if cut is not None and cut["words"] in self._asked and len(lines) > 2:
            lines = [*lines[: random.randrange(1, len(lines) - 1)], ""]
        if told and "half-reply" in self._switch.faults and len(lines) > 4:
            self._say("\r\n".join(lines[: len(lines) // 2]))
            _broken(self._channel.get_transport())
            return False
        for number in range(0, len(lines), page - 1) if page else (0,):
            part = lines[number : number + page - 1] if page else lines
            last = not page or number + page - 1 >= len(lines)
            self._say("\r\n".join(part) + ("" if last else "\r\n"))
            if not last:
                more = self._switch.dialect.more
                self._say(more)
                key = self._key()
                self._say("\b" * len(more) + " " * len(more) + "\b" * len(more))
                if key in (b"q", b"Q", b"\x03", b""):
                    return bool(key)
        return True

    def _say(self, text: str) -> None:
        self._raw(text.encode("utf-8"))

    def _raw(self, data: bytes) -> None:
        slow = self._switch.faults.get("slow")
        if slow is None:
            self._channel.sendall(data)
            return
        rate = float(slow["bytes_per_s"]) * 20  # a console's slow is not a camera's
        for at in range(0, len(data), 64):
            self._channel.sendall(data[at : at + 64])
            time.sleep(64 / rate)
