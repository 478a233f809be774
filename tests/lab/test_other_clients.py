"""Clients that none of us wrote work against the lab: npm's onvif, onvif-zeep, Debian's onvif-util, ffprobe."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab.personality import of
from tests.judges.fetch import HERE, NPM
from tests.judges.labs import PASSWORD, USER, Place, personalities, running
from tests.judges.wsdl import ROOT


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with running(tmp_path_factory.mktemp("lab")) as places:
        yield places


def tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing: it judges the lab. Mend: apt-get install {package}")
    return found


def asked(command: list[str], place: Place, *more: str) -> subprocess.CompletedProcess[str]:
    told = [*command, place.address, str(place.ports["http"]), USER, *more]
    environment = {**os.environ, "CAMERA_PASSWORD": PASSWORD}
    ran = subprocess.run(told, capture_output=True, text=True, timeout=90, check=False, cwd=ROOT, env=environment)
    if of(place.name).closes_idle and "Connection reset" in ran.stderr:  # a make that closes without a word (quirk 26)
        ran = subprocess.run(told, capture_output=True, text=True, timeout=90, check=False, cwd=ROOT, env=environment)
    return ran


def agrees(told: dict[str, Any], place: Place) -> None:
    """Compare what a client found out with what the device holds."""
    state = place.state()
    rule = of(state["identity"]["personality"])
    assert told["information"]["manufacturer"] == rule.manufacturer
    # npm's client takes what looks like a number for one
    assert str(told["information"]["serialNumber"]).lstrip("0") == place.serial_number.lstrip("0")
    assert told["users"] == list(state["users"])
    mac = state["identity"]["mac_address"].replace(":", "")
    assert (told["hostname"] or "") == state["network"]["hostname"].replace("{mac12}", mac)
    assert told["profiles"]
    assert {str(token) for token in told["profiles"]} <= set(state["profiles"])
    assert told["stream"].startswith("rtsp://")
    assert told["snapshot"].startswith("http://") or "trt:GetSnapshotUri" in rule.unsupported


@pytest.mark.parametrize("name", personalities())
def test_npms_onvif_finds_what_the_camera_is_and_where_its_stream_is(lab: dict[str, Place], name: str) -> None:
    modules = NPM / "node_modules"
    if not (modules / "onvif").is_dir():
        pytest.fail("npm's onvif is missing. Mend: python -m tests.judges.fetch")
    place = lab[name]
    ran = asked([tool("node", "nodejs"), str(HERE / "npm" / "client.js"), str(modules)], place)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    agrees(told, place)
    assert abs(datetime.fromisoformat(told["time"]).timestamp() - place.state()["now"]) < 30


# It follows whatever address a device tells, so it is kept from those that tell a foreign one.
@pytest.mark.parametrize("name", [name for name in personalities() if not of(name).foreign_xaddr])
def test_onvif_zeep_finds_the_same_or_is_refused_as_in_the_field(lab: dict[str, Place], name: str) -> None:
    place, rule = lab[name], of(name)
    client = [sys.executable, "-m", "tests.judges.zeep_client"]
    if rule.created_needs_z:
        assert "not authorized" in asked(client, place).stderr.lower(), "its +00:00 is not what this make takes"
    ran = asked(client, place, *(["zulu"] if rule.created_needs_z else []))
    if "wsse" not in rule.schemes or rule.time_needs_login:
        assert ran.returncode != 0, "it knows no HTTP digest, and asks for the time once"
        return
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    agrees(told, place)
    assert told["time"] == datetime.fromtimestamp(place.state()["now"], UTC).year


@pytest.mark.parametrize("name", personalities())
def test_ffprobe_reads_the_codec_the_camera_says_it_sends(lab: dict[str, Place], name: str) -> None:
    place = lab[name]
    state = place.state()
    token = next(iter(state["profiles"]))
    encoder = state["encoders"][state["profiles"][token]["VideoEncoder"]]
    numbered = list(state["encoders"]).index(state["profiles"][token]["VideoEncoder"])
    path = of(name).stream_path.format(
        profile=token, encoder=state["profiles"][token]["VideoEncoder"], number=numbered, channel=numbered + 1
    )
    command = [tool("ffprobe", "ffmpeg"), "-v", "error", "-rtsp_transport", "tcp", "-analyzeduration", "1500000"]
    command += ["-select_streams", "v", "-show_streams", "-of", "json", place.rtsp(path)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    video = json.loads(ran.stdout)["streams"][0]
    assert video["codec_name"] == {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg"}[encoder["codec"]]
    assert (video["width"], video["height"]) == (encoder["width"], encoder["height"])
    up, down = (int(part) for part in video["r_frame_rate"].split("/"))
    assert up / down == pytest.approx(encoder["fps"], rel=0.01)


# Its discovery has no choice but multicast, so it runs in a network namespace of its own, where only loopback is.
_ALONE = """
set -e
ip link set lo up
ip link set lo multicast on
ip route add 239.255.255.250/32 dev lo
"$1" -m tests.judges.onvif_util "$2" "$3"
"""


def test_debians_onvif_util_finds_the_cameras_and_reads_them(tmp_path: Path) -> None:
    tool("onvif-util", "onvif-tools")
    tool("ip", "iproute2")
    command = [tool("unshare", "util-linux"), "--user", "--map-root-user", "--net", "bash", "-c", _ALONE, "bash"]
    command += [sys.executable, str(tmp_path), tool("onvif-util", "onvif-tools")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert set(told) == set(personalities())
    for name, found in told.items():
        assert found["wrong"] == [], f"{name}: {found}"
