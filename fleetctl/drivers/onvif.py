"""Any device that speaks ONVIF; the driver of last resort, and for most cameras the only one needed."""

from __future__ import annotations

from typing import Any

from fleetctl.errors import Refused, Rejected
from fleetctl.model import Action, Disruption, Driver, Kind, SecretRef, Secrets
from fleetctl.protocols.xml import children, tag, text, words


def _anything(_manufacturer: str, _model: str) -> bool:
    return True


def _make_account(session: Any, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account, or give it the password if it is there; returns its name, "" if there is none.

    Source: ONVIF Core 26.06, CreateUsers, SetUser (all or nothing per call); field facts, onvif 2 (quirk 23: an answer
    of OK and no account).
    """
    ref, secrets = argument
    there = _accounts(session)
    body = tag(
        "tds:User",
        tag("tt:Username", words(ref.account)),
        tag("tt:Password", words(secrets.reveal(ref))),
        tag("tt:UserLevel", "Administrator"),
    )
    if ref.account in there:
        session.write("tds", "SetUser", body)
        return ref.account  # that the password was taken shows when it logs in
    session.write("tds", "CreateUsers", body)
    try:
        return ref.account if ref.account in _accounts(session) else ""
    except Refused:  # it was open to all until it had an account: the new login will prove itself
        return ref.account


def _accounts(session: Any) -> set[str]:
    users = session.read("tds", "GetUsers", fresh=True)
    return {text(user, "Username") for user in children(users, "User")}


def _reboot(session: Any, _argument: object) -> str:
    """Reboot; returns the device's word for it. That it happened is proven by whoever asked.

    Source: ONVIF Core 26.06, SystemReboot; the answer comes before the reboot.
    """
    return text(session.write("tds", "SystemReboot"), "Message")


def _snapshot(session: Any, _argument: object) -> bytes:
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
