"""The lab as a whole: what survives, who is found, what is remembered, HTTP as it comes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from fleetctl.errors import Unreachable, UsageError
from fleetctl.lab import control
from fleetctl.lab.discovery import GROUP
from fleetctl.lab.faults import KNOWN
from fleetctl.lab.personality import known, of
from fleetctl.lab.spec import parse
from tests.lab.wire import TYPE, Camera

Give = Callable[[str], Camera]
ONE = {"devices": [{"name": "cam", "address": "127.23.1.1", "personality": "dahua-like"}]}
PORTS = {"http_port": 0, "https_port": -1, "rtsp_port": -1}


def single(state_dir: Path, **more: object) -> Camera:
    lab = control.up({**ONE, **PORTS, **more}, state_dir)
    return Camera(state_dir, "cam", "127.23.1.1", dict(lab.ports), of("dahua-like"), ("admin", "admin"))


def test_what_was_set_survives_a_lab_that_is_killed(tmp_path: Path) -> None:
    it = single(tmp_path)
    try:
        assert it.ask("tds", "SetHostname", "<tds:Name>desk-7</tds:Name>").status == 200
        number = control.described(tmp_path).pid
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        assert not control.running(tmp_path)
        it = single(tmp_path)
        assert it.ask("tds", "GetHostname").text("Name") == "desk-7"
    finally:
        control.down(tmp_path)


def test_a_lab_is_started_once_and_ends_when_told(tmp_path: Path) -> None:
    single(tmp_path)
    try:
        first = control.described(tmp_path).pid
        assert single(tmp_path).ports
        assert control.described(tmp_path).pid == first
    finally:
        assert control.down(tmp_path)
    assert not control.down(tmp_path)
    with pytest.raises(Unreachable, match="no lab runs"):
        control.status(tmp_path)


def test_a_state_folder_with_a_long_name_works(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 90)
    it = single(folder)
    try:
        assert it.state()["identity"]["name"] == "cam"
    finally:
        control.down(folder)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"devices": [{"name": "a", "address": "10.1.1.1", "personality": "dahua-like"}]}, "127.0.0.0/8"),
        (
            {"devices": [ONE["devices"][0], {**ONE["devices"][0], "address": "127.1.1.2"}]},
            "two devices have the name cam",
        ),
        ({"devices": [], "speed": 1}, "speed"),
        ({"devices": [], "strict": True}, "wsdl_dir"),
    ],
)
def test_a_specification_that_cannot_be_meant_is_told(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(wrong)


def test_an_unknown_make_is_told_with_those_there_are(tmp_path: Path) -> None:
    device = {"name": "a", "address": "127.1.1.1", "personality": "acme"}
    with pytest.raises(Unreachable, match="hikvision-like"):
        control.up({"devices": [device], **PORTS}, tmp_path)


def test_https_is_trusted_by_the_labs_authority_only_and_each_address_has_its_certificate(camera: Give) -> None:
    one, two = camera("hikvision"), camera("hikvision")
    certificates = set()
    for it in (one, two):
        connection = it.connect(secure=True)
        connection.request(
            "POST", it.rule.paths["tds"], it.envelope("<tds:GetSystemDateAndTime/>"), {"Content-Type": TYPE}
        )
        assert connection.getresponse().status == 200
        certificates.add(connection.sock.getpeercert(binary_form=True))
        connection.close()
    assert len(certificates) == 2
    one.authority = None
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        one.connect(secure=True).request("GET", "/")


def test_requests_are_remembered_with_operation_user_and_outcome(camera: Give) -> None:
    it = camera("dahua")
    it.ask("tds", "GetNTP")
    it.ask("tds", "SetHostname", "<tds:Name>desk-1</tds:Name>")
    it.ask("tds", "SetHostname", "<tds:Name>desk_1</tds:Name>")
    it.login = None
    it.ask("tds", "GetNTP")
    log = control.log(it.state_dir, it.name)
    assert [(entry["operation"], entry["user"]) for entry in log] == [
        ("tds:GetNTP", "admin"),
        ("tds:SetHostname", "admin"),
        ("tds:SetHostname", "admin"),
        ("tds:GetNTP", ""),
    ]
    assert [entry["outcome"].partition(":")[0] for entry in log] == ["ok", "ok", "ter", "refused"]
    assert control.writes(it.state_dir, it.name) == {"tds:SetHostname": 2}
    assert control.counts(it.state_dir, it.name) == {"tds:GetNTP": 2, "tds:SetHostname": 2}
    control.forget(it.state_dir, it.name)
    assert control.counts(it.state_dir, it.name) == {}


def test_several_requests_go_over_one_connection_even_sent_at_once(camera: Give) -> None:
    it = camera("bosch")
    body = it.envelope("<tds:GetSystemDateAndTime/>")
    head = f"POST {it.rule.paths['tds']} HTTP/1.1\r\nContent-Type: {TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection((it.address, it.ports["http"]), timeout=5) as line:
        line.sendall((head.encode() + body) * 3)
        got = b""
        while got.count(b"Envelope>") < 3:
            got += line.recv(65536)
    assert got.count(b"HTTP/1.1 200 OK") == 3


def test_a_request_in_chunks_and_in_small_pieces_is_understood(camera: Give) -> None:
    it = camera("bosch")
    body = it.envelope("<tds:GetSystemDateAndTime/>")
    head = f"POST {it.rule.paths['tds']} HTTP/1.1\r\nContent-Type: {TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    half = len(body) // 2
    parts = (b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n") % (half, body[:half], len(body) - half, body[half:])
    with socket.create_connection((it.address, it.ports["http"]), timeout=5) as line:
        for byte in range(0, len(head), 20):
            line.sendall(head.encode()[byte : byte + 20])
        line.sendall(parts)
        assert line.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("wrong", [b"nonsense\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"x" * 20000])
def test_what_is_not_http_is_refused(camera: Give, wrong: bytes) -> None:
    it = camera("bosch")
    with socket.create_connection((it.address, it.ports["http"]), timeout=5) as line:
        line.sendall(wrong)
        assert line.recv(65536).startswith(b"HTTP/1.1 400")


def test_a_document_type_and_soap_1_1_are_refused(camera: Give) -> None:
    it = camera("bosch")
    path = it.rule.paths["tds"]
    assert it.post(path, b'<!DOCTYPE x [<!ENTITY y "z">]><x/>').codes[-1] == "ter:WellFormed"
    old = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>'
    assert it.post(path, old).codes == ["SOAP-ENV:VersionMismatch"]
    assert it.send("POST", path, old, {"Content-Type": "text/xml"}).status == 415


def test_an_address_without_a_camera_refuses(simulator: dict[str, list[Camera]]) -> None:
    it = simulator["dahua-like"][0]
    nobody = Camera(it.state_dir, "", "127.99.99.99", it.ports, it.rule)
    with pytest.raises(OSError, match="reset"):
        nobody.send("GET", "/")


PROBE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
    ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">'
    "<s:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action><a:MessageID>urn:uuid:1</a:MessageID>"
    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header><s:Body><d:Probe><d:Types>{types}</d:Types>"
    "<d:Scopes>{scopes}</d:Scopes></d:Probe></s:Body></s:Envelope>"
)


def probe(
    it: Camera, to: str, types: str = "dn:NetworkVideoTransmitter", scopes: str = "", wait_s: float = 0.3
) -> dict[str, str]:
    """Return who answered: address -> where its services are."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        line.sendto(PROBE.format(types=types, scopes=scopes).encode(), (to, it.ports["discovery"]))
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0:
            line.settimeout(left)
            try:
                data, (address, _) = line.recvfrom(65536)
            except TimeoutError:
                break
            found[address] = etree.fromstring(data).findtext(".//{*}XAddrs") or ""
    return found


def test_a_probe_to_one_address_is_answered_from_it(camera: Give) -> None:
    it = camera("dahua")
    assert probe(it, it.address) == {it.address: f"http://{it.address}:{it.ports['http']}/onvif/device_service"}
    assert probe(it, it.address, types="dn:Printer") == {}
    assert probe(it, it.address, scopes="onvif://www.onvif.org/Profile/T") != {}
    assert probe(it, it.address, scopes="onvif://www.onvif.org/location/mars") == {}
    it.ask("tds", "SetDiscoveryMode", "<tds:DiscoveryMode>NonDiscoverable</tds:DiscoveryMode>")
    assert probe(it, it.address) == {}


def test_a_probe_to_the_group_is_answered_by_every_camera_of_the_scope(simulator: dict[str, list[Camera]]) -> None:
    some = simulator["tapo-like"]
    found = probe(some[0], GROUP, scopes="onvif://www.onvif.org/hardware/Tapo_C200", wait_s=1.2)
    assert {camera.address for camera in some} <= set(found)
    assert found[some[0].address].startswith("http://192.168.0.60:2020"), "where it believes it is"


def test_a_stream_can_be_looked_at_with_the_cameras_own_login(camera: Give) -> None:
    ffprobe = shutil.which("ffprobe")
    if ffprobe is None:
        pytest.fail("ffprobe is missing: it judges the streams. Mend: apt-get install ffmpeg")
    it = camera("generic")
    where = f"rtsp://admin:admin@{it.address}:{it.ports['rtsp']}/live/ch00_1"
    told = subprocess.run(
        [ffprobe, "-v", "error", "-rtsp_transport", "tcp", "-show_streams", "-of", "json", where],
        capture_output=True,
        check=True,
        timeout=60,
    )
    video = json.loads(told.stdout)["streams"][0]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 704, 576)


def test_every_make_says_where_it_is_from_and_what_is_odd_about_it() -> None:
    for name, rule in known().items():
        assert rule.sources, name
        assert rule.doc, name
        assert rule.name == name
        assert set(rule.factory["encoders"]) == set(rule.codecs), f"{name}: every encoder has options"
        for token, told in rule.factory["encoders"].items():
            codec = next(c for c in rule.codecs[token] if c.name == told["codec"])
            assert (told["width"], told["height"]) in codec.sizes, f"{name}: the factory's size is one of the options"
            assert codec.kbps[0] <= told["kbps"] <= codec.kbps[1], name


def test_every_make_and_every_fault_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lab.md").read_text(encoding="utf-8")
    assert [name for name in (*known(), *KNOWN) if f"`{name}`" not in page] == []
