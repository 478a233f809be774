"""Uniview cameras and recorders over ONVIF.

Source: field facts, onvif 2 (quirk 16).
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind, PasswordPolicy


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("uniview", "unv"))


DRIVER = Driver(
    name="uniview",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(("admin", "123456"),),
    passwords=PasswordPolicy(most=32),
)
