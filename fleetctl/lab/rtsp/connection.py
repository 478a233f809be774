"""One RTSP connection: its methods, its login, its session. A session lives no longer than its connection."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from fleetctl.lab.rtsp import messages, rtp
from fleetctl.lab.rtsp.broadcast import Broadcasts
from fleetctl.lab.rtsp.encoder import audio_header, video_header
from fleetctl.lab.rtsp.messages import Digest, Reply, Request
from fleetctl.lab.rtsp.stream import StreamView
from fleetctl.lab.rtsp.viewer import Track, Viewer, chosen

SESSION_TIMEOUT_S: Final = 60
METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER"
_NOT_SERVED: Final = ("ANNOUNCE", "RECORD", "REDIRECT", "SET_PARAMETER")
_TRACK: Final = re.compile(r"(.*)/trackID=(\d{1,3})")


class Devices(Protocol):
    """What a connection asks about the devices of the lab."""

    broadcasts: Broadcasts

    def resolve(self, address: str, path: str) -> StreamView | None: ...

    def authenticate(self, address: str, user: str, proves: Callable[[str], bool], source: str, path: str) -> bool: ...

    def present(self, address: str) -> bool: ...

    def realm(self, address: str) -> str: ...

    def unguarded(self, address: str) -> bool: ...


class Connection:
    """Serves one client of one device."""

    def __init__(self, devices: Devices, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._devices = devices
        self._reader, self._writer = reader, writer
        self.address: str = writer.get_extra_info("sockname")[0]
        self._peer: str = writer.get_extra_info("peername")[0]
        self._digest = Digest(devices.realm(self.address))
        self._deadline: asyncio.Timeout | None = None
        self._session = ""
        self._path = ""
        self._stream: StreamView | None = None
        self._tracks: dict[int, Track] = {}
        self._viewer: Viewer | None = None

    async def serve(self) -> None:
        """Answer until the client goes, falls silent, or the device is cut off."""
        try:
            async with asyncio.timeout(SESSION_TIMEOUT_S) as self._deadline:
                while (request := await messages.read(self._reader)) is not None:
                    self._heard()
                    if not request.method:
                        continue
                    if not self._devices.present(self.address):
                        return
                    reply = await self._answer(request)
                    self._writer.write(reply.encoded(request.headers.get("cseq", "0")))
                    if request.method == "PLAY" and reply.status == 200:
                        self._play()
        except messages.Malformed:
            self._writer.write(Reply(status=400).encoded("0"))
        except (TimeoutError, ConnectionError):
            pass
        finally:
            self._end_session()
            self._writer.close()

    def abort(self) -> None:
        """Break the connection at once, as a device does that loses its power."""
        self._writer.transport.abort()

    def _heard(self) -> None:
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(asyncio.get_running_loop().time() + SESSION_TIMEOUT_S)

    async def _answer(self, request: Request) -> Reply:
        if request.version != "RTSP/1.0":
            return Reply(status=505)
        if not request.headers.get("cseq", "").isdecimal():
            return Reply(status=400)
        if "require" in request.headers:
            return Reply(status=551, headers={"Unsupported": request.headers["require"]})
        if request.method == "OPTIONS":
            return Reply(headers={"Public": METHODS})
        if request.method in _NOT_SERVED:
            return Reply(status=405, headers={"Allow": METHODS})
        served: dict[str, Callable[[Request], Coroutine[Any, Any, Reply]]] = {
            "DESCRIBE": self._describe, "SETUP": self._setup, "PLAY": self._ready,
            "PAUSE": self._pause, "TEARDOWN": self._teardown, "GET_PARAMETER": self._alive,
        }  # fmt: skip
        if request.method not in served:
            return Reply(status=501)
        if not self._known(request):
            return Reply(status=401, headers={"WWW-Authenticate": self._digest.challenge()})
        if (named := request.headers.get("session")) and named.partition(";")[0].strip() != self._session:
            return Reply(status=454)
        return await served[request.method](request)

    def _known(self, request: Request) -> bool:
        told = self._digest.told(request)
        if told is None:
            return self._devices.unguarded(self.address)
        return self._devices.authenticate(
            self.address,
            told["username"],
            lambda password: self._digest.proves(told, request.method, password),
            self._peer,
            request.path,
        )

    async def _describe(self, request: Request) -> Reply:
        stream = self._devices.resolve(self.address, request.path)
        if stream is None:
            return Reply(status=404)
        form = stream.form()
        video = await asyncio.to_thread(video_header, form)
        told = rtp.description(form, video, await asyncio.to_thread(audio_header, form.audio), self.address)
        headers = {"Content-Base": f"{request.url.rstrip('/')}/", "Content-Type": "application/sdp"}
        return Reply(headers=headers, body=told)

    async def _setup(self, request: Request) -> Reply:
        split = _TRACK.fullmatch(request.path)
        if split is None:
            return Reply(status=459)
        path, number = split[1].rstrip("/"), int(split[2])
        stream = self._devices.resolve(self.address, path)
        if stream is None or number > (0 if stream.audio is None else 1):
            return Reply(status=404)
        if self._viewer is not None:
            return Reply(status=455)
        if self._tracks and path != self._path:
            return Reply(status=459)
        transport = chosen(request.headers.get("transport", ""))
        if transport is None:
            return Reply(status=461)
        if number in self._tracks:
            self._tracks.pop(number).close()
        track, ports = Track(transport, stream, number, self._heard), None
        if transport.tcp:
            track.write = self._writer
        else:
            try:
                ports = await track.open_udp(self.address, self._peer)
            except OSError:
                return Reply(status=453)
        self._tracks[number], self._path, self._stream = track, path, stream
        self._session = self._session or secrets.token_hex(8)
        return Reply(headers=self._named({"Transport": track.describe(ports)}))

    def _named(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Session": f"{self._session};timeout={SESSION_TIMEOUT_S}"}

    async def _ready(self, request: Request) -> Reply:
        """Answer PLAY; the packets begin after the answer."""
        if "session" not in request.headers:
            return Reply(status=454)
        if self._stream is None:
            return Reply(status=455)
        if self._viewer is None:
            now = self._devices.resolve(self.address, self._path)
            if now is None or now.form() != self._stream.form():
                return Reply(status=455)
            self._viewer = Viewer(self._tracks, self._writer)
            self._stream = now
            if not self._devices.broadcasts.join(self._key(), now, self._viewer, self.abort):
                self._viewer = None
                return Reply(status=453)
        url = _TRACK.sub(r"\1", request.url.rstrip("/"))
        told = ",".join(f"url={url}/trackID={n};seq={t.sequence + 1}" for n, t in sorted(self._tracks.items()))
        return Reply(headers=self._named({"Range": "npt=0.000-", "RTP-Info": told}))

    def _key(self) -> tuple[str, str]:
        return self.address, self._path

    def _play(self) -> None:
        if self._viewer is not None:
            self._viewer.playing = True

    async def _pause(self, request: Request) -> Reply:
        if "session" not in request.headers:
            return Reply(status=454)
        if self._viewer is None:
            return Reply(status=455)
        self._leave()
        return Reply(headers=self._named({}))

    async def _teardown(self, request: Request) -> Reply:
        if "session" not in request.headers:
            return Reply(status=454)
        self._end_session()
        return Reply()

    async def _alive(self, request: Request) -> Reply:
        return Reply(headers=self._named({}) if "session" in request.headers else {})

    def _leave(self) -> None:
        if self._viewer is not None:
            self._devices.broadcasts.leave(self._key(), self._viewer)
            self._viewer = None

    def _end_session(self) -> None:
        self._leave()
        for track in self._tracks.values():
            with contextlib.suppress(OSError):
                track.close()
        self._tracks, self._stream, self._session, self._path = {}, None, "", ""
