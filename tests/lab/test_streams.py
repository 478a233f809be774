"""Streams of lab cameras, judged by ffprobe and ffmpeg, and RTSP's own answers judged by RFC 2326."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import itertools
import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from fleetctl.lab import picture
from fleetctl.lab.picture import Overlay, View
from fleetctl.lab.rtsp import AudioView, RtspServer, StreamView

CAMERA, OTHER = "127.20.1.11", "127.20.1.12"
USER, PASSWORD = "admin", "Quầy@1"
TITLE = Overlay(text="Phường Việt Hưng - Quầy 1")


def view(width: int, height: int, *overlays: Overlay) -> View:
    return View(width=width, height=height, seed="SN-1", overlays=overlays, clock_offset_s=7 * 3600)


STREAMS = {
    "/main": StreamView(view=view(1280, 720, TITLE), encoding="H264", fps=15, audio=AudioView()),
    "/h265": StreamView(
        view=view(1920, 1080, TITLE),
        encoding="H265",
        fps=12,
        gop=24,
        audio=AudioView(encoding="AAC", sample_rate_hz=16000),
    ),
    "/high": StreamView(view=view(704, 576), encoding="H264", fps=25, profile="High", bitrate_kbps=512),
    "/half?channel=1&subtype=1": StreamView(view=view(640, 360), encoding="H264", fps=12.5, profile="Baseline"),
    "/jpeg": StreamView(view=view(640, 480, TITLE), encoding="JPEG", fps=10),
}  # fmt: skip


class Lab:
    """The RTSP part of the lab alone, in a thread, with devices made up here."""

    def __init__(self) -> None:
        self.streams = dict(STREAMS)
        self.refused: list[str] = []
        self.absent: set[str] = set()
        self.loop = asyncio.new_event_loop()
        self.server = RtspServer(
            lambda address, path: self.streams.get(path),
            self.login,
            present=lambda address: address not in self.absent,
            streams_max=2,
        )
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.port: int = self.call(self.server.start, 0)

    def login(self, address: str, user: str, proves: Callable[[str], bool], *_: str) -> bool:
        good = user == USER and proves(PASSWORD)
        if not good:
            self.refused.append(user)
        return good

    def call(self, function: Callable[..., object], *arguments: object) -> object:
        async def inside() -> object:
            told = function(*arguments)
            return await told if asyncio.iscoroutine(told) else told

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(10)

    def close(self) -> None:
        self.call(self.server.stop)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def url(self, path: str, address: str = CAMERA) -> str:
        return f"rtsp://{USER}:Qu%E1%BA%A7y%401@{address}:{self.port}{path}"

    def encoders(self) -> int:
        return sum(thread.name == "lab-encoder" for thread in threading.enumerate())


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.close()


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: it is the judge of the lab's streams. Mend: apt-get install ffmpeg")
    return found


def probe(url: str, transport: str) -> dict[str, dict[str, object]]:
    """Return what ffprobe says of each kind of stream."""
    command = [
        tool("ffprobe"), "-v", "error", "-rtsp_transport", transport, "-analyzeduration", "2000000",
        "-show_streams", "-of", "json", url,
    ]  # fmt: skip
    ran = subprocess.run(command, capture_output=True, timeout=40, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return {stream["codec_type"]: stream for stream in json.loads(ran.stdout)["streams"]}


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("path", "codec", "profile", "size", "rate"),
    [
        ("/main", "h264", "Main", (1280, 720), "15/1"),
        ("/h265", "hevc", "Main", (1920, 1080), "12/1"),
        ("/high", "h264", "High", (704, 576), "25/1"),
        ("/half?channel=1&subtype=1", "h264", "Constrained Baseline", (640, 360), "25/2"),
        ("/jpeg", "mjpeg", "Baseline", (640, 480), "10/1"),
    ],
)
def test_ffprobe_reads_the_stream_as_it_is_configured(
    lab: Lab, path: str, codec: str, profile: str, size: tuple[int, int], rate: str, transport: str
) -> None:
    video = probe(lab.url(path), transport)["video"]
    assert (video["codec_name"], video["profile"]) == (codec, profile)
    assert (video["width"], video["height"]) == size
    deadline = time.monotonic() + 60
    while video["r_frame_rate"] != rate:  # on a busy machine pictures are left out, and it is measured anew
        assert time.monotonic() < deadline, video
        video = probe(lab.url(path), transport)["video"]


@pytest.mark.parametrize(("path", "codec", "rate"), [("/main", "pcm_mulaw", "8000"), ("/h265", "aac", "16000")])
def test_the_sound_of_a_stream_is_there(lab: Lab, path: str, codec: str, rate: str) -> None:
    audio = probe(lab.url(path), "tcp")["audio"]
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == (codec, rate, 1)


def test_the_tone_can_be_heard(lab: Lab, tmp_path: Path) -> None:
    heard = tmp_path / "heard.raw"
    command = [
        tool("ffmpeg"), "-v", "error", "-rtsp_transport", "tcp", "-i", lab.url("/main"), "-t", "1", "-vn",
        "-f", "s16le", str(heard),
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=40)
    samples = memoryview(heard.read_bytes()).cast("h")[800:7200]
    crossings = sum(1 for one, two in itertools.pairwise(samples) if one < 0 <= two)
    assert crossings / (len(samples) / 8000) == pytest.approx(440, abs=8)


@pytest.mark.parametrize("path", ["/main", "/h265", "/jpeg"])
def test_the_title_stands_in_the_decoded_picture_where_it_was_put(lab: Lab, path: str, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    command = [
        tool("ffmpeg"), "-v", "error", "-rtsp_transport", "tcp", "-i", lab.url(path), "-frames:v", "1", str(shot),
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=40)
    seen = STREAMS[path].view
    with Image.open(shot) as decoded:
        actual = letters(seen, decoded.convert("RGB"))
    expected = letters(seen, picture.draw(seen, utc_s=0))
    assert expected.getbbox()[2] < seen.width / 2
    assert all(abs(a - b) <= 3 for a, b in zip(expected.getbbox(), actual.getbbox(), strict=True))
    misread = {
        text: ImageChops.difference(actual, letters(seen, with_title(seen, text))).histogram()[255]
        for text in (TITLE.text, "Phuong Viet Hung - Quay 1", "Phường Viêt Hưng - Quầy 1", "Phường Việt Hưng - Quây 1",
                     "Phừơng Việt Hưng - Quầy 1", "Phường Việt Hưng - Quầy 7")
    }  # fmt: skip
    assert min(misread, key=misread.__getitem__) == TITLE.text, misread


def with_title(seen: View, text: str) -> Image.Image:
    return picture.draw(dataclasses.replace(seen, overlays=(Overlay(text=text),)), utc_s=0)


def letters(seen: View, shown: Image.Image) -> Image.Image:
    """Return in white what stands in a picture beyond the room itself."""
    bare = picture.draw(dataclasses.replace(seen, overlays=()), utc_s=0)
    return ImageChops.difference(bare, shown).convert("L").point(lambda pixel: 255 if pixel > 90 else 0)


def test_viewers_of_one_stream_share_an_encoder_and_the_last_one_ends_it(lab: Lab) -> None:
    with Client(lab) as one, Client(lab) as two:
        one.play("/main")
        two.play("/main")
        one.packet()
        two.packet()
        assert lab.encoders() == 1
        two.ask("TEARDOWN", "/main", Session=two.session)
        one.packet()
    until(lambda: lab.encoders() == 0)


def test_the_first_picture_of_a_later_viewer_needs_no_other(lab: Lab) -> None:
    with Client(lab) as one, Client(lab) as two:
        one.play("/high")
        one.packets(20)
        two.play("/high")
        assert two.packet()[12] & 0x1F == 7, "a viewer begins with the parameter sets of a key picture"


def test_more_streams_than_can_be_encoded_are_told_so(lab: Lab) -> None:
    with Client(lab) as one, Client(lab) as two, Client(lab) as three:
        one.play("/main")
        two.play("/high")
        three.setup("/jpeg")
        assert three.ask("PLAY", "/jpeg", Session=three.session).status == 453


def test_the_picture_follows_the_settings_without_an_interruption(lab: Lab) -> None:
    with Client(lab) as one:
        one.play("/high")
        before = lab.streams["/high"]
        lab.streams["/high"] = dataclasses.replace(before, view=dataclasses.replace(before.view, night=True))
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            one.packet()


@pytest.mark.parametrize("cause", ["size", "gone", "cut", "absent"])
def test_what_ends_a_stream_ends_it_for_its_viewers_only(lab: Lab, cause: str) -> None:
    with Client(lab) as one, Client(lab, OTHER) as other:
        one.play("/high")
        other.setup("/main")
        if cause == "size":
            lab.streams["/high"] = dataclasses.replace(lab.streams["/high"], fps=10.0)
        elif cause == "gone":
            del lab.streams["/high"]
        elif cause == "absent":
            lab.absent.add(CAMERA)
        if cause in ("cut", "absent"):
            lab.call(lab.server.cut, CAMERA)
        with pytest.raises(OSError, match=r"ended|reset"):
            one.packets(1000)
        assert other.ask("GET_PARAMETER", "/main", Session=other.session).status == 200
    if cause == "absent":
        with Client(lab) as again, pytest.raises(OSError, match=r"ended|reset"):
            again.ask("OPTIONS", "/high")


def test_a_wrong_password_is_refused_and_counted_once_and_a_challenge_is_not(lab: Lab) -> None:
    with Client(lab, password="wrong") as one:
        assert one.ask("DESCRIBE", "/main").status == 401
        assert lab.refused == [USER]
        assert one.ask("DESCRIBE", "/main", authorised=False).status == 401
        assert lab.refused == [USER]


def test_without_a_login_only_options_are_told(lab: Lab) -> None:
    with Client(lab) as one:
        told = one.ask("OPTIONS", "/main", authorised=False)
        assert (told.status, "DESCRIBE" in told.headers["public"]) == (200, True)
        for method in ("DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER"):
            refused = one.ask(method, "/main", authorised=False)
            assert (refused.status, refused.headers["www-authenticate"][:6]) == (401, "Digest")


TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("DESCRIBE", "/none", {}, 404),
        ("SETUP", "/none/trackID=0", {"Transport": TCP}, 404),
        ("SETUP", "/high/trackID=1", {"Transport": TCP}, 404),
        ("SETUP", "/high", {"Transport": TCP}, 459),
        ("SETUP", "/high/trackID=0", {"Transport": "RTP/AVP;multicast;client_port=5000-5001"}, 461),
        ("SETUP", "/high/trackID=0", {"Transport": "RTP/SAVP;unicast;client_port=5000-5001"}, 461),
        ("SETUP", "/high/trackID=0", {}, 461),
        ("SETUP", "/high/trackID=0", {"Transport": TCP, "Session": "1234"}, 454),
        ("PLAY", "/high", {"Session": "1234"}, 454),
        ("PLAY", "/high", {}, 454),
        ("TEARDOWN", "/high", {"Session": "1234"}, 454),
        ("RECORD", "/high", {}, 405),
        ("DANCE", "/high", {}, 501),
        ("OPTIONS", "/high", {"Require": "funky-feature"}, 551),
        ("OPTIONS", "/high", {"CSeq": "x"}, 400),
    ],
)
def test_what_cannot_be_answered_is_told_in_rtsps_own_numbers(
    lab: Lab, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    with Client(lab) as one:
        assert one.ask(method, path, **headers).status == status


def test_play_twice_goes_on_and_setup_while_playing_is_refused(lab: Lab) -> None:
    with Client(lab) as one:
        one.play("/high")
        assert one.ask("PLAY", "/high", Session=one.session).status == 200
        assert one.ask("SETUP", "/high/trackID=0", Session=one.session, Transport=TCP).status == 455
        assert one.ask("PAUSE", "/high", Session=one.session).status == 200
        assert one.ask("PAUSE", "/high", Session=one.session).status == 455
        assert one.ask("TEARDOWN", "/high", Session=one.session).status == 200
        assert one.ask("PLAY", "/high", Session=one.session).status == 454


@pytest.mark.parametrize(
    "sent", [b"GET / HTTP/1.1\r\n\r\n", b"A" * 40000, b"OPTIONS * RTSP/1.0\r\nbad\r\n\r\n", b"\xff\0\r\n\r\n"]
)
def test_nonsense_is_answered_400_and_the_connection_closed(lab: Lab, sent: bytes) -> None:
    answer = b""
    with socket.create_connection((CAMERA, lab.port), timeout=10) as raw:
        raw.sendall(sent)
        with contextlib.suppress(ConnectionResetError):  # what is left unread when a server closes resets
            while piece := raw.recv(4096):
                answer += piece
    assert answer[:13] in (b"RTSP/1.0 400 ", b"")
    with Client(lab) as one:
        assert one.ask("OPTIONS", "/main").status == 200


def test_a_udp_viewer_gets_packets_from_the_devices_own_address(lab: Lab) -> None:
    with Client(lab) as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        port = receiver.getsockname()[1]
        told = one.ask("SETUP", "/high/trackID=0", Transport=f"RTP/AVP;unicast;client_port={port}-{port + 1}")
        server_port = int(re.search(r"server_port=(\d+)-", told.headers["transport"])[1])
        one.ask("PLAY", "/high", Session=told.headers["session"].partition(";")[0])
        packet, sender = receiver.recvfrom(2048)
        assert sender == (CAMERA, server_port)
        assert (packet[0], packet[1] & 0x7F) == (0x80, 96)


def test_the_server_listens_on_loopback_only(lab: Lab) -> None:
    listener = next(iter(lab.server._server.sockets))
    assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0") == b"lo"


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "it did not happen within 5 s"
        time.sleep(0.02)


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """A small RTSP client over TCP, for what ffprobe would never send."""

    def __init__(self, lab: Lab, address: str = CAMERA, password: str = PASSWORD) -> None:
        self._base = f"rtsp://{address}:{lab.port}"
        self._socket = socket.create_connection((address, lab.port), timeout=10)
        self._stream = self._socket.makefile("rb")
        self._password = password
        self._sequence = 0
        self._challenge: tuple[str, str] | None = None
        self.session = ""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def _authorization(self, method: str, url: str) -> str:
        assert self._challenge is not None
        realm, nonce = self._challenge

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        response = md5(f"{md5(f'{USER}:{realm}:{self._password}')}:{nonce}:{md5(f'{method}:{url}')}")
        return f'Digest username="{USER}", realm="{realm}", nonce="{nonce}", uri="{url}", response="{response}"'

    def ask(self, method: str, path: str, *, authorised: bool = True, **headers: str) -> Answer:
        if authorised and self._challenge is None:
            told = self.ask("DESCRIBE", "/", authorised=False).headers["www-authenticate"]
            self._challenge = (re.search('realm="([^"]*)"', told)[1], re.search('nonce="([^"]*)"', told)[1])
        self._sequence += 1
        url = self._base + path
        sent = {"CSeq": str(self._sequence)} | (
            {"Authorization": self._authorization(method, url)} if authorised else {}
        )
        lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in (sent | headers).items()), "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        return self._answer()

    def _answer(self) -> Answer:
        while (first := self._stream.peek(1)[:1]) == b"$":
            self.packet()
        if not first:
            raise OSError("the connection ended")
        status = int(self._stream.readline().split()[1])
        headers = {}
        while (line := self._stream.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return Answer(status, headers, self._stream.read(int(headers.get("content-length", 0))))

    def setup(self, path: str) -> None:
        assert self.ask("DESCRIBE", path).status == 200
        told = self.ask("SETUP", f"{path}/trackID=0", Transport=TCP)
        assert told.status == 200
        self.session = told.headers["session"].partition(";")[0]

    def play(self, path: str) -> None:
        self.setup(path)
        assert self.ask("PLAY", path, Session=self.session).status == 200

    def packets(self, count: int) -> None:
        """Take packets; raises OSError when the connection is over."""
        for _ in range(count):
            self.packet()

    def packet(self) -> bytes:
        """Return the next RTP packet of the picture; raises OSError when the connection is over."""
        while True:
            head = self._stream.read(4)
            if len(head) < 4:
                raise OSError("the connection ended")
            body = self._stream.read(int.from_bytes(head[2:], "big"))
            if head[1] == 0:
                return body
