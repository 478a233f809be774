"""Events: what the device can tell of its own accord."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Aspect, Cell, Disruption, Kind, Unset, setting
from fleetctl.protocols.onvif_parts import Onvif, attribute, tried
from fleetctl.protocols.xml import Element, child, children, local


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What a device can report; read only."""

    pull_point: bool | Unset = setting(
        "events can be fetched (pull point)", observed=True, source="ONVIF Event 26.06, GetServiceCapabilities"
    )
    motion: bool | Unset = setting(
        "tells motion in the picture", observed=True, source="ONVIF Event 26.06, GetEventProperties"
    )
    tamper: bool | Unset = setting(
        "tells that the camera was covered, turned or blinded",
        observed=True,
        source="ONVIF Event 26.06, GetEventProperties",
    )


ASPECT = Aspect(
    name="events",
    type=Events,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.NONE,
    doc="What the device can report by itself: motion, tampering; only read",
    applied_by="",
)

# --- ONVIF ----------------------------------------------------------------------------------------

_MOTION: Final = ("motion",)
_TAMPER: Final = ("tamper", "sabotage", "globalscenechange", "imagetooblurry", "imagetoodark", "imagetoobright")


def read(session: Onvif) -> Events:
    """Read what the device offers; topics and capabilities may each stay untold."""
    if not session.has("tev"):
        raise Unsupported("the device has no event service")
    return Events(
        pull_point=tried(_pull_point, session),
        motion=tried(_tells, session, _MOTION),
        tamper=tried(_tells, session, _TAMPER),
    )


def _pull_point(session: Onvif) -> bool | Unset:
    """Return whether a pull point can be made: Bosch says it has none of the old kind, and has 10 of ONVIF's."""
    told = child(session.read("tev", "GetServiceCapabilities"), "Capabilities")
    if (most := attribute(told, "MaxPullPoints")).isdecimal():
        return int(most) > 0
    old = attribute(told, "WSPullPointSupport").lower()
    return old in ("true", "1") if old else UNSET


def _topics(session: Onvif) -> tuple[str, ...]:
    """Return each topic as its path in small letters."""
    return tuple(_paths(child(session.read("tev", "GetEventProperties"), "TopicSet"), ""))


def _paths(element: Element | None, above: str) -> Iterator[str]:
    for found in children(element):
        if local(found) in ("MessageDescription", "documentation"):
            continue
        path = f"{above}/{local(found).lower()}"
        yield path
        yield from _paths(found, path)


def _tells(session: Onvif, names: tuple[str, ...]) -> bool:
    return any(name in topic for topic in _topics(session) for name in names)


CELLS = (Cell(aspect="events", protocol="onvif", read=read),)
