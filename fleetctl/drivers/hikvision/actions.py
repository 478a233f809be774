"""What is done to a Hikvision device and is no setting.

Source: field facts, NVR and vendor protocols, 1.2 (activation), 1.5 (users, reboot, storage).
"""

from __future__ import annotations

import datetime
from typing import Any, Final

from fleetctl.aspects.storage import Health
from fleetctl.aspects.users import Account, Level
from fleetctl.drivers.hikvision import footage
from fleetctl.drivers.hikvision.channels import bound
from fleetctl.drivers.hikvision.documents import changed, items, like
from fleetctl.drivers.hikvision.storage import STORAGE, disks, health_of
from fleetctl.drivers.hikvision.users import USERS, set_password, write_account
from fleetctl.errors import Refused
from fleetctl.model import Action, Disruption, SecretRef, Secrets, Untold
from fleetctl.protocols import identities
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.isapi.activation import activate as give_password
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import boolean, text

FIRST_ACCOUNT: Final = "admin"
_INTEGRATE: Final = "/ISAPI/System/Network/Integrate"
_ONVIF_USERS: Final = "/ISAPI/Security/ONVIF/users"


def activate(session: Session, argument: tuple[SecretRef, Secrets]) -> str:
    """Give a factory-new device the first password of its account admin; returns the account."""
    ref, secrets = argument
    give_password(session, secrets.reveal(ref))
    return FIRST_ACCOUNT


def make_account(session: Session, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account, or give it the password if it is there; returns its name, "" if there is none."""
    ref, secrets = argument
    write_account(session, ref.account, Account(level=Level.ADMINISTRATOR, password=ref), secrets)
    there = {text(user, "userName") for user in items(session.read(USERS, fresh=True), "User")}
    return ref.account if ref.account in there else ""


def open_onvif(session: Session, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account and let it in over ONVIF: on, and known there where accounts are apart."""
    ref, secrets = argument
    name = make_account(session, argument)
    integrate = tried(session.read, _INTEGRATE)
    if not isinstance(integrate, Untold) and boolean(integrate, "ONVIF/enable") is False:
        session.write("PUT", _INTEGRATE, changed(integrate, {"ONVIF/enable": True}))
    listed = tried(session.read, _ONVIF_USERS)
    if not isinstance(listed, Untold) and name not in {text(u, "userName") for u in items(listed, "User")}:
        taken = {text(u, "id") for u in items(listed, "User")}
        free = next(number for number in range(1, 999) if str(number) not in taken)
        values = {"id": free, "userName": ref.account, "password": secrets.reveal(ref), "userType": "administrator"}
        session.write("POST", _ONVIF_USERS, like(listed, "User", values))
    return name


def reboot(session: Session, _argument: object) -> str:
    """Reboot; that it happened is proven by whoever asked."""
    session.write("PUT", "/ISAPI/System/reboot")
    return ""


def snapshot(session: Session, argument: object) -> bytes:
    """Return a JPEG of a channel (of the first, if none is named) as the recorder sees it now."""
    channel = str(argument or next((text(c, "id") for c in bound(session)), "1"))
    return session.picture(f"/ISAPI/Streaming/channels/{footage.track_of(channel)}/picture")


def format_disk(session: Session, argument: tuple[str, str]) -> str:
    """Format a disk that the recorder reports unformatted; returns what it said of it before.

    Raises Refused for a disk in any other state, and where its serial number (the recorder's, where it does not tell
    that of its disks) is not the one given.
    """
    key, serial = argument
    disk = disks(session).get(key)
    if disk is None:
        raise Refused(f"there is no disk {key}; there are: {', '.join(disks(session)) or 'none'}")
    told, own = text(disk, "status"), text(disk, "hddSerialNumber")
    if health_of(disk) is not Health.UNFORMATTED:
        raise Refused(f"disk {key} is {told}, not unformatted: its recordings would be lost. Nothing was sent")
    expected = own or session.identity().serial_number
    if not identities.same_serial(expected, serial):
        whose = f"disk {key}" if own else "the recorder, which does not tell those of its disks,"
        raise Refused(f"{whose} has the serial number {expected}, not {serial}. Nothing was sent")
    session.write("PUT", f"{STORAGE}/hdd/{key}/format")
    return told


def find_footage(session: Session, argument: tuple[datetime.datetime, datetime.datetime]) -> tuple[Any, ...]:
    """Return the footage of every channel with a camera within a span of the recorder's wall clock."""
    begin, end = argument
    found: list[footage.Segment] = []
    for channel in bound(session):
        key = text(channel, "id")
        found += footage.segments(session, footage.track_of(key), begin, end)
    return tuple(found)


def channels_bound(session: Session, _argument: object) -> tuple[str, ...]:
    """Return the channels that have a camera."""
    return tuple(text(channel, "id") for channel in bound(session))


def live_path(_session: Session, argument: object) -> str:
    """Return the path at which a channel's main stream is looked at live."""
    return f"/Streaming/Channels/{footage.track_of(str(argument))}"


def _action(name: str, run: Any, disruption: Disruption, doc: str) -> Action:
    return Action(name=name, protocol="isapi", disruption=disruption, run=run, doc=doc)


ACTIONS = (
    _action("activate", activate, Disruption.NONE, "give a factory-new device its first password"),
    _action("make_account", make_account, Disruption.NONE, "make an administrator account"),
    _action("open_onvif", open_onvif, Disruption.NONE, "make an administrator account, for ONVIF too"),
    _action("set_password", set_password, Disruption.NONE, "give an account another password"),
    _action("reboot", reboot, Disruption.REBOOT, "restart the device"),
    _action("snapshot", snapshot, Disruption.NONE, "take a picture now"),
    _action("format_disk", format_disk, Disruption.SERVICE, "format a disk that is unformatted"),
    _action("find_footage", find_footage, Disruption.NONE, "find what was recorded"),
    _action("live_path", live_path, Disruption.NONE, "where a channel is looked at"),
    _action("channels_bound", channels_bound, Disruption.NONE, "list the channels that have a camera"),
)
