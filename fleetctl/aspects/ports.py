"""Ports of a switch: what is on them, in which VLAN, with how much power; what is unused is shut."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, FrozenMap, Kind, Unset, setting
from fleetctl.protocols.ssh.names import canonical

_PORT = r"[A-Za-z][A-Za-z-]*[0-9]+(?:/[0-9]+)*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port."""

    description: str | Unset = setting(
        "what is on the port; where the inventory wires a device to it (switch_port), that device's name",
        source="RFC 2863, ifAlias",
    )
    enabled: bool | Unset = setting("the port is on", source="RFC 2863, ifAdminStatus")
    access_vlan: int | Unset = setting(
        "VLAN of what is on the port, untagged; -1 is told of a trunk", minimum=1, maximum=4094, source="IEEE 802.1Q"
    )
    poe: bool | Unset = setting("the port gives power", source="RFC 3621, pethPsePortAdminEnable")
    poe_limit_w: float | Unset = setting(
        "most power the port gives; 0: what the class of the device says",
        unit="W",
        minimum=0,
        maximum=90,
        source="IEEE 802.3bt; Cisco IOS, power inline auto max",
    )
    storm_control_percent: float | Unset = setting(
        "broadcasts above this share of the port are dropped; 0: no limit",
        unit="%",
        minimum=0,
        maximum=100,
        source="Cisco IOS, storm-control broadcast level",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of a switch."""

    named: FrozenMap[Port] | Unset = setting(
        "ports by name (gi1/0/3, ether5); the key `wired` is what holds for each port that the inventory wires a "
        "device to, `camera` for those of cameras",
        pattern=_PORT + "|wired|camera",
        source="RFC 2863, ifName",
    )
    unused_enabled: tuple[str, ...] | Unset = setting(
        "ports that are on though nothing is wired to them, they have no description and are no trunk; [] shuts them",
        pattern=_PORT,
        source="CIS Cisco IOS Benchmark, unused ports",
    )

    def __post_init__(self) -> None:
        """Give every port its one name."""
        if isinstance(self.named, FrozenMap):
            object.__setattr__(self, "named", FrozenMap({canonical(name): port for name, port in self.named.items()}))
        if isinstance(self.unused_enabled, tuple):
            object.__setattr__(self, "unused_enabled", tuple(sorted({canonical(p) for p in self.unused_enabled})))


ASPECT = Aspect(
    name="ports",
    type=Ports,
    kinds=frozenset({Kind.SWITCH}),
    disruption=Disruption.REACH,
    doc="Description, VLAN, power and broadcast limit of each port; unused ports are shut",
    after=("vlans",),
)
