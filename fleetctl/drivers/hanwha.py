"""Hanwha (Wisenet, formerly Samsung Techwin) cameras and recorders over ONVIF; what only SUNAPI could do is left.

Source: field facts, NVR and vendor protocols, 4.2: no login before one is made on the device, 15 characters at most.
"""

from __future__ import annotations

from fleetctl.model import Driver, Kind


def _recognises(manufacturer: str, _model: str) -> bool:
    return manufacturer.strip().lower().startswith(("hanwha", "wisenet", "samsung techwin"))


DRIVER = Driver(
    name="hanwha",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_recognises,
    default_logins=(),
    password_max=15,
)
