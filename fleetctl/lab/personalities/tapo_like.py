"""A cheap camera as TP-Link Tapo makes them: it says yes and does nothing, and does not know where it is.

Sources: captures edgex-support-matrix.json (Tapo C200: 46 of 82 operations unsupported; user commands answer 200 and
do nothing; daylight saving cannot be turned off); field facts on ONVIF, quirks 8 (service addresses on a foreign
subnet), 9 (one address for all services), 17, 20, 23. The clock has no battery.
"""

from __future__ import annotations

from fleetctl.lab.factory import audio_encoder, encoder, multicast, network, profile, scopes
from fleetctl.lab.personality import Codec, Passwords, Personality

_SERVICE = "/onvif/service"
_CAST = multicast(0)

PERSONALITY = Personality(
    name="tapo-like",
    doc="answers 200 and does nothing for users, encoder and host name; no Media2; addresses on a foreign subnet",
    sources=("edgex-support-matrix.json", "field/onvif.md quirks 8, 9, 17, 20, 23"),
    manufacturer="tp-link",
    model="Tapo C200",
    firmware="1.1.22 Build 220725 Rel.58718n(4555)",
    hardware_id="3.0",
    serial_pattern="{number}",
    mac_prefix="1c:61:b4",
    prefix="SOAP-ENV",
    paths={"tds": "/onvif/device_service", "trt": _SERVICE, "timg": _SERVICE, "tev": _SERVICE},
    server="gSOAP/2.8",
    foreign_xaddr="http://192.168.0.60:2020",
    closes_idle=True,
    unsupported=frozenset(
        (
            "tds:AddScopes",
            "tds:RemoveScopes",
            "tds:GetEndpointReference",
            "tds:GetDNS",
            "tds:SetDNS",
            "tds:GetNetworkDefaultGateway",
            "tds:SetNetworkDefaultGateway",
            "tds:SetNetworkProtocols",
            "tds:GetZeroConfiguration",
            "tds:SetZeroConfiguration",
            "tds:GetIPAddressFilter",
            "tds:GetPasswordComplexityConfiguration",
            "tds:GetRelayOutputs",
            "tds:SetRelayOutputSettings",
            "tds:SetRelayOutputState",
            "trt:GetMetadataConfigurations",
            "trt:GetMetadataConfiguration",
            "trt:SetMetadataConfiguration",
            "trt:GetOSDs",
            "trt:GetOSDOptions",
            "trt:CreateOSD",
            "trt:SetOSD",
            "trt:DeleteOSD",
            "trt:GetSnapshotUri",
            "timg:GetServiceCapabilities",
        )
    ),
    clock_window_s=60.0,
    lock_after=10,
    lock_s=600.0,
    passwords=Passwords(name_max=32, min=6, max=32, users_max=3),
    ignored=frozenset(
        (
            "tds:CreateUsers",
            "tds:SetUser",
            "tds:DeleteUsers",
            "tds:SetHostname",
            "tds:SetNetworkInterfaces",
            "trt:SetVideoEncoderConfiguration",
        )
    ),
    clamps=True,
    keeps_dst=True,
    loses_clock=True,
    codecs={
        "main": (Codec(name="H264", sizes=((1920, 1080), (1280, 720)), fps=(1, 15), gov=(25, 25), kbps=(256, 2048)),),
        "minor": (Codec(name="H264", sizes=((640, 360), (320, 240)), fps=(1, 15), gov=(25, 25), kbps=(64, 512)),),
    },
    imaging={
        "range": (0, 100),
        "plain": ("Brightness", "ColorSaturation", "Contrast", "Sharpness"),
        "ir": ("ON", "OFF", "AUTO"),
    },
    audio={"G711": ((64,), (8,))},
    stream_path="/stream{channel}",
    capabilities={
        "ntp": 1,
        "profiles_max": 3,
        "pull_points": 2,
        "zeroconf": False,
        "no_bitrate_options": True,
        "firmware": "",
    },
    factory={
        "time": {"type": "NTP", "dst": True, "tz": "UTC-08:00", "ntp": ["132.163.96.3"]},
        "clock": {"offset_s": -7.0, "drift_ppm": 60.0},
        "network": network("192.168.0.60", "192.168.0.1", dhcp=True, hostname="C200", zeroconf=False),
        "scopes": scopes("Tapo_C200", "Tapo_C200", "onvif://www.onvif.org/location/Earth", profiles="Streaming"),
        "users": {"admin": {"level": "Administrator", "password": "admin", "fixed": True}},
        "video_sources": {
            "vsconf": {"name": "VideoSource", "source": "raw_vs1", "width": 1920, "height": 1080, "fps": 15}
        },
        "encoders": {
            "main": encoder("VideoEncoder_1", 1920, 1080, 1024, fps=15, gov=25, quality=3.0, multicast=_CAST),
            "minor": encoder("VideoEncoder_2", 640, 360, 256, fps=15, gov=25, quality=3.0, multicast=_CAST),
        },
        "profiles": {
            "profile_1": profile("mainStream", "vsconf", "main", AudioSource="asconf", AudioEncoder="microphone"),
            "profile_2": profile("minorStream", "vsconf", "minor", AudioSource="asconf", AudioEncoder="microphone"),
        },
        "audio_sources": {"asconf": {"name": "AudioSource", "source": "raw_as1"}},
        "audio_encoders": {"microphone": audio_encoder("AudioEncoder", "G711", 64, 8)},
        "imaging": {"Brightness": 50.0, "ColorSaturation": 50.0, "Contrast": 50.0, "Sharpness": 50.0, "ir": "AUTO"},
    },
)
