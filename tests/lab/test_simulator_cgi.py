"""Dahua's CGI and JSON-RPC as the lab speaks them, against the field facts (vendor protocols, section 2): asked raw."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.lab import control
from tests.lab.boxes import CAMERA, RECORDER, Box, Boxes, pairs
from tests.lab.test_recorder_links import dahua_group

NEW, OLD, KBV = "dahua-nvr-like", "dahua-nvr-old-like", "kbvision-nvr-like"
SLOT = "uuid:System_CONFIG_NETCAMERA_INFO_{}"


# --- wire --------------------------------------------------------------------------------------------


def test_a_login_is_asked_for_with_the_serial_in_the_realm(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    it.login = None
    refused = it.cgi("magicBox", action="getSerialNo")
    assert (refused.status, refused.body) == (401, b"Error\r\nInvalid Authority!\r\n")
    told = refused.header("www-authenticate")[0]
    assert f'realm="Login to {it.state()["identity"]["serial_number"]}"' in told
    assert {"realm", "qop", "nonce", "opaque"} <= set(re.findall(r"(\w+)=", told))


def test_a_locked_account_is_a_403_that_counts_down_and_locks_everybody_out(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    right, it.login = it.login, ("admin", "wrong")
    assert [it.cgi("magicBox", action="getSerialNo").status for _ in range(6)] == [401] * 5 + [403]
    it.login = right
    told = json.loads(it.cgi("magicBox", action="getSerialNo").body)
    assert (told["ErrorCode"], told["result"]) == (268632081, False)
    assert 1790 < told["RmLock"] <= 1800


@pytest.mark.parametrize(("make", "status", "words"), [(OLD, 400, "Bad Request!"), (NEW, 501, "Not Implemented!")])
def test_a_missing_page_and_a_bad_argument_look_alike_and_differ_by_firmware(
    boxes: Boxes, make: str, status: int, words: str
) -> None:
    it = boxes.of(make)
    for told in (it.cgi("noSuch", action="get"), it.put({"NTP.NoSuchKey": "1"})):
        assert (told.status, told.body) == (status, f"Error\r\n{words}\r\n".encode())


def test_an_unknown_table_is_a_403_or_an_error_that_reads_like_a_value(boxes: Boxes) -> None:
    told = boxes.of(NEW).cgi("configManager", action="getConfig", name="NoSuch")
    assert told.status == 403
    assert json.loads(told.body) == {"error": {"code": 403, "message": "Authority:check failure."}, "result": False}
    told = boxes.of(OLD).cgi("configManager", action="getConfig", name="NoSuch")
    assert (told.status, told.body) == (200, b"Error: Error -1 getting param in name=NoSuch\r\n")
    assert "NoSuch" in next(iter(pairs(told).values())), "careless readers take it for data"


def test_values_are_escaped_and_an_ampersand_cannot_come_through(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    assert it.put({"General.MachineName": "a b#c+d%e"}).body == b"OK\r\n"
    assert it.table("General")["MachineName"] == "a b#c+d%e"
    it.put({"General.MachineName": "Quầy 1"})
    assert it.table("General")["MachineName"] == "Quầy 1"
    assert it.put({"General.MachineName": "x&y"}).body == b"OK\r\n"
    assert it.table("General")["MachineName"] == "x", "it decodes first and splits then: the rest is lost"


def test_an_empty_value_changes_nothing_and_a_blank_clears(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    it.put({"General.MachineName": "nvr"})
    assert it.put({"General.MachineName": ""}).body == b"OK\r\n"
    assert it.table("General")["MachineName"] == "nvr"
    assert it.put({"General.MachineName": " "}).body == b"OK\r\n"
    assert it.table("General")["MachineName"] == ""


def test_all_keys_of_a_request_are_taken_or_none(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    it.put({"General.MachineName": "before"})
    assert it.put({"General.MachineName": "after", "General.NoSuch": "1"}).status == 501
    assert it.table("General")["MachineName"] == "before"


# --- identity, clock, network, accounts ------------------------------------------------------------------


def test_the_identity_is_told_in_pieces_and_the_type_is_not_to_be_trusted(boxes: Boxes) -> None:
    new, old = boxes.of(NEW), boxes.of(OLD)
    assert pairs(new.cgi("magicBox", action="getDeviceType")) == {"type": "DHI-NVR5216-EI"}
    assert pairs(old.cgi("magicBox", action="getDeviceType")) == {"type": "31"}
    assert pairs(old.cgi("magicBox", action="getSystemInfo"))["updateSerial"] == "NV4116-HS"
    version = pairs(new.cgi("magicBox", action="getSoftwareVersion"))["version"]
    assert re.fullmatch(r"5\.001\.0000000\.4\.R,build:\d{4}-\d\d-\d\d", version)
    assert pairs(boxes.of(KBV).cgi("magicBox", action="getVendor")) == {"vendor": "KBVISION"}


def test_the_zone_is_an_index_and_12_is_hanoi(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    assert (it.table("NTP")["TimeZone"], it.table("NTP")["Enable"]) == ("13", "false")
    it.put({"NTP.TimeZone": "12", "NTP.Enable": "true", "NTP.Address": "10.0.0.10"})
    assert it.table("NTP")["TimeZoneDesc"] == "Bangkok"
    it.until(lambda: abs(it.now() - time.time()) < 1)
    told = pairs(it.cgi("global", action="getCurrentTime"))["result"]
    assert told.startswith(time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 7 * 3600)))


def test_the_clock_cannot_be_set_while_ntp_is_on(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    assert it.cgi("global", action="setCurrentTime", time="2026-01-02 03:04:05").body == b"OK\r\n"
    assert pairs(it.cgi("global", action="getCurrentTime"))["result"].startswith("2026-01-02 03:04:0")
    it.put({"NTP.Enable": "true"})
    assert it.cgi("global", action="setCurrentTime", time="2026-01-02 03:04:05").status == 400


def test_a_new_address_moves_it(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    it.put({"Network.eth0.IPAddress": "127.23.201.1", "Network.eth0.DnsServers[0]": "10.0.0.53"})
    it.address = "127.23.201.1"
    it.wait()
    told = it.table("Network")
    assert (told["eth0.IPAddress"], told["eth0.DnsServers[0]"]) == ("127.23.201.1", "10.0.0.53")


def test_onvif_is_a_switch(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    assert it.ask("tds", "GetSystemDateAndTime").status == 200
    it.put({"VSP_ONVIF.ServiceStart": "false"})
    assert it.ask("tds", "GetSystemDateAndTime").status == 404


def test_an_account_is_made_and_only_admin_changes_admin(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    new = {"user.Name": "lanhdao", "user.Password": "Xem-camera-7", "user.Group": "user", "user.Sharable": "true"}
    assert it.cgi("userManager", action="addUser", **new).body == b"OK\r\n"
    assert (
        it.cgi("userManager", action="addUser", **(new | {"user.Name": "quay", "user.Password": "Yauq-12345"})).status
        == 400
    )
    told = pairs(it.cgi("userManager", action="getUserInfoAll"))
    assert (told["users[1].Name"], told["users[1].Group"], told["users[0].Reserved"]) == ("lanhdao", "user", "true")
    assert "Password" not in "".join(told)
    wrong = it.cgi("userManager", action="modifyPassword", name="lanhdao", pwd="Xem-khac-88", pwdOld="guess")
    assert wrong.status == 400
    right = it.cgi("userManager", action="modifyPassword", name="lanhdao", pwd="Xem-khac-88", pwdOld="Xem-camera-7")
    assert right.body == b"OK\r\n"
    it.login = ("lanhdao", "Xem-khac-88")
    assert it.cgi("magicBox", action="getSerialNo").status == 200
    assert it.put({"General.MachineName": "x"}).status == 403
    it.login = RECORDER
    assert it.cgi("userManager", action="deleteUser", name="admin").status == 400
    assert it.cgi("userManager", action="deleteUser", name="lanhdao").body == b"OK\r\n"


def test_a_password_is_reset_by_a_manager_on_newer_firmware_only(boxes: Boxes) -> None:
    for make, works in ((NEW, True), (OLD, False)):
        it = boxes.of(make)
        new = {"user.Name": "lanhdao", "user.Password": "Xem-camera-7", "user.Group": "user"}
        assert it.cgi("userManager", action="addUser", **new).body == b"OK\r\n"
        told = it.cgi(
            "userManager", action="modifyPasswordByManager", userName="lanhdao", pwd="Xem-khac-88", accountType="0",
            managerName=RECORDER[0], managerPwd=RECORDER[1],
        )  # fmt: skip
        assert (told.body == b"OK\r\n") is works


# --- channels ----------------------------------------------------------------------------------------


def test_an_empty_slot_has_an_address_that_is_none(boxes: Boxes) -> None:
    told = boxes.of(NEW).table("RemoteDevice")
    assert told[f"{SLOT.format(0)}.Address"] == "192.168.0.0"
    assert told[f"{SLOT.format(0)}.Enable"] == "false"
    assert told[f"{SLOT.format(15)}.Password"] == "******"


def test_an_old_recorder_is_bound_by_setconfig_only(boxes: Boxes) -> None:
    recorder, camera = boxes.of(OLD), boxes.of("dahua-like")
    assert recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, 0)).status == 400
    row = f'RemoteDevice["{SLOT.format(3)}"]'
    told = {"Enable": "true", "Address": camera.address, "UserName": CAMERA[0], "Password": CAMERA[1]}
    assert recorder.put({f"{row}.{key}": value for key, value in told.items()}).body == b"OK\r\n"
    recorder.until_state(4, "online")
    assert recorder.table("RemoteDevice")[f"{SLOT.format(3)}.SerialNo"]
    assert recorder.cgi("LogicDeviceManager", action="getCameraState", uniqueChannels="[-1]").status == 400


def test_set_camera_changes_the_login_without_letting_the_slot_go(boxes: Boxes) -> None:
    recorder, camera = boxes.of(KBV), boxes.of("dahua-like")
    recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, -1))
    recorder.until_state(1, "online")
    assert json.loads(recorder.api("LogicDeviceManager/setCamera", dahua_group(camera, 0, "Wrong-pass-1")).body)[
        "result"
    ]
    recorder.until_state(1, "password")
    assert json.loads(recorder.api("LogicDeviceManager/setCamera", dahua_group(camera, 0)).body)["result"]
    recorder.until_state(1, "online")
    assert recorder.cgi("LogicDeviceManager", action="getCameraState", uniqueChannels="[-1]").status == 501


def test_what_a_recorder_cannot_bind_it_refuses_in_a_200(boxes: Boxes) -> None:
    recorder, camera, other = boxes.of(NEW), boxes.of("dahua-like"), boxes.of("dahua-like")
    recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, 0))
    for group in (dahua_group(other, 0), dahua_group(camera, 1), dahua_group(other, 99)):
        told = recorder.api("LogicDeviceManager/addCameraByGroup", group)
        assert told.status == 200
        assert json.loads(told.body)["failedCode"] != [0]
    assert list(recorder.state()["channels"]) == ["1"]
    assert json.loads(
        recorder.api("LogicDeviceManager/deleteCameraByGroup", {"group": [{"uniqueChannels": [0]}]}).body
    )["result"]
    assert recorder.api("LogicDeviceManager/deleteCameraByGroup", {"group": [{"uniqueChannels": [0]}]}).status == 501


def test_a_recorder_adds_cameras_by_itself_where_that_is_switched_on(boxes: Boxes) -> None:
    recorder, camera = boxes.of(NEW), boxes.of("dahua-like")
    for box, address in ((recorder, "10.66.1.2"), (camera, "10.66.1.11")):
        control.change(boxes.state_dir, box.name, "network", address=address)
    recorder.put({"AutoAddRemoteDevice.Enable": "true"})
    recorder.until_state(1, "password")
    assert camera.state()["misses"]["admin"] > 0, "with its own password, which costs the camera's tries"


# --- recording, disks, files ---------------------------------------------------------------------------


def test_the_week_begins_with_sunday_and_has_a_mask(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    told = it.table("Record")
    assert told["[0].TimeSection[0][0]"] == "1 00:00:00-24:00:00"
    assert told["[0].TimeSection[0][1]"] == "0 00:00:00-24:00:00"
    assert "[0].TimeSection[7][23]" in told
    assert "[0].TimeSection[0][6]" not in boxes.of(OLD).table("Record")
    it.put({"Record[0].TimeSection[1][0]": "7 07:30:00-17:30:00", "Record[0].PreRecord": "10"})
    assert it.state()["recording"]["1"]["week"]["0"] == [[27000, 63000, ["timed", "motion", "alarm"]]]
    assert it.put({"Record[0].TimeSection[1][0]": "all day"}).status == 501


def test_the_mode_of_a_channel_decides_whether_it_is_recorded(boxes: Boxes) -> None:
    recorder, camera = boxes.of(NEW), boxes.of("dahua-like")
    recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, 0))
    recorder.until(lambda: recorder.links().get("1", {}).get("recording", False))
    now = json.loads(recorder.api("recordManager/getStateAll", {}).body)["state"]
    assert [now[0]["Main"]["State"], now[1]["Main"]["State"]] == [1, 0]
    recorder.put({"Record[0].Enable": "true", "RecordMode[0].Mode": "2"})
    recorder.until(lambda: recorder.links()["1"]["why_not"] == "off")
    assert recorder.table("Record")["[0].Enable"] == "false", "means nothing"


def test_retention_is_kept_and_not_readable_on_old_firmware(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    it.put({"StorageGlobal.FileHoldTime": "30", "StorageGlobal.OverWrite": "false"})
    assert it.table("StorageGlobal") == {"FileHoldTime": "30", "OverWrite": "false"}
    assert boxes.of(OLD).cgi("configManager", action="getConfig", name="StorageGlobal").status == 403


def test_files_are_found_by_an_object_that_is_made_for_it(boxes: Boxes) -> None:
    recorder, camera = boxes.of(NEW), boxes.of("dahua-like")
    recorder.api("LogicDeviceManager/addCameraByGroup", dahua_group(camera, 1))
    recorder.until(lambda: recorder.links().get("2", {}).get("recording", False))
    number = pairs(recorder.cgi("mediaFileFind", action="factory.create"))["result"]
    local = recorder.now() + 8 * 3600
    start, end = (time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(local + shift)) for shift in (-3600, 3600))
    window = {"condition.Channel": "2", "condition.StartTime": start, "condition.EndTime": end}
    recorder.until(lambda: recorder.cgi("mediaFileFind", action="findFile", object=number, **window).body == b"OK\r\n")
    found = pairs(recorder.cgi("mediaFileFind", action="findNextFile", object=number, count="100"))
    assert (found["found"], found["items[0].Channel"]) == ("1", "1")
    assert re.fullmatch(r"/mnt/dvr/[\d-]+/001/dav/\d\d/[\d.]+-[\d.]+\[R\]\[0@0\]\[0\]\.dav", found["items[0].FilePath"])
    odd = window | {"condition.EndTime": "2010-01-01 00:00:00"}
    assert recorder.cgi("mediaFileFind", action="findFile", object=number, **odd).status == 501
    assert recorder.cgi("mediaFileFind", action="destroy", object=number).body == b"OK\r\n"


def test_a_disk_tells_used_as_total_and_its_state(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    told = pairs(it.cgi("storageDevice", action="getDeviceAllInfo"))
    assert told["list.info[0].State"] == "Success"
    assert told["list.info[0].Detail[0].UsedBytes"] == told["list.info[0].Detail[0].TotalBytes"]
    it.break_("disk-failure")
    told = pairs(it.cgi("storageDevice", action="getDeviceAllInfo"))
    assert (told["list.info[0].State"], told["list.info[0].Detail[0].IsError"]) == ("Error", "true")


# --- JSON-RPC ----------------------------------------------------------------------------------------


class Rpc:
    """A session of RPC2, logged in as the facts have it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.session: Any = 0

    def call(self, method: str, params: Mapping[str, Any] | None = None, path: str = "/RPC2") -> dict[str, Any]:
        body = {"method": method, "params": params, "id": 7, "session": self.session}
        told: dict[str, Any] = json.loads(self.box.send("POST", path, json.dumps(body).encode()).body)
        return told

    def login(self, user: str, password: str) -> dict[str, Any]:
        asked = {"userName": user, "password": "", "clientType": "Web3.0"}
        told = self.call("global.login", asked, "/RPC2_Login")
        assert (told["result"], told["error"]["code"]) == (False, 268632079)
        self.session = told["session"]

        def md5(words: str) -> str:
            return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest().upper()

        known = md5(f"{user}:{told['params']['realm']}:{password}")
        proof = md5(f"{user}:{told['params']['random']}:{known}")
        more = {"password": proof, "loginType": "Direct", "authorityType": told["params"]["encryption"]}
        return self.call("global.login", asked | more, "/RPC2_Login")


def test_a_session_is_opened_in_two_steps_and_closed(boxes: Boxes) -> None:
    rpc = Rpc(boxes.of(NEW))
    assert rpc.call("magicBox.getSystemInfo")["error"]["code"] == 287637505
    assert rpc.login(*RECORDER)["result"]
    assert rpc.call("magicBox.getSystemInfo")["params"]["updateSerial"] == "DHI-NVR5216-EI"
    assert rpc.call("global.keepAlive", {"timeout": 300})["result"]
    assert rpc.call("noSuch.method")["error"]["code"] == 268894210
    assert rpc.call("global.logout")["result"]
    assert not rpc.call("magicBox.getSystemInfo")["result"]


def test_a_wrong_proof_counts_and_locks_the_account_for_cgi_too(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    codes = [Rpc(it).login("admin", "wrong")["error"]["code"] for _ in range(6)]
    assert codes == [268632085] * 5 + [268632081]
    assert it.cgi("magicBox", action="getSerialNo").status == 403


def test_a_table_is_set_whole_over_rpc(boxes: Boxes) -> None:
    rpc = Rpc(boxes.of(OLD))
    rpc.login(*RECORDER)
    table = rpc.call("configManager.getConfig", {"name": "NTP"})["params"]["table"]
    assert rpc.call("configManager.setConfig", {"name": "NTP", "table": table | {"TimeZone": 12}})["result"]
    assert rpc.box.table("NTP")["TimeZone"] == "12"
    assert rpc.call("LogicDeviceManager.getCameraAll")["error"]["code"] == 268894210, "the old one ends at setConfig"


def sealed(public: str, told: Any) -> tuple[dict[str, str], Cipher[Any]]:
    """Seal a request as the facts have it: RPAC-256, a key of digits, an iv of zeros as text."""
    found = re.fullmatch(r"N:([0-9a-fA-F]+),E:([0-9a-fA-F]+)", public)
    assert found is not None
    key = b"4" + b"17" * 15 + b"3"
    salt = rsa.RSAPublicNumbers(int(found[2], 16), int(found[1], 16)).public_key().encrypt(key, padding.PKCS1v15())
    cipher = Cipher(algorithms.AES(key), modes.CBC(b"0" * 16))
    plain = json.dumps(told).encode()
    closing = cipher.encryptor()
    content = closing.update(plain + b"\0" * (-len(plain) % 16)) + closing.finalize()
    return {"salt": salt.hex(), "cipher": "RPAC-256", "content": base64.b64encode(content).decode()}, cipher


def test_a_camera_is_bound_by_a_sealed_request_and_read_back_by_another(boxes: Boxes) -> None:
    camera, rpc = boxes.of("dahua-like"), Rpc(boxes.of(NEW))
    public = rpc.call("Security.getEncryptInfo", path="/OutsideCmd")["params"]["pub"]
    rpc.login(*RECORDER)
    info = dict(dahua_group(camera, 0)["group"][0]["DeviceInfo"])  # type: ignore[index]
    record = {"UniqueChannel": 5, "Channel": 0, "Type": "Remote", "Enable": True, "DeviceInfo": info}
    assert rpc.call("LogicDeviceManager.secSetCamera", sealed(public, {"cameras": [record]})[0])["result"]
    rpc.box.until_state(6, "online")
    asked = [{"method": "LogicDeviceManager.getCameraState", "params": {"uniqueChannels": [5]}, "id": 1}]
    body, cipher = sealed(public, asked)
    told = base64.b64decode(rpc.call("system.multiSec", body)["params"]["content"])
    opening = cipher.decryptor()
    answers = json.loads((opening.update(told) + opening.finalize()).rstrip(b"\0"))
    assert answers[0]["params"]["states"] == [{"channel": 5, "connectionState": "Connected"}]
    assert rpc.call("LogicDeviceManager.getCameraLoginErrorCode", {"channel": 5})["params"]["errorCode"] == 0


def test_a_device_without_a_first_password_says_so_to_anybody(boxes: Boxes) -> None:
    it = boxes.of(NEW)
    assert Rpc(it).call("DevInit.getStatus", path="/OutsideCmd")["params"]["Init"] == 2
    control.ask(boxes.state_dir, "drop", device=it.name, section="users", key="admin")
    assert Rpc(it).call("DevInit.getStatus", path="/OutsideCmd")["params"]["Init"] == 1


# --- cameras -----------------------------------------------------------------------------------------


def test_a_cameras_stream_is_set_for_general_and_stays_for_motion(boxes: Boxes) -> None:
    it = boxes.of("dahua-like")
    main = "Encode[0].MainFormat[0].Video"
    told = {"Compression": "H.264", "Width": "1920", "Height": "1080", "FPS": "12", "BitRate": "2048", "GOP": "24"}
    assert (
        it.put({f"{main}.{key}": value for key, value in told.items()} | {f"{main}.BitRateControl": "CBR"}).status
        == 200
    )
    after = it.table("Encode")
    assert (after["[0].MainFormat[0].Video.Compression"], after["[0].MainFormat[1].Video.Compression"]) == (
        "H.264",
        "H.265",
    )
    encoder = it.state()["encoders"]["00000"]
    assert (encoder["codec"], encoder["width"], encoder["fps"], encoder["kbps"]) == ("H264", 1920, 12, 2048)
    assert it.put({f"{main}.Width": "123"}).status == 400


def test_a_cameras_title_stands_in_the_picture(boxes: Boxes) -> None:
    it = boxes.of("dahua-like")
    it.put({"ChannelTitle[0].Name": "Quầy 3", "VideoWidget[0].CustomTitle[0].EncodeBlend": "true"})
    it.put({"VideoWidget[0].CustomTitle[0].Text": "Phường Việt Hưng", "VideoWidget[0].TimeTitle.EncodeBlend": "false"})
    shown = {kept["text"] for kept in it.state()["osds"].values() if kept["type"] == "Plain"}
    assert shown == {"Quầy 3", "Phường Việt Hưng"}
    assert not any(kept["type"] == "DateAndTime" for kept in it.state()["osds"].values())
