"""Any device that speaks ONVIF; the driver of last resort, and for most cameras the only one needed."""

from __future__ import annotations

from fleetctl.model import Driver, Kind


def _anything(manufacturer: str, model: str) -> bool:
    return True


DRIVER = Driver(
    name="onvif",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_anything,
)
