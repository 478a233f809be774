"""Any device that speaks ONVIF; the driver of last resort, and for most cameras the only one needed."""

from __future__ import annotations

from typing import Any

from fleetctl.errors import Rejected
from fleetctl.model import Action, Disruption, Driver, Kind, SecretRef, Secrets
from fleetctl.protocols.xml import children, tag, text, words


def _anything(manufacturer: str, model: str) -> bool:
    return True


def _make_account(session: Any, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account, or give it the password if it is there; returns its name.

    Source: ONVIF Core 26.06, CreateUsers, SetUser (all or nothing per call).
    """
    ref, secrets = argument
    users = session.read("tds", "GetUsers", fresh=True)
    there = {text(user, "Username") for user in children(users, "User")}
    body = tag(
        "tds:User",
        tag("tt:Username", words(ref.account)),
        tag("tt:Password", words(secrets.reveal(ref))),
        tag("tt:UserLevel", "Administrator"),
    )
    session.write("tds", "SetUser" if ref.account in there else "CreateUsers", body)
    return ref.account


def _reboot(session: Any, argument: object) -> str:
    """Reboot; returns the device's word for it. That it happened is proven by whoever asked.

    Source: ONVIF Core 26.06, SystemReboot; the answer comes before the reboot.
    """
    return text(session.write("tds", "SystemReboot"), "Message")


def _snapshot(session: Any, argument: object) -> bytes:
    """Return a JPEG of what the camera sees now; raises Rejected when what comes is no JPEG."""
    picture: bytes = session.snapshot()
    if not picture.startswith(b"\xff\xd8"):
        raise Rejected("the snapshot is not a JPEG picture")
    return picture


DRIVER = Driver(
    name="onvif",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_anything,
    actions=(
        Action(
            name="make_account",
            protocol="onvif",
            disruption=Disruption.NONE,
            run=_make_account,
            doc="make an administrator account",
        ),
        Action(name="reboot", protocol="onvif", disruption=Disruption.REBOOT, run=_reboot, doc="restart the device"),
        Action(name="snapshot", protocol="onvif", disruption=Disruption.NONE, run=_snapshot, doc="take a picture now"),
    ),
)
