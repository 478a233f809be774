"""A camera as Reolink makes them: it echoes the security header, its encoder has 15 or 20 frames a second.

Sources: captures onvif/REOLINK_E1_Zoom_v3.1.0.2649_23083101 and onvif-raw (header echoed, gSOAP's words for what is
not implemented, zone CST+8:00:00, no zero configuration, frame rate 15 to 20, imaging 0 to 255, name fixed in the
scopes); field facts on ONVIF, quirk 31. The account from the factory has no password.
"""

from __future__ import annotations

from fleetctl.lab.factory import audio_encoder, clock, encoder, metadata, multicast, network, profile, text
from fleetctl.lab.personality import Codec, Passwords, Personality, Refusal

_MAIN = ((2560, 1920), (2560, 1440), (2048, 1536), (2304, 1296), (1920, 1080))
_SUB = ((640, 480), (640, 360))
_CAST = multicast(4000, address="239.0.1.0")

PERSONALITY = Personality(
    name="reolink-like",
    doc="echoes the security header, 15 or 20 frames a second, gSOAP's words for what it does not know",
    sources=("onvif/REOLINK_E1_Zoom_v3.1.0.2649_23083101", "field/onvif.md quirk 31"),
    manufacturer="REOLINK",
    model="E1 Zoom",
    firmware="v3.1.0.2649_23083101",
    hardware_id="IPC_566SD664M5MP",
    serial_pattern="192168{number}",
    mac_prefix="ec:71:db",
    prefix="SOAP-ENV",
    paths={
        "tds": "/onvif/device_service",
        "timg": "/onvif/imaging_service",
        "tmd": "/onvif/deviceIO_service",
        "trt": "/onvif/media_service",
        "tr2": "/onvif/Media2",
        "tev": "/onvif/event_service",
    },
    versions={"tds": (21, 6), "trt": (20, 6), "tr2": (20, 6), "tev": (20, 6), "timg": (19, 6), "tmd": (19, 6)},
    echoes_security=True,
    unsupported=frozenset(
        f"tds:{name}"
        for name in (
            "GetZeroConfiguration",
            "SetZeroConfiguration",
            "GetIPAddressFilter",
            "GetEndpointReference",
            "GetPasswordComplexityConfiguration",
            "GetRelayOutputs",
            "SetRelayOutputSettings",
            "SetRelayOutputState",
        )
    ),
    not_supported=Refusal(
        subcodes=(), reason="Method '{operation}' not implemented: method name or namespace not recognized", status=500
    ),
    clock_window_s=300.0,
    lock_after=0,
    passwords=Passwords(name_max=31, min=6, max=31, users_max=20),
    codecs={
        "000": (
            Codec(
                name="H264",
                sizes=_MAIN,
                fps_list=(20.0, 15.0, 12.0, 10.0),
                gov=(1, 100),
                kbps=(512, 8192),
                quality=(0, 5),
            ),
        ),
        "001": (
            Codec(
                name="H264", sizes=_SUB, fps_list=(15.0, 10.0, 7.0, 4.0), gov=(1, 100), kbps=(64, 512), quality=(0, 5)
            ),
        ),
    },
    imaging={
        "range": (0, 255),
        "plain": ("Brightness", "ColorSaturation", "Contrast", "Sharpness"),
        "ir": ("AUTO", "OFF"),
    },
    osd={
        "total": 2,
        "plain": 1,
        "clock": 1,
        "formats": ("MM/dd/yyyy", "yyyy/MM/dd", "dd/MM/yyyy"),
        "times": ("HH:mm:ss", "hh:mm:ss tt"),
        "font": (16, 64),
        "positions": ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight"),
        "length": 31,
    },
    audio={"AAC": ((16,), (16,))},
    snapshot_path="/cgi-bin/api.cgi?cmd=onvifSnapPic&channel=0",
    stream_path="/Preview_0{channel}",
    capabilities={"ntp": 1, "profiles_max": 10, "pull_points": 2, "zeroconf": False, "no_bitrate_options": True},
    factory={
        "time": {"type": "NTP", "dst": False, "tz": "CST+8:00:00", "ntp": ["pool.ntp.org"]},
        "clock": {"offset_s": 1.0, "drift_ppm": 30.0},
        "network": network("192.168.1.10", "192.168.1.1", hostname="reolink", zeroconf=False),
        "scopes": {
            "fixed": [
                "onvif://www.onvif.org/type/video_encoder",
                "onvif://www.onvif.org/location/country/china",
                "onvif://www.onvif.org/type/network_video_transmitter",
                "onvif://www.onvif.org/Profile/Streaming",
                "onvif://www.onvif.org/Profile/T",
                "onvif://www.onvif.org/name/IPC-BO",
                "onvif://www.onvif.org/hardware/E1Zoom",
            ],
            "configurable": ["odm:name:Camera1"],
        },
        "users": {"admin": {"level": "Administrator", "password": "", "fixed": True}},
        "video_sources": {"000": {"name": "VideoS_000", "source": "000", "width": 2560, "height": 1920, "fps": 15}},
        "encoders": {
            "000": encoder(
                "VideoE_000", 2048, 1536, 1024, fps=15, gov=30, quality=0.0, multicast=_CAST, timeout="PT10S"
            ),
            "001": encoder("VideoE_001", 640, 480, 256, fps=10, gov=30, quality=0.0, multicast=_CAST, timeout="PT10S"),
        },
        "profiles": {
            name: profile(words, "000", video, AudioSource="000", AudioEncoder="000", Metadata="000")
            for name, words, video in (
                ("000", "Profile000_MainStream", "000"),
                ("001", "Profile001_SubStream", "001"),
            )
        },
        "audio_sources": {"000": {"name": "AudioS_000", "source": "000"}},
        "audio_encoders": {"000": audio_encoder("AudioE_000", "AAC", 16, 16, timeout="PT0S")},
        "metadata": {"000": metadata("Metadata_000", multicast=multicast(40020, address="224.2.0.0"))},
        "imaging": {"Brightness": 128.0, "ColorSaturation": 128.0, "Contrast": 128.0, "Sharpness": 128.0, "ir": "AUTO"},
        "osds": {"0": text("000", "Camera1", "LowerRight", size=0), "1": clock("000", "UpperLeft", size=0)},
    },
)
