"""A camera as Axis makes them: open until the first account, HTTP digest only, one address for all services, no sound.

Sources: captures onvif/AXIS_P3818-PVE_11.9.60 (services, profiles, fault words, no audio, zone with daylight saving on,
access policy); field facts on ONVIF, quirks 4 and 5 (digest only, a count may not be used twice), 9, 16 (every element
of a configuration is wanted); field facts on vendor protocols 4 (open until the first user).
The picture's sizes are those of an ordinary model, not of that panoramic one.
"""

from __future__ import annotations

from fleetctl.lab.factory import clock, encoder, exposure, metadata, multicast, network, profile, scopes, text
from fleetctl.lab.personality import Codec, Passwords, Personality, Refusal

_SIZES = ((1920, 1080), (1280, 720), (640, 360), (320, 180))
_CODECS = (
    Codec(name="H264", sizes=_SIZES, fps=(1, 30), gov=(1, 32767), kbps=(1, 50000), quality=(0, 100),
          profiles=("Baseline", "Main", "High")),
    Codec(name="H265", sizes=_SIZES, fps=(1, 30), gov=(1, 32767), kbps=(1, 50000), quality=(0, 100)),
    Codec(name="JPEG", sizes=_SIZES, fps=(1, 30), kbps=(1, 50000), quality=(0, 100)),
)  # fmt: skip
_SERVICES = "/onvif/services"
_CAST = multicast(0, 5)

PERSONALITY = Personality(
    name="axis-like",
    doc="open until the first account is made, HTTP digest only with replay protection, no sound, daylight saving on",
    sources=("onvif/AXIS_P3818-PVE_11.9.60", "field/onvif.md quirks 4, 5, 9, 16"),
    manufacturer="AXIS",
    model="P3245-LV",
    firmware="11.9.60",
    hardware_id="7D6.1",
    serial_pattern="{mac12}",
    mac_prefix="b8:a4:4f",
    prefix="SOAP-ENV",
    paths={
        "tev": _SERVICES,
        "tds": "/onvif/device_service",
        "timg": _SERVICES,
        "tmd": _SERVICES,
        "tr2": _SERVICES,
        "trt": _SERVICES,
    },
    versions={"tds": (2, 21), "trt": (2, 21), "tr2": (23, 6), "tev": (2, 21), "timg": (19, 6), "tmd": (21, 6)},
    server="Apache",
    unsupported=frozenset(("tds:GetPasswordComplexityConfiguration", "tds:SetPasswordComplexityConfiguration")),
    not_supported=Refusal(code="Receiver", reason="Optional action not implemented", status=500),
    schemes=("digest",),
    realm="AXIS_ACCC8E000000",
    clock_window_s=10.0,
    fresh="anonymous",
    lock_after=0,
    passwords=Passwords(name_max=56, min=1, max=64, users_max=50),
    reboot_message="Rebooting",
    codecs={"default_1_h264": _CODECS, "default_2_h264": _CODECS},
    imaging={
        "range": (0, 100),
        "plain": ("Brightness", "ColorSaturation", "Contrast", "Sharpness"),
        "wdr": ("OFF", "ON"),
        "ir": ("OFF", "ON", "AUTO"),
        "white": ("AUTO",),
        "exposure": {
            "modes": ("AUTO", "MANUAL"),
            "priorities": ("LowNoise", "FrameRate"),
            "time": (-60, 2000000),
            "gain": (0, 100),
        },
    },
    osd={
        "total": 10,
        "plain": 10,
        "clock": 1,
        "formats": ("yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy"),
        "times": ("HH:mm:ss", "hh:mm:ss tt"),
        "font": (16, 96),
        "positions": ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight", "Custom"),
    },
    masks={"most": 30, "points": 6, "types": ("Color", "Pixelated")},
    snapshot_path="/onvif-cgi/jpg/image.cgi?resolution=1920x1080&compression=30",
    stream_path="/onvif-media/media.amp?profile={profile}&sessiontimeout=60&streamtype=unicast",
    capabilities={"ntp": 2, "profiles_max": 32, "pull_points": 32, "fixed_profiles": True, "vapix_firmware": True},
    factory={
        "time": {"type": "NTP", "dst": True, "tz": "EST5EDT,M3.2.0,M11.1.0", "ntp": ["0.axis.pool.ntp.org"]},
        "clock": {"offset_s": 3.0, "drift_ppm": 5.0},
        "network": network(
            "192.168.0.90", "192.168.0.1", hostname="axis-{mac12}", hostname_dhcp=True, mac_style="upper", zeroconf=True
        ),
        "scopes": scopes(
            "", "P3245-LV", "onvif://www.onvif.org/name/AXIS%20P3245-LV", "onvif://www.onvif.org/location/"
        ),
        "users": {},
        "video_sources": {"0": {"name": "user0", "source": "0", "width": 1920, "height": 1080, "fps": 30}},
        "encoders": {
            "default_1_h264": encoder(
                "default_1 h264", 1920, 1080, 50000, fps=30, gov=32, quality=70.0, multicast=_CAST
            ),
            "default_2_h264": encoder(
                "default_2 h264", 1280, 720, 50000, fps=30, gov=32, quality=70.0, multicast=_CAST
            ),
        },
        "profiles": {
            "profile_1_h264": profile("profile_1 h264", "0", "default_1_h264", Metadata="0"),
            "profile_2_h264": profile("profile_2 h264", "0", "default_2_h264"),
        },
        "metadata": {"0": metadata("user0", multicast=_CAST)},
        "imaging": {
            "Brightness": 50.0,
            "ColorSaturation": 50.0,
            "Contrast": 50.0,
            "Sharpness": 50.0,
            "exposure": exposure(33333.0, priority="FrameRate", MinExposureTime=1.0),
            "ir": "AUTO",
            "wdr": "ON",
            "white": "AUTO",
        },
        "osds": {
            "0": clock("0", "UpperLeft", date_format="yyyy-MM-dd"),
            "1": text("0", "AXIS P3245-LV", "UpperRight"),
        },
    },
)
