"""A session with one switch: readings by name, commands from templates, the revert that guards the way to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from fleetctl.errors import FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access, Device
from fleetctl.protocols import identities
from fleetctl.protocols.closing import Closing
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.sockets import Dial
from fleetctl.protocols.ssh import ENABLED, console, platforms, whole
from fleetctl.protocols.ssh.commands import rendered
from fleetctl.protocols.ssh.grammar import Record, parsed
from fleetctl.protocols.ssh.line import Line
from fleetctl.protocols.ssh.platforms import Asked, Platform, Upgrade
from fleetctl.protocols.upload import Upload

ADOPTING: Final = "adopting"  # a fact: "first" takes in the host key that is shown, "replace" also another one
HOST_KEY: Final = "host_key"
SLOW_S: Final = 300.0  # how long a checksum of a whole image may take, or its unpacking
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
    line = Line(device, platform, known_hosts, dial, password, enable)
    line.pin((facts or {}).get(ADOPTING, ""))
    return Session(device, access, platform, line)


class Session(Closing):
    """One switch, one login, one thread. Made by `connect`; a context manager.

    A reading is a command that its platform's file names; a READ session sends nothing else.
    """

    def __init__(self, device: Device, access: Access, platform: Platform, line: Line) -> None:
        self.device, self.access, self.platform = device, access, platform
        self._line = line
        self._texts: dict[str, str] = {}
        self._moments: dict[str, float] = {}
        self._identity: Identity | None = None
        self._console: console.Console | None = line.open()
        self._enabled = self._console.enabled

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
        """Return what a reading prints, remembered until `forget`.

        Raises Unsupported, Rejected, Unreachable, and BadAnswer for what the switch itself counts more of.
        """
        if not self.has(name):
            raise Unsupported(f"{self.platform.name} has no reading {name}")
        if name not in self._texts:
            self._texts[name] = whole.answer(self.platform.readings[name], self._ask)
        return self._texts[name]

    def _ask(self, command: str) -> str:
        begun = time.time()
        told = self._open().ask(command)
        self._moments[command] = (begun + time.time()) / 2
        return told

    def moment(self, name: str) -> float:
        """Return when a reading was taken, in seconds of the epoch, by the middle of the round trip."""
        self.text(name)
        return self._moments[self.platform.readings[name].command]

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
        proven: Callable[[], bool] | None = None,
        back: Sequence[str] = (),
    ) -> None:
        """Type settings, read back, and only then save them to the start-up configuration.

        `reached` returns what is not as wanted yet. `guarded`: the way to the switch may be cut, so its own revert is
        armed first and disarmed over a new connection; where that is to be made by other means, `proven` tells whether
        it let one in, and `back` is what is typed where not. Raises PermissionError in a READ session, Rejected for an
        error line and for what does not read back or lets nobody in; nothing was saved then.
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
            if proven is not None and not proven():
                raise Rejected(f"{self._line.where}: it lets nobody in with what was set")
        except Rejected:
            self._take_back(back, hidden, armed=armed)
            raise
        except Unreachable as error:
            self.close()
            if armed:
                raise Unreachable(f"{error}; the switch {UNDOES}") from error
            raise
        finally:
            self.forget()
        if armed:
            self._disarm(fresh=proven is None)
        self.save()

    def type(self, commands: Sequence[str]) -> None:
        """Type settings that are taken back at once; nothing is saved. Raises PermissionError in a READ session."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        self.forget()
        self._open().configure(commands)

    def _take_back(self, back: Sequence[str], hidden: Sequence[str], *, armed: bool) -> None:
        """Type what was there before; then take the revert back, for one is still there.

        No start of the whole switch for one refused line, but where what was there cannot be typed: then it is needed.
        """
        if back and not self.platform.undone_by_leaving:
            try:
                self._open().configure(back, hidden)
            except Rejected:
                return
        if not armed:
            return
        if self.platform.undone_by_leaving:
            self.close()
        elif self.platform.disarm is not None:
            self._open().converse(self.platform.disarm)

    def _disarm(self, *, fresh: bool) -> None:
        """Prove by a `fresh` login that one still gets in, then disarm; raises Unreachable: the revert is left."""
        if fresh:
            try:
                self._line.open().close()
            except FleetctlError as error:
                self.close()
                raise Unreachable(
                    f"{self._line.where}: no new connection after the change ({error}); the switch {UNDOES}"
                ) from error
        if self.platform.disarm is not None:
            self._open().converse(self.platform.disarm)

    def keep(self) -> None:
        """Let what is in force stand: take back the revert that another session may have left, and save.

        Raises PermissionError in a READ session, Unreachable, Rejected where it cannot be saved.
        """
        if self.platform.disarm is not None and not self.platform.undone_by_leaving:
            with suppress(Rejected):  # none was pending
                self._open().converse(self.platform.disarm)
        self.save()

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

    # --- firmware ---------------------------------------------------------------------------------

    @property
    def _way(self) -> Upgrade:
        if self.platform.upgrade is None:
            raise Unsupported(f"fleetctl gives {self.platform.name} switches no firmware")
        return self.platform.upgrade

    def _asked(self, asked: Asked, file: str = "") -> str:
        """Return what is looked for in an answer, "" where it is not there."""
        with self._open().patient(SLOW_S):
            told = self._open().ask(asked.command.replace("{file}", file)).replace("\r", "")
        found = asked.match.search(told)
        return found["it"] if found else ""

    def uptime(self) -> str:
        """Return for how long it has been up, as it says it; raises Unsupported, Rejected, Unreachable."""
        return self._asked(self._way.uptime)

    def room(self) -> int | None:
        """Return how many bytes are free where images are kept, None where it does not tell."""
        told = self._asked(self._way.room)
        return int(told) if told.isdecimal() else None

    def digest(self, name: str) -> str:
        """Return the switch's own checksum of a file, "" where there is no such file."""
        try:
            return self._asked(self._way.digest, self._way.place + name).lower()
        except Rejected:
            return ""

    def version_in(self, name: str) -> str | None:
        """Return the version that the switch reads out of a file, "" for none, None where it reads none out of any."""
        return None if self._way.fits is None else self._asked(self._way.fits, self._way.place + name)

    def put_file(self, name: str, body: Upload) -> None:
        """Copy a file there over SCP, which is let in for so long only; raises PermissionError, and as `scp.put`."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        scp, is_on = self._way.scp, self._way.scp_on
        if is_on is not None and is_on.search(self.text("config").replace("\r", "")):
            scp = None
        if scp is not None:
            self.type([scp[0]])
        try:
            self._line.copy(self._way.place + name, body)
        finally:
            if scp is not None:
                self.type([scp[1]])

    def start_from(self, name: str) -> None:
        """Make a file the next start's, read that back, and save; raises PermissionError, Rejected, Unreachable."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")
        way, file = self._way, self._way.place + name
        if way.boot is not None and way.booted is not None:
            with self._open().patient(SLOW_S):
                self._open().converse(replace(way.boot, command=way.boot.command.replace("{file}", file)))
            if (told := self._asked(way.booted)) != file:
                raise Rejected(
                    f"{self._line.where}: its next start is from {told or 'nothing that it tells'}, not {file}"
                )
        self.save()
        self.forget()

    # --- who, and the login -------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Return who the switch says it is; asked once per session."""
        if self._identity is None:
            told: dict[str, str] = {}
            for reading in ("identity", "version"):  # most consoles tell both at once
                for record in self.records(reading) if self.has(reading) else ():
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

    def prove_enable(self, secret: str) -> None:
        """Find the secret of the privileged mode accepted, whether or not the account gets in without it.

        Raises Refused (`of_enable`), Unsupported where the console asks for none.
        """
        self._open().privileged_by(secret)
        self._enabled = True

    @property
    def credential_proven(self) -> bool:
        """True: a session exists only after its login was accepted."""
        return True

    def facts(self) -> dict[str, str]:
        """Return what the next session may start from; holds no secret."""
        return {HOST_KEY: self._line.fingerprint(), ENABLED: "yes" if self._enabled else "no"}
