"""Building stones of a personality's factory state: the sections a camera keeps, as plain values.

Sections and their keys (what `control.state` shows and a SPEC's `factory` may overlay):

    time            type (NTP, Manual), dst, tz, ntp [servers], ntp_from_dhcp, ntp_dhcp [servers], tells_local
    clock           offset_s, drift_ppm, set_at
    network         address, prefix, dhcp, interface, mtu, hostname, hostname_dhcp, dns [..], dns_dhcp,
                    dns_from_dhcp [..], search [..], gateways [..], zeroconf, discovery, protocols {name: enabled,
                    ports}, mac_style (colons, dashes, upper)
    scopes          fixed [..], configurable [..]
    users           {name: level, password, fixed}
    video_sources   {token: name, source, width, height, fps}
    encoders        {token: name, codec, width, height, fps, kbps, gov, profile, quality, interval, cbr, multicast,
                    timeout}
    profiles        {token: name, fixed, VideoSource, VideoEncoder, AudioSource, AudioEncoder, Metadata}
    audio_sources   {token: name, source}
    audio_encoders  {token: name, codec, kbps, khz, multicast, timeout}
    metadata        {token: name, analytics, multicast, timeout}
    imaging         Brightness, ColorSaturation, Contrast, Sharpness, backlight, wdr, wdr_level, ir, white, focus,
                    exposure
    osds            {token: source, type (Plain, Date, Time, DateAndTime), position, x, y, size, text, date_format,
                    time_format}
    masks           {token: source, points [[x, y]], type, enabled, colour}
    relays          {token: mode, delay, idle}
    info            firmware, manufacturer, model, sign (words on the wall)
"""

from __future__ import annotations

from typing import Any, Final

NO_GROUP: Final = "0.0.0.0"  # noqa: S104 -- ONVIF's word for no multicast group


def multicast(port: int, ttl: int = 64, address: str = NO_GROUP) -> dict[str, Any]:
    """Return where a stream would be multicast."""
    return {"address": address, "port": port, "ttl": ttl, "auto": False}


def encoder(name: str, width: int, height: int, kbps: int, **other: Any) -> dict[str, Any]:
    """Return a video encoder as it leaves the factory: H.264, 25 frames a second."""
    told: dict[str, Any] = {
        "name": name,
        "codec": "H264",
        "width": width,
        "height": height,
        "fps": 25,
        "kbps": kbps,
        "gov": 50,
        "profile": "Main",
        "quality": 3.0,
        "interval": 1,
        "cbr": False,
        "multicast": multicast(0),
        "timeout": "PT60S",
    }
    return told | other


def profile(name: str, source: str, video: str, *, fixed: bool = True, **other: str) -> dict[str, Any]:
    """Return a media profile of a source and an encoder; sound and metadata by keyword."""
    told = {"name": name, "fixed": fixed, "VideoSource": source, "VideoEncoder": video}
    return {**told, "AudioSource": "", "AudioEncoder": "", "Metadata": "", **other}


def audio_encoder(name: str, codec: str, kbps: int, khz: int, **other: Any) -> dict[str, Any]:
    """Return an audio encoder."""
    told = {"name": name, "codec": codec, "kbps": kbps, "khz": khz, "multicast": multicast(0), "timeout": "PT60S"}
    return told | other


def metadata(name: str, **other: Any) -> dict[str, Any]:
    """Return a metadata configuration."""
    return {"name": name, "analytics": False, "multicast": multicast(0), "timeout": "PT60S", **other}


def network(address: str, gateway: str, **other: Any) -> dict[str, Any]:
    """Return the network as it leaves the factory: a fixed address that fits nobody, every service on."""
    told: dict[str, Any] = {
        "address": address,
        "prefix": 24,
        "dhcp": False,
        "interface": "eth0",
        "hostname": "",
        "hostname_dhcp": False,
        "dns": ["8.8.8.8"],
        "dns_dhcp": False,
        "gateways": [gateway],
        "zeroconf": True,
        "discovery": "Discoverable",
        "protocols": {
            "HTTP": {"enabled": True, "ports": [80]},
            "HTTPS": {"enabled": True, "ports": [443]},
            "RTSP": {"enabled": True, "ports": [554]},
        },
    }
    return told | other


def scopes(
    name: str, hardware: str, *configurable: str, profiles: str = "Streaming T", kind: str = ""
) -> dict[str, Any]:
    """Return the scopes: type, profiles and hardware are fixed, name and place are configurable."""
    start = "onvif://www.onvif.org"
    fixed = [f"{start}/type/{kind or 'Network_Video_Transmitter'}"]
    fixed += [f"{start}/Profile/{profile}" for profile in profiles.split()]
    fixed += [f"{start}/hardware/{hardware}"]
    return {"fixed": fixed, "configurable": [*([f"{start}/name/{name}"] if name else []), *configurable]}


def text(source: str, words: str, position: str = "LowerLeft", **other: Any) -> dict[str, Any]:
    """Return a plain text in the picture."""
    return {"source": source, "type": "Plain", "position": position, "size": 32, "text": words, **other}


def clock(source: str, position: str = "UpperLeft", **other: Any) -> dict[str, Any]:
    """Return date and time in the picture."""
    told = {"source": source, "type": "DateAndTime", "position": position, "size": 32}
    return {**told, "date_format": "MM/dd/yyyy", "time_format": "HH:mm:ss", **other}


def exposure(longest: float, **other: Any) -> dict[str, Any]:
    """Return an automatic exposure; times in microseconds."""
    told = {"mode": "AUTO", "priority": "LowNoise", "MinExposureTime": 10.0, "MaxExposureTime": longest}
    return {**told, "MinGain": 0.0, "MaxGain": 100.0, **other}


def video_source(name: str, source: str, width: int, height: int, fps: int = 25) -> dict[str, Any]:
    """Return a video source."""
    return {"name": name, "source": source, "width": width, "height": height, "fps": fps}


def imaging(level: float, **other: Any) -> dict[str, Any]:
    """Return the picture's settings as they leave the factory: all at one level, lights by themselves."""
    plain = dict.fromkeys(("Brightness", "ColorSaturation", "Contrast", "Sharpness"), level)
    return {**plain, "exposure": exposure(40000.0), "ir": "AUTO", "wdr": "OFF", "white": "AUTO", **other}


def recorder(offset_s: float, drift_ppm: float, net: dict[str, Any], disk_mb: int, **other: Any) -> dict[str, Any]:
    """Return a recorder as it leaves the factory: on the maker's time, no account, no camera, one disk that is well."""
    told: dict[str, Any] = {
        "time": {"type": "Manual", "dst": False, "tz": "CST-8:00:00", "ntp": ["time.windows.com"]},
        "clock": {"offset_s": offset_s, "drift_ppm": drift_ppm},
        "network": net,
        "users": {},
        "encoders": {},
        "profiles": {},
        "channels": {},
        "recording": {"*": {"on": True}},
        "disks": {"1": {"mb": disk_mb, "state": "ok"}},
        "storage": {"overwrite": True},
    }
    return told | other
