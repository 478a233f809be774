"""Devices as the inventory has them, what they should be and what they are."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from fleetctl.model.values import FrozenMap, Kind, Outcome, Place
from fleetctl.model.waivers import Waiver

HOST_PLATFORMS: Final = ("linux", "windows")


class Access(enum.StrEnum):
    """What a session may send. A READ session cannot send a writing request, whatever asks it to."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """How a device is reached; everything comes from the inventory, nothing from the device."""

    address: str
    port: int = 80
    scheme: Literal["http", "https"] = "http"
    path: str = "/onvif/device_service"
    tls_ca_file: str = ""  # PEM; empty: the system's store
    tls_fingerprint: str = ""  # SHA-256, hex; when given it alone decides
    rtsp_port: int = 554
    ssh_port: int = 22
    ssh_key_file: str = ""  # private key; empty: the agent's and the usual files
    via: str = ""  # user@relay[:port]: everything goes through this SSH host
    timeout_s: float = 10.0

    @property
    def spot(self) -> str:
        """Where it is reached, as one word: two devices behind one address have different ones."""
        return f"{self.via} {self.address}:{self.port}:{self.ssh_port}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another device of a switch's site; `port` is where the inventory has it on that switch, "" for elsewhere."""

    name: str
    kind: Kind
    mac_address: str = ""
    port: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One piece of equipment as the inventory has it."""

    name: str
    kind: Kind
    site: str
    area: str = ""
    vendor: str = ""
    model: str = ""
    platform: str = ""
    desk: str = ""
    serial_number: str = ""
    mac_address: str = ""
    endpoint: Endpoint
    user: str = ""  # account fleetctl logs in with; its password is SecretRef(name, user)
    behind: str = ""  # name of the recorder through which alone it is reached, by its `channel`
    channel: int = 0
    switch: str = ""  # name of the switch it is on; "" is the site's only one
    switch_port: str = ""
    neighbours: tuple[Neighbour, ...] = ()  # of a switch: the other devices of its site
    audit_only: bool = False
    uplink: str = ""  # devices with the same uplink share its limit; default: the site
    groups: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def port(self) -> int:
        """TCP port of the protocol that the device is spoken to by first: a switch's and a host's is SSH."""
        return self.endpoint.ssh_port if self.is_host or self.kind is Kind.SWITCH else self.endpoint.port

    @property
    def is_host(self) -> bool:
        """Whether it is a computer: its settings are roles' (linux), or nobody's but listed (windows)."""
        return self.platform in HOST_PLATFORMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one aspect of one device should be.

    `value` is the aspect's type; UNSET fields are not managed. `places` tells for "field" or "field.key"
    where it was written. `exclusive` names keyed fields whose unnamed items are to be removed. `needs`
    names the other devices this one waits for. `waivers` are those of the aspect that are in force; `ended` those whose
    time is over although the device's own lines still expect what it had (`Waiver.learned`). `left_to` is the command
    that writes what differs, where it is told only: a gap that is pending.
    """

    aspect: str
    value: Any
    places: Mapping[str, Place] = FrozenMap()
    exclusive: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    ended: tuple[Waiver, ...] = ()
    left_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one aspect of one device is: `value`, or None with the outcome and reason that prevented it."""

    aspect: str
    value: Any = None
    outcome: Outcome | None = None
    reason: str = ""
