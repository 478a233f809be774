"""A session with one switch: readings by name, commands from templates, the revert that guards the way to it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Any, Final

from fleetctl.errors import FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols import hostkeys, identities
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.sockets import Dial, dialled
from fleetctl.protocols.ssh import console, names, platforms
from fleetctl.protocols.ssh.grammar import Record, parsed
from fleetctl.protocols.ssh.platforms import Platform

ADOPTING: Final = "adopting"  # a fact: "first" takes in the host key that is shown, "replace" also another one
HOST_KEY: Final = "host_key"
UNDOES: Final = "undoes it by itself within 3 minutes"  # as the platforms' files arm it


def connect(
    device: Device,
    *,
    password: str | None,
    access: Access,
    facts: Mapping[str, str] | None = None,
    known_hosts: str = "",
    dial: Dial | None = None,
    enable: str = "",
) -> Session:
    """Log in and return the session; the host key must be on record, and is taken in only while adopting.

    `enable` is the secret of the privileged mode, where the console wants one. Raises Refused (login, host key),
    Unreachable, BadAnswer, UsageError (no platform).
    """
    platform = platforms.of(device)
    if password is None:
        raise Refused(f"{device.name} ({device.endpoint.address}): a console takes nobody without a login")
    line = _Line(device, platform, known_hosts, dial, password, enable)
    line.pin((facts or {}).get(ADOPTING, ""))
    return Session(device, access, platform, line)


def shown_key(device: Device, known_hosts: str) -> Any:
    """Return the host key that a device shows, without a login; raises Unreachable, Refused (a relay)."""
    return _Line(device, platforms.of(device), known_hosts, None, "", "").shown_key()


class _Line:
    """How the console is reached, again and again with the same login."""

    def __init__(
        self, device: Device, platform: Platform, known_hosts: str, dial: Dial | None, password: str, enable: str
    ) -> None:
        self.device, self._platform, self._known_hosts, self._dial = device, platform, known_hosts, dial
        self._password, self._enable = password, enable
        self.where = f"{device.name} ({device.endpoint.address})"

    def __repr__(self) -> str:
        return f"_Line({self.where})"

    def pin(self, adopting: str) -> None:
        """Take in the host key where that is what is asked for; raises Refused where none is on record."""
        name = self.device.name
        if adopting == "replace" or (adopting and not hostkeys.known(self._known_hosts, name)):
            hostkeys.pin(self._known_hosts, name, self.shown_key())
        elif not hostkeys.known(self._known_hosts, name):
            raise Refused(f"{self.where} has no SSH host key on record. Run: fleetctl adopt --limit {name}")

    def socket(self) -> socket.socket:
        """Return a connection; raises Unreachable, Refused (a relay)."""
        point = self.device.endpoint
        dial = self._dial or dialled
        if point.via and self._dial is None:
            from fleetctl.protocols import tunnel

            dial = tunnel.dial_for(point.via, self._known_hosts)
        try:
            sock = dial(point.address, point.ssh_port, point.timeout_s)
        except OSError as error:
            raise Unreachable(f"{self.where}: no connection to port {point.ssh_port}: {error or 'time-out'}") from error
        with suppress(OSError):  # a tunnel's end is no TCP socket
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # lines are short, and each waits for one
        return sock

    def shown_key(self) -> Any:
        """Return the host key that the device shows, without a login; raises Unreachable."""
        import paramiko

        transport = None
        try:
            transport = paramiko.Transport(self.socket())
            transport.start_client(timeout=self.device.endpoint.timeout_s)
            return transport.get_remote_server_key()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(f"{self.where}: SSH does not answer: {error}") from error
        finally:
            if transport is not None:
                transport.close()

    def open(self) -> console.Console:
        """Return a console that is logged in."""
        sock = self.socket()
        try:
            return console.opened(
                self._platform,
                self.where,
                alias=self.device.name,
                sock=sock,
                user=self.device.user,
                password=self._password,
                enable=self._enable,
                known_hosts=self._known_hosts,
                timeout_s=self.device.endpoint.timeout_s,
            )
        except BaseException:
            sock.close()
            raise

    def fingerprint(self) -> str:
        """Return the fingerprint of the host key on record."""
        return hostkeys.known(self._known_hosts, self.device.name)


class Session:
    """One switch, one login, one thread. Made by `connect`; a context manager.

    A reading is a command that its platform's file names; a READ session sends nothing else.
    """

    def __init__(self, device: Device, access: Access, platform: Platform, line: _Line) -> None:
        self.device, self.access, self.platform = device, access, platform
        self._line = line
        self._texts: dict[str, str] = {}
        self._identity: Identity | None = None
        self._console: console.Console | None = line.open()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        if self._console is not None:
            self._console.close()
            self._console = None

    # --- reading ----------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Tell whether the platform has a reading of that name."""
        return name in self.platform.readings

    def text(self, name: str) -> str:
        """Return what a reading prints, remembered until `forget`; raises Unsupported, Rejected, Unreachable."""
        if not self.has(name):
            raise Unsupported(f"{self.platform.name} has no reading {name}")
        if name not in self._texts:
            self._texts[name] = self._open().ask(self.platform.readings[name].command)
        return self._texts[name]

    def records(self, name: str, kind: str = "") -> tuple[Record, ...]:
        """Return the records of a reading, those of one kind; raises as `text`, and BadAnswer for what is cut off."""
        text = self.text(name)
        told = parsed(self.platform.readings[name], text)
        return tuple(record for record in told if kind in ("", record["kind"]))

    def forget(self) -> None:
        """Forget what was read: the next reads ask the device again."""
        self._texts.clear()

    def _open(self) -> console.Console:
        if self._console is None:
            self._console = self._line.open()
        return self._console

    # --- writing ----------------------------------------------------------------------------------

    def can(self, template: str) -> bool:
        """Tell whether the platform knows how to set what a template of that name sets."""
        return template in self.platform.templates

    @property
    def reverts(self) -> bool:
        """Tell whether the platform undoes by itself what was not confirmed."""
        return self.platform.arm is not None

    def commands(self, template: str, **values: Any) -> tuple[str, ...]:
        """Return the commands of a template; raises Unsupported where the platform has none."""
        if not self.can(template):
            raise Unsupported(f"{self.platform.name} cannot set {template}")
        return rendered(self.platform, template, values)

    def write(
        self,
        commands: Sequence[str],
        reached: Callable[[], str],
        *,
        hidden: Sequence[str] = (),
        guarded: bool = False,
    ) -> None:
        """Type settings, read back, and only then save them to the start-up configuration.

        `reached` returns what is not as wanted yet. `guarded`: the way to the switch may be cut, so its own revert is
        armed first and disarmed over a new connection. Raises PermissionError in a READ session, Rejected for an
        error line and for what does not read back; nothing was saved then.
        """
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        arm = self.platform.arm if guarded else None
        armed = arm is not None
        try:
            if arm is not None:
                self._open().converse(arm)
            self._open().configure(commands, hidden)
            self.forget()
            if left := reached():
                undone = "; not saved, the next start of the switch undoes it" if self.platform.save else ""
                raise Rejected(f"{self._line.where}: {left}{undone}")
        except Rejected:
            if armed:
                self._stand_down()
            raise
        except Unreachable as error:
            self.close()
            if armed:
                raise Unreachable(f"{error}; the switch {UNDOES}") from error
            raise
        finally:
            self.forget()
        if armed:
            self._confirm()
        self.save()

    def type(self, commands: Sequence[str]) -> None:
        """Type settings that are taken back at once; nothing is saved. Raises PermissionError in a READ session."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        self.forget()
        self._open().configure(commands)

    def _stand_down(self) -> None:
        """Take the revert back, for one is still there: no start of the whole switch for one refused line."""
        if self.platform.undone_by_leaving:
            self.close()
        elif self.platform.disarm is not None:
            self._open().converse(self.platform.disarm)

    def _confirm(self) -> None:
        """Prove that one can still log in, then disarm; raises Unreachable, and the revert does its work."""
        try:
            fresh = self._line.open()
        except FleetctlError as error:
            self.close()
            raise Unreachable(
                f"{self._line.where}: no new connection after the change ({error}); the switch {UNDOES}"
            ) from error
        fresh.close()
        if self.platform.disarm is not None:
            self._open().converse(self.platform.disarm)

    def save(self) -> None:
        """Save what is in force to the start-up configuration; raises Rejected when the switch does not say it did."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        if self.platform.save is not None:
            self._open().converse(self.platform.save)

    def reboot(self) -> None:
        """Restart the switch; the connection is gone then. Raises PermissionError in a READ session, Unsupported."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        if self.platform.reboot is None:
            raise Unsupported(f"fleetctl does not know how to restart {self.platform.name}")
        self._open().part(self.platform.reboot)
        self.close()

    # --- who, and the login -------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Return who the switch says it is; asked once per session."""
        if self._identity is None:
            told: dict[str, str] = {}
            for record in self.records("identity"):
                told = {**record, **told}
            self._identity = Identity(
                manufacturer=self.platform.manufacturer,
                model=told.get("model", ""),
                firmware=told.get("firmware", ""),
                serial_number=identities.serial(told.get("serial_number", "")),
                mac_address=identities.mac(told.get("mac_address", "")),
            )
        return self._identity

    def prove(self) -> None:
        """Find the login accepted: a console takes nobody without one, so an open session proves it."""
        self._open()

    @property
    def credential_proven(self) -> bool:
        """True: a session exists only after its login was accepted."""
        return True

    def facts(self) -> dict[str, str]:
        """Return what the next session may start from; holds no secret."""
        return {HOST_KEY: self._line.fingerprint()}


@lru_cache(maxsize=256)
def _template(source: str, ports: tuple[tuple[str, str], ...]) -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # commands for a console, not HTML
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters["long"] = lambda port: names.written(port, dict(ports))
    return environment.from_string(source)


def rendered(platform: Platform, template: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a template's commands; raises ValueError for a value that would be a command of its own."""
    _plain(values)
    told = _template(platform.templates[template], tuple(platform.port_names.items())).render(values)
    return tuple(line.rstrip() for line in told.splitlines() if line.strip())


def _plain(value: Any) -> None:
    """Raise ValueError for text with a line break or another control character in it."""
    if isinstance(value, str):
        if not value.isprintable():
            raise ValueError(f"{value!r} holds a control character")
    elif isinstance(value, Mapping):
        for each in value.values():
            _plain(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _plain(each)
