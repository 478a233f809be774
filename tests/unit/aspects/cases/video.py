"""Encoders of Media and Media2."""

from __future__ import annotations

from fleetctl.aspects.video import Codec, Profile, Video
from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Outcome
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.media import (
    ENCODER1,
    ENCODER2,
    MEDIA1,
    MEDIA2,
    VS1,
    VS2,
    encoder1,
    encoder2,
    profile1,
    profile2,
    source,
)

PERSIST = "<trt:ForcePersistence>true</trt:ForcePersistence>"
MAIN1 = {
    "main_codec": Codec.H264,
    "main_resolution": "1920x1080",
    "main_frame_rate_fps": 25.0,
    "main_bitrate_kbps": 4096,
    "main_gop_length": 50,
    "main_profile": Profile.MAIN,
}


def sizes(*told: str) -> str:
    return "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:ResolutionsAvailable>"
        for w, h in (size.split("x") for size in told)
    )


def span(name: str, low: int, high: int) -> str:
    return f"<tt:{name}><tt:Min>{low}</tt:Min><tt:Max>{high}</tt:Max></tt:{name}>"


H264_INSIDE = (
    sizes("1920x1080", "1280x720")
    + span("GovLengthRange", 1, 255)
    + span("FrameRateRange", 1, 30)
    + span("EncodingIntervalRange", 1, 30)
    + "<tt:H264ProfilesSupported>Baseline</tt:H264ProfilesSupported>"
    + "<tt:H264ProfilesSupported>Main</tt:H264ProfilesSupported>"
)
OPTIONS1 = {
    "trt:GetVideoEncoderConfigurationOptions": f"<trt:Options>{span('QualityRange', 0, 100)}"
    f"<tt:JPEG>{sizes('640x360')}{span('FrameRateRange', 1, 5)}{span('EncodingIntervalRange', 1, 1)}</tt:JPEG>"
    f"<tt:H264>{H264_INSIDE}</tt:H264>"
    f"<tt:Extension><tt:H264>{H264_INSIDE}{span('BitrateRange', 32, 8192)}</tt:H264></tt:Extension></trt:Options>"
}


def option2(codec: str, size: str, profiles: str) -> str:
    return (
        f'<tr2:Options GovLengthRange="1 400" FrameRatesSupported="25 20 15 12.5 1" ProfilesSupported="{profiles}" '
        f'ConstantBitRateSupported="true"><tt:Encoding>{codec}</tt:Encoding>{span("QualityRange", 0, 5)}'
        f"{sizes(size, '640x360')}{span('BitrateRange', 32, 16384)}</tr2:Options>"
    )


OPTIONS2 = {
    "tr2:GetVideoEncoderConfigurationOptions": option2("H264", "2560x1440", "Baseline Main High")
    + option2("H265", "2560x1440", "Main")
    + option2("JPEG", "1280x720", "")
}

CASES = (
    Case(
        name="Media: main is the first profile, sub the next encoder",
        answers=MEDIA1,
        reads={**MAIN1, "sub_resolution": "640x360", "sub_bitrate_kbps": 512, "sub_frame_rate_fps": 15.0},
        asked=("trt:GetProfiles",),
    ),
    Case(
        name="Media2 goes before Media, since H.265 is invisible there (field facts, quirk 19)",
        answers={**MEDIA1, **MEDIA2},
        reads={
            "main_codec": Codec.H265,
            "main_resolution": "2560x1440",
            "main_frame_rate_fps": 25.0,
            "main_gop_length": 50,
            "main_profile": Profile.MAIN,
            "sub_codec": Codec.H264,
            "sub_frame_rate_fps": 12.5,
        },
        asked=("tr2:GetProfiles",),
    ),
    Case(
        name="a device that lists Media2 and does not answer there is read by Media",
        answers={**MEDIA1, "tr2:GetProfiles": Unsupported("no such thing")},
        reads=MAIN1,
    ),
    Case(
        name="bare Media2 profiles: the encoders in their order",
        answers={
            "tr2:GetProfiles": profile2("p1") + profile2("p2"),
            "tr2:GetVideoEncoderConfigurations": encoder2("tr2:Configurations", "e1")
            + encoder2("tr2:Configurations", "e2", codec="H264"),
            "tr2:GetVideoSourceConfigurations": source("tr2:Configurations"),
        },
        reads={"main_codec": Codec.H265, "sub_codec": Codec.H264},
    ),
    Case(
        name="JPEG has only key pictures and no profile; one stream is one stream (capture: Axis P3818, Pelco)",
        answers={"trt:GetProfiles": profile1("p1", VS1, encoder1(ENCODER1, "e1", codec="JPEG", branch=""))},
        reads={
            "main_codec": Codec.JPEG,
            "main_gop_length": 1,
            "main_profile": Profile.NONE,
            "sub_codec": Outcome.UNSUPPORTED,
            "sub_profile": Outcome.UNSUPPORTED,
        },
    ),
    Case(
        name="profiles that share an encoder, and those of another lens, are no sub stream",
        answers={
            "trt:GetProfiles": profile1("p1", VS1, encoder1(ENCODER1, "e1"))
            + profile1("p2", VS1, encoder1(ENCODER1, "e1"))
            + profile1("p3", source("tt:VideoSourceConfiguration", "vs2", "2"), encoder1(ENCODER1, "e3"))
            + profile1("p4", VS1)
            + profile1("p5", VS1, encoder1(ENCODER1, "e5", size="320x240"))
        },
        reads={"main_resolution": "1920x1080", "sub_resolution": "320x240"},
    ),
    Case(
        name="a codec without a name here, no rate control, nonsense numbers: each field for itself",
        answers={
            "trt:GetProfiles": profile1("p1", VS1, encoder1(ENCODER1, "e1", codec="AV1", rates=False))
            + profile1("p2", VS1, encoder1(ENCODER1, "e2", fps="many", kbps="NaN"))
        },
        reads={
            "main_codec": Outcome.UNKNOWN,
            "main_frame_rate_fps": UNSET,
            "main_resolution": "1920x1080",
            "sub_frame_rate_fps": Outcome.UNKNOWN,
            "sub_bitrate_kbps": Outcome.UNKNOWN,
            "sub_codec": Codec.H264,
        },
    ),
    Case(
        name="Media: the camera's own configuration with only what differs changed, to last",
        answers=MEDIA1 | OPTIONS1,
        wanted=Video(main_resolution="1280x720", main_frame_rate_fps=15.0, main_bitrate_kbps=2048, sub_gop_length=30),
        gaps=(),
        requests=(
            (
                "trt:SetVideoEncoderConfiguration",
                encoder1("trt:Configuration", "e1", size="1280x720", fps="15", kbps="2048") + PERSIST,
            ),
            (
                "trt:SetVideoEncoderConfiguration",
                encoder1(
                    "trt:Configuration",
                    "e2",
                    size="640x360",
                    kbps="512",
                    fps="15",
                    branch="<tt:H264><tt:GovLength>30</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>",
                )
                + PERSIST,
            ),
        ),
    ),
    Case(
        name="Media2: key pictures and profile are attributes; what the maker added stays",
        answers=MEDIA2 | OPTIONS2,
        wanted=Video(main_gop_length=60, main_bitrate_kbps=3072, sub_frame_rate_fps=15.0, sub_profile=Profile.HIGH),
        gaps=(),
        requests=(
            (
                "tr2:SetVideoEncoderConfiguration",
                encoder2("tr2:Configuration", "e1", kbps="3072", attributes=' GovLength="60" Profile="Main"'),
            ),
            (
                "tr2:SetVideoEncoderConfiguration",
                encoder2(
                    "tr2:Configuration",
                    "e2",
                    codec="H264",
                    size="640x360",
                    kbps="512",
                    fps="15",
                    attributes=' GovLength="50" Profile="High"',
                ),
            ),
        ),
    ),
    Case(
        name="Media2: another codec gets a profile that it knows",
        answers={
            **OPTIONS2,
            "tr2:GetProfiles": profile2(
                "p1", VS2, encoder2(ENCODER2, "e1", codec="H264", attributes=' GovLength="50" Profile="High"')
            ),
        },
        wanted=Video(main_codec=Codec.H265),
        gaps=(),
        requests=(
            (
                "tr2:SetVideoEncoderConfiguration",
                encoder2("tr2:Configuration", "e1", codec="H265", attributes=' GovLength="50" Profile="Main"'),
            ),
        ),
    ),
    Case(
        name="Media2: JPEG loses key pictures and profile",
        answers=MEDIA2 | OPTIONS2,
        wanted=Video(sub_codec=Codec.JPEG),
        gaps=(),
        requests=(
            (
                "tr2:SetVideoEncoderConfiguration",
                encoder2(
                    "tr2:Configuration", "e2", codec="JPEG", size="640x360", kbps="512", fps="12.5", attributes=""
                ),
            ),
        ),
    ),
    Case(
        name="Media: from JPEG to H.264 the branch is made where the schema has it",
        answers={
            **OPTIONS1,
            "trt:GetProfiles": profile1("p1", VS1, encoder1(ENCODER1, "e1", codec="JPEG", branch="")),
        },
        wanted=Video(main_codec=Codec.H264, main_profile=Profile.BASELINE),
        requests=(
            (
                "trt:SetVideoEncoderConfiguration",
                encoder1(
                    "trt:Configuration",
                    "e1",
                    branch="<tt:H264><tt:GovLength>30</tt:GovLength><tt:H264Profile>Baseline</tt:H264Profile></tt:H264>",
                )
                + PERSIST,
            ),
        ),
    ),
    Case(
        name="Media: from H.264 to JPEG the branch goes",
        answers=MEDIA1 | OPTIONS1,
        wanted=Video(sub_codec=Codec.JPEG),
        requests=(
            (
                "trt:SetVideoEncoderConfiguration",
                encoder1("trt:Configuration", "e2", codec="JPEG", size="640x360", kbps="512", fps="15", branch="")
                + PERSIST,
            ),
        ),
    ),
    Case(
        name="Media: what the camera cannot do is told with the nearest it can",
        answers=MEDIA1 | OPTIONS1,
        wanted=Video(
            main_codec=Codec.H265,
            main_resolution="2560x1440",
            main_frame_rate_fps=60.0,
            main_bitrate_kbps=16,
            main_gop_length=400,
            main_profile=Profile.HIGH,
            sub_codec=Codec.JPEG,
            sub_frame_rate_fps=15.0,
        ),
        gaps=(
            ("main_codec", "", "h264"),
            ("main_resolution", "", "1920x1080"),
            ("main_frame_rate_fps", "", "30"),
            ("main_bitrate_kbps", "", "32"),
            ("main_gop_length", "", "255"),
            ("main_profile", "", "main"),
            ("sub_frame_rate_fps", "", "5"),
        ),
    ),
    Case(
        name="Media2: the codec wanted decides what is possible",
        answers=MEDIA2 | OPTIONS2,
        wanted=Video(
            main_profile=Profile.HIGH,
            main_frame_rate_fps=30.0,
            sub_codec=Codec.JPEG,
            sub_resolution="2560x1440",
            sub_gop_length=50,
            sub_profile=Profile.MAIN,
        ),
        gaps=(
            ("main_frame_rate_fps", "", "25"),
            ("main_profile", "", "main"),
            ("sub_resolution", "", "1280x720"),
            ("sub_gop_length", "", "1"),
            ("sub_profile", "", "none"),
        ),
    ),
    Case(
        name="options that say nothing rule nothing out",
        answers={**MEDIA1, "trt:GetVideoEncoderConfigurationOptions": "<trt:Options/>"},
        wanted=Video(main_codec=Codec.H265, main_frame_rate_fps=99.0),
        gaps=(),
    ),
)
