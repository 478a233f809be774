"""A camera as Bosch makes them: three accounts from the factory, its own words for faults, no local time told.

Sources: captures onvif/Bosch_AUTODOME_IP_starlight_5000i_7.80.0128 (services, profiles, users, NTP from DHCP, zone
UTC5:0 with daylight saving, imaging 0 to 255, relay, MAC with dashes, limits of names and passwords); field facts on
ONVIF, quirks 22 (edgexfoundry/device-onvif-camera#27: the mode of SetSystemDateAndTime is ignored), 23 (#30: generic
ter:Action for a user name that is too short).
"""

from __future__ import annotations

from fleetctl.lab.factory import audio_encoder, clock, encoder, metadata, multicast, network, profile, scopes, text
from fleetctl.lab.personality import Codec, Passwords, Personality, Refusal

_SIZES = ((1920, 1080), (1536, 864), (1280, 720), (640, 360))
_CODECS = (
    Codec(name="H264", sizes=_SIZES, fps=(1, 30), gov=(1, 255), kbps=(1, 50000), quality=(0, 100)),
    Codec(name="H265", sizes=_SIZES, fps=(1, 30), gov=(1, 255), kbps=(1, 50000), quality=(0, 100)),
)
_CAST = multicast(60010)

PERSONALITY = Personality(
    name="bosch-like",
    doc="accounts service, user and live; the mode of SetSystemDateAndTime is ignored; ter:Action for most faults",
    sources=("onvif/Bosch_AUTODOME_IP_starlight_5000i_7.80.0128", "field/onvif.md quirks 22, 23"),
    manufacturer="Bosch",
    model="AUTODOME IP starlight 5000i",
    firmware="7.80.0128",
    hardware_id="F0004D43",
    serial_pattern="0{number}42",
    mac_prefix="00:07:5f",
    prefix="SOAP-ENV",
    paths={
        "tds": "/onvif/device_service",
        "trt": "/onvif/media_service",
        "tev": "/onvif/event_service",
        "tmd": "/onvif/deviceio_service",
        "tr2": "/onvif/media2_service",
        "timg": "/onvif/imaging_service",
    },
    versions={"tds": (1, 3), "trt": (1, 3), "tr2": (1, 1), "tev": (1, 4), "timg": (1, 1), "tmd": (1, 1)},
    unsupported=frozenset(("tds:GetIPAddressFilter", "tds:GetPasswordComplexityConfiguration", "tds:GetSystemLog")),
    not_supported=Refusal(code="Receiver", reason="Optional Action Not Implemented", status=500),
    clock_window_s=300.0,
    lock_after=0,
    passwords=Passwords(name_min=5, name_max=31, min=8, max=19, kinds=2, users_max=50),
    codecs={"H26x_L1S1": _CODECS, "H26x_L1S2": _CODECS},
    imaging={
        "range": (0, 255),
        "plain": ("Brightness", "ColorSaturation", "Contrast"),
        "backlight": ("ON", "OFF"),
        "focus": ("AUTO", "MANUAL"),
    },
    osd={
        "total": 4,
        "plain": 2,
        "clock": 1,
        "formats": ("dd/MM/yyyy", "MM/dd/yyyy", "yyyy-MM-dd"),
        "times": ("HH:mm:ss",),
        "font": (16, 64),
        "positions": ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight"),
    },
    masks={"most": 8, "points": 8, "types": ("Color",)},
    audio={"G711": ((64,), (8,)), "AAC": ((48, 80), (16,))},
    snapshot_path="/snap.jpg?JpegCam=1",
    stream_path="/rtsp_tunnel?p={number}&h26x=4&vcd=2",
    capabilities={
        "ntp": 1,
        "profiles_max": 16,
        "pull_points": 10,
        "generic_faults": True,
        "time_mode_fixed": True,
        "firmware": "mtom",
    },
    factory={
        "time": {
            "type": "NTP",
            "dst": True,
            "tz": "UTC5:0",
            "ntp": [],
            "ntp_from_dhcp": True,
            "ntp_dhcp": ["time-a-g.nist.gov"],
            "tells_local": False,
        },
        "clock": {"offset_s": -41.0, "drift_ppm": 8.0},
        "network": network(
            "192.168.0.1",
            "192.168.0.254",
            interface="1",
            mac_style="dashes",
            dns_dhcp=True,
            dns_from_dhcp=["192.168.2.1"],
        ),
        "scopes": scopes(
            "", "AUTODOME_IP_starlight_5000i", "onvif://www.onvif.org/location/", profiles="Streaming G T"
        ),
        "users": {
            "user": {"level": "Operator", "password": "user"},
            "service": {"level": "Administrator", "password": "service", "fixed": True},
            "live": {"level": "User", "password": "live"},
        },
        "video_sources": {"1": {"name": "Camera_1", "source": "1", "width": 1920, "height": 1080, "fps": 30}},
        "encoders": {
            "H26x_L1S1": encoder("SD Balanced", 1536, 864, 1400, fps=30, gov=60, quality=50.0, multicast=_CAST),
            "H26x_L1S2": encoder("HD 720p", 1280, 720, 2000, fps=30, gov=60, quality=50.0, multicast=_CAST),
        },
        "profiles": {
            "0": profile("H26x_L1S1", "1", "H26x_L1S1", fixed=False, AudioSource="1"),
            "1": profile("H26x_L1S2", "1", "H26x_L1S2", fixed=False, AudioSource="1"),
        },
        "audio_sources": {"1": {"name": "AudioSource 1", "source": "1"}},
        "audio_encoders": {"1": audio_encoder("AudioEncoder 1", "G711", 64, 8, multicast=multicast(55000))},
        "metadata": {"1": metadata("MetadataConfig 1", analytics=True, multicast=multicast(60000))},
        "imaging": {
            "backlight": "OFF",
            "Brightness": 128.0,
            "ColorSaturation": 128.0,
            "Contrast": 128.0,
            "focus": "AUTO",
        },
        "osds": {"osd1": clock("1", "UpperLeft", size=0), "osd2": text("1", "AUTODOME", "UpperRight", size=0)},
        "relays": {"Output_1": {"mode": "Bistable", "delay": "PT0.5S", "idle": "open"}},
    },
)
