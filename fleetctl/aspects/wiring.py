"""Wiring: which port each device is really on. Compared with the inventory; mended by hand, never written."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, FrozenMap, Kind, Unset, setting
from fleetctl.protocols.ssh.names import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where one device is plugged in."""

    port: str | Unset = setting(
        "port of this switch; the device's own `switch_port` says it", source="IEEE 802.1Q, dot1qTpFdbPort; 802.1AB"
    )

    def __post_init__(self) -> None:
        """Give the port its one name."""
        if isinstance(self.port, str):
            object.__setattr__(self, "port", canonical(self.port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What is plugged in where."""

    devices: FrozenMap[Seat] | Unset = setting(
        "devices of the site by name, and their ports; comes from `switch_port` of each device",
        source="IEEE 802.1Q, dot1qTpFdbTable",
    )
    unknown: tuple[str, ...] | Unset = setting(
        "MAC addresses in the cameras' VLAN that belong to no device of the inventory, each with its port; [] is right",
        source="IEEE 802.1Q, dot1qTpFdbTable",
    )
    slow: tuple[str, ...] | Unset = setting(
        "ports with a link at half duplex or 10 Mb/s: a bad cable or plug; [] is right",
        source="RFC 3635, dot3StatsDuplexStatus",
    )


ASPECT = Aspect(
    name="wiring",
    type=Wiring,
    kinds=frozenset({Kind.SWITCH}),
    disruption=Disruption.NONE,
    doc="Which port each device is on by the switch's MAC addresses and LLDP, what is unknown there, links that are "
    "slow; a person mends it",
    after=("ports",),
    applied_by="",
)
