"""A camera on a channel of a Dahua recorder: who it is and its title; no page is known that sets more through it.

Source: field facts, NVR and vendor protocols, 2.4: RemoteDevice tells serial number, type and address of each camera;
what is managed through the recorder goes by its own client protocol (RPC2 with `channel`, RemoteUpgrader).
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.aspects.channels import Credential
from fleetctl.aspects.identity import Identity
from fleetctl.drivers.dahua.channels import Slot, bound, credential, states, titles
from fleetctl.errors import Refused, Unreachable
from fleetctl.model import UNSET, Cell, Gap, Outcome, Secrets, Untold
from fleetctl.protocols import identities
from fleetctl.protocols.dahua import Session
from fleetctl.protocols.onvif_parts import tried


def camera(session: Session, channel: str) -> identities.Identity:
    """Return who is on a channel, as the recorder tells; raises Unreachable, Refused where it has no picture of it."""
    values = _slot(session, channel).values
    told = tried(states, session)  # some firmware does not say how its channels stand
    state: Any = None if isinstance(told, Untold) else credential(told.get(channel, ""))
    if state is Credential.REFUSED:
        raise Refused(f"channel {channel}: the camera refuses the recorder, or has locked it out")
    if isinstance(state, Untold) and state.outcome is Outcome.UNREACHABLE:
        raise Unreachable(f"channel {channel}: {state.reason}")
    return identities.Identity(
        model=values.get("DeviceType", ""),
        serial_number=identities.serial(values.get("SerialNo", "")),
        mac_address=identities.mac(values.get("Mac", "")),
    )


def _slot(session: Session, channel: str) -> Slot:
    found = bound(session).get(channel)
    if found is None:
        raise Unreachable(f"channel {channel}: the recorder has no camera there")
    return found


def read_identity(session: Session) -> Identity:
    """Read the channel's title, which is the camera's name here, and what the recorder tells of the camera."""
    channel = str(session.device.channel)
    told, named = camera(session, channel), tried(titles, session)
    name: Any = named if isinstance(named, Untold) else named.get(channel, UNSET)
    return Identity(
        name=name,
        model=told.model or UNSET,
        serial_number=told.serial_number or UNSET,
        mac_address=told.mac_address or UNSET,
    )


def limit_identity(_session: Session, wanted: Identity) -> tuple[Gap, ...]:
    """Tell a title that the device's requests cannot carry."""
    if isinstance(wanted.name, str) and "&" in wanted.name:
        reason = "the device cannot take a text with & in it"
        return (Gap(field="name", reason=reason, nearest=wanted.name.replace("&", "+")),)
    return ()


def write_identity(session: Session, wanted: Identity, _secrets: Secrets) -> None:
    """Write the title."""
    if isinstance(wanted.name, str):
        session.store({f"ChannelTitle[{session.device.channel - 1}].Name": wanted.name})


CELLS: Final = (
    Cell(aspect="identity", protocol="dahua", read=read_identity, write=write_identity, limits=limit_identity),
)
