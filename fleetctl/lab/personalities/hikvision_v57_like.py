"""A newer HIKVISION camera: HTTP digest only, with SHA-256 beside MD5.

Sources: field facts on ONVIF, quirk 4 (home-assistant/core#99166: firmware 5.7.13 takes HTTP digest only); field facts
on vendor protocols 1.6, cam-5.7 (algorithm MD5/SHA256). All else as the older one.
"""

from __future__ import annotations

from dataclasses import replace

from fleetctl.lab.generations import Isapi
from fleetctl.lab.personalities.hikvision_like import PERSONALITY as OLDER

PERSONALITY = replace(
    OLDER,
    name="hikvision-v57-like",
    doc="a newer Hikvision: HTTP digest only, MD5 and SHA-256; else as the older one",
    sources=("field/onvif.md quirk 4", "field/nvr-and-vendor-protocols.md 1.6 cam-5.7"),
    model="DS-2CD2143G2-I",
    firmware="V5.7.13 build 230829",
    serial_pattern="DS-2CD2143G2-I20230901AAWR{number}",
    schemes=("digest",),
    algorithms=("MD5", "SHA-256"),
    misspelt_receiver=False,
    isapi=Isapi(
        released="build 230829",
        salt=True,
        missing={"System/Holidays": 404},
        ports=("HTTP", "RTSP", "HTTPS", "DEV_MANAGE", "SDK_OVER_TLS", "WebSocket", "WebSocketS", "SRTP"),
    ),
)
