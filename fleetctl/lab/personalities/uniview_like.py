"""A camera as Uniview makes them: no 0.0.0.0 as multicast group, a zone whose sign is turned round.

Sources: field facts on ONVIF, quirks 16 (hammeraj/onvif#34: Uniview refuses multicast 0.0.0.0), 21 (libonvif#98: most
cameras do not implement ONVIF's zone); field facts on vendor protocols 4.3 (admin / 123456). Token and path names are
assumptions.
"""

from __future__ import annotations

from fleetctl.lab.factory import (
    audio_encoder,
    clock,
    encoder,
    exposure,
    imaging,
    metadata,
    multicast,
    network,
    profile,
    scopes,
    text,
    video_source,
)
from fleetctl.lab.personality import Codec, Passwords, Personality

_MAIN = ((1920, 1080), (1280, 720))
_SUB = ((1280, 720), (720, 576), (640, 360), (352, 288))
_PROFILES = ("Baseline", "Main", "High")
_CAST = multicast(16868, 128, "228.1.1.1")

PERSONALITY = Personality(
    name="uniview-like",
    doc="refuses 0.0.0.0 as multicast group, writes its zone with the sign turned round, wants three kinds of letters",
    sources=("field/onvif.md quirks 16, 21", "field/nvr-and-vendor-protocols.md 4.3"),
    manufacturer="UNIVIEW",
    model="IPC2122LB-SF28-A",
    firmware="IPC_Q1201-B5030P60D1907C99",
    hardware_id="A",
    serial_pattern="210235C3LB{number}",
    mac_prefix="48:ea:63",
    prefix="SOAP-ENV",
    paths={
        "tds": "/onvif/device_service",
        "trt": "/onvif/media_service",
        "tr2": "/onvif/media2_service",
        "tev": "/onvif/event_service",
        "timg": "/onvif/imaging_service",
        "tmd": "/onvif/deviceio_service",
    },
    clock_window_s=60.0,
    algorithms=("SHA-256", "MD5"),
    lock_after=5,
    lock_s=300.0,
    passwords=Passwords(name_max=32, min=8, max=20, kinds=3, users_max=32),
    multicast_any=False,
    codecs={
        "VideoEncoder_0": (
            Codec(
                name="H264",
                sizes=_MAIN,
                fps=(1, 25),
                gov=(5, 250),
                kbps=(128, 16384),
                quality=(1, 9),
                profiles=_PROFILES,
            ),
            Codec(name="H265", sizes=_MAIN, fps=(1, 25), gov=(5, 250), kbps=(128, 16384), quality=(1, 9)),
        ),
        "VideoEncoder_1": (
            Codec(
                name="H264",
                sizes=_SUB,
                fps=(1, 25),
                gov=(5, 250),
                kbps=(128, 16384),
                quality=(1, 9),
                profiles=_PROFILES,
            ),
        ),
    },
    imaging={
        "range": (0, 255),
        "plain": ("Brightness", "ColorSaturation", "Contrast", "Sharpness"),
        "wdr": ("OFF", "ON"),
        "wdr_level": (1, 9),
        "ir": ("ON", "OFF", "AUTO"),
        "white": ("AUTO", "MANUAL"),
        "exposure": {"modes": ("AUTO", "MANUAL"), "priorities": ("LowNoise",), "time": (1, 1000000), "gain": (0, 100)},
    },
    osd={
        "total": 8,
        "plain": 7,
        "clock": 1,
        "formats": ("dd/MM/yyyy", "MM/dd/yyyy", "yyyy-MM-dd", "dddd, MMMM dd, yyyy"),
        "times": ("HH:mm:ss", "hh:mm:ss tt"),
        "font": (16, 64),
        "positions": ("Custom",),
        "length": 60,
    },
    masks={"most": 4, "points": 4, "types": ("Color", "Pixelated"), "rectangle": True},
    audio={"G711": ((64,), (8,)), "AAC": ((32, 64), (8, 16))},
    snapshot_path="/images/snapshot.jpg",
    stream_path="/media/video{channel}",
    capabilities={"ntp": 1, "profiles_max": 8, "pull_points": 8, "inverted_zone": True},
    factory={
        "time": {"type": "Manual", "dst": False, "tz": "GMT+08:00", "ntp": ["0.0.0.0"]},  # noqa: S104 -- none yet
        "clock": {"offset_s": 86.0, "drift_ppm": 15.0},
        "network": network("192.168.1.13", "192.168.1.1", hostname="IPC"),
        "scopes": scopes("UNIVIEW", "IPC2122LB-SF28-A", "onvif://www.onvif.org/location/"),
        "users": {"admin": {"level": "Administrator", "password": "123456", "fixed": True}},
        "video_sources": {"VideoSourceConfig_0": video_source("VideoSource", "VideoSource_0", 1920, 1080)},
        "encoders": {
            "VideoEncoder_0": encoder("main", 1920, 1080, 2560, quality=5.0, multicast=_CAST),
            "VideoEncoder_1": encoder("sub", 720, 576, 1024, quality=5.0, multicast=_CAST),
        },
        "profiles": {
            "media_profile1": profile("media_profile1", "VideoSourceConfig_0", "VideoEncoder_0", Metadata="Metadata_0"),
            "media_profile2": profile("media_profile2", "VideoSourceConfig_0", "VideoEncoder_1", Metadata="Metadata_0"),
        },
        "audio_sources": {"AudioSourceConfig_0": {"name": "AudioSource", "source": "AudioSource_0"}},
        "audio_encoders": {"AudioEncoder_0": audio_encoder("AudioEncoder", "G711", 64, 8, multicast=_CAST)},
        "metadata": {"Metadata_0": metadata("Metadata", multicast=_CAST)},
        "imaging": imaging(128.0, exposure=exposure(40000.0, MinExposureTime=100.0), wdr_level=5.0),
        "osds": {
            "OSD_0": clock("VideoSourceConfig_0", "Custom", x=-0.95, y=0.95),
            "OSD_1": text("VideoSourceConfig_0", "IPC", "Custom", x=0.6, y=0.95),
        },
    },
)
