"""State: what a recorder does right now, channel by channel. Measured only."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from fleetctl.model import Aspect, Cell, Disruption, FrozenMap, Kind, Unset, setting
from fleetctl.protocols.onvif_parts import Onvif, tried
from fleetctl.protocols.onvif_receivers import is_connected, receiver_of, stream_of
from fleetctl.protocols.onvif_recordings import is_active, job_of, recordings
from fleetctl.protocols.xml import text


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

# --- ONVIF (Profile G) ----------------------------------------------------------------------------


def read(session: Onvif) -> State:
    """Read each recording that a receiver fills: its stream comes, and its job is active. Footage is not told."""
    found = {}
    for key, recording in recordings(session).items():
        receiver = receiver_of(session, recording)
        if receiver is None or (stream := stream_of(receiver)) is None:
            continue
        job, _ = job_of(session, recording)
        found[key] = ChannelState(
            online=tried(is_connected, session, receiver),
            recording=tried(is_active, session, job),
            address=stream.address,
            name=unicodedata.normalize("NFC", text(recording, "Configuration/Source/Name")),
        )
    return State(channels=FrozenMap(found))


CELLS = (Cell(aspect="state", protocol="onvif", read=read),)
