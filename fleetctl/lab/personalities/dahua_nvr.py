"""Recorders as Dahua makes them, new and old, and one that KBVision sells.

Source: field facts on vendor protocols, section 2 (2.1 errors by firmware, 2.4 channels). KBVision's own brand code is
not public; its name for `getVendor` is an assumption. Over ONVIF: identity, time, accounts, network only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleetctl.lab.factory import network, recorder, scopes
from fleetctl.lab.generations import Cgi, Recorder
from fleetctl.lab.personality import Passwords, Personality

_TABLES: Final = frozenset(
    ("Record", "RecordMode", "StorageGlobal", "RemoteDevice", "AutoAddRemoteDevice", "SyncLocalityConfig")
)

NEW: Final = Personality(
    name="dahua-nvr-like",
    doc="a newer recorder of 16 channels: cameras bound over JSON pages, 501 for what is missing, locks the account",
    sources=("field/nvr-and-vendor-protocols.md 2.1 to 2.6",),
    kind="recorder",
    manufacturer="Dahua",
    model="DHI-NVR5216-EI",
    firmware="5.001.0000000.4.R, Build Date 2024-03-19",
    hardware_id="1.00",
    serial_pattern="8J0{number}PAZ",
    mac_prefix="a0:bd:1d",
    prefix="s",
    paths={"tds": "/onvif/device_service"},
    realm="Login to 8J0PAZ",
    clock_window_s=120.0,
    lock_after=5,
    lock_s=1800.0,
    fresh="activation",
    passwords=Passwords(name_max=31, min=8, max=32, kinds=2, users_max=20),
    cgi=Cgi(
        device_class="NVR",
        tables=_TABLES,
        json_channels=True,
        camera_state=True,
        rpc=True,
        rpc_channels=True,
        by_manager=True,
        sections=24,
    ),
    recorder=Recorder(
        channels=16,
        protocols=("Private", "Onvif"),
        relay_path="/cam/realmonitor?channel={channel}&subtype={sub}",
    ),
    factory=recorder(
        140.0,
        10.0,
        network("192.168.1.108", "192.168.1.1", hostname="NVR"),
        2_000_324,
        scopes=scopes("Dahua", "DHI-NVR5216-EI", kind="Network_Video_Recorder"),
        sync={"auto_add": False, "timing": False},
    ),
)
assert NEW.cgi is not None  # noqa: S101 -- just written above
OLD: Final = replace(
    NEW,
    name="dahua-nvr-old-like",
    doc="an older recorder of 16 channels: cameras bound by setConfig only, 400 for what is missing, admin/admin",
    model="NV4116-HS",
    firmware="4.000.0000000.0.R, Build Date 2020-04-15",
    serial_pattern="5D0{number}PAA",
    realm="Login to 5D0PAA",
    fresh="login",
    passwords=Passwords(name_max=31, min=5, max=32, users_max=20),
    cgi=Cgi(
        missing="400",
        error_in_200=True,
        device_type_plain="31",
        device_class="NVR",
        tables=_TABLES - {"AutoAddRemoteDevice"},
        unreadable=frozenset(("StorageGlobal",)),
        basic=True,
        rpc=True,
    ),
    factory={**NEW.factory, "users": {"admin": {"level": "Administrator", "password": "admin", "fixed": True}}},
)
MIDDLE: Final = replace(
    NEW,
    name="dahua-nvr-middle-like",
    doc="between the two, 16 channels: no JSON pages, cameras bound and their state told over sealed JSON-RPC only",
    sources=("field/nvr-and-vendor-protocols.md 2.4, the ladder's second rung",),
    model="DHI-NVR4216-4KS2",
    firmware="4.001.0000000.1.R, Build Date 2021-11-30",
    serial_pattern="6A0{number}PAZ",
    realm="Login to 6A0PAZ",
    cgi=replace(NEW.cgi, json_channels=False, camera_state=False),
)
KBVISION: Final = replace(
    NEW,
    name="kbvision-nvr-like",
    doc="a Dahua recorder under another brand, of 8 channels: JSON pages, but no state of cameras (501)",
    sources=("field/nvr-and-vendor-protocols.md 2, 2.4",),
    manufacturer="KBVISION",
    model="KX-C4K8108N2",
    firmware="4.003.00KB001.1.R, Build Date 2023-08-30",
    serial_pattern="7E0{number}PBK",
    realm="Login to 7E0PBK",
    cgi=replace(NEW.cgi, vendor="KBVISION", camera_state=False, sections=6),
    recorder=Recorder(
        channels=8,
        protocols=("Private", "Onvif"),
        relay_path="/cam/realmonitor?channel={channel}&subtype={sub}",
    ),
    factory={**NEW.factory, "scopes": scopes("KBVISION", "KX-C4K8108N2", kind="Network_Video_Recorder")},
)

PERSONALITIES: Final = (NEW, MIDDLE, OLD, KBVISION)
