"""Dahua cameras and their OEMs (KBVision) over ONVIF.

Source: field facts, NVR and vendor protocols, 2.
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("dahua", "kbvision", "general"))


DRIVER = Driver(
    name="dahua",
    kinds=frozenset({Kind.CAMERA}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(("admin", "admin"),),
    password_max=32,
)
