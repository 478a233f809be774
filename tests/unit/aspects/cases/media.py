"""Profiles as devices tell them, for the cases of several aspects."""

from __future__ import annotations

MULTICAST = (
    "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
    "<tt:Port>0</tt:Port><tt:TTL>5</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
)


def source(element: str, named: str = "vs1", of: str = "1") -> str:
    return (
        f'<{element} token="{named}"><tt:Name>{named}</tt:Name><tt:UseCount>2</tt:UseCount>'
        f'<tt:SourceToken>{of}</tt:SourceToken><tt:Bounds x="0" y="0" width="1920" height="1080"/></{element}>'
    )


def encoder1(
    element: str,
    token: str,
    *,
    codec: str = "H264",
    size: str = "1920x1080",
    fps: str = "25",
    kbps: str = "4096",
    branch: str = "<tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>",
    rates: bool = True,
) -> str:
    """Return a video encoder configuration of Media, in the order of the schema."""
    width, height = size.split("x")
    control = (
        f"<tt:RateControl><tt:FrameRateLimit>{fps}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>"
        f"<tt:BitrateLimit>{kbps}</tt:BitrateLimit></tt:RateControl>"
    )
    return (
        f'<{element} token="{token}"><tt:Name>{token}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>{codec}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>"
        f"<tt:Height>{height}</tt:Height></tt:Resolution><tt:Quality>50.00</tt:Quality>{control if rates else ''}"
        f"{branch}{MULTICAST}<tt:SessionTimeout>PT60S</tt:SessionTimeout></{element}>"
    )


def encoder2(
    element: str,
    token: str,
    *,
    codec: str = "H265",
    size: str = "2560x1440",
    fps: str = "25.000000",
    kbps: str = "4096",
    attributes: str = ' GovLength="50" Profile="Main"',
) -> str:
    """Return a video encoder configuration of Media2, with what a maker adds."""
    width, height = size.split("x")
    return (
        f'<{element} token="{token}"{attributes}><tt:Name>{token}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>{codec}</tt:Encoding><tt:Resolution><tt:Width>{width}</tt:Width>"
        f"<tt:Height>{height}</tt:Height></tt:Resolution>"
        f'<tt:RateControl ConstantBitRate="true"><tt:FrameRateLimit>{fps}</tt:FrameRateLimit>'
        f"<tt:BitrateLimit>{kbps}</tt:BitrateLimit></tt:RateControl>{MULTICAST}<tt:Quality>3</tt:Quality></{element}>"
    )


def audio1(element: str, named: str = "ae1", codec: str = "G711", kbps: int = 64, khz: int = 8) -> str:
    return (
        f'<{element} token="{named}"><tt:Name>{named}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>{codec}</tt:Encoding><tt:Bitrate>{kbps}</tt:Bitrate><tt:SampleRate>{khz}</tt:SampleRate>"
        f"{MULTICAST}<tt:SessionTimeout>PT60S</tt:SessionTimeout></{element}>"
    )


def audio2(element: str, named: str = "ae1", codec: str = "PCMU", kbps: int = 64, khz: int = 8) -> str:
    return (
        f'<{element} token="{named}"><tt:Name>{named}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:Encoding>{codec}</tt:Encoding>{MULTICAST}<tt:Bitrate>{kbps}</tt:Bitrate>"
        f"<tt:SampleRate>{khz}</tt:SampleRate></{element}>"
    )


def audio_source(element: str, named: str = "as1") -> str:
    return (
        f'<{element} token="{named}"><tt:Name>{named}</tt:Name><tt:UseCount>1</tt:UseCount>'
        f"<tt:SourceToken>mic</tt:SourceToken></{element}>"
    )


def profile1(token: str, *parts: str) -> str:
    return f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>{"".join(parts)}</trt:Profiles>'


def profile2(token: str, *parts: str) -> str:
    inside = f"<tr2:Configurations>{''.join(parts)}</tr2:Configurations>" if parts else ""
    return f'<tr2:Profiles token="{token}" fixed="true"><tr2:Name>{token}</tr2:Name>{inside}</tr2:Profiles>'


VS1 = source("tt:VideoSourceConfiguration")
VS2 = source("tr2:VideoSource")
ENCODER1 = "tt:VideoEncoderConfiguration"
ENCODER2 = "tr2:VideoEncoder"

MEDIA1 = {
    "trt:GetProfiles": profile1("p 1", VS1, encoder1(ENCODER1, "e1"))
    + profile1("p 2", VS1, encoder1(ENCODER1, "e2", size="640x360", kbps="512", fps="15"))
}
MEDIA2 = {
    "tr2:GetProfiles": profile2("p1", VS2, encoder2(ENCODER2, "e1"))
    + profile2("p2", VS2, encoder2(ENCODER2, "e2", codec="H264", size="640x360", kbps="512", fps="12.5"))
}
