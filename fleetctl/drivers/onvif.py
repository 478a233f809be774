"""Any device that speaks ONVIF; the driver of last resort, and for most cameras the only one needed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from fleetctl.aspects.users import put_password
from fleetctl.errors import BadAnswer, Refused, Rejected, Unsupported
from fleetctl.model import Backup, Driver, Kind, NewPassword, SecretRef, Secrets, actions
from fleetctl.protocols.onvif_firmware import flash
from fleetctl.protocols.onvif_receivers import pause
from fleetctl.protocols.onvif_recordings import FIXED, recordings, writable
from fleetctl.protocols.xml import child, children, tag, text, words


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


def _set_password(session: Any, told: NewPassword) -> None:
    """Give an account another password; that it was taken shows when it logs in."""
    put_password(session, told.account, told.new)


def _reboot(session: Any, _argument: object) -> str:
    """Reboot; returns the device's word for it. That it happened is proven by whoever asked.

    Source: ONVIF Core 26.06, SystemReboot; the answer comes before the reboot.
    """
    return text(session.write("tds", "SystemReboot"), "Message")


def _reset(session: Any, hard: bool) -> None:
    """Put the device back to its factory state: soft keeps its address, hard keeps nothing. It restarts.

    Source: ONVIF Core 26.06, SetSystemFactoryDefault.
    """
    session.write("tds", "SetSystemFactoryDefault", tag("tds:FactoryDefault", "Hard" if hard else "Soft"))


def _snapshot(session: Any, _argument: object) -> bytes:
    """Return a JPEG of what the camera sees now; raises Rejected when what comes is no JPEG."""
    picture: bytes = session.snapshot()
    if not picture.startswith(b"\xff\xd8"):
        raise Rejected("the snapshot is not a JPEG picture")
    return picture


def _backup(session: Any, _argument: object) -> Backup:
    """Return the device's own backup, where it announces one; its bytes in base64, for only the device reads them.

    Source: ONVIF Core 26.06, GetSystemBackup; Device service capabilities, System@SystemBackup.
    """
    told = child(session.read("tds", "GetServiceCapabilities"), "Capabilities/System")
    if told is None or str(told.get("SystemBackup", "")).lower() not in ("true", "1"):
        raise Unsupported("the device announces no backup of its own")
    files = children(session.read("tds", "GetSystemBackup"), "BackupFiles")
    held = [(text(each, "Name"), text(each, "Data/Data") or text(each, "Data")) for each in files]
    if not held or not all(data for _, data in held):
        raise BadAnswer("the device announces a backup and gives an empty one")
    shown = "".join(f"{name}: {hashlib.sha256(data.encode()).hexdigest()}\n" for name, data in held)
    return Backup(name="backup", content=json.dumps(held), shown=shown)


def _pause_channel(session: Any, argument: object) -> None:
    """Let a recorder fetch a channel's stream no more; raises Unsupported where it takes no orders of that kind.

    Source: ONVIF Receiver 26.06, SetReceiverMode.
    """
    recording = recordings(session).get(str(argument)) if writable(session) else None
    if recording is None:
        raise Unsupported(FIXED)
    pause(session, recording)


def _stream_path(session: Any, _argument: object) -> str:
    """Return the path at which the first profile's stream is looked at."""
    profiles = children(session.read("trt" if session.has("trt") else "tr2", "GetProfiles"), "Profiles")
    token = next((str(p.get("token")) for p in profiles if p.get("token")), "")
    return "/" + session.stream_uri(token).split("/", 3)[3] if token else ""


DRIVER = Driver(
    name="onvif",
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    protocols=("onvif",),
    recognises=_anything,
    actions=actions(
        "onvif",
        make_account=_make_account,
        set_password=_set_password,
        backup=_backup,
        flash=flash,
        reboot=_reboot,
        reset=_reset,
        snapshot=_snapshot,
        stream_path=_stream_path,
        pause_channel=_pause_channel,
    ),
)
