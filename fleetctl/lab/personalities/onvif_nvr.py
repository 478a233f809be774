"""Recorders that know Profile G only: a hypothetical one that takes receivers, and one whose recordings are fixed.

Source: field facts on vendor protocols, section 3: no device with receivers was seen; Bosch announces fixed recordings
(DynamicRecordings false, two to six of them).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleetctl.lab.factory import network, recorder, scopes
from fleetctl.lab.generations import Recorder
from fleetctl.lab.personality import Passwords, Personality
from fleetctl.lab.services.recording_parts import PROFILE

RECEIVING: Final = Personality(
    name="onvif-nvr-like",
    doc="Profile G with receivers and recordings at will: cameras are bound by an RTSP address that holds the login",
    sources=("field/nvr-and-vendor-protocols.md 3", "recording.wsdl, receiver.wsdl 26.06"),
    kind="recorder",
    manufacturer="GENERIC",
    model="NVR-16",
    firmware="1.8.3",
    hardware_id="1.0",
    serial_pattern="NVR{number}",
    mac_prefix="00:12:16",
    prefix="SOAP-ENV",
    paths={
        "tds": "/onvif/device_service",
        "trc": "/onvif/recording_service",
        "trv": "/onvif/receiver_service",
    },
    realm="onvif",
    passwords=Passwords(name_max=32, min=5, max=32, users_max=10),
    recorder=Recorder(channels=16, protocols=("RTSP",), relay_path="/live/{channel}/{sub}"),
    capabilities={"dynamic_recordings": True, "receiver_source": True},
    factory=recorder(
        61.0,
        5.0,
        network("192.168.1.120", "192.168.1.1", hostname="NVR"),
        1_000_204,
        time={"type": "Manual", "dst": False, "tz": "GMT0", "ntp": ["pool.ntp.org"]},
        scopes=scopes("NVR", "NVR-16", profiles="G", kind="Network_Video_Storage"),
        users={"admin": {"level": "Administrator", "password": "admin", "fixed": True}},
        recording={},
        recordings={},
        receivers={},
        jobs={},
    ),
)
_SOURCE: Final = {"SourceId": "", "Name": "Camera 1", "Location": "", "Description": "", "Address": ""}
FIXED: Final = replace(
    RECEIVING,
    name="onvif-nvr-fixed-like",
    doc="Profile G with two recordings that are always there and no receivers: only the retention can be set",
    model="NVR-2",
    paths={"tds": "/onvif/device_service", "trc": "/onvif/recording_service"},
    recorder=Recorder(channels=2, protocols=("RTSP",), relay_path="/live/{channel}/{sub}"),
    capabilities={"dynamic_recordings": False, "receiver_source": False},
    factory={
        **RECEIVING.factory,
        "recordings": {
            f"Recording_{n}": {"source": _SOURCE | {"Name": f"Camera {n}"}, "content": "", "retention": "PT0S"}
            for n in (1, 2)
        },
        "jobs": {
            "Job_1": {
                "recording": "Recording_1",
                "mode": "Idle",
                "priority": 1,
                "type": PROFILE,
                "source": "Profile_1",
            }
        },
    },
)

PERSONALITIES: Final = (RECEIVING, FIXED)
