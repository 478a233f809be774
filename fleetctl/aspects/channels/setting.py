"""Channels of a recorder: which camera is on which, and with which account the recorder looks at it."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl.errors import InventoryError, Rejected
from fleetctl.model import (
    ABSENT,
    UNSET,
    Absent,
    Aspect,
    Device,
    Disruption,
    FrozenMap,
    Kind,
    SecretRef,
    Unset,
    setting,
)
from fleetctl.standard import Fleet


class Speech(enum.StrEnum):
    """How a recorder speaks to a camera."""

    ONVIF = "onvif"
    OWN = "own"  # the recorder's maker's own protocol
    RTSP = "rtsp"  # it fetches a stream by its address, and asks the camera nothing else


class Credential(enum.StrEnum):
    """What became of the login that the recorder holds."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNUSED = "unused"  # the channel is switched off at the recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCamera:
    """The camera of one channel."""

    camera: str | Unset = setting("name of the camera in the inventory", instruction=True)
    replaces: str | Unset = setting(
        "address of the camera that the channel has until now and may lose: without it, taking a channel from "
        "another camera is a conflict that a person decides",
        instruction=True,
    )
    name: str | Unset = setting(
        "title of the channel; any letters", pattern=r"[^\x00-\x1f&]{1,32}", source="field facts, nvr 1.5, InputProxy"
    )
    protocol: Speech | Unset = setting(
        "onvif, own: the recorder's maker's own protocol, or rtsp: a stream by its address, of recorders that are "
        "themselves spoken to over ONVIF",
        source="field facts, nvr 1.5, 2.4 and 3",
    )
    stream_path: str | Unset = setting(
        "path of the camera's stream (with its query), for rtsp: /Streaming/Channels/101",
        pattern=r"/[\x21-\x7e]{0,96}",
        source="ONVIF Receiver 26.06, MediaUri (128 octets at least)",
    )
    address: str | Unset = setting(
        "address at which the recorder reaches the camera; that of the camera in the inventory (network_address, "
        "else ansible_host)",
        pattern=r"[A-Za-z0-9.:-]{1,253}",
    )
    port: int | Unset = setting(
        "port of that protocol; the camera's own for onvif", minimum=1, maximum=65535, source="field facts, nvr 1.5"
    )
    user: str | Unset = setting(
        "account on the camera that the recorder logs in with; channels_user, if nothing else is said",
        pattern=r"[\x21-\x7e]{1,32}",
    )
    password: SecretRef | Unset = setting(
        "the password of that account in the camera's vault; written, never read back, proven by the channel being "
        "online",
        source="field facts, nvr 1.5: GET never returns the password",
    )
    credential: Credential | Unset = setting(
        "accepted, once the channel is online with the login that the recorder holds; always expected so"
    )
    sets_clock: bool | Unset = setting(
        "the recorder sets the camera's clock, against the camera's own NTP; expected false where the camera has "
        "time_ntp_servers",
        source="field facts, nvr 1.5, enableTiming",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The channels of a recorder, and what it does to cameras by itself."""

    user: str | Unset = setting(
        "account on the cameras that the recorder logs in with; the cameras need it in users_accounts",
        pattern=r"[\x21-\x7e]{1,32}",
        instruction=True,
    )
    standby_user: str | Unset = setting(
        "second account on the cameras, which takes turns with channels_user: `password rotate` gives the idle one a "
        "new password and moves recorders to it; a camera's own channels_user says which of the two is in use",
        pattern=r"[\x21-\x7e]{1,32}",
        instruction=True,
        source="field facts, nvr 8.1: the recorder never holds a wrong password",
    )
    port: int | Unset = setting(
        "port at which the recorder reaches cameras over ONVIF, where it is not the one fleetctl uses (onvif_port): "
        "behind a router that forwards ports",
        minimum=1,
        maximum=65535,
        instruction=True,
    )
    cameras: FrozenMap[BoundCamera | Absent] | Unset = setting(
        'camera by channel, counted from "1": {"1": viet-hung-cam-01, ...}, or a mapping with more',
        pattern=r"[1-9][0-9]{0,3}",
        short="camera",
        source="field facts, nvr 1.5 and 2.4",
    )
    auto_add: bool | Unset = setting(
        "the recorder takes cameras that it finds by itself", source="field facts, nvr 2.4, AutoAddRemoteDevice"
    )
    sync_password: bool | Unset = setting(
        "the recorder gives cameras its own new administrator password, past the vault",
        source="field facts, nvr 1.5, syncIPCPasswd",
    )
    sync_settings: bool | Unset = setting(
        "the recorder gives cameras its own zone, language and video norm",
        source="field facts, nvr 2.4, SyncLocalityConfig",
    )
    used: int | Unset = setting("channels that have a camera", observed=True)
    most: int | Unset = setting("channels there are", observed=True, source="field facts, nvr 1.4, inputProxyNums")


Wrong = tuple[str, str, str]
NO_ADDRESSES: Final = "this recorder logs in to cameras itself; rtsp is for recorders spoken to over ONVIF"


def complete(device: Device, value: Channels, fleet: Fleet) -> tuple[Channels, tuple[Wrong, ...]]:
    """Fill in what the inventory knows of each channel's camera: address, port, account; tell what cannot be meant."""
    if isinstance(value.cameras, Unset):
        return value, ()
    wrongs: list[Wrong] = []
    made: dict[str, Any] = {}
    for key, item in value.cameras.items():
        if item is ABSENT or isinstance(item, Absent):
            made[key] = item
            continue
        found = _camera(device, key, item, fleet)
        if isinstance(found, Device):
            made[key] = _filled(item, found, value, fleet)
            wrongs += _by_address(key, made[key])
            if made[key].user is UNSET and not found.behind:
                wrongs.append(
                    ("cameras", "nothing says which account the recorder uses on cameras", "set channels_user")
                )
        else:
            wrongs.append(found)
    wrongs += _twice({key: item for key, item in made.items() if item is not ABSENT})
    return replace(value, cameras=FrozenMap(made)), tuple(wrongs)


def _camera(device: Device, key: str, item: BoundCamera, fleet: Fleet) -> Device | Wrong:
    where = f"cameras.{key}"
    own = [d.name for d in fleet.devices.values() if d.site == device.site and d.kind is Kind.CAMERA]
    if isinstance(item.camera, Unset):
        return where, "names no camera", f"write camera: NAME, one of {', '.join(own[:8])}"
    found = fleet.devices.get(item.camera)
    if found is None or found.kind is not Kind.CAMERA or found.site != device.site:
        near = difflib.get_close_matches(item.camera, own, 1, 0.5)
        mend = f"did you mean {near[0]}?" if near else f"there are: {', '.join(own[:8])}"
        return where, f"{item.camera} is no camera of {device.site}", mend
    if found.behind and (found.behind, str(found.channel)) != (device.name, key):
        return where, f"{item.camera} is behind {found.behind}, channel {found.channel}", "correct one of them"
    return found


def _filled(item: BoundCamera, camera: Device, value: Channels, fleet: Fleet) -> BoundCamera:
    """Return the item with what follows from its camera; what the inventory says of the channel itself stays."""
    values = fleet.values(camera.name)
    account = item.user or in_turn(value, camera, values)
    protocol = item.protocol or Speech.ONVIF
    known = {Speech.ONVIF: value.port or camera.endpoint.port, Speech.RTSP: camera.endpoint.rtsp_port}
    port = item.port or known.get(protocol, UNSET)
    if camera.behind:  # its address and login belong to the recorder
        return BoundCamera(camera=item.camera, name=item.name)
    try:
        address = str(values["network_address"].value) if "network_address" in values else camera.endpoint.address
        follows_ntp = bool("time_ntp_servers" in values and values["time_ntp_servers"].value)
    except InventoryError:  # told where the camera itself is looked at
        address, follows_ntp = camera.endpoint.address, False
    return replace(
        item,
        protocol=protocol,
        address=item.address or address,
        port=port,
        user=account,
        password=UNSET if isinstance(account, Unset) else SecretRef(device=camera.name, account=account),
        credential=Credential.ACCEPTED,
        sets_clock=item.sets_clock if item.sets_clock is not UNSET or not follows_ntp else False,
    )


def in_turn(value: Channels, camera: Device, values: Mapping[str, Any]) -> str | Unset:
    """Return the account that recorders use on a camera; `values` are the camera's own variables.

    Where two take turns it is the one that the camera's `channels_user` names.
    """
    if not takes_turns(value, camera) or "channels_user" not in values:
        return value.user
    told = str(values["channels_user"].value)
    return told if told in (value.user, value.standby_user) else value.user


def takes_turns(value: Channels, camera: Device) -> bool:
    """Tell whether two accounts take turns on a camera; the administrator takes none."""
    pair = {value.user, value.standby_user}
    return len(pair) == 2 and not any(isinstance(name, Unset) for name in pair) and camera.user not in pair


def _by_address(key: str, item: BoundCamera) -> Iterator[Wrong]:
    where = f"cameras.{key}"
    if item.protocol is Speech.RTSP and item.stream_path is UNSET:
        yield where, "nothing says which stream the recorder fetches", "write stream_path: /... beside the camera"
    elif item.protocol is not Speech.RTSP and item.stream_path is not UNSET:
        yield where, "stream_path is for recorders that fetch a stream by its address", "write protocol: rtsp beside it"


def _twice(items: dict[str, BoundCamera]) -> Iterator[Wrong]:
    seen: dict[tuple[Any, ...], str] = {}
    for key, item in items.items():
        if isinstance(item.address, Unset):
            continue
        first = seen.setdefault((item.address, item.port), key)
        if first != key:
            yield f"cameras.{key}", f"{item.camera} is on channel {first} already", "keep one of the two"


def refused(keys: Iterable[str], word: str) -> Rejected | None:
    """Return what to raise for channels that were written and whose cameras refuse the login; None for none."""
    told = sorted(keys, key=int)
    if not told:
        return None
    which = f"channel{'s' if len(told) > 1 else ''} {', '.join(told)}"
    return Rejected(
        f"{which}: bound, but the camera refuses the account that the recorder was given, or has locked it out "
        f"({word}). Look at the camera's users; a lock ends by itself, most within half an hour"
    )


ASPECT = Aspect(
    name="channels",
    type=Channels,
    kinds=frozenset({Kind.NVR}),
    disruption=Disruption.STREAM,
    doc="Which camera is on which channel of a recorder, and the switches by which a recorder changes cameras",
    after=("time",),
    complete=complete,
)
