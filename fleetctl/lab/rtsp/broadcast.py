"""Streams that somebody watches: one encoder each, shared by its viewers, following the device's settings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from fleetctl.lab.rtsp.encoder import Encoder
from fleetctl.lab.rtsp.rtp import Unit
from fleetctl.lab.rtsp.stream import StreamView
from fleetctl.lab.rtsp.viewer import Viewer

Key = tuple[str, str]  # address, path
Resolve = Callable[[str, str], StreamView | None]
FOLLOW_EVERY_S: Final = 1.0
_LOG: Final = logging.getLogger(__name__)


class Broadcast:
    """One stream with its viewers and what ends each of them."""

    def __init__(self, stream: StreamView, ended: Callable[[], None]) -> None:
        self.form = stream.form()
        self.viewers: dict[Viewer, Callable[[], None]] = {}
        self._ended = ended
        self._loop = asyncio.get_running_loop()
        self._encoder = Encoder(stream, self._from_thread)

    def _from_thread(self, made: Unit | Exception) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            self._loop.call_soon_threadsafe(self._spread, made)

    def _spread(self, made: Unit | Exception) -> None:
        if isinstance(made, Exception):
            _LOG.warning("the encoder ended: %s: %s", type(made).__name__, made)
            self._ended()
            return
        wanted = [viewer.take(made) for viewer in self.viewers]
        if any(wanted):
            self._encoder.key_frame()

    def follow(self, stream: StreamView | None) -> bool:
        """Take the settings as they are now; return False when viewers were promised another stream."""
        if stream is None or stream.form() != self.form:
            return False
        self._encoder.view = stream.view
        return True

    def stop(self) -> None:
        """End the encoder and every viewer."""
        self._encoder.stop()
        for end in tuple(self.viewers.values()):
            end()


class Broadcasts:
    """All running streams of the lab, at most `limit` at once (the rest is told 453)."""

    def __init__(self, resolve: Resolve, limit: int) -> None:
        self._resolve = resolve
        self._limit = limit
        self._running: dict[Key, Broadcast] = {}
        self._follower: asyncio.Task[None] | None = None

    def join(self, key: Key, stream: StreamView, viewer: Viewer, end: Callable[[], None]) -> bool:
        """Add a viewer; False when no more streams can be encoded. `end` is called when the stream ends first."""
        running = self._running.get(key)
        if running is not None and running.form != stream.form():
            self._stop(key)
            running = None
        if running is None:
            if len(self._running) >= self._limit:
                return False
            running = self._running[key] = Broadcast(stream, lambda: self._stop(key))
        running.viewers[viewer] = end
        if self._follower is None:
            self._follower = asyncio.create_task(self._follow())
        return True

    def leave(self, key: Key, viewer: Viewer) -> None:
        """Remove a viewer; with the last one the encoder ends."""
        running = self._running.get(key)
        if running is not None and running.viewers.pop(viewer, None) is not None and not running.viewers:
            self._stop(key)

    def stop(self, address: str = "") -> None:
        """End all streams of a device, or all."""
        for key in tuple(self._running):
            if address in ("", key[0]):
                self._stop(key)

    def _stop(self, key: Key) -> None:
        running = self._running.pop(key, None)
        if running is not None:
            running.stop()

    async def _follow(self) -> None:
        while self._running:
            await asyncio.sleep(FOLLOW_EVERY_S)
            for key, running in tuple(self._running.items()):
                if not running.follow(self._resolve(*key)):
                    self._stop(key)
        self._follower = None
