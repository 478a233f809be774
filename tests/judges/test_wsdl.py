"""The judge itself: it lets pass what ONVIF allows and names what it does not."""

from __future__ import annotations

import pytest

from tests.judges.wsdl import SERVICES, Judge, Verdict

SPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "tt": "http://www.onvif.org/ver10/schema",
    "v": "http://vendor.example/",
}
HOST = "<tds:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.10</tt:IPv4Address></tds:NTPManual>"
ENCODER = (
    '<tr2:Configuration token="V1" GovLength="30" Profile="Main"><tt:Name>V1</tt:Name><tt:UseCount>1</tt:UseCount>'
    "<tt:Encoding>H265</tt:Encoding><tt:Resolution><tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution>"
    "{rate}<tt:Quality>3</tt:Quality></tr2:Configuration>"
)
RATE = (
    "<tt:RateControl><tt:FrameRateLimit>15</tt:FrameRateLimit><tt:BitrateLimit>2048</tt:BitrateLimit></tt:RateControl>"
)


def envelope(body: str, header: str = "") -> bytes:
    declared = "".join(f' xmlns:{prefix}="{space}"' for prefix, space in SPACES.items())
    return f"<s:Envelope{declared}>{header}<s:Body>{body}</s:Body></s:Envelope>".encode()


@pytest.mark.parametrize(("service", "least"), [("tds", 100), ("trt", 75), ("tr2", 55), ("timg", 11), ("tmd", 29)])
def test_the_whole_of_each_service_is_known(judge: Judge, service: str, least: int) -> None:
    assert len(judge.operations(service)) >= least
    assert set(SERVICES) >= {service}


@pytest.mark.parametrize(
    ("service", "body", "operation"),
    [
        ("tds", "<tds:GetNTP/>", "GetNTP"),
        ("tds", f"<tds:SetNTP><tds:FromDHCP>false</tds:FromDHCP>{HOST}</tds:SetNTP>", "SetNTP"),
        (
            "tr2",
            f"<tr2:SetVideoEncoderConfiguration>{ENCODER.format(rate=RATE)}</tr2:SetVideoEncoderConfiguration>",
            "SetVideoEncoderConfiguration",
        ),
        ("timg", "<timg:GetOptions><timg:VideoSourceToken>V</timg:VideoSourceToken></timg:GetOptions>", "GetOptions"),
        ("tev", "<tev:GetEventProperties/>", "GetEventProperties"),
        ("tev", "<wsnt:Unsubscribe/>", "Unsubscribe"),
    ],
)
def test_what_onvif_allows_passes(judge: Judge, service: str, body: str, operation: str) -> None:
    assert judge.request(service, envelope(body)) == operation


@pytest.mark.parametrize(
    ("service", "body", "told"),
    [
        ("tds", "<tds:SetNTP/>", "FromDHCP"),
        ("tds", "<tds:SetNTP><tds:FromDHCP>maybe</tds:FromDHCP></tds:SetNTP>", "maybe"),
        ("tds", f"<tds:SetNTP>{HOST}<tds:FromDHCP>false</tds:FromDHCP></tds:SetNTP>", "NTPManual"),
        ("tds", "<tds:GetEverything/>", "no request of this service"),
        ("tds", "<tds:GetNTPResponse/>", "no request of this service"),
        ("tr2", "<trt:GetProfiles/>", "no request of this service"),
        ("tds", "<tds:GetNTP/><tds:GetDNS/>", "one element"),
        ("tds", "", "one element"),
        (
            "tr2",
            f"<tr2:SetVideoEncoderConfiguration>{ENCODER.format(rate=RATE.replace('FrameRateLimit', 'Speed'))}"
            "</tr2:SetVideoEncoderConfiguration>",
            "Speed",
        ),
    ],
)
def test_what_onvif_does_not_allow_is_named(judge: Judge, service: str, body: str, told: str) -> None:
    with pytest.raises(Verdict, match=told):
        judge.request(service, envelope(body))


def test_an_element_of_onvif_where_onvif_does_not_name_it_is_refused_and_a_vendors_own_passes(judge: Judge) -> None:
    def rate(more: str) -> bytes:
        told = RATE.replace("</tt:RateControl>", f"{more}</tt:RateControl>")
        return envelope(
            f"<tr2:SetVideoEncoderConfiguration>{ENCODER.format(rate=told)}</tr2:SetVideoEncoderConfiguration>"
        )

    assert judge.request("tr2", rate("<v:Smart>on</v:Smart>"))
    with pytest.raises(Verdict, match="GovLength"):
        judge.request("tr2", rate("<tt:GovLength>30</tt:GovLength>"))


@pytest.mark.parametrize("wrong", [b"", b"<a", b"<a/>", b"<html><body/></html>"])
def test_what_is_no_envelope_is_refused(judge: Judge, wrong: bytes) -> None:
    with pytest.raises(Verdict, match=r"well-formed|envelope"):
        judge.reply("tds", wrong)


def test_a_reply_answers_its_own_operation_only(judge: Judge) -> None:
    reply = envelope("<tds:SetNTPResponse/>")
    assert judge.reply("tds", reply, "SetNTP") == "SetNTP"
    with pytest.raises(Verdict, match="answered with the reply of SetNTP"):
        judge.reply("tds", reply, "SetDNS")


def test_a_fault_answers_every_operation_and_is_judged_too(judge: Judge) -> None:
    code = "<s:Code><s:Value>s:Sender</s:Value></s:Code>"
    reason = '<s:Reason><s:Text xml:lang="en">no</s:Text></s:Reason>'
    assert judge.reply("tds", envelope(f"<s:Fault>{code}{reason}</s:Fault>"), "SetNTP") == ""
    with pytest.raises(Verdict, match="Reason"):
        judge.reply("tds", envelope(f"<s:Fault>{code}</s:Fault>"), "SetNTP")
