"""What is done to a Dahua device and is no setting.

Source: field facts, NVR and vendor protocols, 2.2 (initialisation), 2.5 (users; newer firmware gives ONVIF the same
accounts), 2.6 (reboot, storage); Config.backup is JSON on some units (several public clients read it so) and encrypted
on others.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
from typing import Any, Final

from fleetctl.aspects.storage import check_formattable, named
from fleetctl.aspects.users import Account, Level
from fleetctl.drivers.dahua import behind, firmware, footage, writers
from fleetctl.drivers.dahua.channels import bound, pause
from fleetctl.drivers.dahua.storage import disks, health_of
from fleetctl.drivers.dahua.users import accounts_of, set_password, write_account
from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.model import Backup, SecretRef, Secrets, actions
from fleetctl.protocols.dahua import Session, keyvalue

FIRST_ACCOUNT: Final = "admin"
_SECRET: Final = re.compile(r"pass|pwd|secret|token|community|(?:^|[a-z_])key$|psk", re.IGNORECASE)


def activate(session: Session, argument: tuple[SecretRef, Secrets]) -> str:
    """Give a factory-new device the first password of its account admin; returns the account."""
    ref, secrets = argument
    session.initialise(FIRST_ACCOUNT, secrets.reveal(ref))
    return FIRST_ACCOUNT


def make_account(session: Session, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account; returns its name, "" if there is none.

    Raises Unsupported for one that is there: its password is changed with the old one only.
    """
    ref, secrets = argument
    if ref.account in accounts_of(session):
        raise Unsupported(
            f"the account {ref.account} is there already, with a password that is not the vault's",
            nearest=f"remove it at the device, or put its password into the vault as that of {ref.account}",
        )
    write_account(session, ref.account, Account(level=Level.ADMINISTRATOR, password=ref), secrets)
    session.forget()
    return ref.account if ref.account in accounts_of(session) else ""


def open_onvif(session: Session, argument: tuple[SecretRef, Secrets]) -> str:
    """Make an administrator account; ONVIF knows the same ones. Returns ""."""
    make_account(session, argument)
    return ""


def reboot(session: Session, _argument: object) -> str:
    """Reboot; that it happened is proven by whoever asked."""
    session.order("magicBox", "reboot")
    return ""


def reset(session: Session, hard: bool) -> None:
    """Put the recorder back to its factory state; soft keeps its address.

    Source: field facts, nvr 2.6 (resetSystemEx, type 0 keeps the network).
    """
    session.order("magicBox", "resetSystemEx", f"&type={1 if hard else 0}")


def snapshot(session: Session, argument: object) -> bytes:
    """Return a JPEG of a channel (of the first, if none is named) as the recorder sees it now."""
    return session.picture(int(str(argument or next(iter(bound(session)), "1"))))


def backup(session: Session, _argument: object) -> Backup:
    """Return the whole configuration; what is shown of it is sorted and without secrets, or nothing but its sum."""
    told = session.configuration()
    if not told.strip():
        raise BadAnswer("Config.backup: an empty file")
    try:
        tree = json.loads(told)
    except (ValueError, RecursionError):
        shown = f"Config.backup: {len(told)} bytes, {hashlib.sha256(told).hexdigest()}\n"
        return Backup(name="Config.backup", content=base64.b64encode(told).decode(), shown=shown)
    shown = json.dumps(_without_secrets(tree), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return Backup(name="Config.backup", content=told.decode("utf-8", "replace"), shown=shown)


def _without_secrets(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {n: "<secret>" if _is_secret(n, value) else _without_secrets(value) for n, value in tree.items()}
    return [_without_secrets(value) for value in tree] if isinstance(tree, list) else tree


def _is_secret(name: str, value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and _SECRET.search(name) is not None


def format_disk(session: Session, argument: tuple[str, str]) -> str:
    """Format a disk that the recorder reports unformatted; returns what it said of it before.

    Raises as `check_formattable`.
    """
    key, serial = argument
    disk = named(disks(session), key)
    told = disk.get("State", "")
    own = disk.get("SerialNo") or disk.get("Serial")
    check_formattable(key, health_of(disk), told, own, session.identity().serial_number, serial)
    path = keyvalue.escaped(disk.get("Detail[0].Path") or disk.get("Name", ""))
    session.order("storageDevice", "setDevice", f"&type=FormatPatition&path={path}")
    return told


def find_footage(session: Session, argument: tuple[datetime.datetime, datetime.datetime]) -> tuple[Any, ...]:
    """Return the footage of every channel with a camera within a span of the recorder's wall clock."""
    begin, end = argument
    return tuple(segment for key in bound(session) for segment in footage.segments(session, key, begin, end))


def channels_bound(session: Session, _argument: object) -> tuple[str, ...]:
    """Return the channels that have a camera."""
    return tuple(bound(session))


def live_path(_session: Session, argument: object) -> str:
    """Return the path at which a channel's main stream is looked at live; channels count from 1 here."""
    return f"/cam/realmonitor?channel={argument}&subtype=0"


def stream_path(session: Session, _argument: object) -> str:
    """Return the path of the first channel's main stream; "" for a recorder without cameras."""
    first = next(iter(channels_bound(session, None)), "")
    return live_path(session, first) if first else ""


ACTIONS = actions(
    "dahua",
    activate=activate,
    make_account=make_account,
    set_password=set_password,
    open_onvif=open_onvif,
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
    stream_path=stream_path,
    camera=behind.camera,
    writers=writers.writers,
)
