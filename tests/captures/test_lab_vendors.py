"""What the lab says in the vendors' protocols beside what real devices said: the same names in the same order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from fleetctl.lab import cgi, isapi
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.isapi import login
from fleetctl.lab.spec import parse
from fleetctl.lab.world import World

# What the lab leaves out on purpose: parts of a camera that it does not have.
LEFT_OUT = {"CameraList", "DomeInfoList", "totalRebootCount", "firmwareVersionInfo"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A camera and a recorder that take every request for an administrator's."""
    made = (("camera", "hikvision-like"), ("recorder", "dahua-nvr-like"))
    devices = [
        {"name": name, "address": f"127.9.9.{n}", "personality": make, "login": ["admin", "Lab-pass-1"]}
        for n, (name, make) in enumerate(made, start=1)
    ]
    monkeypatch.setattr("fleetctl.lab.isapi._door", everybody)
    monkeypatch.setattr("fleetctl.lab.cgi._door", everybody)
    world = World(parse({"devices": devices}), tmp_path, lambda *_: None, lambda *_: None)
    yield world
    world.disk.close()
    world.footage.close()


def everybody(visit: isapi.Visit, *_: object) -> None:
    visit.user, visit.level = "admin", 3


def asked(world: World, name: str, target: str) -> Reply:
    device: SimDevice = world.devices[name]
    incoming = Incoming(method="GET", target=target, headers={}, body=b"", base="", rtsp="", source="127.0.0.1")
    return (isapi if target.startswith("/ISAPI/") else cgi).answer(world, device, incoming)


def bodies(cassette: str) -> dict[str, list[str]]:
    """Return the answers of a recorded exchange by path (YAML's own escapes undone by hand: it has few)."""
    found: dict[str, list[str]] = {}
    for part in cassette.split("- request:")[1:]:
        uri = re.search(r"uri: http://[^/]+(\S+)", part)
        body = re.search(r'body: \{string: "(.*?)"\}', part, re.DOTALL)
        assert uri is not None
        assert body is not None
        text = re.sub(r"\\\n\s*(\\(?= ))?", "", body[1]).replace("\\r", "\r").replace("\\n", "\n").replace('\\"', '"')
        found.setdefault(uri[1], []).append(text)
    return found


def outline(body: bytes | str) -> list[str]:
    """Return namespace, and the names of a document, depth first, but for what the lab leaves out."""
    root = etree.fromstring(body.encode() if isinstance(body, str) else body)
    for element in list(root):
        if etree.QName(element).localname in LEFT_OUT:
            root.remove(element)
    return [f"{root.tag} {root.get('version')}", *(etree.QName(e).localname for e in root.iter(etree.Element))]


def cassette(captures: Path, name: str) -> dict[str, list[str]]:
    return bodies((captures / "hikvision" / "hikvisionapi-cassettes" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", ["/ISAPI/System/status", "/ISAPI/System/deviceinfo"])
@pytest.mark.parametrize("name", ["test_auth_firmware_pre_v5_5", "test_auth_firmware_v5_5"])
def test_a_hikvision_cameras_pages_have_the_names_of_a_real_ones(
    captures: Path, world: World, name: str, page: str
) -> None:
    real = cassette(captures, name)[page][-1]
    told = asked(world, "camera", page)
    assert outline(told.body) == outline(real)
    assert told.content_type == "application/xml"
    assert told.body.count(b"\r\n") == told.body.count(b"\n"), "lines end as the real one's do"


def test_a_hikvision_cameras_refusal_is_that_of_a_real_one(captures: Path, world: World) -> None:
    path = captures / "hikvision" / "hikvisionapi-cassettes" / "test_auth_firmware_v5_5"
    real = cassette(captures, path.name)["/ISAPI/System/status"][0]
    assert real.encode() == login.PAGE_401
    challenge = re.search(r"(Digest qop=.*?)'\]", re.sub(r"\n\s*", " ", path.read_text(encoding="utf-8")))
    assert challenge is not None
    visit = isapi.Visit(
        world=world,
        device=world.devices["camera"],
        incoming=Incoming(method="GET", target="/ISAPI/System/status", headers={}, body=b"", base="", rtsp=""),
    )
    told = login.refused(visit, login.Login()).headers[0][1]
    assert re.findall(r"(\w+)=", told) == re.findall(r"(\w+)=", challenge[1])
    assert re.findall(r'stale="(\w+)"', told) == re.findall(r'stale="(\w+)"', challenge[1])


def keys(text: str) -> set[str]:
    """Return the keys of key=value lines, numbers in brackets as #; lines of no key belong to the one before."""
    found = (line.partition("=") for line in text.splitlines() if re.match(r"[\w.\[\]]+=", line))
    return {re.sub(r"\[\d+\]", "[#]", key) for key, _, _ in found}


def test_a_dahua_recorders_disks_are_told_with_the_keys_of_a_real_one(captures: Path, world: World) -> None:
    real = (captures / "dahua" / "aiodahua" / "config_and_parsers.STORAGE.txt").read_text(encoding="utf-8")
    told = asked(world, "recorder", "/cgi-bin/storageDevice.cgi?action=getDeviceAllInfo").body.decode()
    assert keys(real) <= keys(told)
    number = r"TotalBytes=\d+\.000000"
    assert len(re.findall(number, told)) == len(re.findall(number, real)), "numbers are floats of six decimals"


def test_a_dahua_recorders_files_are_told_with_the_keys_of_a_real_one(captures: Path, world: World) -> None:
    real = (captures / "dahua" / "aiodahua" / "config_and_parsers.MEDIA.txt").read_text(encoding="utf-8")
    recorder = world.devices["recorder"]
    now = recorder.now(world.spec)
    world.footage.put("recorder", "1", now - 600, now - 300, 2048.0)
    asked(world, "recorder", "/cgi-bin/mediaFileFind.cgi?action=factory.create")
    window = "condition.StartTime=2026-06-01%2000:00:00&condition.EndTime=2027-06-01%2000:00:00"
    find = f"/cgi-bin/mediaFileFind.cgi?action=findFile&object=1001&condition.Channel=1&{window}"
    assert asked(world, "recorder", find).body == b"OK\r\n"
    told = asked(world, "recorder", "/cgi-bin/mediaFileFind.cgi?action=findNextFile&object=1001&count=10").body.decode()
    assert keys(real) <= keys(told)
    path = re.compile(
        r"FilePath=/mnt/dvr/[\d-]{10}/\d{3}/dav/\d\d/[\d.]{8}-[\d.]{8}\[[RM]\]\[0@0\]\[0\]\.dav\r?$", re.MULTILINE
    )
    assert len(path.findall(real)) == 2
    assert len(path.findall(told)) == 1
