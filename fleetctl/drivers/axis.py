"""Axis cameras and recorders over ONVIF. Open until the first account is made.

Source: field facts, onvif 2 (quirks 4, 5, 9, 16).
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("axis",))


DRIVER = Driver(
    name="axis",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(),
    passwords=PasswordPolicy(most=64),
)
