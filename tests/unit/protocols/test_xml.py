"""XML read by local name and written back with our prefixes, nothing lost on the way."""

from __future__ import annotations

import pytest
from lxml import etree

from fleetctl.errors import BadAnswer, UsageError
from fleetctl.protocols import tunnel, xml

TT = xml.PREFIXES["tt"]


def again(told: str) -> etree._Element:
    """Parse what was rendered, as a device would: our prefixes declared outside."""
    names = "".join(f' xmlns:{prefix}="{namespace}"' for prefix, namespace in xml.PREFIXES.items())
    return etree.fromstring(f"<e{names}>{told}</e>")[0]


def test_a_devices_own_element_is_written_back_whole() -> None:
    own = etree.fromstring(
        f'<d:Configuration xmlns:d="{TT}" xmlns:v="urn:vendor" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'token="a&quot;b" v:level="3" xsi:type="d:Special"><!-- note --><d:Name>Cổng &amp; sân</d:Name>'
        '<v:Extra v:unit="s"><v:Inner xsi:type="v:Thing">1</v:Inner></v:Extra>'
        "<Plain>x</Plain><d:Empty/></d:Configuration>"
    )
    told = again(xml.rendered(own, "trt:Configuration"))
    assert told.tag == f"{{{xml.PREFIXES['trt']}}}Configuration"
    assert told.get("token") == 'a"b'
    assert told.get("{urn:vendor}level") == "3"
    kind = told.get("{http://www.w3.org/2001/XMLSchema-instance}type").partition(":")
    assert (told.nsmap[kind[0]], kind[2]) == (TT, "Special")
    assert told.findtext(f"{{{TT}}}Name") == "Cổng & sân"
    inner = told.find("{urn:vendor}Extra/{urn:vendor}Inner")
    assert inner.text == "1"
    kind = inner.get("{http://www.w3.org/2001/XMLSchema-instance}type").partition(":")
    assert inner.nsmap[kind[0]] == "urn:vendor"
    assert told.findtext("Plain") == "x"
    assert told.find(f"{{{TT}}}Empty") is not None


def test_prefixes_a_device_never_declared_are_dropped_from_names_only() -> None:
    root = xml.parse(b"<Envelope><a:Name b:c='1'>x</a:Name></Envelope>")
    assert xml.text(root, "Name") == "x"
    told = again(xml.rendered(root[0]))
    assert (told.tag, told.text, told.get("c")) == ("Name", "x", "1")


def test_numbers_and_switches_are_read_strictly() -> None:
    root = etree.fromstring("<e><a> 25.0 </a><b>25.5</b><c>TRUE</c><d>0</d><f>many</f><g/><h>inf</h><i>nan</i></e>")
    assert xml.whole(root, "a") == 25
    assert xml.number(root, "b") == 25.5
    assert (xml.boolean(root, "c"), xml.boolean(root, "d"), xml.boolean(root, "g")) == (True, False, None)
    assert xml.whole(root, "missing") is None
    for path in ("b", "f", "h", "i"):
        with pytest.raises(BadAnswer):
            xml.whole(root, path)
    with pytest.raises(BadAnswer):
        xml.boolean(root, "f")


def test_values_are_written_as_xml_wants_them() -> None:
    assert xml.tag("a", xml.words("<&>"), b='"') == "<a b='\"'>&lt;&amp;&gt;</a>"
    assert [xml.words(v) for v in (True, 1, 0.5, 12.0, 1e-7)] == ["true", "1", "0.5", "12", "0"]


def test_security_headers_are_taken_out_even_when_they_are_cut_off() -> None:
    for told in (b"<a><w:Security x='1'>secret</w:Security><b/></a>", b"<a><Security>secret"):
        assert b"secret" not in xml.redacted(told)


@pytest.mark.parametrize(
    ("via", "wanted"),
    [
        ("it@relay.example", ("it", "relay.example", 22, "relay.example")),
        ("it@10.0.0.1:2222", ("it", "10.0.0.1", 2222, "[10.0.0.1]:2222")),
        ("it@[fd00::1]:22", ("it", "fd00::1", 22, "fd00::1")),
    ],
)
def test_relays_are_told_as_user_at_host_and_port(via: str, wanted: tuple[str, str, int, str]) -> None:
    told = tunnel.relay(via)
    assert (told.user, told.host, told.port, told.known_as) == wanted


@pytest.mark.parametrize(
    "via", ["relay", "@relay", "it@", "it@host:0", "it@host:99999", "it@fd00::1", "a b@c", "it@h:x"]
)
def test_what_is_no_relay_is_said_so(via: str) -> None:
    with pytest.raises(UsageError, match="user@host"):
        tunnel.relay(via)
