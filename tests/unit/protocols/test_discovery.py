"""Probes over UDP: who answers is known by where the answer comes from."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fleetctl.errors import Unreachable
from fleetctl.protocols import discovery

ANSWER = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
    "<a:RelatesTo>{relates}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"
    "<a:Address>urn:uuid:1</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>"
    "<d:Scopes>onvif://www.onvif.org/name/C%E1%BB%95ng%20A onvif://www.onvif.org/hardware/DS-2CD "
    "onvif://www.onvif.org/location/x</d:Scopes>"
    "<d:XAddrs>http://192.168.1.64/no http://{host}:8080/onvif/dev https://[broken</d:XAddrs>"
    "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
)

Answer = Callable[[str], list[bytes]]


@pytest.fixture
def device() -> Iterator[Callable[[Answer, str], int]]:
    """Run something that answers each probe with what it is told to; returns its port."""
    socks: list[socket.socket] = []

    def run(answer: Answer, host: str = "127.0.0.1") -> int:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((host, 0))
        socks.append(sock)

        def serve() -> None:
            while True:
                try:
                    told, sender = sock.recvfrom(65536)
                    for reply in answer(told.decode()):
                        sock.sendto(reply, sender)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        return int(sock.getsockname()[1])

    yield run
    for sock in socks:
        sock.close()


def message(probe: str) -> str:
    return re.search(r"<w:MessageID>([^<]*)<", probe)[1]  # type: ignore[index]


def test_a_device_is_found_at_the_senders_address_with_its_own_port_and_path(
    device: Callable[[Answer, str], int],
) -> None:
    asked: list[str] = []

    def answer(probe: str) -> list[bytes]:
        asked.append(probe)
        here = ANSWER.format(relates=f"urn:{message(probe)}", host="127.0.0.1").encode()
        return [here] * 3 if len(asked) == 2 else []

    port = device(answer, "127.0.0.1")
    (one,) = discovery.probe(["127.0.0.1"], port=port, wait_s=30.0)
    assert (one.address, one.port, one.scheme, one.path) == ("127.0.0.1", 8080, "http", "/onvif/dev")
    assert (one.name, one.hardware, one.location) == ("Cổng A", "DS-2CD", "x")
    types = [found[1] for probe in asked if (found := re.search(r"<d:Types>([^<]*)<", probe))]
    assert types == ["dn:NetworkVideoTransmitter", "tds:Device"]
    for probe in asked:
        assert etree.fromstring(probe.encode()) is not None


def test_answers_to_nobodys_question_and_nonsense_are_left_out(device: Callable[[Answer, str], int]) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]>' + ANSWER.format(relates="x", host="y").encode()
    told = [b"", b"\xff" * 100, b"<a/>", bomb, ANSWER.format(relates="uuid:other", host="127.0.0.1").encode()]
    port = device(lambda _: told, "127.0.0.1")
    begun = time.monotonic()
    assert discovery.probe(["127.0.0.1"], port=port, wait_s=0.2) == ()
    assert time.monotonic() - begun < 30


def test_who_was_not_asked_is_not_found(device: Callable[[Answer, str], int]) -> None:
    port = device(lambda probe: [ANSWER.format(relates=message(probe), host="127.0.0.1").encode()], "0.0.0.0")
    assert [f.address for f in discovery.probe(["127.9.9.9"], port=port, wait_s=0.2)] in ([], ["127.9.9.9"])


def test_nobody_there_is_nobody_found_and_no_way_is_unreachable() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    assert discovery.probe(["127.0.0.1"], port=port, wait_s=0.2) == ()
    with pytest.raises(Unreachable):
        discovery.probe(interface="203.0.113.77", wait_s=0.1)


def test_a_device_that_tells_a_foreign_address_only_keeps_its_port_and_path() -> None:
    found = discovery.read(ANSWER.format(relates="x", host="10.0.0.9").encode(), "10.1.1.1")
    assert found is not None
    assert (found.address, found.port, found.path) == ("10.1.1.1", 80, "/no")


@settings(max_examples=200, deadline=None)
@given(told=st.binary(max_size=200) | st.text(max_size=60).map(lambda t: ANSWER.replace("{host}", t).encode()))
def test_whatever_comes_is_read_or_left(told: bytes) -> None:
    discovery.read(told, "10.0.0.1")
