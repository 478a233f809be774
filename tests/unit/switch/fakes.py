"""A console made of a capture: it answers what was written down, and keeps what is typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleetctl.errors import Rejected
from fleetctl.model import Access, Device, Endpoint, FrozenMap, Kind, Neighbour, SecretRef
from fleetctl.protocols.ssh import platforms
from fleetctl.protocols.ssh.platforms import Dialogue
from fleetctl.protocols.ssh.session import Session

CAPTURES = Path(__file__).parent / "captures"
PLATFORMS = tuple(sorted(path.stem for path in CAPTURES.glob("*.txt")))
CAMERA = "c0:56:e3:17:ee:38"
PASSWORD = "Typed-once-7"

# The ports of every capture: a camera, one that is shut, one with a bad cable, and the uplink.
PORTS = {
    "cisco_ios": ("fa0/1", "fa0/2", "fa0/3", "gi0/1"),
    "tplink_jetstream": ("gi1/0/1", "gi1/0/2", "gi1/0/3", "gi1/0/25"),
    "planet": ("gi1/1", "gi1/2", "gi1/3", "gi1/12"),
    "ruijie_os": ("gi0/1", "gi0/2", "gi0/3", "gi0/28"),
    "mikrotik_routeros": ("ether1", "ether2", "ether3", "sfp-sfpplus1"),
    "hp_comware": ("gi1/0/1", "gi1/0/2", "gi1/0/3", "gi1/0/25"),
}


class Secrets:
    """One password for every account."""

    def reveal(self, ref: SecretRef) -> str:
        del ref
        return PASSWORD


def capture(platform: str) -> dict[str, str]:
    """Return command -> what it prints."""
    parts = re.split(r"^### (.*)\n", (CAPTURES / f"{platform}.txt").read_text("utf-8"), flags=re.MULTILINE)
    return {command: answer.rstrip("\n") + "\n" for command, answer in zip(parts[1::2], parts[2::2], strict=True)}


class FakeConsole:
    """What `console.Console` is to a session; `typed` is everything that would change the switch."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers, self.typed, self.said = answers, list[str](), list[str]()
        self.refuses, self.enabled = "", False

    def ask(self, command: str) -> str:
        return self.answers[command]

    def converse(self, talk: Dialogue) -> str:
        self.said.append(talk.command)
        return talk.good

    def configure(self, commands: Sequence[str], hidden: Sequence[str] = ()) -> None:
        for command in commands:
            self.typed.append(command)
            if self.refuses and self.refuses in command:
                raise Rejected("% Invalid input", code="console")

    def close(self) -> None:
        """Nothing to close."""


class FakeLine:
    """A line to the fake console."""

    where = "sw (10.20.1.3)"

    def __init__(self, console: FakeConsole) -> None:
        self.console, self.opened, self.broken = console, 0, False

    def open(self) -> Any:
        from fleetctl.errors import Unreachable

        self.opened += 1
        if self.broken and self.opened > 1:
            raise Unreachable("no connection")
        return self.console

    def fingerprint(self) -> str:
        return "SHA256:x"


def device(platform: str, *, mac: str = CAMERA, extra: tuple[Neighbour, ...] = ()) -> Device:
    """Return the switch with one camera on its first port."""
    port = PORTS[platform][0]
    camera = Neighbour(name="cam-01", kind=Kind.CAMERA, mac_address=mac, port=port)
    return Device(
        name="sw",
        kind=Kind.SWITCH,
        site="viet_hung",
        platform=platform,
        user="fleetctl",
        endpoint=Endpoint(address="10.20.1.3"),
        neighbours=(camera, *extra),
    )


def session(platform: str, *, access: Access = Access.WRITE, told: Device | None = None, **answers: str) -> Session:
    """Return a session with the platform's capture; `answers` replace readings by name."""
    known = capture(platform)
    for name, text in answers.items():
        known[platforms.all_platforms()[platform].readings[name].command] = text
    line: Any = FakeLine(FakeConsole(known))
    return Session(told or device(platform), access, platforms.all_platforms()[platform], line)


def console(of: Session) -> FakeConsole:
    """Return the fake console of a session."""
    found: Any = of._line
    return found.console


__all__ = ["PLATFORMS", "FrozenMap", "Secrets", "capture", "console", "device", "session"]
