"""Whatever is asked is answered: every operation of every make, with values nobody would send."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import OPERATIONS, Dispatcher, Incoming
from fleetctl.lab.grammar import PLAIN
from fleetctl.lab.personality import known, of
from fleetctl.lab.requests import GRAMMARS
from fleetctl.lab.soap import SERVICES, SOAP
from fleetctl.lab.spec import parse
from tests.judges.wsdl import root_of

LAB = parse({"devices": []})
ODD = {
    "int": st.sampled_from(["0", "-1", "+7", "2147483647", "-2147483648", "25", "80"]),
    "float": st.sampled_from(["0", "-1.5", "INF", "NaN", "1e9", "50"]),
    "boolean": st.sampled_from(["true", "false", "0", "1"]),
    "duration": st.sampled_from(["PT0S", "PT60S", "P1Y", "-PT1S", "PT0.5S"]),
    "IPv4Address": st.sampled_from(["0.0.0.0", "10.20.1.11", "255.255.255.255", "239.0.0.1"]),
}
WORDS = st.sampled_from(
    ["", "000", "VideoSourceToken", "Phường", "<&>", "a" * 60, "H264", "UpperLeft", "Plain", "UTC-7", "fe80::1"]
)
NUMBERS = st.sampled_from(["0", "-1", "0.5", "x", "", "NaN", "1e400"])


READ = (
    ("tds", "GetSystemDateAndTime"), ("tds", "GetNTP"), ("tds", "GetUsers"), ("tds", "GetNetworkInterfaces"),
    ("tds", "GetScopes"), ("tds", "GetDNS"), ("tds", "GetNetworkProtocols"), ("trt", "GetProfiles"), ("trt", "GetOSDs"),
    ("trt", "GetVideoEncoderConfigurations"), ("tr2", "GetVideoEncoderConfigurations"),
)  # fmt: skip


@st.composite
def elements(draw: st.DrawFn, service: str, name: str, tag: str = "") -> etree._Element:
    """An element as the grammar has it, of odd values."""
    told = GRAMMARS[service].types[name]
    element = etree.Element(tag or f"{{{SERVICES[service]}}}{name}")
    for attribute in (*told.required, *draw(st.sets(st.sampled_from(["token", "GovLength", "Profile"]), max_size=2))):
        element.set(attribute, draw(WORDS if attribute in ("token", "Profile") else NUMBERS))
    for part in told.parts:
        for _ in range(draw(st.integers(part.least, max(1, part.least)))):
            if part.type.startswith("{"):
                etree.SubElement(element, part.name).text = draw(st.sampled_from(part.type[1:-1].split("|")))
            elif part.type in PLAIN:
                etree.SubElement(element, part.name).text = draw(ODD.get(part.type, WORDS))
            else:
                element.append(draw(elements(service, part.type, part.name)))
    return element


def operations() -> Iterator[tuple[str, str]]:
    for service, told in OPERATIONS.items():
        for name in told:
            if name in GRAMMARS[service].types:
                yield service, name


def asked(device: SimDevice, dispatcher: Dispatcher, service: str, element: etree._Element) -> int:
    envelope = etree.Element(f"{{{SOAP}}}Envelope")
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(element)
    incoming = Incoming(
        method="POST",
        target=device.personality.paths[service],
        headers={"content-type": "application/soap+xml"},
        body=etree.tostring(envelope),
        base="http://127.1.1.1:8080",
        rtsp="rtsp://127.1.1.1:8554",
    )
    reply = dispatcher.answer(device, incoming)
    etree.fromstring(root_of(reply.body))
    return reply.status


def fresh(make: str) -> SimDevice:
    """A device as it leaves the factory."""
    spec = parse({"devices": [{"name": "a", "address": "127.1.1.1", "personality": make}]})
    return SimDevice(spec.devices[0], of(make), None)


@pytest.fixture(autouse=True)
def _everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetctl.lab.dispatch.access.anonymous_allowed", lambda device: True)


@pytest.mark.parametrize("make", list(known()))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_operation_answers_something_whatever_is_in_the_request(make: str, data: st.DataObject) -> None:
    device = fresh(make)
    dispatcher = Dispatcher(LAB, None, None)
    for _ in range(4):
        service, name = data.draw(st.sampled_from([o for o in operations() if o[0] in device.personality.paths]))
        assert asked(device, dispatcher, service, data.draw(elements(service, name))) in (200, 400, 500)
    for service, name in READ:
        if service in device.personality.paths and f"{service}:{name}" not in device.personality.unsupported:
            element = etree.Element(f"{{{SERVICES[service]}}}{name}")
            assert asked(device, dispatcher, service, element) == 200, f"{name} still works"
