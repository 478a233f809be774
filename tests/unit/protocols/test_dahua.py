"""Dahua's CGI at the wire: what may be sent, what an answer means, what a request may carry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Access, Device, Endpoint, Kind
from fleetctl.protocols.dahua import connect, keyvalue
from fleetctl.protocols.dahua.operations import is_asking, is_reading
from fleetctl.protocols.dahua.session import Session
from fleetctl.protocols.dahua.zones import index_of, offset_s

from .conftest import Peer, Request, http

CHALLENGE = 'WWW-Authenticate: Digest realm="Login to 8J0PAZ", qop="auth", nonce="17", opaque="c0ffee"'
SYSTEM = "/cgi-bin/magicBox.cgi?action=getSystemInfo"
INFO = "deviceType=31\r\nprocessor=ST7108\r\nserialNumber=8J00001PAZ\r\nupdateSerial=DHI-NVR5216-EI\r\n"
FORBIDDEN = '{"error":{"code":403,"message":"Authority:check failure."},"result":false}'
Make = Callable[..., Peer]
RIGHT = "right"


def opened(peer: Peer, password: str | None = RIGHT, access: Access = Access.WRITE) -> Session:
    endpoint = Endpoint(address="127.0.0.1", port=peer.port, timeout_s=20.0)
    device = Device(name="nvr", kind=Kind.NVR, site="s", endpoint=endpoint, user="fleetctl")
    return connect(device, password=password, access=access, facts={})


def answering(answers: dict[str, bytes]) -> Callable[[Request], bytes]:
    def answer(request: Request) -> bytes:
        if "authorization" not in request.headers:
            return http(401, "Error\r\nInvalid Authority!\r\n", CHALLENGE)
        return answers.get(request.path, http(501, "Error\r\nNot Implemented!\r\n"))

    return answer


def test_the_device_is_recognised_by_its_realm_and_named_by_what_it_says(peers: Make) -> None:
    pages = {
        SYSTEM: http(200, INFO),
        "/cgi-bin/magicBox.cgi?action=getVendor": http(200, "vendor=KBVISION\r\n"),
        "/cgi-bin/magicBox.cgi?action=getSoftwareVersion": http(200, "version=4.003.0,build:2023-08-30\r\n"),
    }
    peer = peers(answering(pages))
    with opened(peer) as session:
        assert not any(r.presented for r in peer.seen)
        identity = session.identity()
    assert (identity.manufacturer, identity.model) == ("KBVISION", "DHI-NVR5216-EI")
    assert (identity.firmware, identity.serial_number) == ("4.003.0,build:2023-08-30", "8J00001PAZ")
    assert session.credential_proven


def test_another_realm_does_not_speak_it(peers: Make) -> None:
    with pytest.raises(Unsupported, match="does not speak"):
        opened(peers(lambda _: http(401, "", 'WWW-Authenticate: Digest realm="IP Camera", qop="auth", nonce="1"')))


def test_a_refused_login_is_presented_once_and_a_lock_is_told(peers: Make) -> None:
    peer = peers(lambda _: http(401, "Error\r\nInvalid Authority!\r\n", CHALLENGE))
    session = opened(peer, "wrong")
    for _ in range(3):
        with pytest.raises(Refused) as caught:
            session.table("General")
        assert caught.value.credential
    assert sum(bool(r.presented) for r in peer.seen) == 1
    lock = '{"ErrorCode":268632081,"RmLock":1800,"RmLogin":0,"result":false}'

    def locked(request: Request) -> bytes:
        return http(403, lock) if "authorization" in request.headers else http(401, "", CHALLENGE)

    with pytest.raises(Refused, match="1800 s left") as told:
        opened(peers(locked)).table("General")
    assert not told.value.credential


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(400, "Error\r\nBad Request!\r\n"), Unsupported),
        (http(501, "Error\r\nNot Implemented!\r\n"), Unsupported),
        (http(200, "Error: Error -1 getting param in name=Nope\r\n"), Unsupported),
        (http(200, "Error\r\nsomething\r\n"), Rejected),
        (http(403, FORBIDDEN), Rejected),
        (http(200, ""), Unsupported),
    ],
)
def test_no_such_table_has_many_faces(peers: Make, answer: bytes, error: type[Exception]) -> None:
    session = opened(peers(answering({"/cgi-bin/configManager.cgi?action=getConfig&name=Nope": answer})))
    with pytest.raises(error):
        session.table("Nope")


def test_a_reading_session_cannot_write_though_writing_is_a_get(peers: Make) -> None:
    peer = peers(answering({}))
    session = opened(peer, access=Access.READ)
    before = len(peer.seen)
    for work in (
        lambda: session.store({"General.MachineName": "x"}),
        lambda: session.order("magicBox", "reboot"),
        lambda: session.tell("LogicDeviceManager/setCamera", {}),
        lambda: session.read("userManager", "deleteUser", "&name=admin"),
        lambda: session.ask("LogicDeviceManager/deleteCameraByGroup", {}),
    ):
        with pytest.raises(PermissionError):
            work()
    assert len(peer.seen) == before
    assert not is_reading("configManager", "setConfig")
    assert not is_asking("LogicDeviceManager/setCamera")


def test_a_page_that_restarts_units_is_never_sent(peers: Make) -> None:
    with pytest.raises(PermissionError):
        opened(peers(answering({}))).order("audio", "getAudio")


def test_several_keys_go_in_one_request_with_what_must_be_escaped(peers: Make) -> None:
    peer = peers(lambda r: http(200, "OK\r\n") if "authorization" in r.headers else http(401, "", CHALLENGE))
    session = opened(peer)
    session.store({"ChannelTitle[0].Name": "Quầy 1 #+%", "General.MachineName": "", "NTP.Enable": True})
    sent = peer.seen[-1].path
    assert sent.startswith(
        "/cgi-bin/configManager.cgi?action=setConfig&ChannelTitle[0].Name=Qu%E1%BA%A7y%201%20%23%2B%25"
    )
    assert sent.endswith("&General.MachineName=%20&NTP.Enable=true")
    with pytest.raises(Unsupported, match="&"):
        session.store({"General.MachineName": "A&B"})
    session.store({f"Record[{n}].TimeSection[0][0]": "1 00:00:00-24:00:00" for n in range(80)})
    assert all(len(r.path) < 2048 for r in peer.seen)


def test_a_secret_is_not_put_into_an_address_over_plain_http(peers: Make) -> None:
    peer = peers(answering({}))
    session = opened(peer)
    before = len(peer.seen)
    with pytest.raises(Unsupported) as caught:
        session.store({'RemoteDevice["x"].Password': "hush"}, secret=True)
    assert "hush" not in str(caught.value)
    assert len(peer.seen) == before


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('{"result":false,"failedCode":[2]}', Rejected),
        ('{"result":true,"failedCode":[0,3]}', Rejected),
        ("OK", BadAnswer),
    ],
)
def test_a_json_page_says_no_inside_a_200(peers: Make, body: str, error: type[Exception]) -> None:
    session = opened(peers(answering({"/cgi-bin/api/LogicDeviceManager/setCamera": http(200, body)})))
    with pytest.raises(error):
        session.tell("LogicDeviceManager/setCamera", {"group": []})


def test_values_are_split_at_the_first_sign_and_go_on_over_lines() -> None:
    told = keyvalue.parsed(b"items[0].Detail=Event Type:IPC Offline Alarm\r\nChannel:10\r\nitems[1].A=b=c\r\n")
    assert told == {"items[0].Detail": "Event Type:IPC Offline Alarm\nChannel:10", "items[1].A": "b=c"}
    assert list(keyvalue.indexes(told, "items")) == [0, 1]
    assert keyvalue.under(told, "items[1]") == {"A": "b=c"}
    assert keyvalue.number("2000324395008.000000") == 2000324395008
    assert keyvalue.number("nan") is None


def test_the_zone_list_is_known_where_it_is_known() -> None:
    assert (offset_s("12"), index_of(25200)) == (25200, 12)
    assert (offset_s("26"), offset_s("x"), index_of(1)) == (None, None, None)
