"""Calls by hand: true to the WSDL, told what is wrong before anything is sent, through our own session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest

from fleetctl.errors import UsageError
from fleetctl.model import Access
from fleetctl.protocols import onvif_generic

from .conftest import Camera, Peer, device

Make = Callable[..., Peer]


def test_a_request_is_put_in_the_order_of_the_schema_with_our_prefixes() -> None:
    told = onvif_generic.body(
        "device",
        "SetNTP",
        {"NTPManual[1].DNSname": "a&b", "NTPManual[1].Type": "DNS", "NTPManual[0].IPv4Address": "10.0.0.1",
         "NTPManual[0].Type": "IPv4", "FromDHCP": "false"},
    )  # fmt: skip
    assert told == (
        "<tds:FromDHCP>false</tds:FromDHCP>"
        "<tds:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.1</tt:IPv4Address></tds:NTPManual>"
        "<tds:NTPManual><tt:Type>DNS</tt:Type><tt:DNSname>a&amp;b</tt:DNSname></tds:NTPManual>"
    )


def test_attributes_are_named_like_elements_and_prefixes_serve_as_names() -> None:
    for service in ("imaging", "timg"):
        told = onvif_generic.body(service, "GetOptions", {"VideoSourceToken": "1"})
        assert told == "<timg:VideoSourceToken>1</timg:VideoSourceToken>"
    told = onvif_generic.body(
        "deviceio",
        "SetAudioSourceConfiguration",
        {"Configuration.token": "t", "Configuration.Name": "n", "Configuration.UseCount": "1",
         "Configuration.SourceToken": "s", "ForcePersistence": "true"},
    )  # fmt: skip
    assert '<tmd:Configuration token="t"><tt:Name>n</tt:Name>' in told


def test_services_that_the_wsdl_set_lacks_are_built_as_told() -> None:
    told = onvif_generic.body("media2", "GetProfiles", {"Token": "p", "Type[0]": "A", "Type[1]": "B"})
    assert told == "<tr2:Token>p</tr2:Token><tr2:Type>A</tr2:Type><tr2:Type>B</tr2:Type>"
    told = onvif_generic.body(
        "media2", "SetOSD", {"OSD.token": "o", "OSD.Type": "Text", "OSD.TextString.Type": "Plain"}
    )
    assert told == (
        '<tr2:OSD token="o"><tt:Type>Text</tt:Type><tt:TextString><tt:Type>Plain</tt:Type></tt:TextString></tr2:OSD>'
    )


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "said"),
    [
        ("devcie", "GetNTP", {}, "did you mean 'device'"),
        ("device", "GetNPT", {}, "did you mean 'GetNTP'"),
        ("device", "SetNTP", {"FromDHPC": "true"}, "did you mean 'FromDHCP'"),
        ("device", "SetNTP", {}, "It takes: SetNTP\\(FromDHCP: boolean"),
        ("device", "SetNTP", {"FromDHCP[0]": "true", "FromDHCP[1]": "true"}, "more than once"),
        ("device", "GetNTP", {"x": "1"}, "There are: none"),
        ("device", "SetNTP", {"NTPManual[x]": "1"}, "is no argument"),
        ("device", "SetNTP", {"FromDHCP": "true", "FromDHCP.x": "1"}, "cannot both be given"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(
    service: str, operation: str, arguments: Mapping[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        onvif_generic.body(service, operation, arguments)


def test_every_operation_can_be_listed_with_what_it_takes() -> None:
    told = onvif_generic.operations("device")
    assert told["SetHostname"] == "SetHostname(Name: token)"
    assert told["GetStorageConfigurations"] == ""  # younger than the set
    assert len(told) > 90


def test_an_answer_is_indented_xml_with_our_prefixes(peers: Make) -> None:
    from fleetctl.protocols.onvif import connect

    camera = Camera()
    camera.answers["tds:GetHostname"] = (
        "<tds:GetHostnameResponse><tds:HostnameInformation><tt:Name>Việt Hưng &lt;1&gt;</tt:Name>"
        "</tds:HostnameInformation></tds:GetHostnameResponse>"
    )
    peer = peers(camera)
    with connect(device(peer.port), password="right", access=Access.READ) as session:
        told = onvif_generic.send(session, "device", "GetHostname", "")
        assert told.splitlines()[2].strip() == "<tt:Name>Việt Hưng &lt;1&gt;</tt:Name>"
        with pytest.raises(PermissionError):
            onvif_generic.send(session, "device", "SetHostname", "<tds:Name>x</tds:Name>")
    assert onvif_generic.is_writing("device", "SetHostname")
    assert onvif_generic.is_writing("device", "Frobnicate")
    assert not onvif_generic.is_writing("media2", "GetProfiles")
    assert not any(r.operation == "tds:SetHostname" for r in peer.seen)


def test_onvif_zeep_itself_is_never_imported_and_nothing_else_is_touched() -> None:
    program = (
        "import logging, os, sys; os.environ['http_proxy'] = 'x'\n"
        "from fleetctl.protocols import onvif_generic\n"
        "assert 'zeep' not in sys.modules\n"
        "onvif_generic.body('device', 'GetNTP', {})\n"
        "assert 'onvif' not in sys.modules and os.environ['http_proxy'] and not logging.getLogger().handlers\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
