"""Sound in profiles and out of them."""

from __future__ import annotations

from fleetctl.aspects.audio import Audio, AudioCodec
from fleetctl.errors import Rejected
from fleetctl.model import UNSET, Outcome
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.media import (
    ENCODER1,
    ENCODER2,
    MEDIA1,
    MEDIA2,
    VS1,
    VS2,
    audio1,
    audio2,
    audio_source,
    encoder1,
    encoder2,
    profile1,
    profile2,
)

PERSIST = "<trt:ForcePersistence>true</trt:ForcePersistence>"
V1 = (VS1, encoder1(ENCODER1, "e1"))
V2 = (VS1, encoder1(ENCODER1, "e2"))
SOUND1 = (audio_source("tt:AudioSourceConfiguration"), audio1("tt:AudioEncoderConfiguration"))
HALF = {
    "trt:GetProfiles": profile1("p1", VS1, SOUND1[0], V1[1], SOUND1[1]) + profile1("p2", *V2),
}
SOUND2 = (audio_source("tr2:AudioSource"), audio2("tr2:AudioEncoder"))
FULL2 = {
    "tr2:GetProfiles": profile2("p1", VS2, SOUND2[0], encoder2(ENCODER2, "e1"), SOUND2[1])
    + profile2("p2", VS2, SOUND2[0], encoder2(ENCODER2, "e2"), SOUND2[1])
}
SILENT2 = MEDIA2 | {
    "tr2:GetAudioEncoderConfigurations": audio2("tr2:Configurations", "ae1"),
    "tr2:GetAudioSourceConfigurations": audio_source("tr2:Configurations", "as1"),
}


def items(name: str, *values: int) -> str:
    return f"<tt:{name}>{''.join(f'<tt:Items>{value}</tt:Items>' for value in values)}</tt:{name}>"


def option(element: str, codec: str, bitrates: tuple[int, ...], rates: tuple[int, ...]) -> str:
    return (
        f"<{element}><tt:Encoding>{codec}</tt:Encoding>{items('BitrateList', *bitrates)}"
        f"{items('SampleRateList', *rates)}</{element}>"
    )


OPTIONS1 = {
    "trt:GetAudioEncoderConfigurationOptions": "<trt:Options>"
    + option("tt:Options", "G711", (64,), (8,))
    + option("tt:Options", "AAC", (32, 48), (16, 32))
    + "</trt:Options>"
}
OPTIONS2 = {
    "tr2:GetAudioEncoderConfigurationOptions": option("tr2:Options", "PCMU", (64,), (8,))
    + option("tr2:Options", "MP4A-LATM", (32, 64), (16, 48))
}


def part(kind: str, token: str) -> str:
    return f"<tr2:Configuration><tr2:Type>{kind}</tr2:Type><tr2:Token>{token}</tr2:Token></tr2:Configuration>"


CASES = (
    Case(
        name="a stream carries sound where its profile has an encoder and a source",
        answers=HALF,
        reads={
            "enabled": True,
            "sub_enabled": False,
            "codec": AudioCodec.G711,
            "bitrate_kbps": 64,
            "sample_rate_khz": 8,
        },
        asked=("trt:GetProfiles",),
    ),
    Case(
        name="a source alone is no sound (capture: Bosch AUTODOME); one stream has no sub stream",
        answers={
            "trt:GetProfiles": profile1("p1", VS1, SOUND1[0], V1[1]),
            "trt:GetAudioEncoderConfigurations": audio1("trt:Configurations", codec="AAC", kbps=16, khz=16),
        },
        reads={"enabled": False, "sub_enabled": UNSET, "codec": AudioCodec.AAC, "sample_rate_khz": 16},
    ),
    Case(
        name="a camera without sound is in step with silence (capture: Axis P3818, ter:AudioNotSupported)",
        answers=MEDIA1
        | {"trt:GetAudioEncoderConfigurations": Rejected("No audio support", code="ter:AudioNotSupported")},
        reads={"enabled": False, "sub_enabled": False, "codec": Outcome.UNSUPPORTED},
        wanted=Audio(enabled=True, sub_enabled=True),
        gaps=(("enabled", "", ""), ("sub_enabled", "", "")),
    ),
    Case(
        name="Media2 has other names for codecs",
        answers=FULL2,
        reads={"enabled": True, "sub_enabled": True, "codec": AudioCodec.G711},
    ),
    Case(
        name="Media2: source and encoder are added in one request for each profile",
        answers=SILENT2 | OPTIONS2,
        wanted=Audio(enabled=True, sub_enabled=True),
        gaps=(),
        requests=(
            (
                "tr2:AddConfiguration",
                "<tr2:ProfileToken>p1</tr2:ProfileToken>" + part("AudioSource", "as1") + part("AudioEncoder", "ae1"),
            ),
            (
                "tr2:AddConfiguration",
                "<tr2:ProfileToken>p2</tr2:ProfileToken>" + part("AudioSource", "as1") + part("AudioEncoder", "ae1"),
            ),
        ),
    ),
    Case(
        name="Media2: off is out of the profile, encoder before source",
        answers=FULL2 | OPTIONS2,
        wanted=Audio(sub_enabled=False),
        gaps=(),
        requests=(
            (
                "tr2:RemoveConfiguration",
                "<tr2:ProfileToken>p2</tr2:ProfileToken>" + part("AudioEncoder", "ae1") + part("AudioSource", "as1"),
            ),
        ),
    ),
    Case(
        name="Media: the source is added before the encoder, with what the other stream has",
        answers=HALF,
        wanted=Audio(sub_enabled=True),
        requests=(
            (
                "trt:AddAudioSourceConfiguration",
                "<trt:ProfileToken>p2</trt:ProfileToken><trt:ConfigurationToken>as1</trt:ConfigurationToken>",
            ),
            (
                "trt:AddAudioEncoderConfiguration",
                "<trt:ProfileToken>p2</trt:ProfileToken><trt:ConfigurationToken>ae1</trt:ConfigurationToken>",
            ),
        ),
    ),
    Case(
        name="Media: only what is missing is added, and what is there is removed",
        answers={
            "trt:GetProfiles": profile1("p1", VS1, SOUND1[0], V1[1]) + profile1("p2", VS1, SOUND1[0], V2[1]),
            "trt:GetAudioEncoderConfigurations": audio1("trt:Configurations"),
        },
        wanted=Audio(enabled=True, sub_enabled=False),
        requests=(
            (
                "trt:AddAudioEncoderConfiguration",
                "<trt:ProfileToken>p1</trt:ProfileToken><trt:ConfigurationToken>ae1</trt:ConfigurationToken>",
            ),
            ("trt:RemoveAudioSourceConfiguration", "<trt:ProfileToken>p2</trt:ProfileToken>"),
        ),
    ),
    Case(
        name="Media: another codec takes the nearest rates it knows",
        answers=HALF | OPTIONS1,
        wanted=Audio(codec=AudioCodec.AAC),
        gaps=(),
        requests=(
            (
                "trt:SetAudioEncoderConfiguration",
                audio1("trt:Configuration", codec="AAC", kbps=48, khz=16) + PERSIST,
            ),
        ),
    ),
    Case(
        name="Media2: the codec is named as the camera names it",
        answers=FULL2 | OPTIONS2,
        wanted=Audio(codec=AudioCodec.AAC, bitrate_kbps=32, sample_rate_khz=48),
        gaps=(),
        requests=(
            (
                "tr2:SetAudioEncoderConfiguration",
                audio2("tr2:Configuration", codec="MP4A-LATM", kbps=32, khz=48),
            ),
        ),
    ),
    Case(
        name="rates the codec does not know, and a codec the camera does not know",
        answers=FULL2 | OPTIONS2,
        wanted=Audio(codec=AudioCodec.G726, bitrate_kbps=128, sample_rate_khz=8),
        gaps=(("codec", "", "aac"), ("bitrate_kbps", "", "64")),
    ),
)
