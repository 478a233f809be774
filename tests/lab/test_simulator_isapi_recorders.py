"""Hikvision's recorders as the lab plays them, against the field facts (vendor protocols 1.5, 1.6): asked raw."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.lab import control
from fleetctl.lab.personality import of
from tests.lab.boxes import CAMERA, RECORDER, Box, Boxes, channel
from tests.lab.test_simulator_isapi import NVRS, fresh, names, refusal, user
from tests.lab.wire import Answer

# --- channels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", NVRS)
def test_a_channel_is_told_as_the_generation_tells_it(boxes: Boxes, make: str) -> None:
    recorder, camera = boxes.of(make), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    told = recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1")
    found = set(names(told))
    newer = make != "hikvision-nvr-q-like"
    assert ({"serialNumber", "model", "firmwareVersion"} <= found) is newer
    assert ("enableTiming" in found) is newer
    assert ("connMode" in found) is (make in ("hikvision-nvr-q-like", "hikvision-nvr-nxi-like"))
    assert ("certificateValidationEnabled" in found) is (make in ("hikvision-nvr-nxi-like", "hikvision-nvr-m-like"))
    assert ("devIndex" in found) is (make == "hikvision-nvr-like")
    assert CAMERA[1].encode() not in told.body, "a password is never told"


def test_a_partial_put_wipes_the_address(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    body = "<InputProxyChannel><id>1</id><name>Cong chinh</name></InputProxyChannel>"
    assert recorder.isapi("PUT", "ContentMgmt/InputProxy/channels/1", body).text("statusCode") == "1"
    told = recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1")
    assert (told.text("name"), told.text("ipAddress")) == ("Cong chinh", "")
    recorder.until(lambda: recorder.status_of(1) == ("false", "notExist"))


def test_the_whole_document_put_back_keeps_the_password(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    told = recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1").body.decode()
    recorder.isapi("PUT", "ContentMgmt/InputProxy/channels/1", told.replace("<name>Quay<", "<name>Quầy 1<"))
    assert recorder.state()["channels"]["1"]["password"] == CAMERA[1]
    assert recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1").text("name") == "Quầy 1"
    recorder.until_state(1, "online")


@pytest.mark.parametrize(
    ("make", "status", "code"),
    [("hikvision-nvr-like", 403, "channelDeviceExist"), ("hikvision-nvr-q-like", 200, "IPCIPNotUnique")],
)
def test_a_camera_is_on_one_channel_only_and_old_firmware_says_so_in_a_200(
    boxes: Boxes, make: str, status: int, code: str
) -> None:
    recorder, camera = boxes.of(make), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    twice = recorder.bind(2, camera)
    assert refusal(twice) == (status, code)
    assert twice.text("statusCode") == "4"
    assert len(recorder.isapi("GET", "ContentMgmt/InputProxy/channels").texts("ipAddress")) == 1


def test_the_id_asked_for_is_honoured_by_newer_firmware_only(boxes: Boxes) -> None:
    for make, got in (("hikvision-nvr-like", "5"), ("hikvision-nvr-q-like", "1"), ("hikvision-dvr-like", "9")):
        assert boxes.of(make).bind(5, boxes.of("hikvision-like")).text("id") == got


def test_a_full_recorder_says_so(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-dvr-like"), boxes.of("hikvision-like")
    told = [refusal(recorder.bind(n, camera, ipAddress=f"10.9.9.{n}")) for n in (1, 2, 3)]
    assert told == [(200, "ok"), (200, "ok"), (403, "ipcNumReachesLimit")]


def test_elements_out_of_order_are_refused_by_the_strictest(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-m-like")
    odd = {
        "userName": "admin",
        "password": "x",
        "proxyProtocol": "ONVIF",
        "ipAddress": "10.9.9.9",
        "managePortNo": "80",
    }
    assert refusal(recorder.isapi("POST", "ContentMgmt/InputProxy/channels", channel(1, odd)))[1] == "badXmlContent"


def test_enable_timing_sets_the_cameras_clock_and_ends_its_ntp(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    times = camera.state()["time"] | {"type": "NTP", "ntp": ["10.0.0.10"]}
    control.change(boxes.state_dir, camera.name, "time", **times)
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    told = recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1").body.decode()
    on = told.replace("<enableTiming>false<", "<enableTiming>true<")
    recorder.isapi("PUT", "ContentMgmt/InputProxy/channels/1", on)
    recorder.until(lambda: camera.state()["time"]["type"] == "Manual")
    assert abs(camera.now() - recorder.now()) < 2


def test_sync_pushes_the_recorders_new_password_to_its_cameras(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    assert recorder.isapi("GET", "ContentMgmt/InputProxy/syncIPCPasswd").text("enabled") == "true", "from the factory"
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    assert recorder.isapi(
        "PUT", "Security/users/1", user("admin", "Brand-new-1", "Administrator").replace(">0<", ">1<")
    )
    recorder.login = ("admin", "Brand-new-1")
    recorder.until(lambda: camera.state()["users"]["admin"]["password"] == "Brand-new-1")
    recorder.until(lambda: recorder.state()["channels"]["1"]["password"] == "Brand-new-1")
    recorder.until_state(1, "online")


# --- recording, disks, search --------------------------------------------------------------------------


def test_a_track_is_told_with_its_week_and_takes_another(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    told = recorder.isapi("GET", "ContentMgmt/record/tracks/201")
    assert told.texts("DayOfWeek")[:2] == ["Monday", "Tuesday"], "a whole day ends in the next"
    assert told.texts("TimeOfDay")[:2] == ["00:00:00", "00:00:00"]
    body = told.body.decode().replace("P0DT0H", "P30DT0H").replace("<durationEnabled>false", "<durationEnabled>true")
    office = body.replace("<TimeOfDay>00:00:00<", "<TimeOfDay>07:30:00<", 1)
    assert recorder.isapi("PUT", "ContentMgmt/record/tracks/201", office).text("statusCode") == "1"
    after = recorder.isapi("GET", "ContentMgmt/record/tracks/201")
    assert (after.text("Duration"), after.text("durationEnabled")) == ("P30DT0H", "true")
    assert after.texts("TimeOfDay")[:2] == ["07:30:00", "00:00:00"]
    backwards = body.replace("<TimeOfDay>00:00:00<", "<TimeOfDay>25:30:00<", 1)
    assert refusal(recorder.isapi("PUT", "ContentMgmt/record/tracks/201", backwards))[1] == "badParameters"


def test_disks_are_told_as_the_generation_tells_them(boxes: Boxes) -> None:
    for make in NVRS:
        told = set(names(boxes.of(make).isapi("GET", "ContentMgmt/Storage")))
        assert ("group" in told) is (make in ("hikvision-nvr-nxi-like", "hikvision-nvr-m-like"))
        assert ({"hddModel", "hddSerialNumber"} <= told) is (make == "hikvision-nvr-m-like")


def test_an_unformatted_disk_is_formatted_and_what_was_there_is_gone(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    control.change(boxes.state_dir, recorder.name, "disks", **{"1": {"mb": 1000, "state": "unformatted"}})
    assert recorder.isapi("GET", "ContentMgmt/Storage/hdd/1").text("status") == "unformatted"
    assert recorder.isapi("PUT", "ContentMgmt/Storage/hdd/1/format").text("statusCode") == "1"
    assert recorder.isapi("GET", "ContentMgmt/Storage/hdd/1").text("status") == "ok"


def test_a_search_without_footage_has_no_matches_and_a_very_wide_one_breaks(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    body = (
        "<CMSearchDescription><searchID>1</searchID><trackIDList><trackID>101</trackID></trackIDList><timeSpanList>"
        "<timeSpan><startTime>{}-01-01T00:00:00Z</startTime><endTime>2027-01-01T00:00:00Z</endTime></timeSpan>"
        "</timeSpanList><maxResults>1</maxResults></CMSearchDescription>"
    )
    told = recorder.isapi("POST", "ContentMgmt/search", body.format(2026))
    assert (told.text("responseStatusStrg"), told.text("numOfMatches")) == ("NO MATCHES", "0")
    assert recorder.isapi("POST", "ContentMgmt/search", body.format(2010)).status == 500


def test_a_factory_new_camera_is_activated_by_the_recorder_that_sees_it(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), fresh(boxes)
    told = f"<ipAddress>{camera.address}</ipAddress><password>Cam-pass-1</password>"
    body = f"<VideoSourceActivation>{told}</VideoSourceActivation>"
    recorder.bind(1, camera)
    recorder.until(lambda: recorder.status_of(1) == ("false", "notActivated"))
    assert recorder.isapi("PUT", "ContentMgmt/InputProxy/channels/activate", body).text("statusCode") == "1"
    recorder.until_state(1, "online")


def test_cameras_on_a_recorders_own_ports_are_activated_and_bound_by_it_and_reached_by_nobody_else(
    tmp_path: Path,
) -> None:
    rule = of("hikvision-nvr-nxi-like")
    recorder = {"name": "nvr", "address": "127.24.1.2", "personality": rule.name, "login": list(RECORDER)}
    camera = {"name": "cam", "address": "127.24.1.3", "personality": "hikvision-like", "behind": "nvr"}
    spec = {"devices": [recorder, camera | {"network_address": "192.168.254.2"}], "record_s": 0.5, "retry_s": 0.5}
    lab = control.up(spec | {"http_port": 0, "https_port": -1, "rtsp_port": 0}, tmp_path)
    try:
        box = Box(tmp_path, "nvr", "127.24.1.2", dict(lab.ports), rule, RECORDER)
        box.until_state(1, "online")
        told = box.isapi("GET", "ContentMgmt/InputProxy/channels/1")
        assert (told.text("connMode"), told.text("ipAddress")) == ("plugplay", "192.168.254.2")
        with pytest.raises(ConnectionError):
            Box(tmp_path, "cam", "127.24.1.3", dict(lab.ports), rule).send("GET", "/SDK/activateStatus")
        changed = told.body.decode().replace(">192.168.254.2<", ">10.9.9.9<")
        box.isapi("PUT", "ContentMgmt/InputProxy/channels/1", changed)
        after = box.isapi("GET", "ContentMgmt/InputProxy/channels/1").text("ipAddress")
        assert after == "192.168.254.2", "its own ports are the recorder's business until connMode is manual"
    finally:
        control.down(tmp_path)


# --- faults ------------------------------------------------------------------------------------------


def test_a_recorder_falls_silent_half_way_through_binding(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    recorder.break_("stall", writes=2)
    for number in (1, 2):
        assert recorder.bind(number, boxes.of("hikvision-like")).text("subStatusCode") == "ok"
    connection = recorder.connect()
    connection.timeout = 0.5
    connection.request("GET", "/ISAPI/System/status")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    assert list(recorder.state()["channels"]) == ["1", "2"]
    recorder.mend()
    assert recorder.isapi("GET", "System/status").status == 200


def test_two_devices_with_one_address_answer_by_turns(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    recorder.break_("duplicate-address", same_login=True)
    assert len({serial_of(recorder) for _ in range(6)}) == 2
    recorder.mend()
    assert {serial_of(recorder) for _ in range(4)} == {recorder.state()["identity"]["serial_number"]}


def serial_of(box: Box) -> str | None:
    """Ask for the serial number over one connection: another may reach another device, which knows not the nonce."""
    path = "/ISAPI/System/deviceInfo"
    connection = box.connect()
    connection.request("GET", path)
    refused = connection.getresponse()
    challenge = Answer(refused.status, [h for h in refused.getheaders() if "Basic" not in h[1]], refused.read())
    connection.request("GET", path, headers={"Authorization": box.answer(challenge, "GET", path)})
    told = connection.getresponse()
    body = Answer(told.status, told.getheaders(), told.read())
    connection.close()
    return body.text("serialNumber")


def test_writes_that_are_ignored_are_told_as_done(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    recorder.break_("ignore-writes")
    assert recorder.bind(1, boxes.of("hikvision-like")).text("subStatusCode") == "ok"
    assert recorder.state()["channels"] == {}


def test_another_camera_at_a_channels_address_is_seen_by_its_serial(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-like")
    recorder.bind(1, camera)
    recorder.until_state(1, "online")
    before = recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1").text("serialNumber")
    camera.break_("swap", same_login=True)
    recorder.until(lambda: recorder.isapi("GET", "ContentMgmt/InputProxy/channels/1").text("serialNumber") != before)


# --- sealed fields, footage of the past ------------------------------------------------------------------


def sealed(box: Box, text: str, iv: bytes, salt: str = "") -> str:
    """Seal a field as the facts have it: 100 rounds of SHA-256, AES-128-CBC of the text in Base64."""
    assert box.login is not None
    user, password = box.login
    base = hashlib.sha256(f"{user}{salt}{password}".encode()).hexdigest() if salt else password
    key = hashlib.sha256(f"{base}AaBbCcDd1234!@#$".encode()).hexdigest()
    for _ in range(99):
        key = hashlib.sha256(key.encode()).hexdigest()
    plain = base64.b64encode(text.encode())
    plain += bytes([16 - len(plain) % 16]) * (16 - len(plain) % 16)
    closing = Cipher(algorithms.AES(bytes.fromhex(key[:32])), modes.CBC(iv)).encryptor()
    return (closing.update(plain) + closing.finalize()).hex()


@pytest.mark.parametrize("make", ["hikvision-nvr-m-like", "hikvision-v57-like"])
def test_a_password_may_come_sealed_with_the_logins_own_secret(boxes: Boxes, make: str) -> None:
    it, iv = boxes.of(make), bytes(range(16))
    salt = it.isapi("GET", "Security/capabilities").text("salt") or ""
    assert bool(salt) is (make == "hikvision-v57-like")
    name, password = (sealed(it, text, iv, salt) for text in ("lanhdao", "Xem-camera-7"))
    own = f"<loginPassword>{sealed(it, it.login[1], iv, salt)}</loginPassword>"  # type: ignore[index]
    made = it.isapi("POST", f"Security/users?security=1&iv={iv.hex()}", user(name, password, more=own))
    assert made.text("subStatusCode") == "ok"
    assert it.state()["users"]["lanhdao"]["password"] == "Xem-camera-7"
    told = it.isapi("GET", f"Security/users?security=1&iv={iv.hex()}").texts("userName")
    assert told[1] == name, "and a name comes back sealed, too"
    plain = it.isapi("POST", f"Security/users?security=1&iv={iv.hex()}", user("quay", "Xem-camera-7"))
    assert refusal(plain)[1] == "passwordDecodeError"


def test_footage_of_the_past_is_found_day_by_day_and_page_by_page(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    start = 1_793_000_000.0  # 2026-10-26 07:33:20 UTC
    for number in range(45):
        at = start + number * 3600
        control.footage(boxes.state_dir, recorder.name, 2, at, at + 1800, 900_000)
    body = (
        "<CMSearchDescription><searchID>1</searchID><trackIDList><trackID>201</trackID></trackIDList><timeSpanList>"
        "<timeSpan><startTime>2026-10-20T00:00:00Z</startTime><endTime>2026-11-20T00:00:00Z</endTime></timeSpan>"
        "</timeSpanList><maxResults>{}</maxResults><searchResultPostion>{}</searchResultPostion></CMSearchDescription>"
    )
    first = recorder.isapi("POST", "ContentMgmt/search", body.format(1, 0))
    assert (first.text("responseStatusStrg"), first.texts("startTime")) == ("MORE", ["2026-10-26T15:33:20Z"])
    page = recorder.isapi("POST", "ContentMgmt/search", body.format(1000, 0))
    assert (page.text("responseStatusStrg"), page.text("numOfMatches")) == ("MORE", "40"), "forty at most"
    last = recorder.isapi("POST", "ContentMgmt/search", body.format(1000, 40))
    assert (last.text("responseStatusStrg"), last.text("numOfMatches")) == ("OK", "5")
    month = "<trackDailyParam><year>2026</year><monthOfYear>10</monthOfYear></trackDailyParam>"
    told = recorder.isapi("POST", "ContentMgmt/record/tracks/201/dailyDistribution", month)
    assert [n for n, held in enumerate(told.texts("record"), start=1) if held == "true"] == [26, 27, 28]
    disk = recorder.isapi("GET", "ContentMgmt/Storage")
    assert int(disk.text("freeSpace") or 0) == 1_000_204 - 45 * 900


def test_disks_are_told_in_numbers_too(boxes: Boxes) -> None:
    recorder = boxes.of("hikvision-nvr-like")
    recorder.break_("disk-unformatted")
    told = json.loads(recorder.isapi("GET", "System/workingstatus/hdStatus?format=json").body)
    assert told == {"HDStatus": [{"hdNo": 1, "status": 1, "volume": 1_000_204, "freeSpace": 0}]}
