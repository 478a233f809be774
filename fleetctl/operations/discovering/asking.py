"""Whom to ask who is there, in which ways; nothing is logged in to but the switches of the inventory."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from fleetctl import converge
from fleetctl.catalog import Registry
from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported, UsageError
from fleetctl.model import Access, Device, Endpoint, Kind
from fleetctl.operations.device import Recorder
from fleetctl.operations.discovering.sightings import (
    Sighting,
    merged,
    of_announced,
    of_found,
    together,
    vendor_of,
)
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols import dhip, discovery, identities, opener, sadp
from fleetctl.protocols.announcing import short
from fleetctl.protocols.identities import Identity

MOST_ADDRESSES: Final = 4096
"""More addresses are not asked in one call: an IPv4 network of /20."""

_AT_ONCE: Final = 48  # connections under way; most addresses of a range are empty and take the whole time
_THROUGH_RELAY: Final = 6
_ANSWER_S: Final = 3.0
_GENERIC: Final = "onvif"
_NEIGHBOURS: Final = Path("/proc/net/arp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Whom to ask: everybody on the network of `interface` (None: nobody), single addresses, switches' tables.

    `ports` are the UDP ports by protocol, where they are not the usual ones.
    """

    interface: str | None = ""
    addresses: tuple[str, ...] = ()
    port: int = 80
    via: str = ""
    switches: tuple[Device, ...] = ()
    wait_s: float = 2.0
    ports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of it: the devices, and which ways did not work, with why."""

    seen: tuple[Sighting, ...]
    failed: tuple[str, ...]
    asked: int  # single addresses


def addresses(ranges: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses of ranges (10.20.1.0/24, 10.20.1.10-10.20.1.40, 10.20.1.64), each once.

    Raises UsageError for what is no IPv4 range, and for more than `MOST_ADDRESSES`.
    """
    found: dict[str, None] = {}
    for told in ranges:
        try:
            first, last = _ends(told)
        except ValueError:
            raise UsageError(
                f"--range {told}: write a network (10.20.1.0/24), a span (10.20.1.10-10.20.1.40) or an IPv4 address"
            ) from None
        count = int(last) - int(first) + 1
        if count < 1:
            raise UsageError(f"--range {told} runs backwards: write the smaller address first")
        if len(found) + count > MOST_ADDRESSES:
            raise UsageError(
                f"--range {told}: {len(found) + count} addresses; at most {MOST_ADDRESSES} are asked in one call. Name "
                "the networks in which the cameras are"
            )
        found |= dict.fromkeys(str(first + n) for n in range(count))
    return tuple(found)


def _ends(told: str) -> tuple[ipaddress.IPv4Address, ipaddress.IPv4Address]:
    """Return the first and the last address of a range; of a network those that are devices'."""
    if "-" in told:
        first, _, last = told.partition("-")
        return ipaddress.IPv4Address(first.strip()), ipaddress.IPv4Address(last.strip())
    network = ipaddress.IPv4Network(told.strip(), strict=False)
    if network.prefixlen >= 31:
        return network[0], network[-1]
    return network[1], network[-2]


def asked(workspace: Workspace, where: Where, *, tick: Callable[[int], None] = lambda _: None) -> Asked:
    """Ask in every way that was chosen; `tick` is told how many single addresses are left.

    Order: announcements and probes to everybody, probes to single addresses, then a connection without a login to
    each single address and to each device that did not tell all, then the tables of switches. Raises Unreachable and
    Refused where the relay is not reached.
    """
    if where.via:
        from fleetctl.protocols import tunnel  # paramiko costs 15 MB: only where there is a relay

        tunnel.reach(where.via, workspace.known_hosts)  # else each address would seem empty
    seen: list[Sighting] = []
    failed: list[str] = []
    ways = (*_everybody(where, workspace.registry), *_probed(where, workspace.registry))
    with ThreadPoolExecutor(4, "discover") as pool:
        for told in pool.map(_heard, ways):
            if isinstance(told, str):
                failed.append(told)
            else:
                seen += told
    known = together(seen)
    knocks = _knocks(known, where)
    seen += _knocked(workspace, knocks, where, tick)
    if not where.via:
        near = neighbours()
        seen = [s if s.mac_address else replace(s, mac_address=near.get(s.address, "")) for s in seen]
    found = together(seen)
    seats: dict[str, tuple[str, str]] = {}
    for switch in where.switches:
        try:
            seats |= {mac: (switch.name, port) for mac, port in table(workspace, switch).items()}
        except FleetctlError as error:
            failed.append(f"{switch.name}: {error}")
    return Asked(seen=_seated(found, seats), failed=tuple(failed), asked=len(where.addresses))


Way = Callable[[], Iterable[Sighting]]


def _heard(way: Way) -> list[Sighting] | str:
    """Return what one way of asking brings, or why it does not work."""
    try:
        return list(way())
    except Unreachable as error:
        return str(error)


def _everybody(where: Where, registry: Registry) -> tuple[Way, ...]:
    """Return the ways to ask everybody near by: what makers' devices announce, then what answers a probe."""
    if where.interface is None:
        return ()
    options: dict[str, Any] = {"interface": where.interface, "wait_s": where.wait_s}

    def announced(way: str, maker: Any) -> Way:
        port = where.ports.get(way, maker.PORT)
        return lambda: (of_announced(told, way) for told in maker.probe(**options, port=port))

    port = where.ports.get("discovery", discovery.PORT)
    return (
        announced("sadp", sadp),
        announced("dhip", dhip),
        lambda: (of_found(found, registry) for found in discovery.probe(**options, port=port)),
    )


def _probed(where: Where, registry: Registry) -> tuple[Way, ...]:
    """Return the way to probe single addresses; UDP does not pass a relay."""
    if not where.addresses or where.via:
        return ()
    port = where.ports.get("discovery", discovery.PORT)
    options: dict[str, Any] = {"port": port, "wait_s": where.wait_s}
    return (lambda: (of_found(found, registry) for found in discovery.probe(where.addresses, **options)),)


def _knocks(known: Iterable[Sighting], where: Where) -> list[Sighting]:
    """Return whom to connect to: who did not tell all, and single addresses that did not answer.

    Where two devices have one address nobody can say which of them would answer.
    """
    known = tuple(known)
    there = [each.address for each in known]
    left = [each for each in known if not each.told_whole and there.count(each.address) == 1]
    silent = dict.fromkeys(where.addresses)
    for address in there:
        silent.pop(address, None)
    return left + [Sighting(address=address, port=where.port, via=where.via) for address in silent]


def _knocked(
    workspace: Workspace, knocks: Sequence[Sighting], where: Where, tick: Callable[[int], None]
) -> list[Sighting]:
    found: list[Sighting] = []
    hosts = workspace.known_hosts if where.via else ""
    with ThreadPoolExecutor(_THROUGH_RELAY if where.via else _AT_ONCE, "discover") as pool:
        left = len(knocks)
        for told in pool.map(lambda each: knock(each, workspace.registry, hosts), knocks):
            left -= 1
            tick(left)
            if told is not None:
                found.append(told)
    return found


def knock(seen: Sighting, registry: Registry, known_hosts: str) -> Sighting | None:
    """Connect to a device without a login and return what it tells then, None where nothing is there.

    Each protocol by which makers' devices are activated is tried until one is spoken, then ONVIF.
    """
    endpoint = Endpoint(address=seen.address, port=seen.port, via=seen.via, timeout_s=_ANSWER_S)
    device = Device(name=seen.address, kind=seen.kind or Kind.CAMERA, site="", endpoint=endpoint)
    makers = [
        (driver.name, action.protocol)
        for driver in registry.drivers.values()
        for action in driver.actions
        if action.name == "activate" and seen.vendor in ("", driver.name)
    ]
    told: Sighting | None = None
    for vendor, protocol in ((_GENERIC, _GENERIC), *makers):
        try:
            answer = _without_login(device, vendor, protocol, registry, known_hosts)
        except Unreachable:
            if told is None:
                return None
            continue
        except (Unsupported, BadAnswer, Rejected, Refused):
            continue
        told = answer if told is None else merged(told, answer)
        if told.factory_new or vendor != _GENERIC:
            break
    return told if told is None else replace(told, ways=("http",))


def _without_login(device: Device, vendor: str, protocol: str, registry: Registry, known_hosts: str) -> Sighting:
    """Return what one protocol tells without a login; raises what its first contact raises."""
    options: dict[str, Any] = {"password": None, "access": Access.READ, "facts": {}, "known_hosts": known_hosts}
    with closing(opener(protocol)(device, **options)) as session:
        new: bool | None = getattr(session, "inactive", None)
        identity = Identity()
        if not new:
            try:
                session.prove()
                identity, new = session.identity(), True  # whoever comes is let in: it has no account yet
            except (Refused, Unsupported, BadAnswer, Rejected):
                # Where its maker ships a login nobody can say whether it is still that.
                new = False if vendor != _GENERIC and not registry.drivers[vendor].default_logins else None
    named = vendor_of(registry, identity.manufacturer) if vendor == _GENERIC else vendor
    return Sighting(
        address=device.endpoint.address,
        port=device.endpoint.port,
        via=device.endpoint.via,
        vendor=named,
        model=short(identity.model),
        serial_number=short(identity.serial_number),
        mac_address=identity.mac_address,
        firmware=short(identity.firmware),
        factory_new=new,
    )


def neighbours(table: Path = _NEIGHBOURS) -> Mapping[str, str]:
    """Return the MAC addresses that this machine has of addresses on its own networks: it has just spoken to them."""
    try:
        lines = table.read_text("ascii", "replace").splitlines()[1:]
    except OSError:
        return {}
    rows = (line.split() for line in lines)
    return {row[0]: mac for row in rows if len(row) > 3 and (mac := identities.mac(row[3]))}


def table(workspace: Workspace, switch: Device) -> Mapping[str, str]:
    """Return the MAC addresses that a switch of the inventory sees, each with its port; those of uplinks left out.

    It is logged in to as for an audit, within the budget. Raises Refused, Unreachable, BadAnswer, Unsupported.
    """
    with workspace.journal.run("discover", {"switch": switch.name}) as record:
        task = job(workspace, switch)
        with converge.linked(task, Access.READ, Recorder(record)) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "seen")
            if action is None:
                raise Unsupported(f"{switch.name}: fleetctl cannot read its table of MAC addresses")
            told: Mapping[str, str] = action.run(link.session(action.protocol), None)
    return told


def _seated(found: Iterable[Sighting], seats: Mapping[str, tuple[str, str]]) -> tuple[Sighting, ...]:
    """Return the devices with their ports; what a switch sees and nothing told is left out: it may be anything."""
    placed = []
    for each in found:
        switch, port = seats.get(each.mac_address, ("", ""))
        placed.append(replace(each, switch=switch, switch_port=port) if switch else each)
    return tuple(placed)
