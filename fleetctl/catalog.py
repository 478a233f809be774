"""Scans aspects, drivers and entry points once and returns what it found: a Registry, a value."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import entry_points
from types import ModuleType

from fleetctl.model import Action, Aspect, Cell, Driver, Kind

ENTRY_POINTS = "fleetctl.extensions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that is known of settings and vendors. Names are unique; order is by name."""

    aspects: Mapping[str, Aspect]
    drivers: Mapping[str, Driver]
    cells: Mapping[tuple[str, str], Cell]  # (aspect, protocol)

    def aspects_of(self, kind: Kind) -> tuple[Aspect, ...]:
        """Return the aspects of a kind in the order in which they are written: risk last, `after` kept."""
        return _ordered(tuple(a for a in self.aspects.values() if kind in a.kinds))

    def protocols_of(self, kind: Kind, vendor: str) -> tuple[str, ...]:
        """Return the protocols to greet a device with; empty when no driver knows the kind."""
        for driver in self.drivers.values():
            if driver.name == vendor.lower() and kind in driver.kinds:
                return driver.protocols
        generic = self.drivers["onvif"]
        return generic.protocols if kind in generic.kinds else ()

    def driver_of(self, kind: Kind, manufacturer: str, model: str) -> Driver:
        """Return the driver that recognises what the device says it is, else the generic one (`onvif`)."""
        for driver in self.drivers.values():
            if driver.name != "onvif" and kind in driver.kinds and driver.recognises(manufacturer, model):
                return driver
        return self.drivers["onvif"]

    def cell(self, driver: Driver, aspect: str) -> Cell | None:
        """Return the best cell: the driver's own, else the aspect's, in the driver's order of protocols."""
        for protocol in driver.protocols:
            for cell in driver.cells:
                if (cell.aspect, cell.protocol) == (aspect, protocol):
                    return cell
            if (found := self.cells.get((aspect, protocol))) is not None:
                return found
        return None

    def action(self, driver: Driver, name: str) -> Action | None:
        """Return the driver's action of that name, else the generic driver's."""
        for owner in (driver, self.drivers["onvif"]):
            for action in owner.actions:
                if action.name == name:
                    return action
        return None


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
def load() -> Registry:
    """Scan once per process. Raises ValueError when two things bear one name."""
    aspects: dict[str, Aspect] = {}
    cells: dict[tuple[str, str], Cell] = {}
    for module in _modules("fleetctl.aspects"):
        aspect = getattr(module, "ASPECT", None)
        if isinstance(aspect, Aspect):
            if aspects.setdefault(aspect.name, aspect) is not aspect:
                raise ValueError(f"two aspects are named {aspect.name}")
            for cell in getattr(module, "CELLS", ()):
                cells[(cell.aspect, cell.protocol)] = cell
    drivers: dict[str, Driver] = {}
    for module in _modules("fleetctl.drivers"):
        driver = getattr(module, "DRIVER", None)
        if isinstance(driver, Driver) and drivers.setdefault(driver.name, driver) is not driver:
            raise ValueError(f"two drivers are named {driver.name}")
    return Registry(aspects=dict(sorted(aspects.items())), drivers=dict(sorted(drivers.items())), cells=cells)
