"""A camera on a channel of a Hikvision recorder, read and set through the recorder: the session's device names it.

Source: field facts, NVR and vendor protocols, 1.5 (InputProxy: proxy configuration of the camera behind).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from fleetctl.aspects.channels import Credential
from fleetctl.aspects.identity import Identity
from fleetctl.aspects.time import Time
from fleetctl.drivers.hikvision import overlays, streams
from fleetctl.drivers.hikvision.channels import CHANNELS, READ_ONLY, SOURCE, bound, credential
from fleetctl.drivers.hikvision.documents import changed
from fleetctl.errors import Refused, Unreachable, Unsupported
from fleetctl.model import UNSET, Cell, Gap, Outcome, Secrets, Untold
from fleetctl.protocols import identities
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.xml import Element, boolean, text

LONGEST: Final = 32  # letters of a channel's title


def camera(session: Session, channel: str) -> identities.Identity:
    """Return who is on a channel, as the recorder tells; raises Unreachable, Refused where it has no picture of it."""
    found = _channel(session, channel)
    state = credential(session, channel)
    if state is Credential.REFUSED:
        raise Refused(f"channel {channel}: the camera refuses the password that the recorder has")
    if isinstance(state, Untold) and state.outcome is Outcome.UNREACHABLE:
        raise Unreachable(f"channel {channel}: {state.reason}")
    if isinstance(state, Untold):
        raise Refused(f"channel {channel}: {state.reason}")
    return identities.Identity(
        model=text(found, f"{SOURCE}/model"),
        firmware=text(found, f"{SOURCE}/firmwareVersion"),
        serial_number=identities.serial(text(found, f"{SOURCE}/serialNumber")),
    )


def _channel(session: Session, channel: str, *, fresh: bool = False) -> Element:
    if fresh:
        session.read(CHANNELS, fresh=True)
    for found in bound(session):
        if text(found, "id") == channel:
            return found
    raise Unreachable(f"channel {channel}: the recorder has no camera there")


def _own(session: Session) -> str:
    return str(session.device.channel)


def read_identity(session: Session) -> Identity:
    """Read the channel's title, which is the camera's name here, and what the recorder tells of the camera."""
    told, channel = camera(session, _own(session)), _channel(session, _own(session))
    return Identity(
        name=unicodedata.normalize("NFC", text(channel, "name")),
        model=told.model or UNSET,
        firmware=told.firmware or UNSET,
        serial_number=told.serial_number or UNSET,
    )


def limit_identity(_session: Session, wanted: Identity) -> tuple[Gap, ...]:
    """Tell a title that is too long."""
    if isinstance(wanted.name, str) and len(wanted.name) > LONGEST:
        return (Gap(field="name", reason=f"a channel's title has {LONGEST} letters", nearest=wanted.name[:LONGEST]),)
    return ()


def write_identity(session: Session, wanted: Identity, _secrets: Secrets) -> None:
    """Write the title in the channel's whole document: a partial one wipes the camera's address."""
    if isinstance(wanted.name, str):
        channel = _channel(session, _own(session), fresh=True)
        document = changed(channel, {"name": wanted.name}, remove=READ_ONLY)
        session.write("PUT", f"{CHANNELS}/{_own(session)}", document)


def read_time(session: Session) -> Time:
    """Raise Unsupported, with who sets the camera's clock: no page of the recorder tells what it is."""
    if boolean(_channel(session, _own(session)), "enableTiming"):
        raise Unsupported(
            "the recorder gives the camera its own clock (enableTiming), and tells nothing of the camera's"
        )
    raise Unsupported("the recorder tells nothing of the camera's clock, and does not set it (enableTiming is off)")


CELLS: Final = (
    Cell(aspect="identity", protocol="isapi", read=read_identity, write=write_identity, limits=limit_identity),
    Cell(aspect="time", protocol="isapi", read=read_time),
    streams.CELL,
    overlays.CELL,
)
