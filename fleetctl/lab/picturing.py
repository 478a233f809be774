"""What a device's camera shows: its state as a view, snapshots over HTTP, streams over RTSP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetctl.lab import access, auth
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming
from fleetctl.lab.http import Connection
from fleetctl.lab.picture import Mask, Overlay, View, jpeg
from fleetctl.lab.services.device_network import protocols_of
from fleetctl.lab.spec import LabSpec
from fleetctl.lab.world import World

if TYPE_CHECKING:
    from fleetctl.lab.rtsp import RtspServer

SNAPSHOT: Final = (1280, 720)


def view(device: SimDevice, lab: LabSpec, width: int, height: int) -> View:
    """Return how the device's picture looks now."""
    imaging = device.read("imaging")
    low, high = (float(x) for x in device.personality.imaging.get("range", (0, 100)))

    def part(name: str) -> float:
        return (float(imaging.get(name, (low + high) / 2)) - low) / (high - low)

    return View(
        width=width,
        height=height,
        seed=device.serial_number,
        overlays=tuple(_overlay(told, height) for told in device.read("osds").values()),
        masks=tuple(
            Mask(points=tuple((float(x), float(y)) for x, y in told["points"]), kind=told["type"])
            for told in device.read("masks").values()
            if told["enabled"]
        ),
        clock_offset_s=round(device.zone_offset_s() + device.now(lab) - time.time(), 1),
        brightness=part("Brightness"),
        contrast=part("Contrast"),
        saturation=part("ColorSaturation"),
        sharpness=part("Sharpness"),
        night=imaging.get("ir") == "OFF",
        rotate=_turned(device),
        sign=str(device.read("info").get("sign", "")),
    )


def _overlay(told: Mapping[str, Any], height: int) -> Overlay:
    return Overlay(
        text=str(told.get("text", "")),
        position=told["position"],
        x=float(told.get("x", 0.0)),
        y=float(told.get("y", 0.0)),
        date_format=str(told.get("date_format", "")) if told["type"] != "Time" else "",
        time_format=str(told.get("time_format", "")) if told["type"] != "Date" else "",
        size_px=round(int(told.get("size") or 0) * height / 1080),
    )


def _turned(device: SimDevice) -> int:
    """Return how far the picture is turned, in degrees; ON without a degree is 180 (onvif.xsd, tt:Rotate)."""
    told: Mapping[str, Any] = next(iter(device.read("video_sources").values()), {})
    return int(told.get("degree") or 180) if told.get("rotate") == "ON" else 0


def _snapshot_size(device: SimDevice, target: str) -> tuple[int, int]:
    """Return the size of the still picture at a target: that of the profile it names, else of the first one."""
    profiles = device.read("profiles")
    paths = {token: device.personality.snapshot_path.format(profile=token) for token in profiles}
    token = next((token for token, path in paths.items() if path == target), next(iter(profiles), ""))
    encoder = device.read("encoders").get(profiles.get(token, {}).get("VideoEncoder"))
    return (int(encoder["width"]), int(encoder["height"])) if encoder else SNAPSHOT


def _streams(device: SimDevice) -> bool:
    """Tell whether RTSP is switched on."""
    told = protocols_of(device.read("network"), device.personality.ports)
    return bool(told.get("RTSP", {}).get("enabled"))


class Pictures:
    """Snapshots and streams of a lab."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._rtsp: RtspServer | None = None

    async def start(self, port: int, bind: str) -> int:
        """Start RTSP; returns its port. Raises OSError."""
        from fleetctl.lab import streams  # codecs cost 20 MB: only where there is RTSP

        def draw(device: SimDevice, width: int, height: int) -> View:
            return view(device, self._world.spec, width, height)

        self._rtsp = streams.serving(self._at, draw, _streams, self._reached)
        return await self._rtsp.start(port, bind)

    def _at(self, address: str) -> SimDevice | None:
        return self._world.by_address.get(address)

    def _reached(self, asking: SimDevice, told: str) -> SimDevice | None:
        return self._world.by_address.get(self._world.reached(asking, told))

    async def stop(self) -> None:
        """End every stream."""
        if self._rtsp is not None:
            await self._rtsp.stop()

    def cut(self, address: str) -> None:
        """End the streams of one device at once."""
        if self._rtsp is not None:
            self._rtsp.cut(address)

    def is_snapshot(self, device: SimDevice, path: str) -> bool:
        """Tell whether a path is where the device's still picture is."""
        template = device.personality.snapshot_path.partition("?")[0]
        return any(path == template.format(profile=token) for token in device.read("profiles"))

    def snapshot(self, device: SimDevice, connection: Connection, incoming: Incoming) -> None:
        """Answer with a picture, to whom may see it (HTTP digest)."""
        header = incoming.headers.get("authorization", "")
        login = auth.http_digest(device, header, "GET", incoming.target, incoming.source)
        if login.level < access.USER and not access.anonymous_allowed(device):
            told = auth.challenges(device, stale=login.stale, always=True)
            headers = tuple(("WWW-Authenticate", value) for value in told)
            connection.reply(401, b"", "text/html", headers, device.personality.server)
            return
        task = asyncio.get_running_loop().create_task(self._draw(device, connection, incoming.target))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _draw(self, device: SimDevice, connection: Connection, target: str) -> None:
        told = view(device, self._world.spec, *_snapshot_size(device, target))
        picture = await asyncio.to_thread(jpeg, told, utc_s=time.time())
        connection.reply(200, picture, "image/jpeg", server=device.personality.server)
