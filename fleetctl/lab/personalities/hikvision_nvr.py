"""Recorders as Hikvision makes them, by generation of their firmware.

Source: field facts on vendor protocols 1.6 (all rows from real devices) and 1.2 to 1.5. What they say over ONVIF is an
assumption: identity, time, accounts, network only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleetctl.lab.factory import network, recorder, scopes
from fleetctl.lab.generations import ISAPI_SPACE, Isapi, Recorder
from fleetctl.lab.personality import Passwords, Personality, Refusal

_SOURCES: Final = ("field/nvr-and-vendor-protocols.md 1.1 to 1.6",)

K: Final = Personality(
    name="hikvision-nvr-like",
    doc="a recorder of 8 channels: serial and model of each camera in its channel, clocks pushed to cameras",
    sources=_SOURCES,
    kind="recorder",
    manufacturer="HIKVISION",
    model="DS-7608NI-K2",
    firmware="V4.74.210 build 230905",
    hardware_id="255",
    serial_pattern="DS-7608NI-K20820210630CCRRG{number}WCVU",
    mac_prefix="44:19:b6",
    prefix="env",
    paths={"tds": "/onvif/device_service"},
    server="App-webs/",
    unsupported=frozenset(("tds:GetEndpointReference", "tds:GetPasswordComplexityConfiguration")),
    not_supported=Refusal(code="Receiver", subcodes=("ter:ActionNotSupported",), status=500),
    realm="Embedded Net DVR",
    schemes=("wsse", "digest"),
    clock_window_s=15.0,
    created_needs_z=True,
    created_max=24,
    nonce_max=44,
    fresh="activation",
    lock_after=7,
    lock_s=1800.0,
    lock_by="source",
    passwords=Passwords(name_max=32, min=8, max=16, kinds=2, users_max=32),
    tz_pattern=r"CST[+-]?\d{1,2}:\d{2}:\d{2}(DST.*)?",
    isapi=Isapi(
        version="1.0",
        device_type="NVR",
        ports=("HTTP", "RTSP", "HTTPS", "DEV_MANAGE"),
        no_enabled=frozenset(("DEV_MANAGE",)),
        basic=True,
        channel_identity=True,
        timing=True,
        dev_index=True,
        missing={"ContentMgmt/record/control": 404, "System/Holidays": 404},
        spaces={"System/time": ISAPI_SPACE},
    ),
    recorder=Recorder(channels=8, protocols=("HIKVISION", "ONVIF")),
    factory=recorder(
        -95.0,
        15.0,
        network("192.168.1.64", "192.168.1.1", hostname=""),
        1_000_204,
        scopes=scopes("HIKVISION%20DS-7608NI-K2", "DS-7608NI-K2", kind="Network_Video_Recorder"),
        sync={"password": True, "timing": True},
    ),
)

assert K.isapi is not None  # noqa: S101 -- just written above
Q: Final = replace(
    K,
    name="hikvision-nvr-q-like",
    doc="an older recorder: no serial in a channel, refusals of bindings in a 200, ports of its own network",
    model="DS-7616NI-Q2/16P",
    firmware="V4.30.097 build 210402",
    serial_pattern="DS-7616NI-Q2/16P1620190312CCRRD{number}WCVU",
    isapi=replace(
        K.isapi,
        channel_identity=False,
        timing=False,
        dev_index=False,
        conn_mode=True,
        inner_space=True,
        refuses_in_200=True,
        no_enabled=frozenset(),
        spaces={},
        lock_in_seconds=True,
    ),
    recorder=Recorder(channels=16, plug_and_play=16, protocols=("HIKVISION", "ONVIF")),
)
NXI: Final = replace(
    K,
    name="hikvision-nvr-nxi-like",
    doc="a newer recorder: the other namespace, ports of its own network, SHA-256, disks in groups",
    model="DS-7608NXI-I2/8P/S",
    firmware="V4.62.210 build 220922",
    serial_pattern="DS-7608NXI-I2/8P/S0820220405CCRRK{number}WCVU",
    algorithms=("MD5", "SHA-256"),
    isapi=replace(
        K.isapi,
        namespace=ISAPI_SPACE,
        version="2.0",
        conn_mode=True,
        dev_index=False,
        basic=False,
        certificate_flags=True,
        sealed_configuration=True,
        disk_group=True,
        ports=("HTTP", "RTSP", "HTTPS", "DEV_MANAGE", "SDK_OVER_TLS"),
        no_enabled=frozenset(),
        spaces={},
    ),
    recorder=Recorder(channels=8, plug_and_play=8, protocols=("HIKVISION", "ONVIF")),
)
assert NXI.isapi is not None  # noqa: S101 -- just written above
M: Final = replace(
    NXI,
    name="hikvision-nvr-m-like",
    doc="the newest recorder: disks with model and serial, elements only in order, an account's maker asked again",
    model="DS-9632NI-M8",
    firmware="V5.03.020 build 240312",
    serial_pattern="DS-9632NI-M8-3220240105CCRRQ{number}WCVU",
    isapi=replace(
        NXI.isapi,
        conn_mode=False,
        disk_identity=True,
        activates=True,
        strict_order=True,
        ntp_extra=True,
        xml_scalars=True,
        user_check=True,
        ports=("HTTP", "RTSP", "HTTPS", "DEV_MANAGE", "SDK_OVER_TLS", "WebSocket", "WebSocketS"),
    ),
    recorder=Recorder(channels=32, protocols=("HIKVISION", "ONVIF")),
)
DVR: Final = replace(
    K,
    name="hikvision-dvr-like",
    doc="a hybrid: 8 analog inputs and 2 network channels from 9 on, HTTPS off",
    model="iDS-7208HQHI-M1/S",
    firmware="V4.75.011 build 231025",
    serial_pattern="iDS-7208HQHI-M1/S0820210511CCWRF{number}WCVU",
    isapi=replace(K.isapi, device_type="DVR", analog=8, spaces={}),
    recorder=Recorder(channels=10, protocols=("HIKVISION", "ONVIF")),
)

PERSONALITIES: Final = (K, Q, NXI, M, DVR)
