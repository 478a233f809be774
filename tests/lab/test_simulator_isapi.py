"""Hikvision's ISAPI as the lab speaks it, against the field facts (vendor protocols, section 1): asked raw."""

from __future__ import annotations

import base64
import re
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.lab import control
from tests.lab.boxes import CAMERA, Box, Boxes
from tests.lab.wire import Answer

HIK, ISAPI = "http://www.hikvision.com/ver20/XMLSchema", "http://www.isapi.org/ver20/XMLSchema"
NVRS = ("hikvision-nvr-like", "hikvision-nvr-q-like", "hikvision-nvr-nxi-like", "hikvision-nvr-m-like")


def names(answer: Answer) -> list[str]:
    return [str(element.tag).rpartition("}")[2] for element in answer.root.iter()]


def space(answer: Answer) -> str:
    return str(answer.root.tag)[1:].partition("}")[0]


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.text("subStatusCode") or ""


# --- wire --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "namespace", "version"),
    [
        ("hikvision-like", HIK, "2.0"),
        ("hikvision-thermal-like", ISAPI, "2.0"),
        ("hikvision-nvr-like", HIK, "1.0"),
        ("hikvision-nvr-q-like", HIK, "1.0"),
        ("hikvision-nvr-nxi-like", ISAPI, "2.0"),
        ("hikvision-nvr-m-like", ISAPI, "2.0"),
        ("hikvision-dvr-like", HIK, "1.0"),
    ],
)
def test_namespace_and_version_are_those_of_the_generation(
    boxes: Boxes, make: str, namespace: str, version: str
) -> None:
    told = boxes.of(make).isapi("GET", "System/deviceInfo")
    assert (space(told), told.root.get("version")) == (namespace, version)
    assert told.header("content-type") == ["application/xml"]


def test_one_device_mixes_namespaces_page_by_page(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    assert (space(it.isapi("GET", "System/deviceInfo")), space(it.isapi("GET", "System/time"))) == (HIK, ISAPI)


def test_a_login_is_asked_for_with_the_web_servers_own_page_and_challenge(boxes: Boxes) -> None:
    it = boxes.of("hikvision-like")
    it.login = None
    refused = it.isapi("GET", "System/status")
    assert refused.status == 401
    assert b"Access Error: 401 -- Unauthorized" in refused.body
    digest = refused.header("www-authenticate")[0]
    assert re.fullmatch(r'Digest qop="auth", realm="[^"]+", nonce="[0-9a-f]+", stale="FALSE"', digest)
    assert refused.header("server") == ["App-webs/"]


def test_newer_firmware_offers_sha_256_and_older_basic(boxes: Boxes) -> None:
    new, old = boxes.of("hikvision-v57-like"), boxes.of("hikvision-like")
    new.login = None
    told = new.isapi("GET", "System/status").header("www-authenticate")
    assert [re.search(r"algorithm=(\S+)", one)[1] for one in told] == ["MD5", "SHA-256"]  # type: ignore[index]
    basic = {"Authorization": "Basic " + base64.b64encode(":".join(CAMERA).encode()).decode()}
    assert old.send("GET", "/ISAPI/System/status", b"", basic).status == 200
    assert new.send("GET", "/ISAPI/System/status", b"", basic).status == 401


def test_scalars_are_plain_text_on_most_firmware_and_xml_on_the_newest(boxes: Boxes) -> None:
    told = boxes.of("hikvision-nvr-like").isapi("GET", "System/time/timeZone")
    assert (told.header("content-type"), told.body) == (["text/plain"], b"CST-8:00:00")
    assert boxes.of("hikvision-nvr-m-like").isapi("GET", "System/time/timeZone").text("timeZone") == "CST-8:00:00"


def test_what_is_not_there_is_403_most_often_and_something_else_now_and_then(boxes: Boxes) -> None:
    assert refusal(boxes.of("hikvision-nvr-like").isapi("GET", "System/Video/inputs/channels")) == (
        403,
        "invalidOperation",
    )
    assert boxes.of("hikvision-v57-like").isapi("GET", "System/Holidays").status == 404
    assert boxes.of("hikvision-like").isapi("GET", "Streaming/channels/104").status == 500
    assert refusal(boxes.of("hikvision-like").isapi("DELETE", "System/time"))[1] == "methodNotAllowed"


def test_an_event_that_is_not_there_is_busy_for_ever(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    assert "recordingfailure" in it.isapi("GET", "Event/triggers").texts("id")
    assert refusal(it.isapi("GET", "Event/triggers/VMD-9")) == (503, "deviceBusy")


def test_everything_is_said_over_tls_too(boxes: Boxes) -> None:
    connection = boxes.of("hikvision-nvr-like").connect(secure=True)
    connection.request("GET", "/SDK/activateStatus")
    assert b"<Activated>true</Activated>" in connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("<Time", 400, "badXmlFormat"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Time/>', 400, "badXmlFormat"),
        ("<Clock/>", 400, "badXmlContent"),
        ("<Time><timeMode>sundial</timeMode></Time>", 400, "badParameters"),
        ("<Time><timeMode>NTP</timeMode><timeZone>Asia/Ho_Chi_Minh</timeZone></Time>", 400, "badParameters"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_a_sub_code(boxes: Boxes, body: str, status: int, code: str) -> None:
    assert refusal(boxes.of("hikvision-like").isapi("PUT", "System/time", body)) == (status, code)


# --- identity, clock, network --------------------------------------------------------------------------


def test_of_the_identity_only_the_name_can_be_written(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    told = it.isapi("GET", "System/deviceInfo").body.decode()
    changed = re.sub(r"<deviceName>[^<]*", "<deviceName>dau-ghi-01", told).replace("DS-7608NI-K2<", "DS-0000<")
    assert it.isapi("PUT", "System/deviceInfo", changed).text("statusCode") == "1"
    after = it.isapi("GET", "System/deviceInfo")
    assert (after.text("deviceName"), after.text("model")) == ("dau-ghi-01", "DS-7608NI-K2")
    assert re.fullmatch(r"V\d+\.\d+\.\d+", after.text("firmwareVersion") or "")
    assert re.fullmatch(r"build \d{6}", after.text("firmwareReleasedDate") or "")


def test_vietnam_is_cst_minus_7_and_shows_in_the_digits(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    body = "<Time><timeMode>NTP</timeMode><timeZone>CST-7:00:00</timeZone></Time>"
    assert it.isapi("PUT", "System/time", body).text("statusCode") == "1"
    it.until(lambda: abs(it.now() - time.time()) < 1)
    told = it.isapi("GET", "System/time")
    assert (told.text("timeMode"), told.text("timeZone")) == ("NTP", "CST-7:00:00")
    digits = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 7 * 3600))
    assert (told.text("localTime") or "").startswith(digits)
    assert (told.text("localTime") or "").endswith("+07:00")


def test_a_clock_is_set_by_its_digits_in_manual_mode_only(boxes: Boxes) -> None:
    it = boxes.of("hikvision-like")
    body = "<Time><timeMode>manual</timeMode><localTime>2026-01-02T03:04:05+09:00</localTime></Time>"
    it.isapi("PUT", "System/time", body)
    assert (it.isapi("GET", "System/time").text("localTime") or "").startswith("2026-01-02T03:04:0")


def test_ntp_servers_keep_what_newer_firmware_knows_more(boxes: Boxes) -> None:
    for make in ("hikvision-nvr-like", "hikvision-nvr-m-like"):
        it = boxes.of(make)
        told = it.isapi("GET", "System/time/ntpServers/1")
        assert ("portType" in names(told)) is (make == "hikvision-nvr-m-like")
        body = told.body.decode().replace("time.windows.com</hostName>", "10.0.0.10</hostName>")
        assert it.isapi("PUT", "System/time/ntpServers/1", body).text("statusCode") == "1"
        after = it.isapi("GET", "System/time/ntpServers/1")
        assert (after.text("addressingFormatType"), after.text("ipAddress")) == ("ipaddress", "10.0.0.10")


def test_a_new_address_answers_first_and_moves_then(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    told = it.isapi("GET", "System/Network/interfaces/1/ipAddress").body.decode()
    moved = re.sub(r"<ipAddress>192\.168\.1\.64<", "<ipAddress>127.23.200.1<", told)
    assert it.isapi("PUT", "System/Network/interfaces/1/ipAddress", moved).text("statusCode") == "1"
    it.address = "127.23.200.1"
    it.wait()
    assert it.isapi("GET", "System/Network/interfaces/1").text("ipAddress") == "127.23.200.1"
    assert it.isapi("GET", "System/Network/interfaces/1/capabilities").status == 403, "ranges are one page higher"


def test_ports_are_those_of_the_generation(boxes: Boxes) -> None:
    k, m = boxes.of("hikvision-nvr-like"), boxes.of("hikvision-nvr-m-like")
    assert k.isapi("GET", "Security/adminAccesses").texts("protocol") == ["HTTP", "RTSP", "HTTPS", "DEV_MANAGE"]
    assert "SDK_OVER_TLS" in m.isapi("GET", "Security/adminAccesses").texts("protocol")
    assert len(k.isapi("GET", "Security/adminAccesses").texts("enabled")) == 3, "the SDK's port tells no `enabled`"


# --- accounts ----------------------------------------------------------------------------------------


def user(name: str, password: str, level: str = "Viewer", more: str = "") -> str:
    told = f"<userName>{name}</userName><password>{password}</password><userLevel>{level}</userLevel>"
    return f"<User><id>0</id>{told}{more}</User>"


def test_an_account_is_made_changed_and_dropped(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    made = it.isapi("POST", "Security/users", user("lanhdao", "Xem-camera-7"))
    number = made.text("id")
    assert (made.text("statusCode"), number) == ("1", "2")
    assert it.isapi("GET", f"Security/users/{number}").text("userLevel") == "Viewer"
    raised = user("lanhdao", "Xem-camera-7", "Operator").replace("<id>0<", f"<id>{number}<")
    assert it.isapi("PUT", f"Security/users/{number}", raised).text("statusCode") == "1"
    assert it.isapi("GET", "Security/users").texts("userLevel") == ["Administrator", "Operator"]
    assert b"password" not in it.isapi("GET", "Security/users").body
    assert it.isapi("DELETE", f"Security/users/{number}").text("statusCode") == "1"
    assert refusal(it.isapi("DELETE", "Security/users/1")) == (403, "invalidOperation")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short1A", "passwordMustContainMorethan8Characters"),
        ("much-too-long-for-it-1", "passwordLenNoMoreThan16"),
        ("onlyletters", "illegalPassword"),
        ("lanhdao-2026", "riskPassword"),
    ],
)
def test_a_password_is_judged(boxes: Boxes, password: str, code: str) -> None:
    it = boxes.of("hikvision-nvr-like")
    told = it.isapi("POST", "Security/users", user("lanhdao", password))
    assert told.text("subStatusCode") == code
    kept = "lanhdao" in it.isapi("GET", "Security/users").texts("userName")
    assert kept is (code == "riskPassword"), "a risky one was applied all the same"


def test_the_newest_firmware_asks_for_the_acting_administrators_password_again(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-m-like")
    assert refusal(it.isapi("POST", "Security/users", user("lanhdao", "Xem-camera-7")))[1] == "loginPasswordError"
    own = f"<loginPassword>{it.login[1]}</loginPassword>"  # type: ignore[index]
    assert it.isapi("POST", "Security/users", user("lanhdao", "Xem-camera-7", more=own)).text("statusCode") == "1"


def test_who_only_looks_changes_nothing_and_sees_no_secrets(boxes: Boxes) -> None:
    it = boxes.of("hikvision-nvr-like")
    it.isapi("POST", "Security/users", user("lanhdao", "Xem-camera-7"))
    it.login = ("lanhdao", "Xem-camera-7")
    assert it.isapi("GET", "System/deviceInfo").status == 200
    assert refusal(it.isapi("PUT", "System/reboot")) == (403, "lowPrivilege")
    assert refusal(it.isapi("GET", "Security/illegalLoginLock")) == (403, "lowPrivilege")
    assert it.isapi("GET", "Security/users").texts("userName") == ["lanhdao"]


def test_the_lock_is_told_before_and_while_it_holds(boxes: Boxes) -> None:
    it = boxes.of("hikvision-like")
    right, it.login = it.login, ("admin", "wrong")
    told = it.isapi("GET", "Security/userCheck")
    assert (told.status, told.text("lockStatus"), told.text("retryLoginTime")) == (401, "unlock", "6")
    for _ in range(6):
        told = it.isapi("GET", "Security/userCheck")
    assert told.text("lockStatus") == "lock"
    it.login = right
    told = it.isapi("GET", "Security/userCheck")
    assert told.status == 401
    assert 1790 <= int(told.text("unlockTime") or 0) <= 1800


def test_the_locks_unit_is_minutes_on_some_and_seconds_on_others(boxes: Boxes) -> None:
    for make, told in (("hikvision-nvr-like", "30"), ("hikvision-nvr-q-like", "1800")):
        it = boxes.of(make)
        assert it.isapi("GET", "Security/illegalLoginLock").text("maxIllegalLoginLockTime") == told
        body = it.isapi("GET", "Security/illegalLoginLock").body.decode().replace(">7<", ">3<")
        assert it.isapi("PUT", "Security/illegalLoginLock", body).text("statusCode") == "1"
        assert it.state()["lock"] == {"enabled": True, "times": 3, "seconds": 1800}


# --- activation --------------------------------------------------------------------------------------


def fresh(boxes: Boxes, make: str = "hikvision-like") -> Box:
    it = boxes.of(make)
    control.ask(boxes.state_dir, "drop", device=it.name, section="users", key="admin")
    it.login = None
    return it


def activated(it: Box, password: str) -> Answer:
    """Activate as the facts have it: a key of 1,024 bits, its secret, the password sealed with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- the device takes no other
    modulus = f"{key.public_key().public_numbers().n:0256x}".encode()
    told = it.isapi(
        "POST",
        "Security/challenge",
        f"<PublicKey><key>{base64.b64encode(modulus).decode()}</key></PublicKey>",
    )
    if told.status != 200:
        return told
    sealed = bytes.fromhex(base64.b64decode(told.text("key") or "").decode())
    secret = key.decrypt(sealed, padding.PKCS1v15()).decode()
    assert re.fullmatch(r"[0-9a-f]{32}", secret)
    plain = (secret[:16] + password).encode()
    closing = Cipher(algorithms.AES(bytes.fromhex(secret)), modes.ECB()).encryptor()  # noqa: S305 -- the vendor's way
    held = closing.update(plain + b"\0" * (-len(plain) % 16)) + closing.finalize()
    inside = base64.b64encode(held.hex().encode()).decode()
    return it.isapi(
        "PUT", "System/activate", f'<ActivateInfo version="1.0"><password>{inside}</password></ActivateInfo>'
    )


@pytest.mark.parametrize("make", ["hikvision-like", "hikvision-nvr-like"])
def test_a_factory_new_device_is_activated_once(boxes: Boxes, make: str) -> None:
    it = fresh(boxes, make)
    status = it.send("GET", "/SDK/activateStatus")
    assert (status.status, status.text("Activated")) == (200, "false")
    assert refusal(it.isapi("GET", "System/deviceInfo")) == (403, "notActivated")
    assert refusal(activated(it, "short"))[1] == "passwordMustContainMorethan8Characters"
    assert activated(it, "Viet-hung-2026").text("subStatusCode") == "ok"
    assert it.send("GET", "/SDK/activateStatus").text("Activated") == "true"
    it.login = ("admin", "Viet-hung-2026")
    assert it.isapi("GET", "System/deviceInfo").status == 200
    assert refusal(activated(it, "Another-pass-1"))[1] == "hasActivated"


def test_some_newer_cameras_cannot_be_activated_over_http(boxes: Boxes) -> None:
    assert refusal(activated(fresh(boxes, "hikvision-v58-like"), "Viet-hung-2026")) == (403, "notSupport")


def test_a_password_that_is_not_sealed_is_not_taken(boxes: Boxes) -> None:
    it = fresh(boxes)
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- the device takes no other
    modulus = base64.b64encode(f"{key.public_key().public_numbers().n:0256x}".encode()).decode()
    it.isapi("POST", "Security/challenge", f"<PublicKey><key>{modulus}</key></PublicKey>")
    body = f"<ActivateInfo><password>{base64.b64encode(b'00' * 16).decode()}</password></ActivateInfo>"
    assert refusal(it.isapi("PUT", "System/activate", body))[1] == "passwordDecodeError"


# --- cameras -----------------------------------------------------------------------------------------


def test_a_cameras_stream_is_set_and_what_is_too_much_is_brought_down(boxes: Boxes) -> None:
    it = boxes.of("hikvision-like")
    told = it.isapi("GET", "Streaming/channels/101").body.decode()
    changed = re.sub(r"<maxFrameRate>\d+", "<maxFrameRate>1200", told)
    changed = re.sub(r"<vbrUpperCap>\d+", "<vbrUpperCap>99999", changed)
    assert it.isapi("PUT", "Streaming/channels/101", changed).text("statusCode") == "1"
    after = it.isapi("GET", "Streaming/channels/101")
    assert (after.text("maxFrameRate"), after.text("vbrUpperCap")) == ("1200", "16384")
    odd = re.sub(r"<videoResolutionWidth>\d+", "<videoResolutionWidth>123", told)
    assert refusal(it.isapi("PUT", "Streaming/channels/101", odd))[1] == "badParameters"


def test_a_cameras_texts_are_a_document_in_which_y_grows_downwards(boxes: Boxes) -> None:
    it = boxes.of("hikvision-like")
    path = "System/Video/inputs/channels/1/overlays"
    told = it.isapi("GET", path)
    assert (told.text("normalizedScreenWidth"), told.text("dateStyle"), len(told.texts("displayText"))) == (
        "704",
        "MM-DD-YYYY",
        4,
    )
    body = told.body.decode().replace(">MM-DD-YYYY<", ">DD-MM-YYYY<")
    line = "<id>1</id>\r\n<enabled>true</enabled>\r\n<positionX>16</positionX>\r\n<positionY>544</positionY>\r\n"
    body = re.sub(
        r"<id>1</id>.*?<displayText></displayText>", f"{line}<displayText>Quầy 1</displayText>", body, flags=re.DOTALL
    )
    assert it.isapi("PUT", path, body).text("statusCode") == "1"
    osds = it.state()["osds"]
    assert next(kept for kept in osds.values() if kept["type"] == "DateAndTime")["date_format"] == "dd/MM/yyyy"
    text = next(kept for kept in osds.values() if kept.get("text") == "Quầy 1")
    assert text["y"] < -0.8
    long = body.replace("Quầy 1", "Q" * 45)
    assert refusal(it.isapi("PUT", path, long))[1] == "badParameters"


def test_what_the_device_can_do_is_told_with_the_flags_of_the_generation(boxes: Boxes) -> None:
    k, q, m = (boxes.of(name).isapi("GET", "System/capabilities") for name in (NVRS[0], NVRS[1], NVRS[3]))
    assert (k.text("supportUserNums"), k.text("inputProxyNums")) == ("32", "8")
    assert (k.text("isSupportIPCTiming"), q.text("isSupportIPCTiming")) == ("true", "false")
    assert (k.text("supportIPCActivatePassword"), m.text("supportIPCActivatePassword")) == (None, "true")
    assert {told.text("isSupportSyncIPCPassword") for told in (k, q, m)} == {"true"}


def test_onvif_is_off_and_has_accounts_of_its_own_on_the_newest_cameras(boxes: Boxes) -> None:
    it = boxes.of("hikvision-v58-like")
    assert it.ask("tds", "GetSystemDateAndTime").status == 404
    integrate = it.isapi("GET", "System/Network/Integrate")
    assert integrate.text("enable") == "false"
    on = integrate.body.decode().replace("<enable>false<", "<enable>true<")
    assert it.isapi("PUT", "System/Network/Integrate", on).text("statusCode") == "1"
    assert it.ask("tds", "GetUsers").status == 401, "the device's own admin is nobody there"
    told = "<userName>admin</userName><password>Onvif-pass-1</password><userType>administrator</userType>"
    body = f"<User><id>1</id>{told}</User>"
    assert it.isapi("POST", "Security/ONVIF/users", body).text("statusCode") == "1"
    it.login = ("admin", "Onvif-pass-1")
    assert it.ask("tds", "GetUsers").texts("Username") == ["admin"]
    assert it.isapi("GET", "System/deviceInfo").status == 401, "and ONVIF's is nobody here"
