"""State: what a recorder does right now, channel by channel. Measured only."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, FrozenMap, Kind, Unset, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """One channel now."""

    online: bool | Unset = setting("the camera's picture comes in", observed=True)
    told: str | Unset = setting("why it does not, in the maker's word", observed=True)
    recording: bool | Unset = setting("being recorded now", observed=True)
    last_segment: str | Unset = setting("end of the newest footage, in the recorder's own time", observed=True)
    address: str | Unset = setting("address of the camera", observed=True)
    name: str | Unset = setting("title of the channel", observed=True)
    serial_number: str | Unset = setting("the camera's serial number, where the recorder tells it", observed=True)
    model: str | Unset = setting("the camera's model, where the recorder tells it", observed=True)
    firmware: str | Unset = setting("the camera's firmware, where the recorder tells it", observed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a recorder does now."""

    channels: FrozenMap[ChannelState] | Unset = setting('by channel, from "1"', observed=True)


ASPECT = Aspect(
    name="state",
    type=State,
    kinds=frozenset({Kind.NVR}),
    disruption=Disruption.NONE,
    doc="Each channel of a recorder now: online, recording, newest footage",
    applied_by="",
)
