"""Makers' announcements: what real devices tell is read, whatever else comes is left, a flood ends."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetctl.errors import Unreachable
from fleetctl.protocols import announcing, dhip, sadp

MATCH = (
    '<?xml version="1.0" encoding="UTF-8" ?><ProbeMatch><Uuid>1</Uuid><Types>inquiry</Types>'
    "<DeviceDescription>DS-2CD1043G0-I</DeviceDescription><DeviceSN>DS-2CD1043G0-I20200101AAWRE12345678</DeviceSN>"
    "<HttpPort>{port}</HttpPort><MAC>c0-56-e3-12-34-56</MAC><IPv4Address>192.168.1.64</IPv4Address>"
    "<DigitalChannelNum>{channels}</DigitalChannelNum><SoftwareVersion>V5.7.3build 220112</SoftwareVersion>"
    "<Activated>{activated}</Activated></ProbeMatch>"
)


def match(port: object = 80, channels: object = 1, activated: object = "false") -> bytes:
    return MATCH.format(port=port, channels=channels, activated=activated).encode()


def notice(info: object, *, mac: object = "98:f9:cc:af:59:0d", method: str = "client.notifyDevInfo") -> bytes:
    """Return an announcement as capture aiodahua REAL_ANNOUNCEMENT has it: `mac` beside `params`."""
    body = json.dumps({"mac": mac, "method": method, "params": {"deviceInfo": info}}).encode()
    return struct.pack("<I4s8xIIII", 32, b"DHIP", len(body), 0, len(body), 0) + body + b"\n\0"


INFO = {
    "DeviceClass": "IPC",
    "DeviceType": "IPC-B54IR-Z4E-S3",
    "HttpPort": 80,
    "IPv4Address": {"IPAddress": "192.168.1.108"},
    "Init": 3733,
    "SerialNo": "CC10BD8PAGCF779",
    "Version": "3.142.0000000.8.R",
}


def test_a_hikvision_that_waits_for_its_first_password_says_so() -> None:
    told = sadp.read(match(), "10.0.0.5")
    assert told is not None
    assert (told.address, told.own_address, told.factory_new) == ("10.0.0.5", "192.168.1.64", True)
    assert (told.model, told.firmware) == ("DS-2CD1043G0-I", "V5.7.3 build 220112")
    assert (told.mac_address, told.serial_number) == ("c0:56:e3:12:34:56", "DS-2CD1043G0-I20200101AAWRE12345678")
    assert told.recorder is False


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("activated", "true", ("factory_new", False)),
        ("activated", "", ("factory_new", None)),
        ("channels", "8", ("recorder", True)),
        ("channels", "x", ("recorder", None)),
        ("channels", "9" * 5000, ("recorder", None)),
        ("port", "8080", ("port", 8080)),
        ("port", "70000", ("port", 80)),
        ("port", "9" * 5000, ("port", 80)),
        ("port", "²", ("port", 80)),
    ],
)
def test_what_sadp_tells_is_believed_as_far_as_it_can_be(field: str, value: str, told: tuple[str, object]) -> None:
    found = sadp.read(match(**{field: value}), "10.0.0.5")
    assert getattr(found, told[0]) == told[1]


def test_what_asks_over_sadp_is_no_answer() -> None:
    assert sadp.read(b"<Probe><Uuid>1</Uuid><Types>inquiry</Types></Probe>", "10.0.0.5") is None
    assert sadp.read(match(activated="perhaps"), "10.0.0.5") is None


def test_a_dahua_is_read_as_the_capture_has_it() -> None:
    told = dhip.read(notice(INFO), "10.0.0.6")
    assert told is not None
    assert (told.address, told.own_address, told.factory_new) == ("10.0.0.6", "192.168.1.108", True)
    assert (told.model, told.firmware) == ("IPC-B54IR-Z4E-S3", "3.142.0000000.8.R")
    assert (told.mac_address, told.serial_number, told.recorder) == ("98:f9:cc:af:59:0d", "CC10BD8PAGCF779", False)


@pytest.mark.parametrize(("init", "new"), [(3733, True), (3734, False), (3732, None), ("x", None), (None, None)])
def test_the_lowest_bits_of_init_say_whether_a_dahua_is_new(init: object, new: bool | None) -> None:
    found = dhip.read(notice({**INFO, "Init": init}), "10.0.0.6")
    assert found is not None
    assert found.factory_new is new


@pytest.mark.parametrize(
    "told",
    [
        b"",
        notice(INFO)[32:],
        notice(INFO).replace(b"DHIP", b"PIHD"),
        notice(INFO, method="DHDiscover.search"),
        notice([1]),
        b"\x20\0\0\0DHIP" + bytes(24) + b"[" * 100_000,
    ],
)
def test_what_is_no_announcement_is_left(told: bytes) -> None:
    assert dhip.read(told, "10.0.0.6") is None


def test_names_that_would_write_on_the_terminal_lose_what_does() -> None:
    found = dhip.read(notice({**INFO, "DeviceType": "\x1b[2JIPC\n" + "x" * 500}), "10.0.0.6")
    assert found is not None
    assert found.model == ("[2JIPC" + "x" * 500)[:64]


@settings(max_examples=200, deadline=None)
@given(told=st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_whatever_comes_is_read_or_left(told: bytes) -> None:
    header = notice(INFO)[:32]
    for body in (told, header + told):
        sadp.read(body, "10.0.0.5")
        dhip.read(body, "10.0.0.6")


@pytest.fixture
def flood() -> Iterator[int]:
    """Answer one question with 6,000 devices; returns the port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))

    def serve() -> None:
        try:
            _, sender = sock.recvfrom(65536)
            for number in range(6000):
                mac = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
                sock.sendto(notice({**INFO, "SerialNo": f"S{number:06}"}, mac=mac), sender)
        except OSError:
            return

    threading.Thread(target=serve, daemon=True).start()
    yield int(sock.getsockname()[1])
    sock.close()


def test_a_flood_of_devices_ends_at_the_bound(flood: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "MAX_FOUND", 300)
    monkeypatch.setattr(dhip, "GROUP", "127.0.0.1")
    assert len(dhip.probe(port=flood, wait_s=30.0)) == 300


def test_no_way_to_ask_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="SADP"):
        sadp.probe(interface="203.0.113.77", wait_s=0.1)
