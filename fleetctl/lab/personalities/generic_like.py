"""A plain camera of no name, as many boards with the same software are sold: honest, without Media2 and masks.

Sources: field facts on ONVIF, quirks 9 (device service only tells GetCapabilities well), 26 (closes an idle connection
without saying so before). Nothing else is odd: the plain reading of the specification.
"""

from __future__ import annotations

from fleetctl.lab.factory import (
    audio_encoder,
    clock,
    encoder,
    exposure,
    metadata,
    network,
    profile,
    scopes,
    text,
    video_source,
)
from fleetctl.lab.personality import Codec, Passwords, Personality

_MAIN = ((1920, 1080), (1280, 720))
_SUB = ((704, 576), (640, 480), (640, 360), (352, 288))

PERSONALITY = Personality(
    name="generic-like",
    doc="a board camera of no name: honest, Media1 only, no masks, closes idle connections without a word",
    sources=("field/onvif.md quirks 9, 26",),
    manufacturer="IPCAM",
    model="HI3516",
    firmware="V1.07.21",
    hardware_id="1.0",
    serial_pattern="IPC{number}",
    mac_prefix="00:12:31",
    prefix="SOAP-ENV",
    paths={
        "tds": "/onvif/device_service",
        "trt": "/onvif/media_service",
        "tev": "/onvif/event_service",
        "timg": "/onvif/imaging_service",
        "tmd": "/onvif/deviceio_service",
    },
    closes_idle=True,
    clock_window_s=300.0,
    lock_after=0,
    passwords=Passwords(name_max=32, min=1, max=32, users_max=10),
    codecs={
        "V_ENC_000": (
            Codec(name="H264", sizes=_MAIN, gov=(1, 300), kbps=(64, 8192), profiles=("Baseline", "Main", "High")),
        ),
        "V_ENC_001": (
            Codec(name="H264", sizes=_SUB, gov=(1, 300), kbps=(32, 2048), profiles=("Baseline", "Main", "High")),
        ),
    },
    imaging={
        "range": (0, 100),
        "plain": ("Brightness", "ColorSaturation", "Contrast", "Sharpness"),
        "backlight": ("OFF", "ON"),
        "wdr": ("OFF", "ON"),
        "ir": ("ON", "OFF", "AUTO"),
        "exposure": {"modes": ("AUTO",), "priorities": ("LowNoise",), "time": (10, 40000), "gain": (0, 100)},
    },
    osd={
        "total": 2,
        "plain": 1,
        "clock": 1,
        "formats": ("yyyy-MM-dd", "dd/MM/yyyy"),
        "times": ("HH:mm:ss",),
        "font": (16, 64),
        "positions": ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight"),
        "length": 48,
    },
    audio={"G711": ((64,), (8,))},
    snapshot_path="/cgi-bin/snapshot.cgi",
    stream_path="/live/ch00_{number}",
    capabilities={"ntp": 2, "profiles_max": 4, "pull_points": 4},
    factory={
        "time": {"type": "Manual", "dst": False, "tz": "CST-8", "ntp": []},
        "clock": {"offset_s": 5400.0, "drift_ppm": 40.0},
        "network": network("192.168.1.168", "192.168.1.1", hostname="IPCAM"),
        "scopes": scopes("IPCAM", "HI3516", "onvif://www.onvif.org/location/city/shenzhen", profiles="Streaming"),
        "users": {"admin": {"level": "Administrator", "password": "admin", "fixed": True}},
        "video_sources": {"V_SRC_CFG": video_source("V_SRC_CFG", "V_SRC_000", 1920, 1080)},
        "encoders": {
            "V_ENC_000": encoder("V_ENC_000", 1920, 1080, 4096),
            "V_ENC_001": encoder("V_ENC_001", 704, 576, 512),
        },
        "profiles": {
            "PROFILE_000": profile("PROFILE_000", "V_SRC_CFG", "V_ENC_000", Metadata="META_000"),
            "PROFILE_001": profile("PROFILE_001", "V_SRC_CFG", "V_ENC_001", Metadata="META_000"),
        },
        "audio_sources": {"A_SRC_CFG": {"name": "A_SRC_CFG", "source": "A_SRC_000"}},
        "audio_encoders": {"A_ENC_000": audio_encoder("A_ENC_000", "G711", 64, 8)},
        "metadata": {"META_000": metadata("META_000")},
        "imaging": {
            "backlight": "OFF",
            "Brightness": 55.0,
            "ColorSaturation": 60.0,
            "Contrast": 50.0,
            "Sharpness": 45.0,
            "exposure": exposure(40000.0),
            "ir": "AUTO",
            "wdr": "OFF",
        },
        "osds": {
            "OSD_0": clock("V_SRC_CFG", "UpperRight", date_format="yyyy-MM-dd"),
            "OSD_1": text("V_SRC_CFG", "IPCAM"),
        },
    },
)
