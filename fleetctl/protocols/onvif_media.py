"""Media profiles of ONVIF Media2 and Media through one pair of eyes; knows no setting."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Final

from fleetctl.errors import Unsupported
from fleetctl.protocols.onvif_parts import Onvif, attribute, token_of
from fleetctl.protocols.xml import Element, child, children, tag, text

# Part of a profile -> its element in Media2 (below Configurations) and in Media.
_PARTS: Final = {
    "video_source": ("Configurations/VideoSource", "VideoSourceConfiguration"),
    "video_encoder": ("Configurations/VideoEncoder", "VideoEncoderConfiguration"),
    "audio_source": ("Configurations/AudioSource", "AudioSourceConfiguration"),
    "audio_encoder": ("Configurations/AudioEncoder", "AudioEncoderConfiguration"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProfile:
    """One profile with the device's own elements; a part that the profile has not is None."""

    service: str  # "tr2" or "trt": where the elements come from and belong
    token: str
    fixed: bool = False
    video_source: Element | None = None
    video_encoder: Element | None = None
    audio_source: Element | None = None
    audio_encoder: Element | None = None


def profiles(session: Onvif) -> tuple[MediaProfile, ...]:
    """Return all profiles, from Media2 where the device has it (Media cannot tell H.265); one request.

    A device that lists Media2 but does not answer there is asked by Media. Raises Unsupported without either.
    """
    if session.has("tr2"):
        try:
            return _profiles(session, "tr2", tag("tr2:Type", "All"))
        except Unsupported:
            if not session.has("trt"):
                raise
    if not session.has("trt"):
        raise Unsupported("the device has no media service")
    return _profiles(session, "trt", "")


_own: Final = threading.local()  # what this thread found in an answer last: five aspects ask about one


def _profiles(session: Onvif, service: str, body: str) -> tuple[MediaProfile, ...]:
    answer = session.read(service, "GetProfiles", body)
    if getattr(_own, "answer", None) is not answer:
        _own.found = tuple(_profile(service, element) for element in children(answer, "Profiles"))
        _own.answer = answer
    found: tuple[MediaProfile, ...] = _own.found
    if found and not any(p.video_encoder is not None for p in found):
        return _without_parts(session, service, found)
    return found


def _profile(service: str, element: Element) -> MediaProfile:
    column = 0 if service == "tr2" else 1
    parts = {name: child(element, paths[column]) for name, paths in _PARTS.items()}
    fixed = attribute(element, "fixed").lower() in ("true", "1")
    return MediaProfile(service=service, token=token_of(element), fixed=fixed, **parts)


def _without_parts(session: Onvif, service: str, found: tuple[MediaProfile, ...]) -> tuple[MediaProfile, ...]:
    """Return profiles of a device that tells them bare: its encoders and sources in order, one to a profile."""
    encoders = list(children(session.read(service, "GetVideoEncoderConfigurations"), "Configurations"))
    sources = list(children(session.read(service, "GetVideoSourceConfigurations"), "Configurations"))
    source = sources[0] if sources else None
    return tuple(
        MediaProfile(
            service=service, token=profile.token, fixed=profile.fixed, video_source=source, video_encoder=encoder
        )
        for profile, encoder in zip(found, encoders, strict=False)
    )


def streams(session: Onvif) -> tuple[MediaProfile, ...]:
    """Return the main stream's profile and, where there is one, the sub stream's.

    Main is the first profile that has a video encoder, sub the next one with another encoder of the same
    picture source, in the order the device lists them: an order that does not change with what is set.
    Raises Unsupported where no profile has video.
    """
    all_ = profiles(session)
    if getattr(_own, "profiles", None) is not all_:
        _own.streams, _own.profiles = _streams(all_), all_
    found: tuple[MediaProfile, ...] = _own.streams
    if not found:
        raise Unsupported("no media profile of the device has video")
    return found


def _streams(all_: tuple[MediaProfile, ...]) -> tuple[MediaProfile, ...]:
    found: list[MediaProfile] = []
    for profile in all_:
        if profile.video_encoder is None:
            continue
        seen = {token_of(p.video_encoder) for p in found}
        if not found or (source_of(profile) == source_of(found[0]) and token_of(profile.video_encoder) not in seen):
            found.append(profile)
    return tuple(found[:2])


def source_of(profile: MediaProfile) -> str:
    """Return the token of the picture source (not of its configuration) of a profile, "" where it has none."""
    return text(profile.video_source, "SourceToken")


def video_source(session: Onvif) -> str:
    """Return the token of the picture source that imaging settings belong to: the main stream's, else the first."""
    try:
        if token := source_of(streams(session)[0]):
            return token
    except Unsupported:
        pass
    for service, name in (("trt", "VideoSources"), ("tmd", "Token")):
        if session.has(service):
            found = next(children(session.read(service, "GetVideoSources"), name), None)
            if token := (token_of(found) or text(found)):
                return token
    raise Unsupported("the device tells no picture source")


def source_configuration(session: Onvif) -> tuple[str, str]:
    """Return the media service and the token of the main stream's video source configuration."""
    main = streams(session)[0]
    token = token_of(main.video_source)
    if not token:
        raise Unsupported("the main stream's profile has no video source configuration")
    return main.service, token
