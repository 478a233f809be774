"""A Linux host over SSH, for what comes before Ansible: who it is, its first login, an account, a reboot.

Settings are Ansible's affair (roles); here nothing is written but an account and the order to reboot.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import paramiko

from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access, Device, Installed
from fleetctl.protocols import hostkeys, packages
from fleetctl.protocols.identities import Identity, mac
from fleetctl.protocols.tunnel import ssh_to

_MOST: Final = 64 * 1024  # bytes of an answer that are looked at
_NOLOGIN: Final = re.compile(r"(booting up|going down|shut down|unprivileged users are not permitted)", re.IGNORECASE)
_LOOK: Final = """\
cat /etc/machine-id
. /etc/os-release 2>/dev/null; echo "$PRETTY_NAME"
cat /sys/class/dmi/id/sys_vendor 2>/dev/null || echo
cat /sys/class/dmi/id/product_name 2>/dev/null || echo
way=$(ip -4 route show default 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1)
cat "/sys/class/net/$way/address" 2>/dev/null || echo
"""


_FOOTAGE: Final = """\
date +%s.%N
find "$1" -type f -size +0 -printf '%T@\\n' 2>/dev/null | sort -n | tail -n 1
"""


class Footage(NamedTuple):
    """What a recorder's own clock shows, and when its newest file was written to (0.0: there is none)."""

    now: float
    newest: float


def connect(
    device: Device, *, password: str | None, access: Access, facts: Mapping[str, str], known_hosts: str
) -> Session:
    """Return a session that is not logged in yet; raises Unreachable where nobody answers."""
    del facts
    return Session(device, password, access, known_hosts)


class Session:
    """One SSH connection, made when it is first needed. A READ session cannot send what changes the host."""

    def __init__(self, device: Device, password: str | None, access: Access, known_hosts: str) -> None:
        self._device, self._password, self._access = device, password, access
        self._known_hosts = known_hosts
        self._client: paramiko.SSHClient | None = None
        self._identity: Identity | None = None
        self._asks: bool | None = None  # whether sudo asks for the password; None: not tried yet
        self.credential_proven = False
        sock = self._dialled()
        if not device.user:  # asked only whether it is there
            sock.close()
        self._sock: socket.socket | None = sock if device.user else None

    def identity(self) -> Identity:
        """Return what the host says it is; its machine id stands for the serial number. Raises as `prove` does.

        Source: machine-id(5): set at installation, and the same until the system is installed anew.
        """
        if self._identity is None:
            lines = [line.strip() for line in self._asked(["sh", "-c", _LOOK]).splitlines()]
            machine, system, maker, model, address = (*lines, "", "", "", "", "")[:5]
            if len(machine) != 32:
                raise BadAnswer(f"{self._where()} has no machine id: is it Linux with systemd?", raw=machine.encode())
            self._identity = Identity(
                manufacturer=maker, model=model, firmware=system, serial_number=machine, mac_address=mac(address)
            )
        return self._identity

    def installed(self) -> Installed:
        """Return what is installed, and how the host stands; raises BadAnswer for what is not whole, Unreachable.

        Source: dpkg-query(1), apt-mark(8), random(4), systemctl(1); /run/reboot-required is Debian's own convention.
        """
        begun = time.time()
        told = self._asked(["sh", "-c", packages.SCRIPT], most=packages.MOST)
        ended = time.time()
        try:
            return packages.read(told, (begun + ended) / 2)
        except (KeyError, ValueError, IndexError) as error:
            raise BadAnswer(
                f"{self._where()} does not tell what is installed: is it Debian?", raw=told.encode()
            ) from error

    def prove(self) -> None:
        """Log in and become root, which shows that the account is good for its work. Without an account nobody is in.

        Raises Refused (login, host key, sudo), Unreachable.
        """
        if not self._device.user:
            raise Refused(f"{self._where()} lets nobody in without a login")
        self._as_root(["true"])

    def log_in(self) -> None:
        """Log in, and no more: for an account that may not become root. Raises Refused, Unreachable."""
        self._asked(["true"])

    def newest_footage(self, folder: str) -> Footage:
        """Return when the newest file in a camera's folder was written to, and what the host's clock showed then.

        Raises Rejected where it may not be looked at.
        """
        told = self._as_root(["sh", "-c", _FOOTAGE, "sh", folder]).split()
        try:
            return Footage(now=float(told[0]), newest=float(told[1]) if len(told) > 1 else 0.0)
        except (IndexError, ValueError) as error:
            raise BadAnswer(
                f"{self._where()} does not tell the time of its files", raw=" ".join(told).encode()
            ) from error

    def make_account(self, name: str, password: str) -> None:
        """Make an account that may do everything by sudo, or give it the password if it is there."""
        self._writing("make an account")
        if not self._has(name):
            self._as_root(["useradd", "--create-home", "--shell", "/bin/bash", name])
        self._as_root(["usermod", "--append", "--groups", "sudo", name])
        self._as_root(["chpasswd"], given=f"{name}:{password}\n")

    def set_password(self, name: str, password: str) -> None:
        """Give an account another password; raises Unsupported where there is no such account."""
        self._writing("set a password")
        if not self._has(name):
            raise Unsupported(f"{self._where()} has no account {name}")
        self._as_root(["chpasswd"], given=f"{name}:{password}\n")

    def _has(self, name: str) -> bool:
        return self._tried(["getent", "passwd", name])[0] == 0

    def reboot(self) -> None:
        """Have it reboot in a second, so that the answer still comes."""
        self._writing("reboot it")
        self._as_root(["systemd-run", "--quiet", "--collect", "--on-active=1", "systemctl", "reboot"])

    def alive(self) -> bool:
        """Tell whether SSH answers; the connection was made when the session was."""
        return True

    def forget(self) -> None:
        """Ask anew from now on."""
        self._identity = None

    def facts(self) -> dict[str, str]:
        """Nothing is kept: each session asks."""
        return {}

    def close(self) -> None:
        """End the connection."""
        if self._client is not None:
            self._client.close()
        elif self._sock is not None:
            self._sock.close()
        self._client = self._sock = None

    # --- the wire ----------------------------------------------------------------------------------

    def _where(self) -> str:
        return f"{self._device.name} ({self._device.endpoint.address}, ssh)"

    def _dialled(self) -> socket.socket:
        try:
            return ssh_to(self._device, self._known_hosts)
        except OSError as error:
            raise Unreachable(f"{self._where()}: {str(error) or 'no answer'}") from error

    def _writing(self, what: str) -> None:
        if self._access is not Access.WRITE:
            raise Refused(f"{self._where()}: a reading session may not {what}")

    def _logged_in(self) -> paramiko.SSHClient:
        if self._client is not None:
            return self._client
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(_Unknown(self._device, self._where()))
        with contextlib.suppress(FileNotFoundError):
            client.load_host_keys(self._known_hosts)
        sock, self._sock = self._sock or self._dialled(), None
        try:
            self._login(client, sock)
        except BaseException:
            client.close()
            sock.close()
            raise
        self._client = client
        self.credential_proven = self._password is not None
        return client

    def _login(self, client: paramiko.SSHClient, sock: socket.socket) -> None:
        timeout_s, by_key = self._device.endpoint.timeout_s, self._password is None
        try:
            client.connect(
                self._device.name,  # it is known by its name; the connection is made already
                username=self._device.user,
                password=self._password,
                sock=sock,
                allow_agent=by_key,
                look_for_keys=by_key,
                key_filename=self._device.endpoint.ssh_key_file or None if by_key else None,
                timeout=timeout_s,
                banner_timeout=timeout_s,
                auth_timeout=timeout_s,
            )
        except paramiko.BadHostKeyException as error:
            raise Refused(
                f"{self._where()} shows another SSH host key ({hostkeys.fingerprint(error.key)}) than the one on "
                f"record ({hostkeys.fingerprint(error.expected_key)}): another machine, or installed anew. Untouched. "
                f"If that was on purpose: fleetctl adopt --limit {self._device.name} --replace"
            ) from error
        except paramiko.BadAuthenticationType as error:
            ways = ", ".join(error.allowed_types)
            raise Refused(f"{self._where()} lets nobody in by password (but by {ways})") from error
        except paramiko.AuthenticationException as error:
            if said := _not_yet(client.get_transport()):
                raise Unreachable(f"{self._where()} lets nobody in now: {said}") from error
            what = "our key" if by_key else "the password"
            raise Refused(
                f"{self._where()}: SSH refuses {what} of {self._device.user}. Not retried", credential=not by_key
            ) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{self._where()}: {str(error) or type(error).__name__}") from error

    def _asked(self, command: Sequence[str], given: str = "", most: int = _MOST) -> str:
        """Return what a command prints; raises Rejected with what it says when it fails."""
        code, out, said = self._tried(command, given, most)
        if code:
            raise Rejected(f"{self._where()}: {command[0]} failed: {said or f'exit code {code}'}", code=str(code))
        return out

    def _as_root(self, command: Sequence[str], given: str = "") -> str:
        """Run a command as root; what it reads comes after the password that sudo reads."""
        if self._asks is None:  # a password that sudo does not ask for would be read by the command
            self._asks = self._password is not None and self._tried(["sudo", "-n", "-k", "--", "true"])[0] != 0
        sudo = ["sudo", "-S" if self._asks else "-n", "-k", "-p", "", "--"]
        code, out, said = self._tried([*sudo, *command], (f"{self._password}\n" if self._asks else "") + given)
        if code and said.startswith(("sudo:", "Sorry")):
            raise Refused(f"{self._where()}: {self._device.user} may not become root: {said}")
        if code:
            raise Rejected(f"{self._where()}: {command[0]} failed: {said or f'exit code {code}'}", code=str(code))
        return out

    def _tried(self, command: Sequence[str], given: str = "", most: int = _MOST) -> tuple[int, str, str]:
        """Run a command; return its exit code, what it prints and the last line of what it complains of."""
        client = self._logged_in()
        try:
            stdin, stdout, stderr = client.exec_command(shlex.join(command), timeout=self._device.endpoint.timeout_s)
            stdin.write(given)
            stdin.channel.shutdown_write()
            out, said = stdout.read(most), stderr.read(_MOST)
            code = stdout.channel.recv_exit_status()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{self._where()}: {str(error) or type(error).__name__}") from error
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return code, out.decode("utf-8", "replace"), lines[-1][:300] if lines else ""


def _not_yet(transport: paramiko.Transport | None) -> str:
    """Return what a host says that starts or stops, "" where the refusal is about the login itself.

    Source: pam_nologin(8); sshd shows its text as a banner and hangs up, which is no word on the password.
    """
    handler = (
        transport.auth_handler if transport is not None else None
    )  # get_banner() forgets it when the host hangs up
    banner = handler.banner if handler is not None else None
    text = banner.decode("utf-8", "replace") if isinstance(banner, bytes) else banner or ""
    return next((line.strip()[:300] for line in text.splitlines() if _NOLOGIN.search(line)), "")


class _Unknown(paramiko.MissingHostKeyPolicy):
    def __init__(self, device: Device, where: str) -> None:
        self._device, self._told = device, where

    def missing_host_key(self, _client: paramiko.SSHClient, _hostname: str, key: paramiko.PKey) -> None:
        raise Refused(
            f"{self._told} has no SSH host key on record; it shows {key.get_name()} {hostkeys.fingerprint(key)}. "
            f"Run: fleetctl adopt --limit {self._device.name}"
        )
