"""Firmware on a switch: its files, its own checksum of them, and which it starts from, as its platform's file says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fleetctl.errors import Rejected
from fleetctl.protocols.ssh.platforms import Asked, Upgrade
from fleetctl.protocols.upload import Upload

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

SLOW_S: Final = 300.0  # how long a checksum of a whole image may take, or its unpacking


class Images:
    """The images on one switch; every method raises Rejected and Unreachable as the console does."""

    def __init__(self, session: Session, way: Upgrade) -> None:
        self._session, self._way = session, way

    def _asked(self, asked: Asked, file: str = "") -> str:
        """Return what is looked for in an answer, "" where it is not there."""
        console = self._session.console()
        with console.patient(SLOW_S):
            told = console.ask(asked.command.replace("{file}", file)).replace("\r", "")
        found = asked.match.search(told)
        return found["it"] if found else ""

    def uptime(self) -> str:
        """Return for how long the switch has been up, as it says it."""
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

    def put(self, name: str, body: Upload) -> None:
        """Copy a file there over SCP, which is let in for so long only; raises PermissionError, and as `scp.put`."""
        session, scp, is_on = self._session, self._way.scp, self._way.scp_on
        if is_on is not None and is_on.search(session.text("config").replace("\r", "")):
            scp = None
        if scp is not None:
            session.type([scp[0]])
        try:
            session.copy(self._way.place + name, body)
        finally:
            if scp is not None:
                session.type([scp[1]])

    def start_from(self, name: str) -> None:
        """Make a file the next start's where there is a choice, read that back, and save; raises PermissionError."""
        session, way, file = self._session, self._way, self._way.place + name
        session.may_write()
        if way.boot is not None and way.booted is not None:
            console = session.console()
            with console.patient(SLOW_S):
                console.converse(replace(way.boot, command=way.boot.command.replace("{file}", file)))
            if (told := self._asked(way.booted)) != file:
                raise Rejected(f"{session.where}: its next start is from {told or 'nothing that it tells'}, not {file}")
        session.save()
        session.forget()
