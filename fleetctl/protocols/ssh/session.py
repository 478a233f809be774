"""A session with one switch: readings by name, commands from templates, the revert that guards the way to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
from fleetctl.protocols.ssh.platforms import Platform
from fleetctl.protocols.upload import Upload

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

    def console(self) -> console.Console:
        """Return the console, for a dialogue of its own."""
        return self._open()

    # --- writing ----------------------------------------------------------------------------------

    def may_write(self) -> None:
        """Raise PermissionError in a READ session."""
        if self.access is not Access.WRITE:
            raise PermissionError(f"{self.device.name}: this session only reads")

    def copy(self, path: str, body: Upload) -> None:
        """Copy a file there over SCP; raises PermissionError, and as `scp.put`."""
        self.may_write()
        self._line.copy(path, body)

    @property
    def where(self) -> str:
        """Which switch it is, for messages."""
        return self._line.where

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
        self.may_write()
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
        self.may_write()
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
        self.may_write()
        if self.platform.save is not None:
            self._open().converse(self.platform.save)

    def reboot(self) -> None:
        """Restart the switch; the connection is gone then. Raises PermissionError in a READ session, Unsupported."""
        self.may_write()
        if self.platform.reboot is None:
            raise Unsupported(f"fleetctl does not know how to restart {self.platform.name}")
        self._open().part(self.platform.reboot)
        self.close()

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
