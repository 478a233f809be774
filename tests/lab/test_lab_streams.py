"""What a lab camera is set to can be seen: in its stream, in its snapshot, and in who is let in."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from fleetctl.aspects import osd
from fleetctl.aspects.osd import Corner, Osd
from fleetctl.lab import control, picture
from fleetctl.lab.picture import Overlay, View
from fleetctl.model import Access, Device, Endpoint, Kind
from fleetctl.protocols.onvif import Session, connect
from tests.judges.labs import PASSWORD, USER, Place, personalities, running

TITLE = "Phường Việt Hưng - Quầy 1"
QUICK = ("-analyzeduration", "300000", "-fflags", "nobuffer")
PATHS = {
    "hikvision-like": "/Streaming/Channels/101?transportmode=unicast&profile=Profile_1",
    "dahua-like": "/cam/realmonitor?channel=1&subtype=0&unicast=true&proto=Onvif",
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[dict[str, Place]]:
    with running(tmp_path / "lab") as places:
        yield places


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: it is the judge of the lab's streams. Mend: apt-get install ffmpeg")
    return found


def session_to(place: Place) -> Session:
    endpoint = Endpoint(address=place.address, port=place.ports["http"], rtsp_port=place.ports["rtsp"])
    device = Device(name="cam", kind=Kind.CAMERA, site="lab", endpoint=endpoint, user=USER)
    return connect(device, password=PASSWORD, access=Access.WRITE, facts={})


def frame(url: str) -> Image.Image:
    """Return one decoded picture of a stream."""
    command = [tool("ffmpeg"), "-v", "error", *QUICK, "-rtsp_transport", "tcp", "-i", url, "-frames:v", "1"]
    command += ["-f", "image2pipe", "-c:v", "png", "-"]
    ran = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return Image.open(io.BytesIO(ran.stdout)).convert("RGB")


@contextlib.contextmanager
def watching(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """Play a stream for a minute, or until it ends."""
    command = [tool("ffmpeg"), "-v", "error", *QUICK, "-progress", "-", "-rtsp_transport", "tcp", "-i", url, "-t", "60"]
    player = subprocess.Popen([*command, "-f", "null", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert player.stdout is not None
        while line := player.stdout.readline():  # the first pictures have come
            if line.startswith(b"frame=") and int(line[6:]) > 0:
                break
        yield player
    finally:
        player.kill()
        player.communicate()


def letters(bare: Image.Image, shown: Image.Image) -> Image.Image:
    return ImageChops.difference(bare, shown).convert("L").point(lambda pixel: 255 if pixel > 90 else 0)


def test_the_text_that_fleetctl_sets_stands_in_stream_and_snapshot(lab: dict[str, Place]) -> None:
    place = lab["hikvision-like"]
    with session_to(place) as session:
        wanted = Osd(text=TITLE, text_position=Corner.LOWER_LEFT, clock=False)
        [cell] = osd.CELLS
        assert cell.write is not None
        cell.write(session, wanted, None)  # type: ignore[arg-type]  # no secret in a text
        snapshot = Image.open(io.BytesIO(session.snapshot())).convert("RGB")
    state = place.state()
    told = next(one for one in state["osds"].values() if one.get("text") == TITLE)
    bare = View(width=1920, height=1080, seed=place.serial_number)
    size = round(int(told["size"] or 0))
    truth = dataclasses.replace(bare, overlays=(Overlay(text=TITLE, position="LowerLeft", size_px=size),))
    empty = picture.draw(bare, utc_s=0)
    expected = letters(empty, picture.draw(truth, utc_s=0)).getbbox()
    assert expected is not None
    assert expected[1] > 900
    for shown in (snapshot, frame(place.rtsp(PATHS["hikvision-like"]))):
        assert shown.size == (1920, 1080)
        seen = letters(empty, shown).getbbox()
        assert seen is not None
        assert all(abs(a - b) <= 3 for a, b in zip(expected, seen, strict=True)), (expected, seen)


def test_the_clock_in_the_picture_is_the_cameras_own(lab: dict[str, Place]) -> None:
    place = lab["hikvision-like"]
    for _ in range(3):  # a second may end between the picture and the look at the clock
        before = place.state()["now"]
        shown = frame(place.rtsp(PATHS["hikvision-like"]))
        told = place.state()
        clock = next(one for one in told["osds"].values() if one["type"] == "DateAndTime")
        overlay = Overlay(
            position=clock["position"],
            x=clock.get("x", 0.0),
            y=clock.get("y", 0.0),
            date_format=clock["date_format"],
            time_format=clock["time_format"],
            size_px=clock["size"],
        )
        bare = View(width=1920, height=1080, seed=place.serial_number, clock_offset_s=8 * 3600)
        empty = picture.draw(bare, utc_s=0)
        area = (0, 0, 900, 200)
        seen = letters(empty, shown).crop(area)
        moments = range(int(before) - 1, int(told["now"]) + 2)
        misread = {
            moment: ImageChops.difference(
                seen,
                letters(empty, picture.draw(dataclasses.replace(bare, overlays=(overlay,)), utc_s=moment)).crop(area),
            ).histogram()[255]
            for moment in (*moments, int(before) + 3600, int(before) + 86400)
        }
        if min(misread, key=misread.__getitem__) in moments:
            return
    pytest.fail(f"the clock in the picture is another: {misread}")


@pytest.mark.parametrize("cause", ["unplug", "reboot", "lockout", "rtsp-off", "size"])
def test_what_stops_a_camera_stops_its_stream_and_no_other(lab: dict[str, Place], cause: str) -> None:
    place, other = lab["hikvision-like"], lab["dahua-like"]
    with watching(place.rtsp(PATHS[place.name])) as cut, watching(other.rtsp(PATHS[other.name])) as kept:
        if cause in ("unplug", "lockout"):
            control.break_(place.state_dir, place.name, cause)
        elif cause == "reboot":
            control.reboot(place.state_dir, place.name)
        elif cause == "size":
            encoders = place.state()["encoders"]
            encoders["VideoEncoderToken_1"].update(width=1280, height=720)
            control.change(place.state_dir, place.name, "encoders", **encoders)
        else:
            protocols = place.state()["network"]["protocols"]
            protocols["RTSP"]["enabled"] = False
            control.change(place.state_dir, place.name, "network", protocols=protocols)
        cut.wait(10)
        assert kept.poll() is None
    control.mend(place.state_dir, place.name)


def test_a_wrong_password_costs_a_try_like_any_other_login(lab: dict[str, Place]) -> None:
    place = lab["dahua-like"]
    url = place.rtsp(PATHS[place.name]).replace(PASSWORD, "wrong")
    ran = subprocess.run(
        [tool("ffprobe"), "-v", "error", "-rtsp_transport", "tcp", url], capture_output=True, timeout=30, check=False
    )
    assert b"401" in ran.stderr
    assert place.state()["misses"] == {USER: 1}


def test_the_streams_address_that_onvif_gives_is_where_the_stream_is(lab: dict[str, Place]) -> None:
    for name in personalities():
        with session_to(lab[name]) as session:
            uri = session.stream_uri(session._first_profile())
        url = uri.replace("rtsp://", f"rtsp://{USER}:{PASSWORD}@")
        command = [tool("ffprobe"), "-v", "error", "-rtsp_transport", "tcp", "-analyzeduration", "500000", url]
        ran = subprocess.run(command, capture_output=True, timeout=30, check=False)
        assert ran.returncode == 0, f"{name}: {url}: {ran.stderr.decode()}"


def test_a_factory_fresh_camera_that_takes_everybody_shows_everybody_its_picture(tmp_path: Path) -> None:
    device: dict[str, Any] = {"name": "fresh", "address": "127.21.40.1", "personality": "axis-like"}
    told = control.up({"devices": [device], "http_port": 0, "https_port": -1, "rtsp_port": 0}, tmp_path)
    try:
        profile = next(iter(control.state(tmp_path, "fresh")["profiles"]))
        path = f"/onvif-media/media.amp?profile={profile}&sessiontimeout=60&streamtype=unicast"
        assert frame(f"rtsp://127.21.40.1:{told.ports['rtsp']}{path}").size[0] > 0
    finally:
        control.down(tmp_path)


def test_a_stream_is_encoded_only_while_somebody_watches(lab: dict[str, Place]) -> None:
    place = lab["hikvision-like"]
    status = Path("/proc") / str(control.described(place.state_dir).pid) / "status"

    def threads() -> int:
        return int(next(line for line in status.read_text().splitlines() if line.startswith("Threads:")).split()[1])

    with watching(place.rtsp(PATHS[place.name])):
        while_watched = threads()
    end = time.monotonic() + 5
    while threads() >= while_watched:
        assert time.monotonic() < end, "the encoder goes on for nobody"
        time.sleep(0.05)
