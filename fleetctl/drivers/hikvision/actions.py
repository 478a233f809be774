"""What is done to a Hikvision device and is no setting.

Source: field facts, NVR and vendor protocols, 1.2 (activation), 1.5 (users, reboot, storage, configuration file).
"""

from __future__ import annotations

import base64
import datetime
import hashlib
from collections.abc import Callable
from typing import Any, Final

from fleetctl.aspects.storage import check_formattable, named
from fleetctl.aspects.users import Account, Level
from fleetctl.drivers.hikvision import behind, firmware, footage, writers
from fleetctl.drivers.hikvision.channels import bound, pause
from fleetctl.drivers.hikvision.documents import changed, items, like
from fleetctl.drivers.hikvision.storage import STORAGE, disks, health_of
from fleetctl.drivers.hikvision.users import USERS, set_password, write_account
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import Backup, SecretRef, Secrets, Untold, actions
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
    """Make an administrator account and let it in over ONVIF: on, and known there where accounts are apart.

    Returns "apart" where they are, "" where they are one.
    """
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
    return "" if isinstance(listed, Untold) else "apart"


def reopen(session: Session, announce: Callable[[], None]) -> bool:
    """Switch ONVIF on where it is off; `announce` is called before that is sent. Returns whether it was."""
    integrate = session.read(_INTEGRATE, fresh=True)
    if boolean(integrate, "ONVIF/enable") is not False:
        return False
    announce()
    session.write("PUT", _INTEGRATE, changed(integrate, {"ONVIF/enable": True}))
    return True


def reboot(session: Session, _argument: object) -> str:
    """Reboot; that it happened is proven by whoever asked."""
    session.write("PUT", "/ISAPI/System/reboot")
    return ""


def reset(session: Session, hard: bool) -> None:
    """Put the recorder back to its factory state: soft keeps network and accounts, hard waits for a first password.

    Newer firmware asks for the login's password in the address of the request; it is not put there. Source: field
    facts, nvr 1.5 (factoryReset?mode=basic|full).
    """
    session.write("PUT", f"/ISAPI/System/factoryReset?mode={'full' if hard else 'basic'}")


def snapshot(session: Session, argument: object) -> bytes:
    """Return a JPEG of a channel (of the first, if none is named) as the recorder sees it now."""
    channel = str(argument or next((text(c, "id") for c in bound(session)), "1"))
    return session.picture(f"/ISAPI/Streaming/channels/{footage.track_of(channel)}/picture")


def backup(session: Session, _argument: object) -> Backup:
    """Return the configuration file, which only the device reads; raises Unsupported where it wants a key for it.

    Newer firmware gives it only under a key that the maker's own page encrypts, in the address of the request.
    """
    try:
        told = session.file("/ISAPI/System/configurationData")
    except (Rejected, Unsupported) as error:
        raise Unsupported(
            "the device does not give its configuration, or only under a key that its maker's page encrypts: save it "
            f"there by hand ({error})"
        ) from error
    if not told:
        raise BadAnswer("configurationData: an empty file")
    shown = f"configurationData: {len(told)} bytes, {hashlib.sha256(told).hexdigest()}\n"
    return Backup(name="configurationData", content=base64.b64encode(told).decode(), shown=shown)


def format_disk(session: Session, argument: tuple[str, str]) -> str:
    """Format a disk that the recorder reports unformatted; returns what it said of it before.

    Raises as `check_formattable`.
    """
    key, serial = argument
    disk = named(disks(session), key)
    told = text(disk, "status")
    own = text(disk, "hddSerialNumber")
    check_formattable(key, health_of(disk), told, own or None, session.identity().serial_number, serial)
    session.write("PUT", f"{STORAGE}/hdd/{key}/format")
    return told


def find_footage(session: Session, argument: tuple[datetime.datetime, datetime.datetime]) -> tuple[Any, ...]:
    """Return the footage of every channel with a camera within a span of the recorder's wall clock."""
    begin, end = argument
    keys = channels_bound(session, None)
    return tuple(segment for key in keys for segment in footage.segments(session, key, begin, end))


def channels_bound(session: Session, _argument: object) -> tuple[str, ...]:
    """Return the channels that have a camera."""
    return tuple(text(channel, "id") for channel in bound(session))


def live_path(_session: Session, argument: object) -> str:
    """Return the path at which a channel's main stream is looked at live."""
    return f"/Streaming/Channels/{footage.track_of(str(argument))}"


def stream_path(session: Session, _argument: object) -> str:
    """Return the path of the first channel's main stream; "" for a recorder without cameras."""
    first = next(iter(channels_bound(session, None)), "")
    return live_path(session, first) if first else ""


ACTIONS = actions(
    "isapi",
    activate=activate,
    make_account=make_account,
    open_onvif=open_onvif,
    reopen=reopen,
    set_password=set_password,
    reboot=reboot,
    reset=reset,
    backup=backup,
    snapshot=snapshot,
    format_disk=format_disk,
    find_footage=find_footage,
    live_path=live_path,
    channels_bound=channels_bound,
    pause_channel=pause,
    flash=firmware.flash,
    flash_state=firmware.flash_state,
    uptime=firmware.uptime,
    stream_path=stream_path,
    camera=behind.camera,
    writers=writers.writers,
)
