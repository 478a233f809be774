"""What a recorder records and which ports of a switch have a link: noted before an upgrade, waited for after it.

Source: field facts, NVR and vendor protocols, 5.6 (recording state noted; a segment newer than the upgrade).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fleetctl import catalog, converge
from fleetctl.model import Alive, Driver, FrozenMap, Kind, Noted


def read(registry: catalog.Registry, driver: Driver, link: converge.Link) -> FrozenMap[Alive]:
    """Return a recorder's channels or a switch's ports as they are now; nothing of other devices."""
    if (action := registry.action(driver, "links")) is not None:
        link.session(action.protocol).forget()
        ports: Mapping[str, bool] = action.run(link.session(action.protocol), None)
        return FrozenMap({port: Alive(well=linked) for port, linked in ports.items()})
    cell = registry.cell(driver, "state")
    if cell is None:
        return FrozenMap()
    link.session(cell.protocol).forget()
    state = converge.read(cell, "state", link).value
    return FrozenMap({key: _channel(now) for key, now in (getattr(state, "channels", None) or {}).items()})


def _channel(now: Any) -> Alive:
    newest = now.last_segment if isinstance(now.last_segment, str) else ""
    return Alive(well=now.online is True and now.recording is True, newest=newest)


def goes_on(first: Alive | None, now: Alive | None) -> bool:
    """Return whether a channel or port is well now, and its footage goes on beyond what the first look found."""
    if now is None or not now.well:
        return False
    return first is None or not now.newest or now.newest != first.newest


def told(kind: Kind, before: Noted | None, after: Noted | None = None) -> Iterator[str]:
    """Yield how it stood before, and after, where there is anything to tell."""
    if before is not None and before.alive:
        yield f"before the upgrade: {in_words(kind, before)}"
    if after is not None and after.alive:
        yield f"after the upgrade: {in_words(kind, after)}"


def in_words(kind: Kind, noted: Noted) -> str:
    """Return how many channels are recorded and until when, or how many ports have a link."""
    well = sum(each.well for each in noted.alive.values())
    if kind is Kind.SWITCH:
        return f"{well} of {len(noted.alive)} ports with a link"
    newest = max((each.newest for each in noted.alive.values()), default="")
    return f"{well} of {len(noted.alive)} channels recorded{f', newest {newest}' if newest else ''}"
