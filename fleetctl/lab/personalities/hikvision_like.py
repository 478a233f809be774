"""A camera as HIKVISION makes them: strict about times, loose about fault codes.

Sources: captures onvif-raw/HIKVISION_DS-2CD2012-I_V5.2.0 (names, tokens, paths, fault codes, OSD); field facts on
ONVIF, quirks 1 (clock), 3 (Created must end in Z, short nonce), 4 (digest), 6 (lock-out), 21 (zone), 30 (misspelt
codes); field facts on vendor protocols 1.2 (no account before activation; passwords of 8 to 16 characters, two kinds).
"""

from __future__ import annotations

from fleetctl.lab.factory import (
    audio_encoder,
    clock,
    encoder,
    imaging,
    metadata,
    multicast,
    network,
    profile,
    scopes,
    text,
    video_source,
)
from fleetctl.lab.generations import Isapi
from fleetctl.lab.personality import Codec, Passwords, Personality, Refusal

_MAIN = ((1920, 1080), (1280, 960), (1280, 720))
_SUB = ((704, 576), (640, 480), (640, 360), (352, 288))
_PROFILES = ("Baseline", "Main", "High")
_CAST = multicast(8600, 1)

PERSONALITY = Personality(
    name="hikvision-like",
    doc="must be activated; strict clock and Created, zone only as CST-7:00:00, misspelt fault codes, locks after 7",
    sources=("onvif-raw/HIKVISION_DS-2CD2012-I_V5.2.0", "field/onvif.md quirks 1, 3, 4, 6, 21, 30"),
    manufacturer="HIKVISION",
    model="DS-2CD2012-I",
    firmware="V5.2.0 build 140721",
    hardware_id="88",
    serial_pattern="DS-2CD2012-I20150201CCWR{number}",
    mac_prefix="c0:56:e3",
    prefix="env",
    paths={
        "tds": "/onvif/device_service",
        "trt": "/onvif/Media",
        "tr2": "/onvif/Media2",
        "tev": "/onvif/Events",
        "timg": "/onvif/Imaging",
        "tmd": "/onvif/DeviceIO",
    },
    versions={"tds": (2, 40), "trt": (2, 40), "tr2": (16, 12), "tev": (2, 40), "timg": (2, 40), "tmd": (2, 21)},
    server="App-webs/",
    unsupported=frozenset(("tds:GetEndpointReference", "tds:GetPasswordComplexityConfiguration")),
    not_supported=Refusal(code="Receiver", subcodes=("ter:ActionNotSupported", "ter:InvalidOperation"), status=500),
    invalid=Refusal(subcodes=("ter:InvalidArgVal", "ter:InvalidParameter"), reason="the parameter value is illegal"),
    misspelt_receiver=True,
    realm="IP Camera(C1234)",
    clock_window_s=15.0,
    created_needs_z=True,
    created_max=24,
    nonce_max=44,
    fresh="activation",
    lock_after=7,
    lock_s=1800.0,
    lock_by="source",
    isapi=Isapi(basic=True, missing={"Streaming/channels": 500}),
    passwords=Passwords(name_max=32, min=8, max=16, kinds=2, users_max=32),
    tz_pattern=r"[A-Z]{3}[+-]?\d{1,2}:\d{2}:\d{2}([A-Z]{3}.*)?",
    reboot_message="Rebooting in 90 seconds",
    codecs={
        "VideoEncoderToken_1": (
            Codec(name="H264", sizes=_MAIN, fps=(1, 25), gov=(1, 400), kbps=(32, 16384), profiles=_PROFILES),
            Codec(name="H265", sizes=_MAIN, fps=(1, 25), gov=(1, 400), kbps=(32, 16384), profiles=("Main",)),
        ),
        "VideoEncoderToken_2": (
            Codec(name="H264", sizes=_SUB, fps=(1, 25), gov=(1, 400), kbps=(32, 8192), profiles=_PROFILES),
            Codec(name="JPEG", sizes=_SUB, fps=(1, 25), kbps=(32, 8192)),
        ),
    },
    imaging={
        "range": (0, 100),
        "plain": ("Brightness", "ColorSaturation", "Contrast", "Sharpness"),
        "backlight": ("OFF", "ON"),
        "wdr": ("OFF", "ON"),
        "wdr_level": (0, 100),
        "ir": ("ON", "OFF", "AUTO"),
        "white": ("AUTO", "MANUAL"),
        "exposure": {
            "modes": ("AUTO", "MANUAL"),
            "priorities": ("LowNoise", "FrameRate"),
            "time": (10, 300000),
            "gain": (0, 100),
        },
    },
    osd={
        "total": 6,
        "plain": 5,
        "clock": 1,
        "formats": ("MM/dd/yyyy", "dd/MM/yyyy", "yyyy/MM/dd", "yyyy-MM-dd"),
        "times": ("HH:mm:ss", "hh:mm:ss tt"),
        "font": (16, 64),
        "positions": ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight", "Custom"),
        "length": 44,
    },
    masks={"most": 4, "points": 4, "types": ("Color",), "rectangle": True},
    audio={"G711": ((64,), (8,)), "AAC": ((16, 32, 64), (16, 32))},
    snapshot_path="/onvif-http/snapshot",
    stream_path="/Streaming/Channels/10{channel}?transportmode=unicast&profile={profile}",
    capabilities={"ntp": 1, "profiles_max": 10, "pull_points": 10, "backup": True},
    factory={
        "time": {"type": "Manual", "dst": False, "tz": "CST-8:00:00", "ntp": ["time.windows.com"]},
        "clock": {"offset_s": -3723.0, "drift_ppm": 20.0},
        "network": network("192.168.1.64", "192.168.1.1", hostname="localhost"),
        "scopes": scopes(
            "HIKVISION%20DS-2CD2012-I",
            "DS-2CD2012-I",
            "onvif://www.onvif.org/location/city/hangzhou",
            kind="video_encoder",
        ),
        "users": {},
        "video_sources": {"VideoSourceToken": video_source("VideoSourceConfig", "VideoSource_1", 1920, 1080)},
        "encoders": {
            "VideoEncoderToken_1": encoder("VideoEncoder_1", 1920, 1080, 4096, multicast=_CAST, timeout="PT5S"),
            "VideoEncoderToken_2": encoder("VideoEncoder_2", 640, 480, 1024, multicast=_CAST, timeout="PT5S"),
        },
        "profiles": {
            "Profile_1": profile("mainStream", "VideoSourceToken", "VideoEncoderToken_1", Metadata="MetaDataToken"),
            "Profile_2": profile("subStream", "VideoSourceToken", "VideoEncoderToken_2", Metadata="MetaDataToken"),
        },
        "audio_sources": {"AudioSourceConfigToken": {"name": "AudioSourceConfig", "source": "AudioSourceChannel"}},
        "audio_encoders": {"MainAudioEncoderToken": audio_encoder("AudioEncoderConfig", "G711", 64, 8)},
        "metadata": {"MetaDataToken": metadata("metaData", multicast=_CAST)},
        "imaging": imaging(50.0, backlight="OFF", wdr_level=50.0),
        "osds": {
            "osd_token_0": text("VideoSourceToken", "Camera 01", "Custom", x=0.454545, y=-0.733333, channel_name=True),
            "osd_token_1": clock("VideoSourceToken", "Custom", x=-0.9, y=0.9),
        },
    },
)
