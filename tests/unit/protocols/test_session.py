"""Sessions at the wire: nothing is written by reading, paths stay on the device, quirks are learned once."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable

import pytest
from lxml import etree

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import Access
from fleetctl.protocols.onvif import connect, soap
from fleetctl.protocols.onvif.operations import READING, WRITING, is_reading
from fleetctl.protocols.xml import PREFIXES, text

from .conftest import ENVELOPE, Camera, Peer, Request, device, fault, http

Make = Callable[..., Peer]


def services(**paths: str) -> str:
    told = "".join(
        f"<tds:Service><tds:Namespace>{PREFIXES[prefix]}</tds:Namespace><tds:XAddr>{xaddr}</tds:XAddr></tds:Service>"
        for prefix, xaddr in paths.items()
    )
    return f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>"


# --- reading never writes -----------------------------------------------------------------------------


def test_a_reading_session_cannot_send_one_writing_operation(peers: Make) -> None:
    peer = peers(Camera())
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        begun = len(peer.seen)
        for service, names in WRITING.items():
            for name in (*names, "GetSomethingNobodyKnows", "getusers", ""):
                for call in (session.read, session.write):
                    with pytest.raises(PermissionError):
                        call(service, name)
        with pytest.raises(PermissionError):
            session.read("xyz", "GetUsers")
        assert len(peer.seen) == begun


def test_a_writing_session_reads_only_what_is_known_to_read(peers: Make) -> None:
    peer = peers(Camera())
    with connect(device(peer.port), password="right", access=Access.WRITE) as session:
        with pytest.raises(PermissionError):
            session.read("tds", "SystemReboot")
        session.write("tds", "SystemReboot")
        session.write("tds", "GetUsers")  # a reading one may be sent as a write; it forgets what is remembered
    assert [r.operation for r in peer.seen][-2:] == ["tds:SystemReboot", "tds:GetUsers"]


def test_no_operation_is_both_reading_and_writing() -> None:
    assert set(READING) == set(WRITING)
    for service, names in READING.items():
        assert not names & WRITING[service]
    assert set(READING) <= set(PREFIXES)
    assert is_reading("tds", "GetSystemUris")
    assert not is_reading("tds", "GetPkcs10Request")
    assert not is_reading("tev", "CreatePullPointSubscription")
    assert not is_reading("trt", "StartMulticastStreaming")


# --- memory ---------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once_until_something_is_written(peers: Make) -> None:
    peer = peers(Camera())
    with connect(device(peer.port), password="right", access=Access.WRITE) as session:

        def asked() -> int:
            return sum(r.operation == "tds:GetDNS" and bool(r.presented) for r in peer.seen)

        for _ in range(3):
            session.read("tds", "GetDNS")
        assert asked() == 1
        session.read("tds", "GetDNS", fresh=True)
        assert asked() == 2
        session.write("tds", "SetHostname", "<tds:Name>x</tds:Name>")
        session.read("tds", "GetDNS")
        assert asked() == 3
        session.forget()
        session.read("tds", "GetDNS")
        assert asked() == 4


# --- paths ------------------------------------------------------------------------------------------------


def test_only_the_path_of_a_service_address_is_used(peers: Make) -> None:
    camera = Camera()
    other = peers(Camera())
    camera.answers["tds:GetServices"] = services(
        tds="http://192.168.1.64/onvif/device_service",
        trt=f"http://127.0.0.1:{other.port}/onvif/Media?x=1",
        tr2="https://user:pass@10.0.0.1:8443/onvif/media2",
        timg="/onvif/imaging",
        tev="http://[broken",
        tmd="",
    )
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("trt", "GetProfiles")
        session.read("tr2", "GetProfiles")
        session.read("timg", "GetOptions")
        assert [session.has(s) for s in ("tds", "trt", "tr2", "timg", "tev", "tmd", "trc")] == [True] * 4 + [False] * 3
        with pytest.raises(Unsupported, match="does not have this service"):
            session.read("trc", "GetRecordings")
    assert other.connections == 0
    assert [r.path for r in peer.seen if r.operation[:2] != "td"] == [
        "/onvif/Media?x=1",
        "/onvif/media2",
        "/onvif/imaging",
    ]


def test_one_path_may_serve_all_services(peers: Make) -> None:
    camera = Camera()
    camera.answers["tds:GetServices"] = services(
        **dict.fromkeys(("trt", "tr2", "timg"), "http://x/onvif/device_service")
    )
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("timg", "GetOptions")
    assert {r.path for r in peer.seen} == {"/onvif/device_service"}


def test_old_devices_are_asked_for_capabilities_and_the_oldest_are_guessed_at(peers: Make) -> None:
    refused = fault("SOAP-ENV:Sender", "ter:InvalidArgVal", "ter:InvalidParameter", reason="the parameter is illegal")
    camera = Camera()
    camera.answers["tds:GetServices"] = refused
    camera.answers["tds:GetCapabilities"] = (
        "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://1.2.3.4/old/media</tt:XAddr></tt:Media>"
        "<tt:Extension><tt:DeviceIO><tt:XAddr>http://1.2.3.4/old/io</tt:XAddr></tt:DeviceIO></tt:Extension>"
        "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert (session.has("trt"), session.has("tmd"), session.has("tr2")) == (True, True, False)
        assert session.facts()["path.tmd"] == "/old/io"
    camera.answers["tds:GetCapabilities"] = fault("SOAP-ENV:Receiver", "ter:ActionNotSupported")
    camera.open_operations |= {"trt:GetServiceCapabilities"}
    peer = peers(lambda r: camera(r) if r.path in ("/onvif/device_service", "/onvif/media") else http(404, "no"))
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert (session.has("trt"), session.has("timg")) == (True, True)  # the device path answers for imaging
        assert session.facts()["path.trt"] == "/onvif/media"
        assert session.facts()["services"] == "guessed"


def test_what_was_learned_is_used_next_time_and_dropped_when_it_is_no_longer_true(peers: Make) -> None:
    camera = Camera()
    camera.answers["tds:GetServices"] = services(trt="http://x/one")
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("trt", "GetProfiles")
        session.identity()
        facts = session.facts()
    assert pickle.loads(pickle.dumps(facts)) == facts  # noqa: S301  # our own bytes
    assert facts == {
        "auth": "wsse", "protected": "tds:GetDeviceInformation", "refuses": "fault", "content_type": "action",
        "path.trt": "/one", "services": "GetServices",
    }  # fmt: skip
    begun = len(peer.seen)
    with connect(device(peer.port), password="right", access=Access.READ, facts=facts) as session:
        session.read("trt", "GetProfiles")
    assert [r.operation for r in peer.seen[begun:]] == ["tds:GetSystemDateAndTime", "trt:GetProfiles"]
    camera.answers["tds:GetServices"] = services(trt="http://x/two")
    moved = peers(lambda r: http(404, "gone") if r.path == "/one" else camera(r))
    with connect(device(moved.port), password="right", access=Access.READ, facts=facts) as session:
        session.read("trt", "GetProfiles")
        assert session.facts()["path.trt"] == "/two"
    with connect(device(peer.port), password="wrong", access=Access.READ, facts=facts) as session:
        with pytest.raises(Refused):
            session.read("tds", "GetUsers")
        assert session.facts()["auth"] == ""


def test_another_firmware_is_asked_for_its_services_again(peers: Make) -> None:
    camera = Camera()
    told = "<tds:FirmwareVersion>2</tds:FirmwareVersion>"
    camera.answers["tds:GetDeviceInformation"] = told.join(
        ("<tds:GetDeviceInformationResponse>", "</tds:GetDeviceInformationResponse>")
    )
    camera.answers["tds:GetServices"] = services(trt="/a", tr2="/b")
    peer = peers(camera)
    facts = {"auth": "wsse", "services": "GetServices", "path.trt": "/a", "firmware": "1"}
    with connect(device(peer.port), password="right", access=Access.READ, facts=facts) as session:
        assert not session.has("tr2")
        session.identity()
        assert session.has("tr2")
        assert session.facts()["firmware"] == "2"


# --- kinds of requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("takes", "status", "wanted"),
    [
        (lambda c: "action=" not in c, 415, "plain"),  # Illustra
        (lambda c: "action=" in c, 400, "action"),  # Pelco
        (lambda c: c.startswith("text/xml"), 500, "soap11"),  # OpenIPC
        (lambda c: c == "application/soap+xml; charset=utf-8", 400, "plain"),
    ],
)
def test_the_content_type_a_device_takes_is_found_at_first_contact_and_remembered(
    peers: Make, takes: Callable[[str], bool], status: int, wanted: str
) -> None:
    camera = Camera()

    def answer(request: Request) -> bytes | None:
        return camera(request) if takes(request.headers["content-type"]) else http(status, "")

    peer = peers(answer)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        session.read("tds", "GetUsers")
        facts = session.facts()
    assert facts["content_type"] == wanted
    assert not any(r.presented for r in peer.seen if not takes(r.headers["content-type"]))
    begun = len(peer.seen)
    with connect(device(peer.port), password="right", access=Access.READ, facts=facts) as session:
        session.read("tds", "GetUsers")
    assert len(peer.seen) - begun == 2
    last = peer.seen[-1]
    assert (soap.SOAP11 in last.body) == (wanted == "soap11")
    assert ("soapaction" in last.headers) == (wanted == "soap11")


def test_a_version_mismatch_leads_to_soap_11(peers: Make) -> None:
    camera = Camera()
    old = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
        "<faultcode>e:VersionMismatch</faultcode></e:Fault></e:Body></e:Envelope>"
    )
    peer = peers(lambda r: camera(r) if soap.SOAP11 in r.body else http(500, old))
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert session.facts()["content_type"] == "soap11"


def test_requests_are_written_as_the_touchiest_devices_want_them(peers: Make) -> None:
    peer = peers(Camera())
    with connect(device(peer.port), password="right", access=Access.WRITE) as session:
        session.write("tds", "SetHostname", "<tds:Name>x</tds:Name>")
    request = peer.seen[-1]
    root = etree.fromstring(request.body.encode())
    assert {"s", "tds", "trt", "tr2", "timg", "tt"} <= set(root.nsmap)
    assert "addressing" not in request.body
    assert "<s:Body><tds:SetHostname><tds:Name>x</tds:Name></tds:SetHostname></s:Body>" in request.body
    assert request.headers["content-type"].endswith('action="http://www.onvif.org/ver10/device/wsdl/SetHostname"')
    assert request.headers["accept-encoding"] == "identity"
    assert re.search(r"<wsu:Created>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</wsu:Created>", request.body)


def test_names_are_escaped_in_the_token() -> None:
    from datetime import UTC, datetime

    told = soap.username_token("a<b&c", "p", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert "<wsse:Username>a&lt;b&amp;c</wsse:Username>" in told
    assert "<wsu:Created>2026-01-02T03:04:05Z</wsu:Created>" in told
    assert etree.fromstring(told.encode()) is not None


# --- what comes back ------------------------------------------------------------------------------------------


def one(peers: Make, told: str | bytes, status: int = 200, *headers: str) -> object:
    """Return what a session makes of one answer: the element or the error."""
    camera = Camera(everybody=True)
    body = told if isinstance(told, bytes) else ENVELOPE.format(told)
    camera.answers["tds:GetDNS"] = http(status, body, *headers)
    peer = peers(camera)
    with connect(device(peer.port), password=None, access=Access.READ) as session:
        try:
            return session.read("tds", "GetDNS")
        except FleetctlError as error:
            return error


@pytest.mark.parametrize(
    ("told", "status", "kind", "code"),
    [
        (fault("env:Reveiver", "ter:InvalidDot11", "ter:ActionNotSupported"), 500, Unsupported, ""),
        (fault("env:Receiver", "ter:ActionNotSupported", "ter:InvalidOperation", reason="NULL"), 500, Unsupported, ""),
        (fault("e:Sender", reason="Method 'tds:X' not implemented: method name not recognized"), 400, Unsupported, ""),
        (fault("e:Receiver", "ter:ActionNotSupported", "ter:AudioNotSupported"), 500, Unsupported, ""),
        (
            fault("e:Sender", "ter:InvalidArgVal", "ter:NoConfig", reason="not supported here"),
            400,
            Rejected,
            "NoConfig",
        ),
        (fault("e:Receiver", "ter:Action", reason="Action Failed"), 500, Rejected, "Action"),
        (fault("e:Sender", "ter:OperationProhibited", reason="no"), 400, Refused, ""),
        (fault("e:Sender", "ter:NotAuthorized", reason="no"), 400, Refused, ""),
        (fault("e:Sender", "wsse:FailedAuthentication", reason="no"), 500, Refused, ""),
        (fault("e:Sender", reason=""), 400, Rejected, "Sender"),
        ("<tds:GetNTPResponse/>", 200, BadAnswer, ""),
        ("", 200, BadAnswer, ""),
        (b"", 200, BadAnswer, ""),
        (b"\0\0\0", 200, BadAnswer, ""),
        (b"<html><body>Welcome<br></body></html>", 200, BadAnswer, ""),
        (b"", 404, Unsupported, ""),
        (b"<html>Not found</html>", 404, Unsupported, ""),
        (b"", 501, Unsupported, ""),
        (b"", 403, Refused, ""),
        (b"<html>Access Error: 401 -- Unauthorized</html>", 401, Refused, ""),
        (b"", 503, Unreachable, ""),
        (b"", 500, BadAnswer, ""),
        (b"", 302, BadAnswer, ""),
        (b"GIF89a", 200, BadAnswer, ""),
    ],
)
def test_what_stands_in_place_of_an_answer_becomes_the_error_that_says_what_to_do(
    peers: Make, told: str | bytes, status: int, kind: type[Exception], code: str
) -> None:
    error = one(peers, told, status)
    assert type(error) is kind, error
    if isinstance(error, Rejected):
        assert error.code == code
    if isinstance(error, Refused):
        assert not error.credential
    assert "tds:GetDNS" in str(error)


def test_a_soap_11_fault_and_an_undeclared_prefix_are_read(peers: Make) -> None:
    told = (
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode>ter:NoSuchThing'
        b"</faultcode><faultstring>gone</faultstring><detail><ter:x/></detail></e:Fault></e:Body></e:Envelope>"
    )
    error = one(peers, told, 500)
    assert isinstance(error, Rejected)
    assert error.code == "NoSuchThing"


def test_a_security_header_that_a_device_echoes_is_in_no_error(peers: Make) -> None:
    told = ENVELOPE.format("<tds:Wrong/>").replace(
        "<SOAP-ENV:Body>",
        "<SOAP-ENV:Header><wsse:Security><wsse:Password>P1/fYTX1</wsse:Password></wsse:Security></SOAP-ENV:Header>"
        "<SOAP-ENV:Body>",
    )
    for body in (told, told[: told.index("</wsse:Password>")]):
        error = one(peers, body.encode())
        assert isinstance(error, BadAnswer)
        assert error.raw
        assert b"P1/fYTX1" not in error.raw


def test_a_multipart_answer_gives_its_root_with_the_attachment_in_it(peers: Make) -> None:
    """Source: the shape of Pelco D6230L 2.9.0.4, GetSystemBackup."""
    root = ENVELOPE.format(
        '<tds:GetDNSResponse><tds:Data><xop:Include href="cid:part2"/></tds:Data></tds:GetDNSResponse>'
    )
    told = (
        "--==b==\r\nContent-Type: application/xop+xml; charset=utf-8; type=application/soap+xml\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <part1>\r\n\r\n{root}\r\n"
        "--==b==\r\nContent-Type: application/octet-stream\r\nContent-ID: <part2>\r\n\r\n"
    ).encode() + b"\x00\x01\xff\r\n--==b==--\r\n"
    header = 'Content-Type: multipart/related; type="application/xop+xml"; boundary="==b=="; start="<part1>"'
    found = one(peers, told, 200, header)
    assert text(found, "Data") == "AAH/"  # type: ignore[arg-type]


# --- who ----------------------------------------------------------------------------------------------------


def test_a_device_is_known_by_serial_number_and_mac_address_and_junk_is_neither(peers: Make) -> None:
    for serial, mac, wanted in (
        ("DS-2CD 123", "C0-56-E3-F9-55-68", ("DS-2CD 123", "c0:56:e3:f9:55:68")),
        ("SerialNumber", "00:00:00:00:00:00", ("", "")),
        ("0000", "b8a44fa04f26", ("", "b8:a4:4f:a0:4f:26")),
    ):
        camera = Camera()
        camera.answers["tds:GetDeviceInformation"] = (
            "<tds:GetDeviceInformationResponse><tds:Manufacturer> Acme </tds:Manufacturer><tds:Model>M</tds:Model>"
            f"<tds:SerialNumber>{serial}</tds:SerialNumber></tds:GetDeviceInformationResponse>"
        )
        camera.answers["tds:GetNetworkInterfaces"] = (
            "<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces><tt:Enabled>false</tt:Enabled><tt:Info>"
            "<tt:HwAddress>00:11:22:33:44:55</tt:HwAddress></tt:Info></tds:NetworkInterfaces>"
            "<tds:NetworkInterfaces><tt:Enabled>true</tt:Enabled><tt:Info>"
            f"<tt:HwAddress>{mac}</tt:HwAddress></tt:Info></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>"
        )
        peer = peers(camera)
        with connect(device(peer.port), password="right", access=Access.READ) as session:
            told = session.identity()
        assert told.manufacturer == "Acme"
        assert told.serial_number == wanted[0]
        assert told.mac_address == (wanted[1] or "00:11:22:33:44:55")


def test_a_device_without_network_operations_is_known_by_its_serial_number_alone(peers: Make) -> None:
    camera = Camera()
    camera.answers["tds:GetNetworkInterfaces"] = fault("e:Receiver", "ter:ActionNotSupported")
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        assert session.identity().mac_address == ""


# --- first contact, pictures, streams ----------------------------------------------------------------------------


def test_where_no_onvif_is_it_is_said_so_at_first_contact(peers: Make) -> None:
    for answer, kind in (
        (lambda _: http(404, "<html>"), Unsupported),
        (lambda _: http(200, "<html></html>"), BadAnswer),
        (lambda _: http(301, "", "Location: https://10.0.0.1/"), BadAnswer),
        (lambda _: http(503, ""), Unreachable),
        (lambda _: None, Unreachable),
    ):
        peer = peers(answer)
        with pytest.raises(kind):
            connect(device(peer.port), password="right", access=Access.READ)
        assert not any(r.presented for r in peer.seen)


def test_alive_tells_whether_it_answers_now(peers: Make) -> None:
    peer = peers(Camera())
    with connect(device(peer.port, timeout_s=0.5), password=None, access=Access.READ) as session:
        assert session.alive()
        peer.close()
        assert not session.alive()


def test_streams_and_pictures_are_at_the_inventorys_host_and_port(peers: Make) -> None:
    camera = Camera()
    camera.answers["tds:GetServices"] = services(trt="/media")
    camera.answers["trt:GetProfiles"] = '<trt:GetProfilesResponse><trt:Profiles token="p 1"/></trt:GetProfilesResponse>'
    uri = "<trt:MediaUri><tt:Uri>{}</tt:Uri></trt:MediaUri>"
    camera.answers["trt:GetStreamUri"] = (
        "<trt:GetStreamUriResponse>"
        + uri.format("rtsp://u:p@10.1.1.1:555/s?c=1&amp;d=2")
        + "</trt:GetStreamUriResponse>"
    )
    camera.answers["trt:GetSnapshotUri"] = (
        "<trt:GetSnapshotUriResponse>" + uri.format("http://10.1.1.1/snap.jpg?c=1") + "</trt:GetSnapshotUriResponse>"
    )
    camera.schemes = ("wsse", "digest")
    camera.answers["GET /snap.jpg?c=1"] = http(200, b"\xff\xd8jpeg")
    peer = peers(camera)
    with connect(device(peer.port, rtsp_port=8554), password="right", access=Access.READ) as session:
        assert session.stream_uri("p 1") == "rtsp://127.0.0.1:8554/s?c=1&d=2"
        assert session.snapshot_uri("p 1") == "/snap.jpg?c=1"
        assert session.snapshot() == b"\xff\xd8jpeg"


def test_a_device_behind_a_relay_is_never_reached_directly(peers: Make) -> None:
    peer = peers(Camera())
    with pytest.raises((Unreachable, Refused)):
        connect(device(peer.port, via="nobody@127.0.0.1:1"), password=None, access=Access.READ, known_hosts="/nowhere")
    assert peer.connections == 0
