"""Power of one port, taken and given back: the technician's first remote tool."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from fleetctl.aspects.ports import Port
from fleetctl.drivers.switch import kit, ports
from fleetctl.errors import FleetctlError, Refused, Unreachable, Unsupported
from fleetctl.model import FrozenMap, Neighbour
from fleetctl.protocols import identities
from fleetctl.protocols.ssh.names import canonical

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

OFF_S: Final = 5.0  # long enough for the condensers of a camera


def cycle(session: Session, target: Neighbour) -> None:
    """Take a port's power, wait, give it back, and leave the settings as they were. Nothing is saved meanwhile.

    Raises Unsupported (no power on that port), Refused (an uplink, or a port that serves something else), Unreachable.
    """
    port = _guarded(session, target)
    limit_w = port.poe_limit_w if isinstance(port.poe_limit_w, float) else 0.0
    told: dict[str, Any] = {"port": target.port, "limit_w": limit_w}
    off, on = session.commands("poe", on=False, **told), session.commands("poe", on=True, **told)
    try:
        session.type(off)
        time.sleep(OFF_S)
    finally:
        _given_back(session, on, target)


def hold(session: Session, names: tuple[str, ...], enabled: bool) -> tuple[str, ...]:
    """Shut ports, or give them back; returns those that were otherwise. Nothing is saved: a restart gives them back.

    Raises Refused (an uplink), Unsupported (no such port).
    """
    told = ports.read(session).named
    now = told if isinstance(told, FrozenMap) else FrozenMap({})
    if gone := [name for name in names if name not in now]:
        raise Unsupported(f"{session.device.name} has no port {', '.join(gone)}; correct switch_port in the inventory")
    if ways := sorted(set(names) & kit.uplinks(session)):
        raise Refused(f"{', '.join(ways)} of {session.device.name} is an uplink, and is not shut")
    wrong = tuple(name for name in names if now[name].enabled is not enabled)
    if wrong:
        changes = [{"port": name, "vlan_now": now[name].access_vlan, "enabled": enabled} for name in wrong]
        session.type(session.commands("ports", ports=changes))
    return wrong


def _given_back(session: Session, on: tuple[str, ...], target: Neighbour) -> None:
    """Give the power back, over a new connection where the old one broke."""
    try:
        session.type(on)
    except Unreachable:
        session.close()
        try:
            session.type(on)
        except FleetctlError as error:
            raise Unreachable(
                f"{error}; {target.port} may be without power: log in and give it back, or restart the switch"
            ) from error


def _guarded(session: Session, target: Neighbour) -> Port:
    """Return the port as it is; raises where its power must not be taken."""
    named = ports.read(session).named
    port = named.get(target.port) if isinstance(named, FrozenMap) else None
    if not isinstance(port, Port):
        raise Unsupported(f"{session.device.name} has no port {target.port}; correct switch_port of {target.name}")
    if target.port in kit.uplinks(session) or port.access_vlan == ports.TRUNK:
        raise Refused(f"{target.port} of {session.device.name} is an uplink; its power is not touched")
    if not isinstance(port.poe, bool):
        raise Unsupported(f"{target.port} of {session.device.name} gives no power")
    if not port.poe:
        raise Refused(f"{target.port} of {session.device.name} is without power on purpose: plan and apply first")
    _serves_only(session, target)
    return port


def _serves_only(session: Session, target: Neighbour) -> None:
    own = identities.mac(target.mac_address)
    names = {identities.mac(each.mac_address): each.name for each in session.device.neighbours if each.mac_address}
    for record in session.records("macs", "mac"):
        mac, port = identities.mac(record["mac"]), canonical(record["port"])
        if port == target.port and mac and mac != own:
            raise Refused(
                f"{target.port} of {session.device.name} serves {names.get(mac, mac)}, not {target.name}: "
                "look at the wiring (audit), then correct the cable or switch_port"
            )
        if mac == own and port != target.port:
            raise Refused(
                f"{target.name} is on {port} of {session.device.name}, not on {target.port}: "
                "look at the wiring (audit), then correct the cable or switch_port"
            )
