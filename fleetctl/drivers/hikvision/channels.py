"""Channels of a recorder over ISAPI: whole documents, since a partial one wipes the camera's address.

Source: field facts, NVR and vendor protocols, 1.5 (InputProxy).
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any, Final

from fleetctl.aspects.channels import NO_ADDRESSES, BoundCamera, Channels, Credential, Speech, refused
from fleetctl.drivers.hikvision.documents import by_id, changed, first_text, items, like
from fleetctl.errors import Rejected, Unsupported, VaultError
from fleetctl.model import ABSENT, UNSET, Cell, FrozenMap, Gap, Outcome, SecretRef, Secrets, Unset, Untold
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, boolean, child, text, whole

CHANNELS: Final = "/ISAPI/ContentMgmt/InputProxy/channels"
STATUS: Final = f"{CHANNELS}/status"
_SYNC: Final = "/ISAPI/ContentMgmt/InputProxy/syncIPCPasswd"
_CAPABILITIES: Final = "/ISAPI/System/capabilities"
SOURCE: Final = "sourceInputPortDescriptor"
# What the recorder tells of the camera and takes from nobody.
READ_ONLY: Final = tuple(f"{SOURCE}/{name}" for name in ("model", "serialNumber", "firmwareVersion"))
_PORTS: Final = {Speech.OWN: 8000, Speech.ONVIF: 80}
ONLINE_S: Final = 60.0  # how long a channel may take to come online after it was written
PLUGGED: Final = "the recorder has nothing there: it binds by itself what is plugged into its own ports"
GRACE_S: Final = 15.0  # a refusal seen sooner may be of the login before, or of a clock that is only being set
NOWHERE: Final = 9  # a port of a camera at which nobody answers ("discard"): whoever asks there presents no login
_NOBODY: Final = frozenset({"", "0.0.0.0", "192.168.0.0", "::"})  # noqa: S104


def read(session: Session) -> Channels:
    """Read which camera is on which channel, with what became of the login that the recorder holds."""
    cameras = {text(channel, "id"): _camera(session, channel) for channel in bound(session)}
    return Channels(
        cameras=FrozenMap(cameras),
        sync_password=tried(_sync_password, session),
        used=len(cameras),
        most=tried(_most, session),
    )


def bound(session: Session) -> Iterator[Element]:
    """Yield the channels that have a camera; empty slots are told with an address that is none."""
    for channel in items(session.read(CHANNELS), "InputProxyChannel"):
        if text(channel, "id") and address_of(channel) not in _NOBODY:
            yield channel


def address_of(channel: Element | None) -> str:
    """Return the address of a channel's camera."""
    return first_text(channel, f"{SOURCE}/ipAddress", f"{SOURCE}/hostName", f"{SOURCE}/ipv6Address")


def status_of(session: Session, key: str) -> Element | None:
    """Return what the recorder says of a channel now."""
    return by_id(session.read(STATUS), "InputProxyChannelStatus", key)


def _camera(session: Session, channel: Element) -> BoundCamera:
    source = child(channel, SOURCE)
    clock = boolean(channel, "enableTiming")
    if text(source, "connMode").lower() == "plugplay":  # address and login are the recorder's own affair
        return BoundCamera(name=_name(channel))
    spoken = first_text(source, "adminProtocol", "proxyProtocol")  # where both are told the newer counts
    port = tried(whole, source, "managePortNo")
    return BoundCamera(
        name=_name(channel),
        protocol=Speech.ONVIF if spoken.upper() == "ONVIF" else Speech.OWN,
        address=address_of(channel),
        port=port if isinstance(port, int) else UNSET,
        user=text(source, "userName"),
        credential=credential(session, text(channel, "id")),
        sets_clock=bool(clock),  # firmware that does not tell it does not do it (DS-7616NI-Q2 V4.30)
    )


def _name(channel: Element) -> str:
    return unicodedata.normalize("NFC", text(channel, "name"))


def credential(session: Session, key: str) -> Any:
    """Return what became of the login: online proves it; offline says nothing of it unless the recorder says why."""
    told = tried(status_of, session, key)
    if isinstance(told, Untold):
        return told
    if boolean(told, "online"):
        return Credential.ACCEPTED
    why = text(told, "chanDetectResult")
    if (word := why.lower()) in ("passworderror", "ipcpassworderror", "usernameorpassworderror"):
        return Credential.REFUSED
    if "lock" in word:
        reason = f"{offline(why)}; wait half an hour, then look again"
        return Untold(outcome=Outcome.BLOCKED, reason=reason, elsewhere=True)
    return Untold(outcome=Outcome.UNREACHABLE, reason=offline(why), elsewhere=True)


def offline(why: str) -> str:
    """Return why a channel is offline, in the recorder's word and ours."""
    words = {
        "": "the recorder does not say why; look at the camera's power, cable and address",
        "netunreachable": "the recorder does not reach the camera",
        "connecting": "the recorder is connecting",
        "iplocked": "the camera has locked the recorder out",
        "userlocked": "the camera has locked the recorder's account",
        "passworderror": "the camera refuses the password that the recorder has",
    }
    meaning = words.get(why.lower(), "as the recorder says")
    return f"the channel is offline: {meaning}" + (f" ({why[:60]})" if why else "")


def _sync_password(session: Session) -> bool | Unset:
    told = session.read(_SYNC)
    found = first_text(told, "enabled", "enable", "syncIPCPasswd")
    return UNSET if not found else found.lower() == "true"


def _most(session: Session) -> int | Unset:
    told = whole(session.read(_CAPABILITIES), "RacmCap/inputProxyNums")
    return UNSET if told is None else told


# --- what cannot be, and what a person decides ------------------------------------------------------


def limits(session: Session, wanted: Channels) -> tuple[Gap, ...]:
    """Tell channels the recorder does not have, and those that would be taken from another camera."""
    if isinstance(wanted.cameras, Unset):
        return ()
    there = {text(channel, "id"): channel for channel in bound(session)}
    most = tried(_most, session)
    gaps = []
    for key, item in sorted(wanted.cameras.items(), key=_by_number):
        if item is ABSENT:
            continue
        if isinstance(most, int) and most and int(key) > most:
            gaps.append(Gap(field="cameras", key=key, reason=f"the recorder has {most} channels"))
        elif item.protocol is Speech.RTSP:
            gaps.append(Gap(field="cameras", key=key, reason=NO_ADDRESSES))
        elif item.address is UNSET and key not in there:
            gaps.append(Gap(field="cameras", key=key, reason=PLUGGED))
        elif reason := _conflict(key, item, there, wanted.cameras):
            gaps.append(Gap(field="cameras", key=key, outcome=Outcome.FAILED, reason=reason))
    return tuple(gaps)


def _conflict(key: str, item: BoundCamera, there: dict[str, Element], all_wanted: FrozenMap[Any]) -> str:
    """Return why a channel is not simply bound, "" where it may be."""
    has = address_of(there.get(key))
    if key in there and text(there[key], f"{SOURCE}/connMode").lower() == "plugplay" and item.address is not UNSET:
        return "the recorder manages this channel itself (plug and play); set it to manual at the recorder first"
    if isinstance(item.address, Unset):
        return ""
    stays = any(i is not ABSENT and k != key and _is_at(has, i) for k, i in all_wanted.items())
    if has and not stays and not same_address(has, item.address) and item.replaces != has:
        serial = text(there[key], f"{SOURCE}/serialNumber")
        which = f"{has} (serial {serial})" if serial else has
        return (
            f"the channel has another camera, {which}; a person decides: write replaces: {has} beside the camera of "
            "this channel, or give it another channel"
        )
    other = next((k for k, c in there.items() if k != key and same_address(address_of(c), item.address)), "")
    if other and other not in all_wanted:
        return f"{item.address} is on channel {other} of this recorder already; a person decides which it keeps"
    return ""


def same_address(one: str, other: str) -> bool:
    """Return whether two addresses are one, however they are written."""
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return one.lower().rstrip(".") == other.lower().rstrip(".")


# --- writing -----------------------------------------------------------------------------------------


def write(session: Session, wanted: Channels, secrets: Secrets) -> None:
    """Take cameras off, then bind and correct them one by one; then wait until the channels have come online."""
    if isinstance(wanted.sync_password, bool):
        session.write("PUT", _SYNC, changed(session.read(_SYNC, fresh=True), _switch(session, wanted.sync_password)))
    cameras = {} if isinstance(wanted.cameras, Unset) else dict(wanted.cameras)
    there = {text(channel, "id"): channel for channel in bound(session)}
    moving = {k for k, c in there.items() for n, i in cameras.items() if i is not ABSENT and n != k and _on(c, i)}
    for key in sorted({k for k, item in cameras.items() if item is ABSENT and k in there} | (moving & set(cameras))):
        session.write("DELETE", f"{CHANNELS}/{key}")
    ordered = sorted(cameras.items(), key=_by_number)
    written = [key for key, item in ordered if item is not ABSENT and _bind(session, key, item, secrets)]
    if (error := refused(_wait(session, written), "passwordError")) is not None:
        raise error


def _on(channel: Element, item: BoundCamera) -> bool:
    return _is_at(address_of(channel), item)


def _is_at(address: str, item: BoundCamera) -> bool:
    return isinstance(item.address, str) and same_address(address, item.address)


def _switch(session: Session, on: bool) -> dict[str, object]:
    told = session.read(_SYNC)
    name = next((n for n in ("enabled", "enable", "syncIPCPasswd") if text(told, n)), "enabled")
    return {name: on}


def _by_number(pair: tuple[str, Any]) -> int:
    """Order channels by number: older firmware gives a new one the first free place, whatever is asked."""
    return int(pair[0])


def _bind(session: Session, key: str, item: BoundCamera, secrets: Secrets) -> bool:
    """Write one channel: in its slot where the recorder has one, else as a new one."""
    listed = session.read(CHANNELS, fresh=True)
    slot = by_id(listed, "InputProxyChannel", key)
    values = _values(item, slot)
    if isinstance(item.password, SecretRef):
        try:
            values[f"{SOURCE}/password"] = secrets.reveal(item.password)
        except VaultError as error:
            raise Rejected(f"channel {key}: {error}") from None
    if slot is not None:
        session.write("PUT", f"{CHANNELS}/{key}", changed(slot, values, remove=READ_ONLY))
    else:
        session.write("POST", CHANNELS, like(listed, "InputProxyChannel", {"id": key, **values}))
        _landed(session, key, item)
    return item.address is not UNSET


def pause(session: Session, argument: object) -> None:
    """Let the recorder log in to a channel's camera no more: the whole document, but at a port where nobody answers.

    Engineering choice: field facts, 8.1, know no switch for it. Raises Unsupported where there is no such channel, and
    for plug and play.
    """
    slot = by_id(session.read(CHANNELS, fresh=True), "InputProxyChannel", str(argument))
    if slot is None or text(slot, f"{SOURCE}/connMode").lower() == "plugplay":
        raise Unsupported(f"channel {argument}: the recorder binds it itself, or has no camera there")
    made = changed(slot, {f"{SOURCE}/managePortNo": NOWHERE}, remove=READ_ONLY)
    session.write("PUT", f"{CHANNELS}/{argument}", made)


def _landed(session: Session, key: str, item: BoundCamera) -> None:
    """Look where a new camera is, by its address; one that the recorder put elsewhere is taken off again."""
    found = next((text(c, "id") for c in bound(session) if _on(c, item)), "")
    if found and found != key:
        session.write("DELETE", f"{CHANNELS}/{found}")
        raise Rejected(
            f"channel {key}: this firmware gives a new camera the first free channel, which is {found}; "
            f"give {item.camera} that channel in the inventory"
        )


def _values(item: BoundCamera, slot: Element | None) -> dict[str, object]:
    """Return what the item says by the document's paths, in the order in which firmware wants it."""
    source = child(slot, SOURCE)
    told: dict[str, object] = {}
    if isinstance(item.name, str):
        told["name"] = item.name
    elif slot is None:
        told["name"] = str(item.camera or "")[:32]
    if isinstance(item.protocol, Speech):
        spoken = "ONVIF" if item.protocol is Speech.ONVIF else "HIKVISION"
        told[f"{SOURCE}/proxyProtocol"] = spoken
        if text(source, "adminProtocol"):
            told[f"{SOURCE}/adminProtocol"] = spoken
    if isinstance(item.address, str):
        by_number = _is_number(item.address)
        told[f"{SOURCE}/addressingFormatType"] = "ipaddress" if by_number else "hostname"
        told[f"{SOURCE}/{'ipAddress' if by_number else 'hostName'}"] = item.address
        port = item.port if isinstance(item.port, int) else _PORTS.get(item.protocol or Speech.ONVIF, 80)
        told[f"{SOURCE}/managePortNo"] = port
        if slot is None:
            told[f"{SOURCE}/srcInputPort"] = 1
    if isinstance(item.user, str):
        told[f"{SOURCE}/userName"] = item.user
    if isinstance(item.sets_clock, bool) and (item.sets_clock or text(slot, "enableTiming")):
        told["enableTiming"] = item.sets_clock
    return told


def _is_number(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True


def _wait(session: Session, keys: list[str]) -> set[str]:
    """Wait until each channel is online, or the recorder has said that its camera refuses the login; return those."""
    deadline = monotonic() + ONLINE_S
    left, no = set(keys), set[str]()
    while left and monotonic() < deadline:
        session.forget()
        try:
            told = {key: credential(session, key) for key in left}
        except Unsupported:
            break
        patient = monotonic() < deadline - ONLINE_S + GRACE_S
        left = {k for k, c in told.items() if not _settled(c) or (c is Credential.REFUSED and patient)}
        no |= {k for k, c in told.items() if c is Credential.REFUSED and not patient}
        if left:
            sleep(0.5)
    return no


def _settled(credential: Any) -> bool:
    if isinstance(credential, Untold):
        return credential.outcome is not Outcome.UNREACHABLE
    return isinstance(credential, Credential)


CELLS = (Cell(aspect="channels", protocol="isapi", read=read, write=write, limits=limits),)
