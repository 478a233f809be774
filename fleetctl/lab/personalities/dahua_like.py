"""A camera as Dahua (and KBVision) makes them: 401 when its connections run out, H.265 that Media1 calls H264.

Sources: field facts on ONVIF, quirks 7 (rroller/dahua#603: 401 when out of connections), 19 (node-onvif#78: H.265 told
as H264 in Media1), 6; field facts on vendor protocols 2 (lock after 5 for 1800 s, on the account; realm with the
serial; two kinds of letters). Token and path names are assumptions after public Dahua stream addresses.
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
from fleetctl.lab.generations import Cgi
from fleetctl.lab.personality import Codec, Passwords, Personality

_MAIN = ((2688, 1520), (1920, 1080), (1280, 720))
_SUB = ((704, 576), (640, 480), (640, 360), (352, 288))
_CAST = multicast(40000, address="224.1.2.4")

PERSONALITY = Personality(
    name="dahua-like",
    doc="401 beyond 4 connections, H.265 from the factory which Media1 calls H264, locks the account after 5",
    sources=("field/onvif.md quirks 6, 7, 19", "field/nvr-and-vendor-protocols.md 2"),
    manufacturer="Dahua",
    model="IPC-HDW2431T",
    firmware="2.800.0000000.16.R, Build Date 2021-05-08",
    hardware_id="1.00",
    serial_pattern="6F0{number}PAJ",
    mac_prefix="3c:ef:8c",
    prefix="s",
    paths={
        "tds": "/onvif/device_service",
        "trt": "/onvif/media_service",
        "tr2": "/onvif/media2_service",
        "tev": "/onvif/event_service",
        "timg": "/onvif/imaging_service",
        "tmd": "/onvif/deviceIO_service",
    },
    realm="Login to 6F0PAJ",
    cgi=Cgi(missing="400", rpc=True),
    clock_window_s=120.0,
    max_connections=4,
    lock_after=5,
    lock_s=1800.0,
    passwords=Passwords(name_max=31, min=5, max=32, users_max=18),
    h265_in_media1="H264",
    codecs={
        "00000": (
            Codec(
                name="H264",
                sizes=_MAIN,
                fps=(1, 25),
                gov=(1, 150),
                kbps=(32, 8192),
                profiles=("Baseline", "Main", "High"),
            ),
            Codec(name="H265", sizes=_MAIN, fps=(1, 25), gov=(1, 150), kbps=(32, 8192), profiles=("Main",)),
        ),
        "00001": (
            Codec(
                name="H264",
                sizes=_SUB,
                fps=(1, 25),
                gov=(1, 150),
                kbps=(32, 4096),
                profiles=("Baseline", "Main", "High"),
            ),
            Codec(name="H265", sizes=_SUB, fps=(1, 25), gov=(1, 150), kbps=(32, 4096), profiles=("Main",)),
            Codec(name="JPEG", sizes=_SUB, fps=(1, 25), kbps=(32, 4096)),
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
        "exposure": {"modes": ("AUTO", "MANUAL"), "priorities": ("LowNoise",), "time": (10, 80000), "gain": (0, 100)},
    },
    osd={
        "total": 4,
        "plain": 3,
        "clock": 1,
        "formats": ("yyyy-MM-dd", "MM/dd/yyyy", "dd/MM/yyyy"),
        "times": ("HH:mm:ss", "hh:mm:ss tt"),
        "font": (16, 96),
        "positions": ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight", "Custom"),
        "length": 63,
    },
    masks={"most": 4, "points": 4, "types": ("Color",), "rectangle": True},
    audio={"G711": ((64,), (8,)), "AAC": ((32, 48, 64), (16, 48))},
    snapshot_path="/onvifsnapshot/media_service/snapshot?channel=1&subtype=0",
    stream_path="/cam/realmonitor?channel=1&subtype={number}&unicast=true&proto=Onvif",
    capabilities={"ntp": 1, "profiles_max": 6, "pull_points": 5},
    factory={
        "time": {"type": "Manual", "dst": False, "tz": "CST-8", "ntp": ["clock.isc.org"]},
        "clock": {"offset_s": 214.0, "drift_ppm": -12.0},
        "network": network("192.168.1.108", "192.168.1.1", hostname="IPC"),
        "scopes": scopes("Dahua", "IPC-HDW2431T", "onvif://www.onvif.org/location/country/china"),
        "users": {"admin": {"level": "Administrator", "password": "admin", "fixed": True}},
        "video_sources": {"00000": video_source("VideoSourceConfig000", "00000", 2688, 1520)},
        "encoders": {
            "00000": encoder("VideoEncoder000", 2688, 1520, 4096, codec="H265", quality=4.0, multicast=_CAST),
            "00001": encoder("VideoEncoder001", 704, 576, 512, codec="H265", quality=4.0, multicast=_CAST),
        },
        "profiles": {
            "MediaProfile000": profile("MediaProfile_Channel1_MainStream", "00000", "00000", Metadata="00000"),
            "MediaProfile001": profile("MediaProfile_Channel1_SubStream1", "00000", "00001", Metadata="00000"),
        },
        "audio_sources": {"00000": {"name": "AudioSourceConfig000", "source": "00000"}},
        "audio_encoders": {
            "00000": audio_encoder("AudioEncoder000", "AAC", 64, 16, multicast=_CAST),
            "00001": audio_encoder("AudioEncoder001", "AAC", 64, 16, multicast=_CAST),
        },
        "metadata": {"00000": metadata("MetadataConfig000", multicast=_CAST)},
        "imaging": imaging(50.0, backlight="OFF", wdr_level=50.0),
        "osds": {
            "OSD000": text("00000", "IPC", "LowerLeft"),
            "OSD001": clock("00000", "UpperRight", date_format="yyyy-MM-dd"),
        },
        "relays": {"00000": {"mode": "Monostable", "delay": "PT1S", "idle": "open"}},
    },
)
