"""Scans aspects, drivers and entry points once and returns what it found: a Registry, a value."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

from fleetctl.catalog import roles
from fleetctl.catalog.roles import Role
from fleetctl.model import UNSET, Action, Aspect, Cell, Device, Driver, FrozenMap, Kind

ENTRY_POINTS = "fleetctl.extensions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that is known of settings and vendors. Names are unique; order is by name."""

    aspects: Mapping[str, Aspect]  # all there are, as the inventory may set them
    drivers: Mapping[str, Driver]
    cells: Mapping[tuple[str, str], Cell]  # (aspect, protocol)
    roles: Mapping[str, Role] = FrozenMap()
    of_hosts: Mapping[str, Aspect] = FrozenMap()
    own: Mapping[str, Aspect] = FrozenMap()  # those of `aspects` whose types are others for devices

    @property
    def of_devices(self) -> Mapping[str, Aspect]:
        """The aspects of what is no host."""
        return {**{n: a for n, a in self.aspects.items() if n not in self.of_hosts}, **self.own}

    def aspects_of(self, kind: Kind) -> tuple[Aspect, ...]:
        """Return the aspects of a kind in the order in which they are written: risk last, `after` kept."""
        return _ordered(tuple(a for a in self.of_devices.values() if kind in a.kinds))

    def aspects_for(self, device: Device) -> tuple[Aspect, ...]:
        """Return the aspects of a device in the order in which they are written; those of a host are its roles."""
        if not device.is_host:
            return self.aspects_of(device.kind)
        return _ordered(tuple(a for a in self.of_hosts.values() if a.of(device)))

    @property
    def hosts_in_order(self) -> tuple[Aspect, ...]:
        """The aspects of hosts in the order in which they are written."""
        return _ordered(tuple(self.of_hosts.values()))

    @property
    def types(self) -> Mapping[str, type[Any]]:
        """The types of all aspects by their own names, for what was written down to be read again."""
        every = (*self.of_devices.values(), *self.of_hosts.values())
        return {aspect.type.__name__: aspect.type for aspect in every}

    def protocols_of(self, device: Device) -> tuple[str, ...]:
        """Return the protocols to greet a device with; empty when no driver knows its kind or its platform."""
        others = () if device.is_host else (self.drivers["onvif"], *self.drivers.values())
        for driver in (*self._named(device), *others):
            if device.kind in driver.kinds:
                return driver.speaks(device.kind)
        return ()

    def _named(self, device: Device) -> Iterator[Driver]:
        """Yield the drivers that the inventory means: its platform's, and its vendor's by name or as a known brand."""
        vendor = device.vendor.strip().lower()
        for driver in self.drivers.values():
            known = driver.name == vendor or (driver.name != "onvif" and bool(vendor) and driver.recognises(vendor, ""))
            if device.kind in driver.kinds and (driver.name == device.platform if device.is_host else known):
                yield driver

    def greetings(self, device: Device) -> tuple[str, ...]:
        """Return the protocols by which to find out what a device is: its vendor's first, then every other.

        Only recorders are asked in several ways; the inventory may name the wrong maker, or none.
        """
        own = self.protocols_of(device)
        if device.kind is not Kind.NVR or device.is_host:
            return own[:1]
        able = [driver for driver in self.drivers.values() if device.kind in driver.kinds and driver.name != "linux"]
        others = [protocol for driver in able for protocol in driver.speaks(device.kind)]
        generic = set(self.drivers["onvif"].protocols)  # what many speak tells least: asked last
        return tuple(dict.fromkeys(sorted((*own, *others), key=lambda protocol: protocol in generic)))

    def driver_of(self, device: Device, manufacturer: str, model: str) -> Driver:
        """Return the driver of a host's platform, or that which recognises what the device says it is, else `onvif`."""
        if device.is_host and (own := self.drivers.get(device.platform)) is not None:
            return own
        for driver in self.drivers.values():
            if driver.name != "onvif" and device.kind in driver.kinds and driver.recognises(manufacturer, model):
                return replace(driver, protocols=driver.speaks(device.kind))
        return self.drivers["onvif"]

    def first_account(self, device: Device) -> str:
        """Return the account by which a factory-new device is taken in, "" where there is no such thing.

        A recorder whose maker the inventory does not name may be any; a camera is what its inventory says.
        """
        if device.kind not in (Kind.CAMERA, Kind.NVR) or device.is_host:
            return ""
        own = next(self._named(device), None)
        if own is not None or device.kind is not Kind.NVR:
            return own.first_account if own is not None else ""
        able = (d for d in self.drivers.values() if device.kind in d.kinds and d.first_account)
        return next((driver.first_account for driver in able), "")

    def actions_of(self, device: Device, name: str) -> tuple[Action, ...]:
        """Return every driver's action of a name; that of the maker whom the inventory names comes first."""
        named = next(self._named(device), None)
        drivers = sorted(self.drivers.values(), key=lambda driver: driver is not named)
        return tuple(action for driver in drivers for action in driver.actions if action.name == name)

    def cell(self, driver: Driver, aspect: str, expected: Any = None) -> Cell | None:
        """Return the best cell: the driver's own, else the aspect's, in the driver's order of protocols.

        A cell over the maker's own interface comes first where something is expected that only it can reach.
        """
        for cell in driver.better:
            if cell.aspect == aspect and asks(cell, expected):
                return cell
        for protocol in driver.protocols:
            for cell in driver.cells:
                if (cell.aspect, cell.protocol) == (aspect, protocol):
                    return cell
            if (found := self.cells.get((aspect, protocol))) is not None:
                return found
        return None

    def action(self, driver: Driver, name: str) -> Action | None:
        """Return the driver's action of that name in a protocol it speaks, else the generic driver's."""
        generic = self.drivers["onvif"]
        for owner in (driver, generic) if set(generic.protocols) & set(driver.protocols) else (driver,):
            for action in owner.actions:
                if action.name == name and action.protocol in owner.protocols:
                    return action
        return None


def asks(cell: Cell, expected: Any) -> bool:
    """Return whether an aspect's expected value has a field that only this cell can reach."""
    return any(getattr(expected, field, UNSET) is not UNSET for field in cell.beyond)


def _ordered(aspects: tuple[Aspect, ...]) -> tuple[Aspect, ...]:
    """Sort by disruption, then name, and keep every `after`."""
    waiting = sorted(aspects, key=lambda a: (a.disruption, a.name))
    names = {a.name for a in aspects}
    done: list[Aspect] = []
    while waiting:
        placed = {a.name for a in done}
        ready = next((a for a in waiting if all(n in placed or n not in names for n in a.after)), None)
        if ready is None:
            raise ValueError(f"aspects wait for each other: {', '.join(a.name for a in waiting)}")
        waiting.remove(ready)
        done.append(ready)
    return tuple(done)


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(root.__path__), key=lambda i: i.name):
        yield importlib.import_module(f"{package}.{info.name}")
    for point in entry_points(group=ENTRY_POINTS):
        module = point.load()
        if isinstance(module, ModuleType):
            yield module


@lru_cache(maxsize=1)
def device_aspects() -> Mapping[str, Aspect]:
    """Return the aspects that `fleetctl.aspects` defines; raises ValueError when two bear one name."""
    aspects: dict[str, Aspect] = {}
    for module in _modules("fleetctl.aspects"):
        aspect = getattr(module, "ASPECT", None)
        if isinstance(aspect, Aspect) and aspects.setdefault(aspect.name, aspect) is not aspect:
            raise ValueError(f"two aspects are named {aspect.name}")
    return aspects


def _cells() -> dict[tuple[str, str], Cell]:
    owners = (module for module in _modules("fleetctl.aspects") if isinstance(getattr(module, "ASPECT", None), Aspect))
    return {(cell.aspect, cell.protocol): cell for module in owners for cell in getattr(module, "CELLS", ())}


def _all(own: Mapping[str, Aspect], hosts: Mapping[str, Aspect]) -> dict[str, Aspect]:
    """Return every aspect; one that devices and hosts share has the hosts' type, which is the device's and more."""
    found = {**hosts, **own}
    for name in own.keys() & hosts.keys():
        found[name] = replace(own[name], type=hosts[name].type, host_kinds=hosts[name].host_kinds)
    return dict(sorted(found.items()))


@lru_cache(maxsize=1)
def load() -> Registry:
    """Scan once per process. Raises ValueError when two things bear one name."""
    own = device_aspects()
    hosts = {name: roles.aspect(role, own.get(name)) for name, role in roles.roles().items()}
    drivers: dict[str, Driver] = {}
    for module in _modules("fleetctl.drivers"):
        driver = getattr(module, "DRIVER", None)
        if isinstance(driver, Driver) and drivers.setdefault(driver.name, driver) is not driver:
            raise ValueError(f"two drivers are named {driver.name}")
    return Registry(
        aspects=_all(own, hosts),
        drivers=dict(sorted(drivers.items())),
        cells=_cells(),
        roles=roles.roles(),
        of_hosts=hosts,
        own=own,
    )
