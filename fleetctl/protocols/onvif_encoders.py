"""Video encoders of ONVIF Media2 and Media through one pair of eyes: read, ask for options, edit; knows no setting.

Codecs and profiles have small-letter names here (`h264`, `h265`, `jpeg`, `mpeg4`; `main`, `high` ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.protocols.onvif_media import MediaProfile
from fleetctl.protocols.onvif_parts import Onvif, attribute, drop, own_copy, put, token_of
from fleetctl.protocols.xml import Element, child, children, number, rendered, tag, text, whole, words

_CODECS: Final = {"h264": "h264", "h265": "h265", "hevc": "h265", "jpeg": "jpeg", "mpeg4": "mpeg4", "mpv4es": "mpeg4"}
_PROFILES: Final = {"sp": "simple", "asp": "advanced_simple", "simple": "simple", "advancedsimple": "advanced_simple"}
_WIRE_CODEC: Final = {"h264": "H264", "h265": "H265", "jpeg": "JPEG", "mpeg4": "MPEG4"}
_WIRE_CODEC2: Final = _WIRE_CODEC | {"mpeg4": "MPV4-ES"}
_WIRE_PROFILE: Final = {"simple": "SP", "advanced_simple": "ASP"}
_WIRE_PROFILE2: Final = {"simple": "Simple", "advanced_simple": "AdvancedSimple"}
_ORDER: Final = ("Name", "UseCount", "Encoding", "Resolution", "Quality", "RateControl", "MPEG4", "H264", "Multicast",
                 "SessionTimeout")  # fmt: skip
_ORDER2: Final = ("Name", "UseCount", "Encoding", "Resolution", "RateControl", "Multicast", "Quality")
_BRANCHES: Final = {"h264": ("H264", "H264Profile"), "mpeg4": ("MPEG4", "Mpeg4Profile")}


def codec_named(told: str) -> str:
    """Return a codec in small letters, "" for one without a name here."""
    return _CODECS.get(told.lower().replace("-", "").replace(".", ""), "")


def profile_named(told: str) -> str:
    """Return a codec profile in small letters."""
    return _PROFILES.get(told.lower(), told.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """One video encoder configuration: the device's own element and where it came from."""

    service: str
    element: Element
    profile_token: str = ""

    def codec(self) -> str:
        """Return the codec, "" for one without a name here."""
        return codec_named(self.told_codec())

    def told_codec(self) -> str:
        """Return the codec as the device wrote it."""
        return text(self.element, "Encoding")

    def resolution(self) -> str:
        """Return WIDTHxHEIGHT, "" where it is not told."""
        width, height = whole(self.element, "Resolution/Width"), whole(self.element, "Resolution/Height")
        return f"{width}x{height}" if width and height else ""

    def frame_rate(self) -> float | None:
        """Return the highest frame rate a second."""
        return number(self.element, "RateControl/FrameRateLimit")

    def bitrate(self) -> int | None:
        """Return the highest bit rate in kbps."""
        return whole(self.element, "RateControl/BitrateLimit")

    def gop_length(self) -> int | None:
        """Return the distance of key pictures in frames, None for a codec that has only key pictures."""
        if self.service == "tr2":
            told = attribute(self.element, "GovLength")
            if told and not told.isdecimal():
                raise BadAnswer(f"GovLength should be a whole number, the device says {told[:40]!r}")
            return int(told) if told else None
        return whole(self.element, f"{self._branch()[0]}/GovLength")

    def profile(self) -> str:
        """Return the codec profile, "" where it has none."""
        if self.service == "tr2":
            return profile_named(attribute(self.element, "Profile"))
        return profile_named(text(self.element, "/".join(self._branch())))

    def _branch(self) -> tuple[str, str]:
        return _BRANCHES.get(self.codec(), ("H264", "H264Profile"))


def encoder_of(profile: MediaProfile) -> Encoder:
    """Return the video encoder of a profile; raises Unsupported where it has none."""
    if profile.video_encoder is None:
        raise Unsupported("the profile has no video encoder")
    return Encoder(service=profile.service, element=profile.video_encoder, profile_token=profile.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions:
    """What an encoder can do with one codec; an empty tuple or None: the device does not say."""

    codec: str
    resolutions: tuple[str, ...] = ()
    frame_rates: tuple[float, ...] = ()  # the only ones possible
    frame_rate_range: tuple[float, float] | None = None
    bitrate_range: tuple[float, float] | None = None
    gop_range: tuple[float, float] | None = None
    profiles: tuple[str, ...] = ()


def options(session: Onvif, encoder: Encoder) -> tuple[EncoderOptions, ...]:
    """Ask what an encoder can do, for each codec."""
    body = tag(f"{encoder.service}:ConfigurationToken", words(token_of(encoder.element)))
    answer = session.read(encoder.service, "GetVideoEncoderConfigurationOptions", body)
    if encoder.service == "tr2":
        told = [_options2(element) for element in children(answer, "Options")]
        return tuple(option for option in told if option.codec)
    return tuple(_options1(child(answer, "Options")))


def _options2(element: Element) -> EncoderOptions:
    gops = _numbers(attribute(element, "GovLengthRange"))
    return EncoderOptions(
        codec=codec_named(text(element, "Encoding")),
        resolutions=_resolutions(element),
        frame_rates=_numbers(attribute(element, "FrameRatesSupported")),
        bitrate_range=_span(element, "BitrateRange"),
        gop_range=(min(gops), max(gops)) if gops else None,
        profiles=tuple(profile_named(p) for p in attribute(element, "ProfilesSupported").split()),
    )


def _options1(told: Element | None) -> list[EncoderOptions]:
    """Read Media's options; a codec told again under Extension adds its bit rates there."""
    found = []
    for codec, wire in _WIRE_CODEC.items():
        plain, extended = child(told, wire), child(told, f"Extension/{wire}")
        if (element := plain if plain is not None else extended) is None:
            continue
        name = _BRANCHES.get(codec, ("", ""))[1]
        found.append(
            EncoderOptions(
                codec=codec,
                resolutions=_resolutions(element),
                frame_rate_range=_span(element, "FrameRateRange"),
                bitrate_range=_span(extended, "BitrateRange"),
                gop_range=_span(element, "GovLengthRange"),
                profiles=tuple(profile_named(text(p)) for p in children(element, f"{name}sSupported") if name),
            )
        )
    return found


def _resolutions(element: Element) -> tuple[str, ...]:
    pairs = ((whole(r, "Width"), whole(r, "Height")) for r in children(element, "ResolutionsAvailable"))
    return tuple(f"{width}x{height}" for width, height in pairs if width and height)


def _span(element: Element | None, name: str) -> tuple[float, float] | None:
    low, high = number(element, f"{name}/Min"), number(element, f"{name}/Max")
    return None if low is None or high is None or high < low else (low, high)


def _numbers(told: str) -> tuple[float, ...]:
    found = []
    for word in told.split():
        try:
            found.append(float(word))
        except ValueError:
            raise BadAnswer(f"should be numbers, the device says {told[:40]!r}") from None
    return tuple(found)


def edited(
    encoder: Encoder,
    *,
    codec: str = "",
    resolution: str = "",
    frame_rate: float | None = None,
    bitrate: int | None = None,
    gop_length: int | None = None,
    profile: str = "",
) -> Encoder:
    """Return a copy with only these parts changed; raises Unsupported for a part this device's encoder has not."""
    element = own_copy(encoder.element)
    changed = Encoder(service=encoder.service, element=element, profile_token=encoder.profile_token)
    newer = encoder.service == "tr2"
    if codec:
        put(element, "Encoding", (_WIRE_CODEC2 if newer else _WIRE_CODEC)[codec], _ORDER2 if newer else _ORDER)
    if resolution:
        width, height = resolution.split("x")
        size = put(element, "Resolution", None, _ORDER2 if newer else _ORDER)
        put(size, "Width", width, ("Width", "Height"))
        put(size, "Height", height, ("Width", "Height"))
    if frame_rate is not None or bitrate is not None:
        _put_rates(element, frame_rate, bitrate, newer=newer)
    (_put_gop2 if newer else _put_gop)(changed, gop_length, profile)
    return changed


def _put_rates(element: Element, frame_rate: float | None, bitrate: int | None, *, newer: bool) -> None:
    rates = child(element, "RateControl")
    if rates is None:
        raise Unsupported("the encoder has no rate control")
    order = ("FrameRateLimit", "EncodingInterval", "BitrateLimit")
    if frame_rate is not None:
        put(rates, "FrameRateLimit", frame_rate if newer else round(frame_rate), order)
    if bitrate is not None:
        put(rates, "BitrateLimit", bitrate, order)


def _put_gop2(encoder: Encoder, gop_length: int | None, profile: str) -> None:
    element = encoder.element
    if encoder.codec() == "jpeg":
        for name in ("GovLength", "Profile"):
            if name in element.attrib:
                del element.attrib[name]
        return
    if gop_length is not None:
        element.set("GovLength", str(gop_length))
    if profile:
        element.set("Profile", _WIRE_PROFILE2.get(profile, profile.capitalize()))


def _put_gop(encoder: Encoder, gop_length: int | None, profile: str) -> None:
    element = encoder.element
    branch, name = _BRANCHES.get(encoder.codec(), ("", ""))
    drop(element, *(other for other, _ in _BRANCHES.values() if other != branch))
    if not branch or (gop_length is None and not profile and child(element, branch) is not None):
        return
    own = put(element, branch, None, _ORDER)
    if gop_length is not None or child(own, "GovLength") is None:
        put(own, "GovLength", gop_length or 30, ("GovLength", name))
    if profile or child(own, name) is None:
        fallback = "Main" if branch == "H264" else "SP"
        told = _WIRE_PROFILE.get(profile, profile.capitalize()) or fallback
        put(own, name, told, ("GovLength", name))


def send(session: Onvif, encoder: Encoder) -> None:
    """Write an encoder configuration, to last."""
    body = rendered(encoder.element, f"{encoder.service}:Configuration")
    if encoder.service == "trt":
        body += tag("trt:ForcePersistence", "true")
    session.write(encoder.service, "SetVideoEncoderConfiguration", body)
