"""Recorders really log in to the lab's cameras, pull pictures, write them down, and lose a channel when they cannot."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
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


# --- what is on the disks ------------------------------------------------------------------------------


def recording(recorder: Box, number: int = 1) -> bool:
    return bool(recorder.links().get(str(number), {}).get("recording"))


def bound(boxes: Boxes) -> Box:
    recorder = boxes.of("hikvision-nvr-like")
    recorder.bind(1, boxes.of("hikvision-like"))
    recorder.until(lambda: recording(recorder))
    return recorder


@pytest.mark.parametrize(
    ("fault", "status"), [("disk-full", "ok"), ("disk-failure", "error"), ("disk-unformatted", "unformatted")]
)
def test_a_recorder_without_room_is_online_and_records_nothing(boxes: Boxes, fault: str, status: str) -> None:
    recorder = bound(boxes)
    recorder.break_(fault)
    recorder.until(lambda: not recording(recorder))
    disk = recorder.isapi("GET", "ContentMgmt/Storage")
    assert (disk.text("status"), disk.text("freeSpace")) == (status, "0")
    assert recorder.status_of(1) == ("true", "connect")
    recorder.mend()
    recorder.until(lambda: recording(recorder))


def test_the_oldest_footage_is_overwritten_when_the_disk_is_full(boxes: Boxes) -> None:
    recorder = bound(boxes)
    first = recorder.state()["held"]["1"][0]
    control.change(boxes.state_dir, recorder.name, "disks", **{"1": {"mb": 2, "state": "ok"}})
    recorder.until(lambda: recorder.state()["held"]["1"][0] > first, 20)
    assert recorder.state()["used_mb"] <= 2


def test_nothing_is_overwritten_where_that_is_switched_off(boxes: Boxes) -> None:
    recorder = bound(boxes)
    control.change(boxes.state_dir, recorder.name, "storage", overwrite=False)
    control.change(boxes.state_dir, recorder.name, "disks", **{"1": {"mb": 1, "state": "ok"}})
    recorder.until(lambda: recorder.links()["1"]["why_not"] == "disk", 20)


def test_a_gap_stays_where_the_camera_was_away(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until(lambda: recording(recorder))
    camera.break_("unplug")
    recorder.until_state(1, "unreachable")
    away = clock(recorder)
    recorder.until(lambda: clock(recorder) > away)  # the search tells whole seconds: a shorter gap would not show
    camera.mend()
    recorder.until(lambda: recording(recorder))
    recorder.until(lambda: len(spans(recorder)) == 2)
    (_, end), (start, _) = spans(recorder)
    assert end < start


def clock(recorder: Box) -> str:
    """What a recorder's clock shows, in whole seconds."""
    return recorder.isapi("GET", "System/time").text("localTime")


def spans(recorder: Box, track: int = 101) -> list[tuple[str, str]]:
    """Search all recordings of a track."""
    told = recorder.isapi(
        "POST",
        "ContentMgmt/search",
        f"<CMSearchDescription><searchID>1</searchID><trackIDList><trackID>{track}</trackID></trackIDList><timeSpanList>"
        "<timeSpan><startTime>2026-06-01T00:00:00Z</startTime><endTime>2027-06-01T00:00:00Z</endTime></timeSpan>"
        "</timeSpanList><maxResults>40</maxResults><searchResultPostion>0</searchResultPostion></CMSearchDescription>",
    )
    return list(zip(told.texts("startTime"), told.texts("endTime"), strict=True))


def test_what_is_switched_off_or_not_scheduled_is_not_recorded(boxes: Boxes) -> None:
    recorder = bound(boxes)
    track = recorder.isapi("GET", "ContentMgmt/record/tracks/101").body.decode()
    recorder.isapi("PUT", "ContentMgmt/record/tracks/101", track.replace("<Enable>true<", "<Enable>false<"))
    recorder.until(lambda: recording(recorder))
    off = track.replace("<enableSchedule>true<", "<enableSchedule>false<")
    assert recorder.isapi("PUT", "ContentMgmt/record/tracks/101", off).text("statusCode") == "1"
    recorder.until(lambda: recorder.links()["1"]["why_not"] == "off")
    motion = track.replace(">CMR</ActionRecordingMode>", ">MOTION</ActionRecordingMode>")
    recorder.isapi("PUT", "ContentMgmt/record/tracks/101", motion)
    recorder.until(lambda: recorder.links()["1"]["why_not"] == "schedule")


def test_a_viewing_account_sees_the_channels_it_was_allowed_to_and_only_while_they_are_online(boxes: Boxes) -> None:
    recorder = bound(boxes)
    told = recorder.isapi(
        "POST",
        "Security/users",
        "<User><id>0</id><userName>lanhdao</userName><password>Xem-camera-7</password><userLevel>Viewer</userLevel></User>",
    )
    number = told.text("id")
    see = f"rtsp://lanhdao:Xem-camera-7@{recorder.address}:{recorder.ports['rtsp']}/Streaming/Channels/101"
    assert "401" in looked(see)
    rights = recorder.isapi("GET", f"Security/UserPermission/{number}").body.decode()
    recorder.isapi("PUT", f"Security/UserPermission/{number}", rights.replace("<preview>false<", "<preview>true<"))
    assert looked(see) == "h264,1920,1080"
    assert "404" in looked(see.replace("/Channels/101", "/Channels/201"))


def looked(url: str) -> str:
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        pytest.fail("ffprobe is missing: it judges the streams. Mend: apt-get install ffmpeg")
    shown = ["-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"]
    ran = subprocess.run(
        [ffprobe, "-v", "error", "-rtsp_transport", "tcp", *shown, url],
        capture_output=True,
        check=False,
        timeout=60,
        text=True,
    )
    return ran.stdout.strip() or ran.stderr


def test_a_recorders_own_outage_is_a_gap_too(boxes: Boxes) -> None:
    recorder = bound(boxes)
    recorder.break_("unplug")
    time.sleep(1.5)
    recorder.mend()
    recorder.until(lambda: recording(recorder))
    recorder.until(lambda: len(spans(recorder)) == 2)
    assert recorder.links()["1"]["state"] == "online"


def test_a_clock_that_is_set_begins_another_recording_and_covers_nothing_in_between(boxes: Boxes) -> None:
    recorder = bound(boxes)
    recorder.until(lambda: len(spans(recorder)) == 1)
    clock = recorder.state()["clock"]
    control.change(boxes.state_dir, recorder.name, "clock", offset_s=float(clock["offset_s"]) + 3600)
    recorder.until(lambda: len(spans(recorder)) == 2)
    (_, end), (start, _) = spans(recorder)
    assert end[:13] < start[:13], "an hour lies between them"


def test_the_power_goes_during_a_binding(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.break_("power-cut", applied=True, boot_s=0.3)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        recorder.bind(1, camera)
    recorder.wait()
    assert list(recorder.state()["channels"]) == ["1"], "the change was kept, the answer was not heard"
    recorder.until_state(1, "online")


def test_a_broken_connection_is_noticed_at_once_not_at_the_next_look(tmp_path: Path) -> None:
    told = {"record_s": 60, "retry_s": 60}
    made = Boxes(tmp_path, {"hikvision-nvr-like": 1, "hikvision-like": 1}, **told)
    try:
        recorder, camera = made.of("hikvision-nvr-like"), made.of("hikvision-like")
        recorder.bind(1, camera)
        recorder.until_state(1, "online")
        camera.break_("unplug")
        recorder.until_state(1, "unreachable", 5)
    finally:
        control.down(tmp_path)
