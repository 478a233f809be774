"""ISAPI at the wire: what may be sent, what an answer means, and that a refused login is presented once."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access, Device, Endpoint, Kind
from fleetctl.protocols import web
from fleetctl.protocols.isapi import connect
from fleetctl.protocols.isapi.activation import activate
from fleetctl.protocols.isapi.operations import is_reading
from fleetctl.protocols.isapi.session import Session
from fleetctl.protocols.xml import parse, text

from .conftest import Peer, Request, http

CHALLENGE = (
    'WWW-Authenticate: Digest qop="auth", realm="IP Camera(83813)", nonce="4d57557858", stale="FALSE"'  # V5.4.5 capture
)
INFO = (
    '<?xml version="1.0" encoding="UTF-8"?><DeviceInfo version="1.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">'
    "<deviceName>NVR</deviceName><model>DS-7608NI-K2</model><serialNumber>DS-7608NI-K2 0820</serialNumber>"
    "<macAddress>44:19:b6:00:00:01</macAddress><firmwareVersion>V4.74.210</firmwareVersion>"
    "<firmwareReleasedDate>build 230905</firmwareReleasedDate></DeviceInfo>"
)
Make = Callable[..., Peer]
RIGHT = "right"


def status(sub: str, code: int = 4) -> str:
    return (
        f"<ResponseStatus><statusCode>{code}</statusCode><statusString>x</statusString>"
        f"<subStatusCode>{sub}</subStatusCode></ResponseStatus>"
    )


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(web, "BACK_OFF_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr("fleetctl.protocols.isapi.session.BACK_OFF_S", (0.0, 0.0))
    return iter(())  # type: ignore[return-value]


def opened(peer: Peer, password: str | None = RIGHT, access: Access = Access.WRITE, **facts: str) -> Session:
    endpoint = Endpoint(address="127.0.0.1", port=peer.port, timeout_s=20.0)
    device = Device(name="nvr", kind=Kind.NVR, site="s", endpoint=endpoint, user="fleetctl")
    return connect(device, password=password, access=access, facts=facts)


def answering(answers: dict[str, bytes]) -> Callable[[Request], bytes]:
    """Return a recorder that wants a login (any will do) and has these pages, by "METHOD path"."""

    def answer(request: Request) -> bytes:
        if "authorization" not in request.headers:
            return http(401, "<html>Access Error: 401 -- Unauthorized</html>", CHALLENGE)
        return answers.get(f"{request.method} {request.path}", http(403, status("notSupport")))

    return answer


def test_the_device_is_recognised_without_a_login_and_then_logs_in_once(peers: Make) -> None:
    peer = peers(answering({"GET /ISAPI/System/deviceInfo": http(200, INFO)}))
    with opened(peer) as session:
        assert not any(r.presented for r in peer.seen)
        session.prove()
        identity = session.identity()
    assert session.credential_proven
    assert (identity.manufacturer, identity.firmware) == ("Hikvision", "V4.74.210 build 230905")
    assert identity.serial_number == "DS-7608NI-K2 0820"
    assert session.facts()["isapi"] == "yes"


def test_a_dahua_unit_and_a_page_that_is_not_there_do_not_speak_isapi(peers: Make) -> None:
    dahua = 'WWW-Authenticate: Digest realm="Login to 6F04", qop="auth", nonce="1", opaque="2"'
    for told in (http(401, "", dahua), http(404, "not found")):
        with pytest.raises(Unsupported, match="does not speak ISAPI"):
            opened(peers(lambda _, told=told: told))


def test_a_refused_login_is_presented_once_and_never_again(peers: Make) -> None:
    peer = peers(lambda _: http(401, "<html/>", CHALLENGE))
    session = opened(peer, "wrong")
    for _ in range(3):
        with pytest.raises(Refused) as caught:
            session.read("/ISAPI/System/deviceInfo")
        assert caught.value.credential
    assert sum(bool(r.presented) for r in peer.seen) == 1
    assert session.rejected_logins == 1


def test_a_locked_account_is_told_with_the_time_that_is_left(peers: Make) -> None:
    left = "<retryLoginTime>0</retryLoginTime><unlockTime>1799</unlockTime>"
    check = f"<userCheck><lockStatus>lock</lockStatus>{left}</userCheck>"

    def answer(request: Request) -> bytes:
        body = check if request.path.endswith("userCheck") else "<html/>"
        return http(401, body, CHALLENGE)

    with pytest.raises(Refused, match="1799 s left") as caught:
        opened(peers(answer)).read("/ISAPI/System/deviceInfo")
    assert not caught.value.credential


def test_a_password_is_never_sent_readable(peers: Make) -> None:
    peer = peers(lambda _: http(401, "", 'WWW-Authenticate: Basic realm="x"'))
    with pytest.raises(Unsupported, match="no digest login"):
        opened(peer).read("/ISAPI/System/deviceInfo")
    assert not any(r.presented for r in peer.seen)


def test_a_reading_session_cannot_send_an_order(peers: Make) -> None:
    peer = peers(answering({}))
    session = opened(peer, access=Access.READ)
    before = len(peer.seen)
    for method, path in (("PUT", "/ISAPI/System/time"), ("POST", "/ISAPI/Security/users"), ("DELETE", "/ISAPI/x")):
        with pytest.raises(PermissionError):
            session.write(method, path, "<a/>")
    with pytest.raises(PermissionError):
        session.ask("/ISAPI/Security/users", "<a/>")
    with pytest.raises(PermissionError):
        session.anonymous("PUT", "/ISAPI/System/activate", "<a/>")
    assert len(peer.seen) == before


def test_searches_read_and_everything_unknown_writes() -> None:
    assert is_reading("POST", "/ISAPI/ContentMgmt/search")
    assert is_reading("POST", "/ISAPI/ContentMgmt/record/tracks/101/dailyDistribution")
    assert not is_reading("POST", "/ISAPI/ContentMgmt/record/tracks/101")
    assert not is_reading("PUT", "/ISAPI/System/reboot")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (http(200, status("badXmlContent", 6)), Rejected, "a value in the request"),
        (http(403, status("notSupport")), Unsupported, "notSupport"),
        (http(404, "<html/>"), Unsupported, "HTTP 404"),
        (http(400, "x"), Unsupported, "HTTP 400"),
        (http(500, "x"), Rejected, "HTTP 500"),
        (http(302, "", "Location: http://evil/"), BadAnswer, "leads elsewhere"),
        (http(403, status("lowPrivilege")), Refused, "may not do it"),
        (http(403, status("notActivated")), Refused, "fleetctl adopt"),
        (http(200, status("channelDeviceExist")), Rejected, "on another channel"),
        (http(200, status("ipcPasswordError")), Rejected, "camera refuses the password"),
        (http(200, status("ipcIsLocking")), Rejected, "locked the recorder out"),
        (http(200, '{"statusCode":4,"subStatusCode":"ipcNumReachesLimit"}'), Rejected, "no channel left"),
        (http(200, status("", 2)), Rejected, "says no"),
    ],
)
def test_an_answer_is_judged_by_its_sub_code(peers: Make, answer: bytes, error: type[Exception], words: str) -> None:
    session = opened(peers(answering({"PUT /ISAPI/System/time": answer})))
    with pytest.raises(error, match=words):
        session.write("PUT", "/ISAPI/System/time", "<Time/>")


@pytest.mark.parametrize("sub", ["ok", "OK", "riskPassword", "rebootRequired"])
def test_success_may_leave_work(peers: Make, sub: str) -> None:
    session = opened(peers(answering({"PUT /ISAPI/System/time": http(200, status(sub, 1))})))
    assert session.write("PUT", "/ISAPI/System/time", "<Time/>").done
    assert session.reboot_required is (sub == "rebootRequired")


def test_a_busy_device_is_asked_again(peers: Make) -> None:
    told = iter([http(503, status("deviceBusy", 2)), http(200, INFO)])
    peer = peers(lambda r: next(told) if "authorization" in r.headers else http(401, "", CHALLENGE))
    assert opened(peer).identity().model == "DS-7608NI-K2"


def test_a_status_where_a_document_should_be_and_a_document_type_are_no_answers(peers: Make) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><DeviceInfo>&b;</DeviceInfo>'
    for body in (status("ok", 1), bomb, "<DeviceInfo>"):
        session = opened(peers(answering({"GET /ISAPI/System/deviceInfo": http(200, body)})))
        with pytest.raises(BadAnswer):
            session.identity()


def test_text_pages_are_read_as_text_and_as_xml(peers: Make) -> None:
    pages = {
        "GET /ISAPI/System/time/timeZone": http(200, "CST-7:00:00\r\n", "Content-Type: text/plain"),
        "GET /ISAPI/System/time/localTime": http(200, "<localTime>2026-01-02T03:04:05</localTime>"),
    }
    session = opened(peers(answering(pages)))
    assert session.text_page("/ISAPI/System/time/timeZone") == "CST-7:00:00"
    assert session.text_page("/ISAPI/System/time/localTime") == "2026-01-02T03:04:05"


def test_a_factory_new_device_is_known_by_its_answer_and_a_newer_way_of_activation_is_told(peers: Make) -> None:
    peer = peers(lambda r: http(403, status("notSupport" if r.method == "POST" else "notActivated")))
    session = opened(peer, None)
    assert session.inactive
    with pytest.raises(Refused, match="never activated"):
        session.prove()
    with pytest.raises(Unsupported) as caught:
        activate(session, "Str0ng-pass")
    assert "SADP" in caught.value.nearest


def test_a_device_that_goes_away_is_unreachable(peers: Make) -> None:
    with pytest.raises(Unreachable):
        opened(peers(lambda _: None))


# --- passwords that a device takes encrypted only -----------------------------------------------------

SALT = "ab" * 32
CAPABILITIES = (
    '<SecurityCap version="2.0"><securityVersion opt="1"/><keyIterateNum>3</keyIterateNum>'
    f"<isIrreversible>true</isIrreversible><salt>{SALT}</salt></SecurityCap>"
)
ACCOUNT = "<User><id>2</id><userName>lanhdao</userName><password>Xem-camera-7</password></User>"


def hardened(capabilities: str = CAPABILITIES) -> Callable[[Request], bytes]:
    """Return a device that refuses a readable password, as the field facts have it."""
    pages = {"GET /ISAPI/Security/capabilities?username=fleetctl": http(200, capabilities)}

    def answer(request: Request) -> bytes:
        if request.method == "POST" and "authorization" in request.headers:
            readable = "Xem-camera-7" in request.body
            return http(500, status("passwordDecodeError", 3)) if readable else http(200, status("ok", 1))
        return answering(pages)(request)

    return answer


def opened_field(sent: str, iv: str) -> str:
    """Decrypt a field as the facts have it: three rounds here, AES-128-CBC, the text in Base64."""
    told = hashlib.sha256(f"fleetctl{SALT}{RIGHT}".encode()).hexdigest()
    told = hashlib.sha256(f"{told}AaBbCcDd1234!@#$".encode()).hexdigest()
    for _ in range(2):
        told = hashlib.sha256(told.encode()).hexdigest()
    opening = Cipher(algorithms.AES(bytes.fromhex(told[:32])), modes.CBC(bytes.fromhex(iv))).decryptor()
    plain = opening.update(bytes.fromhex(sent)) + opening.finalize()
    return base64.b64decode(plain[: -plain[-1]]).decode()


def test_a_password_is_encrypted_where_the_device_refuses_it_readable_and_from_then_on(peers: Make) -> None:
    peer = peers(hardened())
    session = opened(peer)
    for _ in range(2):
        session.write("POST", "/ISAPI/Security/users", parse(ACCOUNT.encode()))
    sent = [r for r in peer.seen if r.method == "POST" and "authorization" in r.headers]
    assert [("security=1" in r.path, "Xem-camera-7" in r.body) for r in sent] == [
        (False, True), (True, False), (True, False),
    ]  # fmt: skip
    document = parse(sent[1].body.encode())
    iv = sent[1].path.partition("iv=")[2]
    fields = [opened_field(text(document, name), iv) for name in ("userName", "password")]
    assert fields == ["lanhdao", "Xem-camera-7"]
    assert text(document, "id") == "2", "nothing else is encrypted"
    assert sent[1].path != sent[2].path, "each request has its own iv"


def test_what_holds_no_password_is_never_encrypted(peers: Make) -> None:
    peer = peers(hardened())
    opened(peer).write("POST", "/ISAPI/Security/users", parse(b"<User><userName>lanhdao</userName></User>"))
    assert not any("security" in r.path for r in peer.seen)


@pytest.mark.parametrize(
    ("capabilities", "error"),
    [
        (CAPABILITIES.replace('opt="1"', 'opt="2"'), Unsupported),
        ("<SecurityCap/>", Unsupported),
        (CAPABILITIES.replace(">3<", ">99999999<"), BadAnswer),
    ],
)
def test_a_device_that_tells_no_way_we_know_is_told_as_such(
    peers: Make, capabilities: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        opened(peers(hardened(capabilities))).write("POST", "/ISAPI/Security/users", parse(ACCOUNT.encode()))
