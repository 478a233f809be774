"""A Linux host at the wire, and the work of a rotation done on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from fleetctl import converge
from fleetctl.converge import alive, link
from fleetctl.errors import Refused, Rejected
from fleetctl.model import (
    Access,
    Device,
    Endpoint,
    Event,
    Finished,
    Kind,
    LoginJudged,
    Rotation,
    SecretRef,
    Step,
)
from fleetctl.operations.rotation import logins
from fleetctl.operations.rotation.turns import Holder, Job, Login, Patience, Turn
from fleetctl.operations.rotation.working import work
from fleetctl.protocols.identities import Identity
from fleetctl.vault import SecretBag

MACHINE = "0123456789abcdef0123456789abcdef"
KIOSK = Device(
    name="kiosk",
    kind=Kind.KIOSK,
    site="s",
    platform="linux",
    user="fleetctl",
    serial_number=MACHINE,
    endpoint=Endpoint(address="10.1.1.1"),
)


@dataclass
class Host:
    """A host at the wire: its accounts, and what was asked of it in what order."""

    passwords: dict[str, str] = field(default_factory=lambda: {"fleetctl": "Old-1", "lanhdao": "Old-2"})
    root: frozenset[str] = frozenset({"fleetctl"})
    ignores: bool = False
    errs: bool = False
    order: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def open(self, device: Device, *, password: str | None, access: Access = Access.READ, **_: Any) -> Session:
        return Session(self, device.user, password, access)

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, LoginJudged):
            self.order.append(f"{event.account} {'in' if event.accepted else 'out'}")

    def confirm(self, event: Event) -> None:
        assert event.durable
        self.events.append(event)
        if isinstance(event, Rotation):
            self.order.append(event.step.value)

    def stopped(self) -> bool:
        return False

    def see_through(self) -> None: ...


@dataclass
class Session:
    host: Host
    user: str
    password: str | None
    access: Access
    credential_proven = False

    def log_in(self) -> None:
        if self.host.passwords.get(self.user) != self.password:
            raise Refused("SSH refuses the password", credential=True)

    def prove(self) -> None:
        self.log_in()
        if self.user not in self.host.root:
            raise Refused(f"{self.user} may not become root")

    def identity(self) -> Identity:
        self.log_in()
        return Identity(manufacturer="", model="", firmware="Debian", serial_number=MACHINE, mac_address="")

    def set_password(self, name: str, password: str) -> None:
        assert self.access is Access.WRITE
        self.prove()
        if not self.host.ignores:
            self.host.passwords[name] = password
        self.host.order.append(f"set {name}")
        if self.host.errs:
            raise Rejected("chpasswd failed")

    def alive(self) -> bool:
        return True

    def facts(self) -> Mapping[str, str]:
        return {}

    def close(self) -> None: ...


def playing(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Put a host where sessions are opened."""
    made = Host()
    for module in (link, logins, alive):
        monkeypatch.setattr(module, "opener", lambda _protocol: made.open)
    return made


def rotated(host: Host, account: str, step: Step | None = None, holders: tuple[Holder, ...] = ()) -> Finished:
    """Give an account of the kiosk another password, or settle what was cut off; returns how that ended."""
    old = Login(user=account, password="Old-1" if account == "fleetctl" else "Old-2", fingerprint="old")
    turn = Turn(old=old, new=Login(user=account, password="New-3", fingerprint="new"), step=step, holders=holders)
    secrets = SecretBag({SecretRef(device="kiosk", account="fleetctl"): "Old-1"})
    acting = converge.Job(device=KIOSK, secrets=secrets, fingerprint="f", proven=True)
    work("kiosk", Job(device=KIOSK, acting=acting, turns=(turn,), patience=Patience(up_s=1.0, poll_s=0.01)), host)
    (finished,) = (event for event in host.events if isinstance(event, Finished))
    return finished
