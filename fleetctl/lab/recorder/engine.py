"""The recorders at work: each channel logs in to its camera, pulls a picture, writes it down; again and again.

A recording is taken to go on between two pulls that both succeed. A recorder that nobody asked for a while looks after
its channels more rarely; and all logins of a lab together, and all pulls, take no more than a part of one core: with
thousands of channels each of them has its turn less often.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetctl.lab import auth
from fleetctl.lab.device import SimDevice
from fleetctl.lab.recorder import chores, keeping
from fleetctl.lab.recorder.grab import Picture, Refused, grab
from fleetctl.lab.recorder.link import Link
from fleetctl.lab.recorder.login import LOGINS, Denied, credentials, push_time
from fleetctl.lab.recorder.wire import Line, Unanswered

if TYPE_CHECKING:
    from fleetctl.lab.world import World

NO_PICTURE: Final = Picture(codec="H264", data=b"", kbps=2048)
TICK_S: Final = 0.1
TOGETHER: Final = 4  # channels that are connected at the same time
IDLE_AFTER_S: Final = 60.0  # nobody asked the recorder for so long
IDLE_FACTOR: Final = 6.0
REST_LOGIN: Final = 2.0  # routine logins that took one second together are followed by two without
REST_PULL: Final = 4.0
FIRST_S: Final = 120.0  # so much of its rest a lab gives up for pictures of channels that have none yet: 100 of them
REST_MOST_S: Final = 0.3  # what took longer was waiting, not work
_DECIDING: Final = ("recording", "storage", "disks")
CHORES_S: Final = 1.0  # how often a recorder looks for what to do by itself
TIMING_S: Final = 60.0
_PORTS: Final = {  # what a channel's ports may be, beside the lab's own
    "HIKVISION": (8000, 80, 8443), "ONVIF": (80, 8000), "Private": (37777,), "Onvif": (80,),
}  # fmt: skip


class Recorders:
    """Looks after the channels of every recorder of a lab."""

    def __init__(self, world: World, ports: Mapping[str, int]) -> None:
        self._world, self._ports = world, ports
        self._seen: dict[str, Mapping[str, Any]] = {}  # channels as they were bound
        self._set: dict[str, tuple[Any, ...]] = {}  # what decides about recording, as it was looked at
        self._next: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._login_at = self._pull_at = 0.0  # when the next routine one may be
        self._loop: asyncio.Task[None] | None = None
        self._chores_at = 0.0
        self._last = ""  # the recorder that looked after a channel last
        self._pulling = False  # a channel that waited for its turn is at work
        self._activating: set[str] = set()

    def start(self) -> None:
        """Begin, where there is a recorder and it may work (`record_s`)."""
        working = self._world.spec.record_s > 0 and {"http", "rtsp"} <= set(self._ports)
        if working and any(device.personality.recorder for device in self._world.devices.values()):
            self._loop = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End every connection."""
        tasks = [*self._tasks, *([self._loop] if self._loop else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            now = time.monotonic()
            due = now >= self._chores_at
            for device in self._in_turn():
                if device.dead():
                    device.links = None  # what it recorded ends here
                else:
                    if due:
                        self._chores(device)
                    self._survey(device, now)
            if due:
                self._chores_at = now + CHORES_S
            await asyncio.sleep(TICK_S)

    def _in_turn(self) -> list[SimDevice]:
        """Return the recorders, first those behind the one that looked after a channel last: none waits for ever."""
        every = [d for d in self._world.devices.values() if d.personality.recorder is not None]
        place = next((n for n, d in enumerate(every, start=1) if d.name == self._last), 0)
        return every[place:] + every[:place]

    def _chores(self, recorder: SimDevice) -> None:
        chores.auto_add(self._world, recorder)
        for camera in chores.plug(self._world, recorder):
            self.activate(recorder, str(camera.read("network")["address"]), auth.password_of(recorder, "admin") or "")

    def activate(self, recorder: SimDevice, told: str, password: str) -> None:
        """Let a recorder activate a camera that it knows by an address."""
        address = self._world.reached(recorder, told)
        if address and address not in self._activating:
            self._activating.add(address)
            self._begin(self._activate(recorder, address, password))

    async def _activate(self, recorder: SimDevice, address: str, password: str) -> None:
        try:
            async with Line(self._world.address(recorder), address, self._ports["http"]) as line:
                await chores.activate(line, password)
        except Unanswered:
            pass
        finally:
            self._activating.discard(address)

    def lost(self, camera: SimDevice, address: str) -> None:
        """Tell every recorder that the connections to a camera broke: it looks at once, as its stream has ended."""
        known_as = {address, str(camera.read("network").get("address", ""))}
        for recorder in self._world.devices.values():
            for number, link in (recorder.links or {}).items():
                told = recorder.read("channels").get(number, {}).get("address")
                if told in known_as and link.due != float("inf"):
                    link.due = 0.0
                    self._next[recorder.name] = 0.0

    def push_password(self, recorder: SimDevice, password: str) -> None:
        """Let a recorder bring its own new password to the cameras it is connected to by HIKVISION."""
        for number, channel in recorder.read("channels").items():
            link = (recorder.links or {}).get(number)
            if link is not None and link.online and channel.get("protocol") == "HIKVISION":
                self._begin(self._push(recorder, number, dict(channel), password))

    async def _push(self, recorder: SimDevice, number: str, channel: dict[str, Any], password: str) -> None:
        address = self._world.reached(recorder, str(channel["address"]))
        try:
            async with Line(self._world.address(recorder), address, self._ports["http"]) as line:
                taken = await chores.set_password(line, channel, password)
        except Unanswered:
            return
        if taken and number in recorder.read("channels"):
            channels = recorder.change("channels")
            channels[number] = {**channels[number], "password": password}
            recorder.commit(self._world.disk)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _survey(self, recorder: SimDevice, now: float) -> None:
        """Connect what was bound, let go what is not, and look after what is due."""
        channels = recorder.read("channels")
        if recorder.links is None or channels is not self._seen.get(recorder.name):
            self._rebind(recorder, channels)
        if self._changed(recorder):
            self._next[recorder.name] = 0.0
            for link in (recorder.links or {}).values():
                link.due = min(link.due, now) if link.due != float("inf") else link.due
        links = recorder.links or {}
        if time.time() - recorder.asked_at < 1.0:  # somebody asks again: it is idle no more
            soon = now + self._world.spec.record_s
            for link in links.values():
                link.due = min(link.due, soon) if link.due != float("inf") else link.due
            self._next[recorder.name] = min(self._next.get(recorder.name, 0.0), soon)
        if now < self._next.get(recorder.name, 0.0):
            return
        for number, link in sorted(links.items(), key=lambda pair: pair[1].due):
            if len(self._tasks) >= TOGETHER or not (link.due <= now or self._has_turn(link, now)):
                continue
            if link.online and now < self._login_at:
                continue
            link.due, self._last = float("inf"), recorder.name
            self._pulling = self._pulling or link.waits
            self._begin(self._visit(recorder, number, link, channels[number]))
        due = min((link.due for link in links.values()), default=float("inf"))
        self._next[recorder.name] = min(due, now + 1.0)

    def _has_turn(self, link: Link, now: float) -> bool:
        """Tell whether a channel that waits for a picture may have it now: one at a time, so that each has its turn."""
        return link.waits and link.due != float("inf") and not self._pulling and now >= self._pull_at

    def _changed(self, recorder: SimDevice) -> bool:
        """Tell whether what decides about recording is another than when it was looked at last."""
        now = (*(recorder.read(name) for name in _DECIDING), sorted(recorder.faults or ()))
        before = self._set.get(recorder.name, ())
        if before and before[-1] == now[-1] and all(a is b for a, b in zip(now[:-1], before[:-1], strict=True)):
            return False
        self._set[recorder.name] = now
        return True

    def _rebind(self, recorder: SimDevice, channels: Mapping[str, Any]) -> None:
        """Connect anew what was bound or changed; the rest stays connected."""
        before = self._seen.get(recorder.name, {}) if recorder.links is not None else {}
        old = recorder.links or {}
        recorder.links = {
            number: old[number]
            if number in old and _bound_as(before.get(number, {})) == _bound_as(told)
            else Link(since=time.time(), state="connecting" if told.get("enabled", True) else "disabled")
            for number, told in channels.items()
            if told.get("address")
        }
        self._seen[recorder.name] = channels
        self._next[recorder.name] = 0.0

    async def _visit(self, recorder: SimDevice, number: str, link: Link, channel: Mapping[str, Any]) -> None:
        state: Any = "online"
        waited, link.waits = link.waits, False
        try:
            if not channel.get("enabled", True):
                raise Denied("disabled")
            await self._connect(recorder, number, link, channel)
        except Denied as error:
            state = error.state
            if state in ("password", "locked"):
                recorder.knocks += 1
        except (Unanswered, OSError):
            state = "unreachable"
        except Refused as error:
            state = "password" if error.status == 401 else "stream"
            recorder.knocks += error.status == 401
        except (KeyError, ValueError):  # it answers what makes no sense to the recorder
            state = "protocol"
        finally:
            self._pulling = self._pulling and not waited
        now = time.monotonic()
        if state != link.state:
            link.since = time.time()
        link.tries = 0 if state == "online" else link.tries + 1
        link.state = state
        if state != "online":
            keeping.end(link, "offline")
        link.due = now + self._pause_s(recorder, link)
        self._next[recorder.name] = 0.0

    def _pause_s(self, recorder: SimDevice, link: Link) -> float:
        spec = self._world.spec
        if not link.online:
            return spec.retry_s
        idle = time.time() - recorder.asked_at > IDLE_AFTER_S
        return spec.record_s * (IDLE_FACTOR if idle else 1.0)

    async def _connect(self, recorder: SimDevice, number: str, link: Link, channel: Mapping[str, Any]) -> None:
        world = self._world
        address = world.reached(recorder, str(channel["address"]))
        protocol = str(channel.get("protocol", ""))
        allowed = (554, self._ports["rtsp"]) if protocol == "RTSP" else (*_PORTS.get(protocol, ()), self._ports["http"])
        port = int(channel.get("http_port" if protocol == "Onvif" else "port", 0))
        if not address or port not in allowed or protocol not in LOGINS:
            raise Unanswered("nobody is there")
        source, began, routine = world.address(recorder), time.monotonic(), link.online
        async with Line(source, address, self._ports["http"]) as line:
            camera = await LOGINS[protocol](line, channel)
            if channel.get("timing") and time.time() - link.timed > TIMING_S:
                local = recorder.now(world.spec) + recorder.zone_offset_s()
                await push_time(line, channel, local, str(recorder.read("time")["tz"]))
                link.timed = time.time()
        link.camera, link.streams = dict(camera.told), camera.streams
        if routine:
            self._login_at = _rested(self._login_at, began, REST_LOGIN)
        local = recorder.now(world.spec) + recorder.zone_offset_s()
        if routine and (why := keeping.reason_not_to(recorder, number, local)):
            keeping.end(link, why)
            return
        credit = 0.0 if link.recording else FIRST_S
        if protocol != "RTSP" and time.monotonic() < self._pull_at - credit:
            link.waits = True  # logged in; what is recorded goes on, and the next picture comes when it has its turn
            return
        picture = NO_PICTURE
        if world.spec.pulls:
            began = time.monotonic()
            sub = keeping.settings(recorder, number).get("stream") == "sub"
            path = camera.streams[1 if sub else 0]
            picture = await grab(source, address, self._ports["rtsp"], path, credentials(channel))
            self._pull_at = _rested(self._pull_at, began, REST_PULL)
        if (recorder.links or {}).get(number) is link and not recorder.dead():
            keeping.keep(world, recorder, number, link, picture)


def _bound_as(channel: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides about the connection: all but the title."""
    return {name: value for name, value in channel.items() if name != "name"}


def _rested(until: float, began: float, rest: float) -> float:
    """Return when the next of a kind may be, after one that began then."""
    now = time.monotonic()
    return max(until, now) + rest * min(REST_MOST_S, now - began)
