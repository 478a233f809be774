"""ISAPI: a recorder's pages of its cameras: streams and texts are the camera's own, read and set through the recorder.

Source: field facts 1.5 (StreamingProxy, InputProxy/channels/ID/video/overlays). No public capture shows one of these
documents: they are the camera's, with the channel's number. A channel that is offline is refused.
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.isapi import media
from fleetctl.lab.isapi.channels import check, link_of
from fleetctl.lab.isapi.pages import Page, done, reads, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.vendor import Reply, Visit


def _at_camera(visit: Visit, number: str) -> Visit:
    """Return the recorder's own visit to the camera of a channel."""
    check(visit, number)
    address = visit.world.reached(visit.device, str(visit.device.read("channels")[number].get("address", "")))
    camera = visit.world.met(address)
    if not link_of(visit, number).online or camera is None or camera.dead():
        raise Refused("channelOffline")
    return Visit(world=visit.world, device=camera, incoming=visit.incoming, user=visit.user, level=visit.level)


def _split(stream: str) -> tuple[str, str]:
    """Return channel and the camera's own number of a stream: 301 is 3 and 101."""
    if not stream.isdigit() or len(stream) < 3:
        raise Refused("invalidOperation")
    return stream[:-2], f"1{stream[-2:]}"


def stream(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/StreamingProxy/channels/101."""
    channel, own = _split(number)
    return told(visit, "StreamingChannel", _numbered(media.stream_of(_at_camera(visit, channel), own), number))


def streams(visit: Visit) -> Reply:
    """GET ContentMgmt/StreamingProxy/channels: of the channels that are online."""
    items = []
    for channel in sorted(visit.device.read("channels"), key=int):
        if link_of(visit, channel).online:
            inner = _at_camera(visit, channel)
            numbers = range(1, 1 + len(inner.device.read("encoders")))
            items += [_numbered(media.stream_of(inner, f"10{n}"), f"{channel}0{n}") for n in numbers]
    return told(visit, "StreamingChannelList", {"StreamingChannel": items})


def capabilities(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/StreamingProxy/channels/101/capabilities."""
    channel, own = _split(number)
    return told(visit, "StreamingChannel", _numbered(media.possible_of(_at_camera(visit, channel), own), number))


def _numbered(content: dict[str, Any], number: str) -> dict[str, Any]:
    return {**content, "id": int(number)}


def set_stream(visit: Visit, number: str) -> Reply:
    """PUT ContentMgmt/StreamingProxy/channels/101."""
    channel, own = _split(number)
    inner = _at_camera(visit, channel)
    media.keep_stream(inner, own)
    inner.settle(wrote=True)
    return done(visit)


def overlays(visit: Visit, channel: str) -> Reply:
    """GET ContentMgmt/InputProxy/channels/ID/video/overlays."""
    return told(visit, "VideoOverlay", media.overlays_of(_at_camera(visit, channel)))


def overlay_capabilities(visit: Visit, channel: str) -> Reply:
    """GET ContentMgmt/InputProxy/channels/ID/video/overlays/capabilities."""
    check(visit, channel)
    return told(visit, "VideoOverlay", media.OVERLAYS_POSSIBLE)


def set_overlays(visit: Visit, channel: str) -> Reply:
    """PUT ContentMgmt/InputProxy/channels/ID/video/overlays."""
    inner = _at_camera(visit, channel)
    media.keep_overlays(inner)
    inner.settle(wrote=True)
    return done(visit)


_STREAM: Final = "ContentMgmt/StreamingProxy/channels"
_TEXTS: Final = "ContentMgmt/InputProxy/channels/#/video/overlays"
PAGES: dict[tuple[str, str], Page] = {
    ("GET", _STREAM): reads(streams, on="recorder"),
    ("GET", f"{_STREAM}/#"): reads(stream, on="recorder"),
    ("PUT", f"{_STREAM}/#"): writes(set_stream, access.OPERATOR, on="recorder"),
    ("GET", f"{_STREAM}/#/capabilities"): reads(capabilities, on="recorder"),
    ("GET", _TEXTS): reads(overlays, on="recorder"),
    ("PUT", _TEXTS): writes(set_overlays, access.OPERATOR, on="recorder"),
    ("GET", f"{_TEXTS}/capabilities"): reads(overlay_capabilities, on="recorder"),
}
