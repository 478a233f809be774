"""Recorders that are spoken to over ONVIF only (Profile G), driven by the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.operations import lab
from tests.lab.office import Office
from tests.lab.recorders import chains, only

PATHS = {"1": ("hikvision", "/Streaming/Channels/101"), "2": ("uniview", "/media/video1")}
QUICK = lab.Options(http_port=0, https_port=0, rtsp_port=0, record_s=0.5, retry_s=0.5)


def inventory(model: str = "NVR-16") -> str:
    """Return one site: two cameras, and a recorder of no maker that is known."""
    cameras = "".join(
        f"        g-cam-{key}: {{ansible_host: 10.33.1.1{key}, kind: camera, vendor: {make}, desk: Quầy {key}}}\n"
        for key, (make, _) in PATHS.items()
    )
    bound = ", ".join(
        f'"{key}": {{camera: g-cam-{key}, protocol: rtsp, stream_path: {path}}}' for key, (_, path) in PATHS.items()
    )
    return (
        "dau_ghi:\n  children:\n    g:\n      vars:\n        site_name: Phường G\n        site_network: 10.33.1\n"
        f"      hosts:\n{cameras}        g-nvr: {{ansible_host: 10.33.1.2, kind: nvr, model: {model}, "
        f"desk: Phòng kỹ thuật, channels_cameras: {{{bound}}}}}\n"
    )


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = only(tmp_path / "g", inventory())
    made.lab_up()
    try:
        made.expect(0, "adopt", "--yes")
        made.forget()
        yield made
    finally:
        made.lab_down()


def test_a_recorder_that_announces_receivers_is_bound_recorded_and_read_back(office: Office) -> None:
    ran = office.expect(3, "plan", "--limit", "g-nvr")
    assert office.writes() == {}, "a plan writes nothing"
    ran = office.json("apply", "--yes", "--limit", "g")
    assert ran.outcomes["g-nvr"] == "changed", ran.reason("g-nvr")
    office.json("apply", "--yes", "--limit", "g-nvr")  # the limits of recordings that the first one made
    links = office.real("g-nvr")["links"]
    assert {key: link["state"] for key, link in links.items()} == {"1": "online", "2": "online"}
    secret = office.workspace.vault.entry("g", "g-cam-1", "ghihinh").current
    assert office.real("g-nvr")["channels"]["1"]["password"] == secret
    for command in (("plan",), ("audit",), ("device", "show", "g-nvr"), ("site", "check", "g")):
        ran = office.json(*command)
        assert secret not in ran.out + ran.err, "the recorder tells it in an address; we do not"
    ran = office.json("audit", "--limit", "g-nvr", "--aspect", "channels,recording,retention")
    assert ran.outcomes["g-nvr"] == "unchanged", ran.reason("g-nvr")
    assert all(chain["online"] and chain["recording"] for chain in chains(office, "g").values())
    office.forget()
    office.json("apply", "--yes", "--limit", "g-nvr")
    assert office.writes() == {}


def test_a_recording_that_has_another_camera_is_a_persons_decision(office: Office) -> None:
    office.json("apply", "--yes", "--limit", "g", "--aspect", "time,users,channels")
    text = (office.inventory / "recorders.yml").read_text()
    moved = re.sub(r'"1": \{camera: g-cam-1.*?\}, "2": ', '"1": ', text)
    assert moved != text
    office.write("recorders.yml", moved)
    ran = office.json("apply", "--yes", "--limit", "g-nvr", "--aspect", "channels")
    assert "another camera" in ran.reason("g-nvr")
    assert ran.code == 1


def test_a_recorder_with_fixed_recordings_is_read_and_its_channels_are_a_persons(tmp_path: Path) -> None:
    office = only(tmp_path / "fixed", inventory("NVR-2"))
    office.lab_up()
    try:
        office.json("adopt", "--yes")
        office.forget()
        ran = office.json("apply", "--yes", "--limit", "g-nvr", "--aspect", "channels,recording,retention")
        assert ran.aspect("g-nvr", "channels")["outcome"] == "unsupported"
        for aspect in ("recording", "retention"):
            assert "ReceiverSource" in ran.aspect("g-nvr", aspect)["reason"]
        assert office.writes() == {}
    finally:
        office.lab_down()
