"""Streams of the lab's devices: which profile an RTSP address means, how it is encoded, and who may see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleetctl.lab import access, auth
from fleetctl.lab.device import SimDevice
from fleetctl.lab.picture import View
from fleetctl.lab.recorder import relay
from fleetctl.lab.rtsp import AudioView, RtspServer, StreamView
from fleetctl.lab.services.media_parts import stream_path

Draw = Callable[[SimDevice, int, int], View]


def profile_at(device: SimDevice, path: str) -> Mapping[str, Any] | None:
    """Return the profile whose stream is at a path; clients that drop the query find the first at that path."""
    profiles: Mapping[str, Mapping[str, Any]] = device.read("profiles")
    paths = {token: stream_path(device, token) for token, told in profiles.items() if told.get("VideoSource")}
    exact = [token for token, told in paths.items() if told == path]
    alike = [token for token, told in paths.items() if "?" not in path and told.partition("?")[0] == path]
    begun = [token for token, told in paths.items() if "?" in path and told.startswith(f"{path}&")]
    token = next(iter(exact or alike or begun), "")
    return profiles.get(token) if path else None


def stream_of(device: SimDevice, path: str, draw: Draw) -> StreamView | None:
    """Return the stream at a path as the device is set now; None if there is none or the device gives none out."""
    if device.dead() or device.read("info").get("no_stream") or (device.faults and "lockout" in device.faults):
        return None
    profile = profile_at(device, path)
    if profile is None:
        return None
    told = device.read("encoders")[profile["VideoEncoder"]]
    quality = next((c.quality for c in device.personality.codecs.get(profile["VideoEncoder"], ())), (0, 6))
    return StreamView(
        view=draw(device, int(told["width"]), int(told["height"])),
        encoding=told["codec"],
        fps=float(told["fps"]) / max(1, int(told.get("interval", 1))),
        bitrate_kbps=int(told["kbps"]),
        gop=int(told.get("gov", 50)),
        profile=str(told.get("profile", "Main")),
        quality=_percent(float(told["quality"]), *quality),
        audio=_audio(device, profile),
    )


def _percent(quality: float, low: int, high: int) -> int:
    """Bring a device's own scale of quality to JPEG's, where less than 40 is ugly."""
    return round(40 + 55 * min(1.0, max(0.0, (quality - low) / max(1, high - low))))


def _audio(device: SimDevice, profile: Mapping[str, Any]) -> AudioView | None:
    token = profile.get("AudioEncoder")
    if not token or not profile.get("AudioSource"):
        return None
    told = device.read("audio_encoders")[token]
    return AudioView(
        encoding="AAC" if told["codec"] == "AAC" else "G711",
        bitrate_kbps=int(told["kbps"]),
        sample_rate_hz=int(told["khz"]) * 1000,
    )


def serving(
    at: Callable[[str], SimDevice | None],
    draw: Draw,
    enabled: Callable[[SimDevice], bool],
    reached: Callable[[SimDevice, str], SimDevice | None],
) -> RtspServer:
    """Return the RTSP server of the devices that `at` finds by address; `enabled` tells whether one has RTSP on.

    `reached` finds the camera that a recorder knows by an address.
    """

    def resolve(address: str, path: str) -> StreamView | None:
        device = at(address)
        if device is None or not enabled(device):
            return None
        if device.personality.recorder is not None:
            camera, path = relay.source(device, path, reached)
            if camera is None:
                return None
            device = camera
        return stream_of(device, path, draw)

    def authenticate(address: str, user: str, proves: Callable[[str], bool], source: str, path: str) -> bool:
        if (device := at(address)) is None:
            return False
        password = auth.password_of(device, user)
        right = password is not None and proves(password)
        known = auth.settle(device, user, right, source).level >= access.USER
        return known and (device.personality.recorder is None or relay.may_see(device, user, path))

    def present(address: str) -> bool:
        device = at(address)
        return device is not None and not device.dead() and enabled(device)

    def realm(address: str) -> str:
        device = at(address)
        return device.personality.realm if device is not None else ""

    def unguarded(address: str) -> bool:
        device = at(address)
        return device is not None and access.anonymous_allowed(device)

    return RtspServer(resolve, authenticate, present=present, realm=realm, unguarded=unguarded)
