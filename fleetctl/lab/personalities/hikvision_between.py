"""HIKVISION cameras between the old and the new: 5.6 with a salt and MD5 only, a thermal one of the other namespace.

Source: field facts on vendor protocols 1.6, cam-5.6 and cam-thermal. Over ONVIF they speak as the older one does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleetctl.lab.generations import ISAPI_SPACE, Isapi
from fleetctl.lab.personalities.hikvision_like import PERSONALITY as OLDER

V56: Final = replace(
    OLDER,
    name="hikvision-v56-like",
    doc="a Hikvision of 5.6: a salt for sealed fields, MD5 only, no HTTP Basic; ONVIF as the older one",
    sources=("field/nvr-and-vendor-protocols.md 1.6 cam-5.6",),
    onvif_as=OLDER.name,
    model="DS-2CD2143G0-I",
    firmware="V5.6.5 build 200316",
    serial_pattern="DS-2CD2143G0-I20200401AAWR{number}",
    isapi=Isapi(released="build 200316", salt=True),
)
THERMAL: Final = replace(
    OLDER,
    name="hikvision-thermal-like",
    doc="a thermal Hikvision of 5.5: the other namespace, locked out after 5; ONVIF as the older one",
    sources=("field/nvr-and-vendor-protocols.md 1.6 cam-thermal",),
    onvif_as=OLDER.name,
    model="DS-2TD1217B-3/PA",
    firmware="V5.5.98 build 210222",
    serial_pattern="DS-2TD1217B-3/PA20210301AAWR{number}",
    lock_after=5,
    isapi=Isapi(namespace=ISAPI_SPACE, released="build 210222", lock_times=(3, 20, 5)),
)
PERSONALITIES: Final = (V56, THERMAL)
