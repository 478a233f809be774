"""Recorders really log in to the lab's cameras, pull pictures, write them down, and lose a channel when they cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fleetctl.lab import control
from tests.lab.boxes import CAMERA, Box, Boxes


def dahua_group(camera: Box, unique: int, password: str = CAMERA[1], protocol: str = "Private") -> dict[str, object]:
    info = {
        "UserName": CAMERA[0], "Password": password, "ProtocolType": protocol, "Address": camera.address,
        "Port": 37777, "HttpPort": 80, "HttpsPort": 443, "RtspPort": 554,
    }  # fmt: skip
    return {"group": [{"DeviceInfo": info, "cameras": [{"uniqueChannel": unique, "channel": 0}]}]}


@pytest.mark.parametrize(
    ("protocol", "make"),
    [
        ("HIKVISION", "hikvision-like"),
        ("HIKVISION", "hikvision-v57-like"),
        ("ONVIF", "hikvision-like"),
        ("ONVIF", "dahua-like"),
        ("ONVIF", "bosch-like"),
    ],
)
def test_a_hikvision_recorder_gets_a_bound_camera_and_records_it(boxes: Boxes, protocol: str, make: str) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of(make)
    assert recorder.bind(1, camera, protocol).text("subStatusCode") == "ok"
    recorder.until(lambda: recorder.status_of(1) == ("true", "connect"))
    recorder.until(lambda: bool(recorder.links()["1"]["recording"]))
    pictures = list((Path(boxes.state_dir) / "footage" / recorder.name / "1").iterdir())
    assert pictures
    assert pictures[0].read_bytes().startswith(b"\0\0\0\1")
    assert recorder.links()["1"]["camera"]["serial"] == camera.state()["identity"]["serial_number"]


def test_a_dahua_recorder_gets_a_camera_by_its_own_protocol(boxes: Boxes) -> None:
    recorder, camera = boxes.of("dahua-nvr-like"), boxes.of("dahua-like")
    told = recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, 2))
    assert json.loads(told.body) == {"result": True, "failedCode": [0]}
    recorder.until_state(3, "online")
    states = recorder.cgi("LogicDeviceManager", action="getCameraState", uniqueChannels="[-1]").body.decode()
    assert "states[2].connectionState=Connected\r\n" in states
    assert "states[0].connectionState=Empty\r\n" in states


def test_the_cameras_own_log_shows_the_recorders_logins(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    control.forget(boxes.state_dir, camera.name)
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    asked = {(entry["operation"], entry["user"]) for entry in control.log(boxes.state_dir, camera.name)}
    assert ("isapi:GET System/deviceInfo", "admin") in asked


def test_a_wrong_password_costs_the_cameras_tries_until_it_locks_the_recorder_out_and_nobody_else(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera, password="Wrong-pass-1")
    recorder.until(lambda: recorder.status_of(1) == ("false", "passwordError"))
    recorder.until(lambda: recorder.status_of(1) == ("false", "userLocked"))
    assert list(camera.state()["locked"]) == [f"admin@{recorder.address}"]
    assert camera.isapi("GET", "System/deviceInfo").status == 200, "from elsewhere the right password still opens"


def test_a_dahua_camera_locks_the_account_for_everybody(boxes: Boxes) -> None:
    recorder, camera = boxes.of("dahua-nvr-like"), boxes.of("dahua-like")
    recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, 0, "Wrong-pass-1"))
    recorder.until_state(1, "locked")
    told = camera.cgi("magicBox", action="getSystemInfo")
    assert told.status == 403
    assert json.loads(told.body)["ErrorCode"] == 268632081
    assert 0 < json.loads(told.body)["RmLock"] <= 1800


def test_a_channel_goes_when_the_cameras_password_is_changed_and_comes_back_with_it(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    users = camera.state()["users"]
    users["admin"]["password"] = "Another-1"
    control.change(boxes.state_dir, camera.name, "users", **users)
    recorder.until_state(1, "password")
    assert not recorder.links()["1"]["recording"]
    users["admin"]["password"] = CAMERA[1]
    control.change(boxes.state_dir, camera.name, "users", **users)
    recorder.until_state(1, "online")


def test_an_unplugged_camera_is_a_channel_without_network(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    camera.break_("unplug")
    recorder.until(lambda: recorder.status_of(1) == ("false", "netUnreachable"))
    camera.mend()
    recorder.until_state(1, "online")


def test_an_address_of_the_inventory_reaches_the_labs_camera(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    control.change(boxes.state_dir, camera.name, "network", address="10.77.1.11")
    recorder.bind(1, camera, ipAddress="10.77.1.11")
    recorder.until_state(1, "online")
