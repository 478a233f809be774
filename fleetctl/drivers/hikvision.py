"""Hikvision cameras over ONVIF.

Firmware before 5.3 has a factory login; newer has no password until it is activated over ISAPI.

Source: field facts, NVR and vendor protocols, 0.9 and 1.2 (activation; passwords of 8 to 16 characters).
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("hikvision", "hik"))


DRIVER = Driver(
    name="hikvision",
    kinds=frozenset({Kind.CAMERA}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(("admin", "12345"),),
    password_max=16,
)
