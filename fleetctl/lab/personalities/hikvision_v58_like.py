"""The newest HIKVISION camera: ONVIF off from the factory, with accounts of its own that only ISAPI can make.

Source: field facts on vendor protocols 1.5 (users: ONVIF accounts are separate, off since 5.5), 1.6 cam-5.8, and 1.2
(some newer units are activated over SADP only). All else as the one before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleetctl.lab.generations import Isapi
from fleetctl.lab.personalities.hikvision_v57_like import PERSONALITY as OLDER

_ISAPI: Final = OLDER.isapi or Isapi()
PERSONALITY = replace(
    OLDER,
    name="hikvision-v58-like",
    doc="the newest Hikvision: ONVIF off, with accounts of its own; activated over SADP only; else as the one before",
    sources=("field/nvr-and-vendor-protocols.md 1.5, 1.6 cam-5.8",),
    onvif_as=OLDER.name,
    model="DS-2CD2143G2-IU",
    firmware="V5.8.1 build 240816",
    serial_pattern="DS-2CD2143G2-IU20240901AAWR{number}",
    isapi=replace(_ISAPI, released="build 240816", onvif_accounts=True, challenge_v3=True),
    factory={**OLDER.factory, "vendor": {"onvif": False}, "onvif_users": {}},
)
