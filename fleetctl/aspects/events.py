"""Events: what the device can tell of its own accord."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


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
