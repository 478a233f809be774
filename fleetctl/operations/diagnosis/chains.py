"""From a camera to the disk: what becomes of each picture by what its recorder says. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fleetctl.aspects.channels import BoundCamera, Channels
from fleetctl.aspects.state import ChannelState
from fleetctl.model import Device, Outcome, Reading, Unset
from fleetctl.operations.diagnosis.recorders import channels
from fleetctl.protocols.identities import same_serial


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One camera and what becomes of its picture; None and "" where nothing is told.

    `cause` is what is wrong with the channel, by its name in the table of causes.
    """

    camera: str
    answers: bool | None  # None: only its recorder reaches it
    recorder: str = ""
    channel: str = ""
    online: bool | None = None
    recording: bool | None = None
    newest: str = ""
    trouble: str = ""
    cause: str = ""

    @property
    def outcome(self) -> Outcome:
        """How the chain stands: unchanged is whole."""
        if not self.channel or self.online is False or self.recording is False:
            return Outcome.UNREACHABLE if self.answers is False and self.channel else Outcome.FAILED
        if self.answers is False:
            return Outcome.UNREACHABLE
        return Outcome.UNKNOWN if self.trouble or self.online is None or self.recording is None else Outcome.UNCHANGED


def links(
    recorder: Device, wanted: Any, behind: Mapping[str, Device], readings: Mapping[str, Reading], trouble: str
) -> Iterator[Chain]:
    """Yield what becomes of each camera that the inventory puts on a channel of the recorder.

    `wanted` is what is expected of its channels, `behind` the cameras that only it reaches; `trouble` is why nothing
    was read of it, "" where it was.
    """
    bound = wanted.cameras if isinstance(wanted, Channels) and not isinstance(wanted.cameras, Unset) else {}
    there = channels(readings)
    places = {c.name: (str(c.channel), "") for c in behind.values()}
    for key, item in bound.items():
        if isinstance(item, BoundCamera) and isinstance(item.camera, str):
            places.setdefault(item.camera, (key, item.address or ""))
    for camera, (key, address) in places.items():
        link = Chain(camera=camera, answers=None, recorder=recorder.name, channel=key)
        now, off = there.get(key), replace(link, online=False, recording=False)
        if "state" not in readings:
            yield replace(link, trouble=trouble, cause="channel-unknown")
        elif now is None:
            yield replace(off, trouble="the channel has no camera", cause="channel-empty")
        elif other := _another(now, address, behind.get(camera)):
            yield replace(off, trouble=f"the channel has another camera: {other}", cause="channel-other")
        else:
            yield _standing(link, now)


def _another(now: ChannelState, address: str, behind: Device | None) -> str:
    """Return what tells that a channel has another camera than the inventory's, "" where it has that one."""
    if address and now.address != address:
        return str(now.address)
    expected, told = behind.serial_number if behind is not None else "", now.serial_number
    if expected and isinstance(told, str) and not same_serial(expected, told):
        return f"serial number {told}, expected {expected}"
    return ""


def _standing(link: Chain, now: ChannelState) -> Chain:
    online, recording = _flag(now.online), _flag(now.recording)
    trouble = "" if online else str(now.told or "offline")
    newest = now.last_segment if isinstance(now.last_segment, str) else ""
    cause = ""
    if not online:
        cause = "channel-unknown" if online is None else "channel-offline"
    elif not recording:
        cause = "channel-unknown" if recording is None else "not-recording"
    return replace(link, online=online, recording=recording, newest=newest, trouble=trouble, cause=cause)


def _flag(told: Any) -> bool | None:
    return told if isinstance(told, bool) else None
