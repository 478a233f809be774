"""Channels of a Dahua recorder: the table RemoteDevice tells them, LogicDeviceManager sets them.

Source: field facts, NVR and vendor protocols, 2.4. How firmware of what age is told: `ladder`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any, Final

from fleetctl.aspects.channels import NO_ADDRESSES, BoundCamera, Channels, Credential, Speech, refused
from fleetctl.drivers.dahua import ladder
from fleetctl.errors import Rejected, Unsupported, VaultError
from fleetctl.model import ABSENT, UNSET, Cell, FrozenMap, Gap, Outcome, SecretRef, Secrets, Unset, Untold
from fleetctl.protocols.dahua import Session, keyvalue
from fleetctl.protocols.onvif_parts import tried

_SLOT: Final = re.compile(r"RemoteDevice\.(uuid:System_CONFIG_NETCAMERA_INFO_(\d{1,4}))\.(.+)")
NOWHERE: Final = "192.168.0.0"  # the address of an empty place
_EMPTY: Final = frozenset({"", "0.0.0.0", NOWHERE})  # noqa: S104  # what an empty slot tells as its address
_PORTS: Final = {Speech.OWN: 37777, Speech.ONVIF: 80}
ONLINE_S: Final = 60.0  # how long a channel may take to come online after it was written
PLUGGED: Final = "the recorder has nothing there: it binds by itself what is plugged into its own ports"
GRACE_S: Final = 15.0  # a refusal seen sooner may be of the login before, or of a clock that is only being set
_PAGE: Final = "LogicDeviceManager"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place for a camera: its channel counted from "1", its name in the table, its values."""

    channel: str
    table: str
    values: dict[str, str]

    @property
    def address(self) -> str:
        """The address of the camera, "" for an empty place."""
        told = self.values.get("Address", "")
        return told if told not in _EMPTY else ""

    @property
    def off(self) -> bool:
        """Whether the recorder was told not to connect to the camera, whose place it keeps."""
        return bool(self.address) and keyvalue.boolean(self.values.get("Enable")) is False


def slots(session: Session) -> dict[str, Slot]:
    """Return every place for a camera by its channel, counted from "1"; the table counts from 0."""
    found: dict[str, Slot] = {}
    for key, value in session.table("RemoteDevice").items():
        if (match := _SLOT.fullmatch(key)) is not None:
            channel = str(int(match[2]) + 1)
            slot = found.setdefault(channel, Slot(channel=channel, table=match[1], values={}))
            slot.values[match[3]] = value
    return found


def bound(session: Session) -> dict[str, Slot]:
    """Return the places that have a camera, in the order of their channels."""
    there = {key: slot for key, slot in slots(session).items() if slot.address}
    return dict(sorted(there.items(), key=lambda pair: int(pair[0])))


def states(session: Session) -> dict[str, str]:
    """Return by channel the state of its connection, in the recorder's word.

    Firmware that has no such page is asked as JSON, then over JSON-RPC; raises Unsupported where it has none.
    """
    try:
        told = session.read(_PAGE, "getCameraState", "&uniqueChannels=[-1]")
        return {
            str(int(channel) + 1): told.get(f"states[{n}].connectionState", "")
            for n in keyvalue.indexes(told, "states")
            if (channel := told.get(f"states[{n}].channel", "")).isdecimal()
        }
    except Unsupported:
        answer = ladder.states(session)
    listed = answer.get("states") or answer.get("params", {}).get("states") or []
    return {
        str(s["channel"] + 1): str(s.get("connectionState", ""))
        for s in listed
        if isinstance(s, dict) and isinstance(s.get("channel"), int)
    }


def titles(session: Session) -> dict[str, str]:
    """Return the titles by channel."""
    table = session.table("ChannelTitle")
    return {
        str(n + 1): unicodedata.normalize("NFC", table.get(f"ChannelTitle[{n}].Name", "").strip())
        for n in keyvalue.indexes(table, "ChannelTitle")
    }


def read(session: Session) -> Channels:
    """Read which camera is on which channel, with what became of the login that the recorder holds."""
    every, named, told = slots(session), tried(titles, session), tried(states, session)
    cameras = {key: _camera(slot, named, told) for key, slot in every.items() if slot.address}
    return Channels(
        cameras=FrozenMap(cameras),
        auto_add=tried(_switch, session, "AutoAddRemoteDevice"),
        sync_settings=tried(_switch, session, "SyncLocalityConfig"),
        used=len(cameras),
        most=len(every),
    )


def _camera(slot: Slot, named: Any, told: Any) -> BoundCamera:
    values = slot.values
    onvif = values.get("ProtocolType", "").lower() == "onvif"
    port = keyvalue.number(values.get("HttpPort" if onvif else "Port"))
    login: Any = told if isinstance(told, Untold) else credential(told.get(slot.channel, ""))
    login = Credential.UNUSED if slot.off else login
    name: Any = named if isinstance(named, Untold) else named.get(slot.channel, UNSET)
    return BoundCamera(
        name=name,
        protocol=Speech.ONVIF if onvif else Speech.OWN,
        address=slot.address,
        port=UNSET if port is None else int(port),
        user=values.get("UserName", ""),
        credential=login,
        sets_clock=False,  # the recorder has one switch for all: sync_settings
    )


def credential(state: str) -> Any:
    """Return what a state of the connection says of the login; the recorder does not tell why one failed."""
    if state == "Connected":
        return Credential.ACCEPTED
    if state == "ConnectFailed":
        return Credential.REFUSED
    return Untold(outcome=Outcome.UNREACHABLE, reason=offline(state), elsewhere=True)


def offline(state: str) -> str:
    """Return why a channel is offline, in the recorder's word and ours."""
    meaning = {
        "ConnectFailed": "the camera refuses the recorder, or has locked it out",
        "Connecting": "the recorder is connecting",
        "Unconnect": "the recorder does not reach the camera; look at its power, cable and address",
        "Empty": "the recorder has no camera there",
    }.get(state, "the recorder does not say why")
    return f"the channel is offline: {meaning}" + (f" ({state[:40]})" if state else "")


def _switch(session: Session, name: str) -> bool | Unset:
    told = keyvalue.boolean(session.table(name).get(f"{name}.Enable"))
    return UNSET if told is None else told


# --- what cannot be, and what a person decides ------------------------------------------------------


def limits(session: Session, wanted: Channels) -> tuple[Gap, ...]:
    """Tell channels the recorder does not have, and those that would be taken from another camera."""
    if isinstance(wanted.cameras, Unset):
        return ()
    every = slots(session)
    gaps = []
    for key, item in sorted(wanted.cameras.items(), key=_by_number):
        if item is ABSENT or not isinstance(item, BoundCamera):
            continue
        if key not in every and every:
            gaps.append(Gap(field="cameras", key=key, reason=f"the recorder has {len(every)} channels"))
        elif item.protocol is Speech.RTSP:
            gaps.append(Gap(field="cameras", key=key, reason=NO_ADDRESSES))
        elif item.address is UNSET and not (key in every and every[key].address):
            gaps.append(Gap(field="cameras", key=key, reason=PLUGGED))
        elif reason := _conflict(key, item, every, wanted.cameras):
            gaps.append(Gap(field="cameras", key=key, outcome=Outcome.FAILED, reason=reason))
    return tuple(gaps)


def _conflict(key: str, item: BoundCamera, every: dict[str, Slot], all_wanted: FrozenMap[Any]) -> str:
    """Return why a channel is not simply bound, "" where it may be."""
    if not isinstance(item.address, str):
        return ""
    has = every[key].address if key in every else ""
    stays = any(isinstance(i, BoundCamera) and k != key and i.address == has for k, i in all_wanted.items())
    if has and has != item.address and item.replaces != has and not stays:
        serial = every[key].values.get("SerialNo", "")
        which = f"{has} (serial {serial})" if serial else has
        return (
            f"the channel has another camera, {which}; a person decides: write replaces: {has} beside the camera of "
            "this channel, or give it another channel"
        )
    other = next((k for k, slot in every.items() if k != key and slot.address == item.address), "")
    if other and other not in all_wanted:
        return f"{item.address} is on channel {other} of this recorder already; a person decides which it keeps"
    return ""


# --- writing -----------------------------------------------------------------------------------------


def write(session: Session, wanted: Channels, secrets: Secrets) -> None:
    """Take cameras off, then bind and correct them one by one; then wait until the channels have come online."""
    for name, on in (("AutoAddRemoteDevice", wanted.auto_add), ("SyncLocalityConfig", wanted.sync_settings)):
        if isinstance(on, bool):
            session.store({f"{name}.Enable": on})
    cameras: dict[str, Any] = {} if isinstance(wanted.cameras, Unset) else dict(wanted.cameras)
    there = bound(session)
    for key, slot in there.items():
        leaves = any(k != key and i is not ABSENT and i.address == slot.address for k, i in cameras.items())
        if key in cameras and (cameras[key] is ABSENT or leaves):
            _unbind(session, slot)
    for key, item in sorted(cameras.items(), key=_by_number):
        if item is not ABSENT:
            _bind(session, key, item, secrets)
    written = [key for key, item in cameras.items() if item is not ABSENT and item.address is not UNSET]
    if (error := refused(_wait(session, written), "ConnectFailed")) is not None:
        raise error


def _unbind(session: Session, slot: Slot) -> None:
    try:
        session.tell(f"{_PAGE}/deleteCameraByGroup", {"group": [{"uniqueChannels": [int(slot.channel) - 1]}]})
    except Unsupported:
        place = f'RemoteDevice["{slot.table}"]'
        session.store({f"{place}.Enable": False, f"{place}.Address": NOWHERE})


def pause(session: Session, argument: object) -> None:
    """Switch a channel off: the recorder keeps camera and login, and connects no more until it is written again.

    Source: field facts, NVR and vendor protocols, 2.4 (RemoteDevice, Enable) and 8.1. Raises Unsupported where the
    channel has no camera.
    """
    slot = bound(session).get(str(argument))
    if slot is None:
        raise Unsupported(f"channel {argument}: the recorder has no camera there")
    _switched(session, slot.table, on=False)


def _switched(session: Session, table: str, *, on: bool) -> None:
    session.store({f'RemoteDevice["{table}"].Enable': on})


def _by_number(pair: tuple[str, Any]) -> int:
    """Order channels by number: older firmware gives a new one the first free place, whatever is asked."""
    return int(pair[0])


def _bind(session: Session, key: str, item: BoundCamera, secrets: Secrets) -> None:
    """Write one channel: title, then address and login, never the one without the other."""
    if isinstance(item.name, str) and tried(titles, session) != {} and _title(session, key) != item.name:
        session.store({f"ChannelTitle[{int(key) - 1}].Name": item.name})
    if not isinstance(item.address, str):
        return
    slot = slots(session).get(key)
    info = _info(item, slot)
    if isinstance(item.password, SecretRef):
        try:
            info["Password"] = secrets.reveal(item.password)
        except VaultError as error:
            raise Rejected(f"channel {key}: {error}") from None
    table = slot.table if slot is not None else f"uuid:System_CONFIG_NETCAMERA_INFO_{int(key) - 1}"
    ladder.bind(session, key, table, info, there=slot is not None and bool(slot.address))
    session.forget()
    if slot is not None and slot.off and slots(session)[key].off:  # it has the login now, and stays switched off
        _switched(session, table, on=True)


def _title(session: Session, key: str) -> str:
    return titles(session).get(key, "")


def _info(item: BoundCamera, slot: Slot | None) -> dict[str, Any]:
    """Return address and login as the device names them; ports it knows and we do not set stay as they are."""
    onvif = item.protocol is not Speech.OWN
    kept = {
        name: int(told)
        for name in ("Port", "HttpPort", "HttpsPort", "RtspPort")
        if slot is not None and slot.address and (told := keyvalue.number(slot.values.get(name))) is not None
    }
    port = item.port if isinstance(item.port, int) else _PORTS[Speech.ONVIF if onvif else Speech.OWN]
    ports = {"Port": 37777, "HttpPort": 80, "HttpsPort": 443, "RtspPort": 554, **kept}
    ports["HttpPort" if onvif else "Port"] = port
    return {
        "UserName": str(item.user),
        "ProtocolType": "Onvif" if onvif else "Private",
        "Address": item.address,
        **ports,
    }


def _wait(session: Session, keys: list[str]) -> set[str]:
    """Wait until each channel is online, or the recorder has said that its camera refuses the login; return those."""
    deadline, left, no = monotonic() + ONLINE_S, set(keys), set[str]()
    while left and monotonic() < deadline:
        session.forget()
        told = tried(states, session)
        if isinstance(told, Untold):
            break
        now = {key: credential(told.get(key, "")) for key in left}
        patient = monotonic() < deadline - ONLINE_S + GRACE_S
        left = {k for k, c in now.items() if isinstance(c, Untold) or (c is Credential.REFUSED and patient)}
        no |= {k for k, c in now.items() if c is Credential.REFUSED and not patient}
        if left:
            sleep(0.5)
    return no


CELLS = (Cell(aspect="channels", protocol="dahua", read=read, write=write, limits=limits),)
