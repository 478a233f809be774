"""The client held against the official WSDL: every operation is known to read or to write, every request is valid."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from fleetctl.protocols import onvif_generic
from fleetctl.protocols.onvif import soap
from fleetctl.protocols.onvif.operations import READING, WRITING
from fleetctl.protocols.xml import PREFIXES, tag
from tests.judges.wsdl import FETCHED, WSDL, Judge

_BY_NAMESPACE = {namespace: prefix for prefix, namespace in PREFIXES.items()}
_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"


def official(pytestconfig: pytest.Config) -> dict[str, dict[str, str]]:
    """Return prefix -> operation -> SOAP action, of every service that has a prefix of ours."""
    root: Path = pytestconfig.getoption("--wsdl") or FETCHED
    found: dict[str, dict[str, str]] = {}
    for path in sorted(root.rglob("*.wsdl")):
        tree = etree.parse(str(path)).getroot()
        prefix = _BY_NAMESPACE.get(tree.get("targetNamespace"))
        if prefix is None:
            continue
        for operation in tree.iter(f"{{{WSDL}}}operation"):
            bound = operation.find(f"{{{_SOAP12}}}operation")
            if bound is not None:
                found.setdefault(prefix, {})[operation.get("name")] = bound.get("soapAction")
            else:
                found.setdefault(prefix, {}).setdefault(operation.get("name"), "")
    return found


def test_every_operation_of_the_wsdl_is_known_to_read_or_to_write(pytestconfig: pytest.Config) -> None:
    wsdl = official(pytestconfig)
    assert set(wsdl) == set(READING)
    # Release 26.06 has a name for an operation that the fetched set, an older one, calls otherwise.
    newer, older = (
        (set(), set()) if pytestconfig.getoption("--wsdl") else ({"SetEQPreset"}, {"SetEQPresetConfiguration"})
    )
    for prefix, operations in wsdl.items():
        # Events bring the operations of WS-BaseNotification along, which stand in files of their own.
        strange = (READING[prefix] | WRITING[prefix]) - set(operations) - newer
        assert prefix == "tev" or not strange
        assert set(operations) - READING[prefix] - WRITING[prefix] - older == set()


def test_nothing_that_reads_is_named_like_something_that_writes(pytestconfig: pytest.Config) -> None:
    plain = {"ListRecordedSegments", "EndSearch"}
    for prefix in official(pytestconfig):
        for name in READING[prefix] - plain:
            assert name.startswith(("Get", "Find", "Search")), name


def test_soap_actions_are_those_of_the_wsdl(pytestconfig: pytest.Config) -> None:
    """Slips of the set apart: a slash that is missing or too many, a name in the plural."""
    other = set()
    for prefix, operations in official(pytestconfig).items():
        for name, action in operations.items():
            ours = soap.action(prefix, name)
            if action and "oasis" not in action and ours.replace("/", "") != action.replace("/", ""):
                other.add((prefix, name))
    assert other == {("tmd", "GetSerialPortConfiguration"), ("timg", "Stop")}


def test_what_the_session_asks_of_itself_is_valid(judge: Judge) -> None:
    security = soap.username_token("admin", "secret", datetime.now(UTC))
    setup = tag("tt:Stream", "RTP-Unicast") + tag("tt:Transport", tag("tt:Protocol", "RTSP"))
    for service, operation, body in (
        ("tds", "GetSystemDateAndTime", ""),
        ("tds", "GetDeviceInformation", ""),
        ("tds", "GetUsers", ""),
        ("tds", "GetNetworkInterfaces", ""),
        ("tds", "GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>"),
        ("tds", "GetCapabilities", "<tds:Category>All</tds:Category>"),
        ("trt", "GetServiceCapabilities", ""),
        ("trt", "GetStreamUri", tag("trt:StreamSetup", setup) + tag("trt:ProfileToken", "p")),
        ("tr2", "GetStreamUri", tag("tr2:Protocol", "RTSP") + tag("tr2:ProfileToken", "p")),
        ("trt", "GetSnapshotUri", tag("trt:ProfileToken", "p")),
        ("tr2", "GetSnapshotUri", tag("tr2:ProfileToken", "p")),
    ):
        told = soap.envelope(service, operation, body, security=security)
        assert judge.request(service, told) == operation


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("device", "SetNTP", {"FromDHCP": "false", "NTPManual[0].Type": "DNS", "NTPManual[0].DNSname": "pool.ntp.org"}),
        ("device", "SetScopes", {"Scopes": "onvif://www.onvif.org/name/x"}),
        ("media", "GetVideoEncoderConfigurationOptions", {"ConfigurationToken": "1"}),
        ("imaging", "GetImagingSettings", {"VideoSourceToken": "1"}),
        ("media2", "GetProfiles", {"Token": "p", "Type[0]": "VideoEncoder"}),
    ],
)
def test_what_a_technician_calls_by_hand_is_valid(
    judge: Judge, service: str, operation: str, arguments: dict[str, str]
) -> None:
    prefix = onvif_generic.service_of(service)
    body = onvif_generic.body(service, operation, arguments)
    assert judge.request(prefix, soap.envelope(prefix, operation, body)) == operation
