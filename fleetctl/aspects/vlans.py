"""VLANs of a switch."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, FrozenMap, Kind, Unset, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Vlan:
    """One VLAN."""

    name: str | Unset = setting(
        "its name; switches take ASCII without spaces",
        pattern=r"[A-Za-z0-9_.-]{1,32}",
        source="IEEE 802.1Q, dot1qVlanStaticName",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Vlans:
    """The VLANs of a switch, by number."""

    numbered: FrozenMap[Vlan] | Unset = setting(
        'VLANs by number, in quotes: {"20": {name: camera}}',
        pattern=r"[1-9][0-9]{0,2}|[1-3][0-9]{3}|40[0-8][0-9]|409[0-4]",
        source="IEEE 802.1Q",
    )


ASPECT = Aspect(
    name="vlans",
    type=Vlans,
    kinds=frozenset({Kind.SWITCH}),
    disruption=Disruption.SERVICE,
    doc="VLANs and their names; VLAN 1 is always there",
)
