"""Audio: sound in the streams."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.errors import Rejected, Unsupported
from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Outcome, Secrets, Unset, Untold, setting
from fleetctl.protocols.onvif_media import MediaProfile, streams
from fleetctl.protocols.onvif_parts import Onvif, own_copy, put, token_of, tried
from fleetctl.protocols.xml import Element, child, children, rendered, tag, text, whole, words


class AudioCodec(enum.StrEnum):
    """How sound is compressed."""

    G711 = "g711"
    G726 = "g726"
    AAC = "aac"


_ENCODER = "ONVIF Media2 26.06 (else Media), SetAudioEncoderConfiguration"
_PROFILE = "ONVIF Media2 26.06, AddConfiguration (else Media, AddAudioEncoderConfiguration); there is no off switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Whether the streams of a camera carry sound, and how it is encoded."""

    enabled: bool | Unset = setting("the main stream carries sound", source=_PROFILE)
    sub_enabled: bool | Unset = setting("the sub stream carries sound", source=_PROFILE)
    codec: AudioCodec | Unset = setting("codec of the sound", source=_ENCODER)
    bitrate_kbps: int | Unset = setting("bit rate of the sound", unit="kbps", minimum=1, maximum=1000, source=_ENCODER)
    sample_rate_khz: int | Unset = setting(
        "sample rate of the sound", unit="kHz", minimum=1, maximum=192, source=_ENCODER
    )


ASPECT = Aspect(
    name="audio",
    type=Audio,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.STREAM,
    doc="Sound in main and sub stream, its codec, bit rate and sample rate",
    after=("video",),
)

# --- ONVIF ----------------------------------------------------------------------------------------

# What devices call a codec, in capitals without hyphens; PCMU and PCMA are both G.711.
_CODECS: Final = {
    "G711": AudioCodec.G711,
    "PCMU": AudioCodec.G711,
    "PCMA": AudioCodec.G711,
    "G726": AudioCodec.G726,
    "AAC": AudioCodec.AAC,
    "MP4ALATM": AudioCodec.AAC,
    "MPEG4GENERIC": AudioCodec.AAC,
}
_WIRE: Final = {AudioCodec.G711: "G711", AudioCodec.G726: "G726", AudioCodec.AAC: "AAC"}
_WIRE2: Final = {AudioCodec.G711: "PCMU", AudioCodec.G726: "G726", AudioCodec.AAC: "MP4A-LATM"}
_ORDER: Final = ("Name", "UseCount", "Encoding", "Bitrate", "SampleRate", "Multicast", "SessionTimeout")
_ORDER2: Final = ("Name", "UseCount", "Encoding", "Multicast", "Bitrate", "SampleRate")
_ENCODER_FIELDS: Final = ("codec", "bitrate_kbps", "sample_rate_khz")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Option:
    codec: AudioCodec
    told: str
    bitrates: tuple[int, ...]
    sample_rates: tuple[int, ...]


def read(session: Onvif) -> Audio:
    """Read from the profiles; the encoder list is asked only where the main stream is without sound."""
    found = streams(session)
    encoder = tried(_encoder, session, found)
    told: dict[str, Any] = dict.fromkeys(_ENCODER_FIELDS, encoder)
    if not isinstance(encoder, Untold):
        told = {
            "codec": _codec(encoder),
            "bitrate_kbps": _or_unset(tried(whole, encoder, "Bitrate")),
            "sample_rate_khz": _or_unset(tried(whole, encoder, "SampleRate")),
        }
    return Audio(enabled=_carries(found[0]), sub_enabled=_carries(found[1]) if len(found) > 1 else UNSET, **told)


def _carries(profile: MediaProfile) -> bool:
    return profile.audio_encoder is not None and profile.audio_source is not None


def _or_unset(told: Any) -> Any:
    return UNSET if told is None else told


def _codec_named(told: str) -> AudioCodec | None:
    return _CODECS.get(told.upper().replace("-", "").replace(".", ""))


def _codec(encoder: Element) -> Any:
    told = text(encoder, "Encoding")
    found = _codec_named(told)
    return found or Untold(outcome=Outcome.UNKNOWN, reason=f"the camera says {told[:40]!r}, which has no name here")


def _encoder(session: Onvif, found: tuple[MediaProfile, ...]) -> Element:
    """Return the main stream's audio encoder, else the one it would get; raises Unsupported without any."""
    for profile in found:
        if profile.audio_encoder is not None:
            return profile.audio_encoder
    return _first(session, found[0].service, "GetAudioEncoderConfigurations")


def _first(session: Onvif, service: str, operation: str) -> Element:
    try:
        answer = session.read(service, operation)
    except Rejected as error:  # Axis: ter:AudioNotSupported
        raise Unsupported(f"the camera has no sound: {error}") from None
    chosen = next(children(answer, "Configurations"), None)
    if chosen is None:
        raise Unsupported("the camera has no sound")
    return chosen


def _options(session: Onvif, service: str, encoder: Element) -> tuple[_Option, ...]:
    body = tag(f"{service}:ConfigurationToken", words(token_of(encoder)))
    answer = session.read(service, "GetAudioEncoderConfigurationOptions", body)
    told = children(answer if service == "tr2" else child(answer, "Options"), "Options")
    return tuple(_each_option(told))


def _each_option(told: Iterator[Element]) -> Iterator[_Option]:
    for option in told:
        name = text(option, "Encoding")
        if (codec := _codec_named(name)) is not None:
            bitrates, rates = (_items(option, f"{kind}List") for kind in ("Bitrate", "SampleRate"))
            yield _Option(codec=codec, told=name, bitrates=bitrates, sample_rates=rates)


def _items(option: Element, name: str) -> tuple[int, ...]:
    told = (tried(whole, item) for item in children(child(option, name), "Items"))
    return tuple(item for item in told if isinstance(item, int))


def limits(session: Onvif, wanted: Audio) -> tuple[Gap, ...]:
    """Tell a camera without sound, and what its encoder cannot do, with the nearest it can."""
    found = streams(session)
    encoder = tried(_encoder, session, found)
    if isinstance(encoder, Untold):
        return tuple(
            Gap(field=field, outcome=encoder.outcome, reason=encoder.reason)
            for field in ("enabled", "sub_enabled")
            if getattr(wanted, field) is True
        )
    possible = _options(session, found[0].service, encoder)
    codec = wanted.codec if isinstance(wanted.codec, AudioCodec) else _codec_named(text(encoder, "Encoding"))
    gaps = []
    if possible and not any(option.codec is codec for option in possible):
        names = sorted({option.codec.value for option in possible})
        if wanted.codec is not UNSET:
            reason = f"the camera encodes {', '.join(names)} only"
            gaps.append(Gap(field="codec", reason=reason, nearest=names[0]))
        codec = _codec_named(text(encoder, "Encoding"))
    option = next((o for o in possible if o.codec is codec), None)
    for field, known in (("bitrate_kbps", _of(option, "bitrates")), ("sample_rate_khz", _of(option, "sample_rates"))):
        value = getattr(wanted, field)
        if value is not UNSET and known and value not in known:
            reason = f"the camera knows {', '.join(map(str, known))} with {codec}"
            gaps.append(Gap(field=field, reason=reason, nearest=str(_nearest(value, known))))
    return tuple(gaps)


def _of(option: _Option | None, name: str) -> tuple[int, ...]:
    return () if option is None else getattr(option, name)


def _nearest(value: int, known: tuple[int, ...]) -> int:
    return min(known, key=lambda other: abs(other - value)) if known else value


def write(session: Onvif, wanted: Audio, _secrets: Secrets) -> None:
    """Write the encoder, then put sound into the profiles or take it out: ONVIF has no off switch."""
    found = streams(session)
    encoder = _encoder(session, found)
    if any(getattr(wanted, field) is not UNSET for field in _ENCODER_FIELDS):
        _write_encoder(session, found[0].service, encoder, wanted)
    for profile, on in zip(found, (wanted.enabled, wanted.sub_enabled), strict=False):
        if on is True:
            _add(session, profile, encoder, found)
        elif on is False:
            _remove(session, profile)


def _write_encoder(session: Onvif, service: str, encoder: Element, wanted: Audio) -> None:
    newer = service == "tr2"
    order = _ORDER2 if newer else _ORDER
    changed = own_copy(encoder)
    codec = wanted.codec if isinstance(wanted.codec, AudioCodec) else _codec_named(text(encoder, "Encoding"))
    possible = tried(_options, session, service, encoder)
    option = None if isinstance(possible, Untold) else next((o for o in possible if o.codec is codec), None)
    if isinstance(wanted.codec, AudioCodec):
        put(changed, "Encoding", option.told if option else (_WIRE2 if newer else _WIRE)[wanted.codec], order)
    for field, name, known in (
        ("bitrate_kbps", "Bitrate", _of(option, "bitrates")),
        ("sample_rate_khz", "SampleRate", _of(option, "sample_rates")),
    ):
        value = getattr(wanted, field)
        now = tried(whole, encoder, name)
        if value is UNSET and wanted.codec is not UNSET and isinstance(now, int):
            value = _nearest(now, known)  # another codec has other rates
        if value is not UNSET:
            put(changed, name, value, order)
    body = rendered(changed, f"{service}:Configuration")
    session.write(
        service, "SetAudioEncoderConfiguration", body if newer else body + tag("trt:ForcePersistence", "true")
    )


def _add(session: Onvif, profile: MediaProfile, encoder: Element, found: tuple[MediaProfile, ...]) -> None:
    service = profile.service
    source = next((p.audio_source for p in found if p.audio_source is not None), None)
    if source is None:
        source = _first(session, service, "GetAudioSourceConfigurations")
    parts = [
        (kind, element)
        for kind, element, there in (
            ("AudioSource", source, profile.audio_source),
            ("AudioEncoder", encoder, profile.audio_encoder),
        )
        if there is None
    ]
    if service == "tr2":
        told = "".join(_part(kind, token_of(element)) for kind, element in parts)
        session.write(service, "AddConfiguration", tag("tr2:ProfileToken", words(profile.token)) + told)
        return
    for kind, element in parts:
        body = tag("trt:ProfileToken", words(profile.token)) + tag("trt:ConfigurationToken", words(token_of(element)))
        session.write(service, f"Add{kind}Configuration", body)


def _part(kind: str, token: str) -> str:
    return tag("tr2:Configuration", tag("tr2:Type", kind), tag("tr2:Token", words(token)))


def _remove(session: Onvif, profile: MediaProfile) -> None:
    there = [
        (kind, element)
        for kind, element in (("AudioEncoder", profile.audio_encoder), ("AudioSource", profile.audio_source))
        if element is not None
    ]
    token = tag(f"{profile.service}:ProfileToken", words(profile.token))
    if profile.service == "tr2":
        told = "".join(_part(kind, token_of(element)) for kind, element in there)
        session.write("tr2", "RemoveConfiguration", token + told)
        return
    for kind, _ in there:
        session.write("trt", f"Remove{kind}Configuration", token)


CELLS = (Cell(aspect="audio", protocol="onvif", read=read, write=write, limits=limits),)
