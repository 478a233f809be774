"""Dahua's recorders: channels, by the table RemoteDevice and by LogicDeviceManager. Source: field facts 2.4.

What addCameraByGroup answers beside `result` and `failedCode` is not public; the codes' values are synthetic.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.cgi import media
from fleetctl.lab.cgi.pages import Arguments, Page, argument, listing, recorders
from fleetctl.lab.cgi.table import Table
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.generations import Recorder
from fleetctl.lab.personality import Personality
from fleetctl.lab.recorder import keeping
from fleetctl.lab.recorder.link import Link
from fleetctl.lab.vendor import Reply, Visit

NAME: Final = "uuid:System_CONFIG_NETCAMERA_INFO_{}"
EMPTY: Final = "192.168.0.0"
MASK: Final = "******"
FULL, TAKEN, WRONG = 1, 2, 3  # failedCode
_STATES: Final = {
    "online": "Connected",
    "connecting": "Connecting",
    "password": "ConnectFailed",
    "locked": "ConnectFailed",
    "inactive": "ConnectFailed",
    "protocol": "ConnectFailed",
    "unreachable": "Unconnect",
    "stream": "Unconnect",
    "disabled": "Unconnect",
}
LOGIN_ERRORS: Final = {"password": 268632071, "locked": 268632081, "inactive": 268632085, "protocol": 268632085}


def recorder_of(visit: Visit) -> Recorder:
    """Return what kind of recorder it is."""
    rule = visit.device.personality.recorder
    if rule is None:
        raise Refused("missing")
    return rule


def link_of(visit: Visit, number: str) -> Link:
    """Return how a channel stands."""
    return keeping.link_of(visit.device, number)


def _device(visit: Visit, number: str, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """One row of RemoteDevice; an empty slot has an address that is none."""
    link = link_of(visit, number)
    told = kept or {}
    return {
        "Address": told.get("address") or EMPTY,
        "DeviceType": link.camera.get("model", ""),
        "Enable": bool(kept and kept.get("enabled", True)),
        "HttpPort": told.get("http_port", 80),
        "HttpsPort": told.get("https_port", 443),
        "Mac": link.camera.get("mac", "ff:ff:ff:ff:ff:ff" if not kept else ""),
        "Name": told.get("device_name", ""),
        "Password": MASK,
        "Port": told.get("port", 37777),
        "ProtocolType": told.get("protocol", "Private"),
        "RtspPort": told.get("rtsp_port", 554),
        "SerialNo": link.camera.get("serial", ""),
        "UserName": told.get("user", "admin" if not kept else ""),
        "Vendor": told.get("vendor", "Dahua" if not kept else ""),
        "VideoInputChannels": 1,
        "VideoInputs": [{"Name": told.get("name", f"Channel{number}"), "Enable": True}],
    }


def _slots(visit: Visit) -> list[tuple[str, Mapping[str, Any] | None]]:
    kept = visit.device.read("channels")
    return [(str(n), kept.get(str(n))) for n in range(1, recorder_of(visit).channels + 1)]


def _remote(visit: Visit) -> Any:
    return {NAME.format(int(number) - 1): _device(visit, number, kept) for number, kept in _slots(visit)}


def _keep_remote(visit: Visit, tree: Any) -> None:
    before = _remote(visit)
    channels = visit.device.change("channels")
    for number, kept in _slots(visit):
        row = tree[NAME.format(int(number) - 1)]
        if row == before[NAME.format(int(number) - 1)]:
            continue
        if not row["Enable"] and row["Address"] in ("", EMPTY):
            channels.pop(number, None)
            continue
        _check_protocol(visit, row["ProtocolType"])
        password = row["Password"] if row["Password"] != MASK else (kept or {}).get("password", "")
        channels[number] = _record(row, number, kept or {}, password)


def _check_protocol(visit: Visit, protocol: str) -> None:
    if protocol not in recorder_of(visit).protocols:
        raise Refused("argument", "ProtocolType")


def _record(row: Mapping[str, Any], number: str, old: Mapping[str, Any], password: str) -> dict[str, Any]:
    inputs = row.get("VideoInputs") or [{}]
    return {
        **old,
        "name": inputs[0].get("Name") or old.get("name") or f"Channel{number}",
        "device_name": row.get("Name", old.get("device_name", "")),
        "protocol": row["ProtocolType"],
        "address": row["Address"],
        "port": int(row.get("Port", 37777)),
        "http_port": int(row.get("HttpPort", 80)),
        "https_port": int(row.get("HttpsPort", 443)),
        "rtsp_port": int(row.get("RtspPort", 554)),
        "source": int(row.get("Channel", old.get("source", 1) - 1)) + 1,
        "user": row["UserName"],
        "password": password,
        "enabled": bool(row.get("Enable", True)),
        "mode": "manual",
    }


def _titles(visit: Visit) -> Any:
    if visit.device.personality.recorder is None:
        return [{"Name": media.title(visit)}]
    return [{"Name": (kept or {}).get("name", f"Channel{number}")} for number, kept in _slots(visit)]


def _keep_titles(visit: Visit, tree: Any) -> None:
    if visit.device.personality.recorder is None:
        media.set_title(visit, tree[0]["Name"])
        return
    channels = visit.device.change("channels")
    for (number, kept), told in zip(_slots(visit), tree, strict=True):
        if kept is not None:
            channels[number] = {**kept, "name": told["Name"]}


TABLES: Final[Mapping[str, Table]] = {
    "RemoteDevice": Table(read=_remote, keep=_keep_remote),
    "ChannelTitle": Table(read=_titles, keep=_keep_titles),
}


# --- LogicDeviceManager --------------------------------------------------------------------------------


def cameras(visit: Visit) -> list[dict[str, Any]]:
    """Return all channels as getCameraAll tells them."""
    return [
        {
            "DeviceID": NAME.format(int(number) - 1),
            "DeviceInfo": _device(visit, number, kept),
            "Enable": bool(kept and kept.get("enabled", True)),
            "Type": "Remote",
            "UniqueChannel": int(number) - 1,
            "Channel": int((kept or {}).get("source", 1)) - 1,
            "VideoStandard": "PAL",
            "VideoStream": "Main",
        }
        for number, kept in _slots(visit)
    ]


def states(visit: Visit, asked: list[int] | None = None) -> list[dict[str, Any]]:
    """Return how the channels stand; -1 asks for all."""
    every = not asked or -1 in asked
    return [
        {
            "channel": int(number) - 1,
            "connectionState": _STATES[link_of(visit, number).state] if kept and kept.get("address") else "Empty",
        }
        for number, kept in _slots(visit)
        if every or int(number) - 1 in (asked or ())
    ]


def camera_all(visit: Visit, _: Arguments) -> Reply:
    """LogicDeviceManager.cgi?action=getCameraAll."""
    return listing(cameras(visit), "camera")


def camera_state(visit: Visit, arguments: Arguments) -> Reply:
    """LogicDeviceManager.cgi?action=getCameraState&uniqueChannels=[-1]."""
    told = argument(arguments, "uniqueChannels", "[-1]").strip("[]").split(",")
    try:
        asked = [int(one) for one in told if one.strip()]
    except ValueError:
        raise Refused("argument", "uniqueChannels") from None
    return listing(states(visit, asked), "states")


def body_of(visit: Visit) -> dict[str, Any]:
    """Read a JSON body; raises Refused."""
    try:
        told = json.loads(visit.incoming.body or b"{}")
    except ValueError:
        raise Refused("argument") from None
    if not isinstance(told, dict):
        raise Refused("argument")
    return told


def told_json(content: Mapping[str, Any], *, wrote: bool = False) -> Reply:
    """Answer with JSON."""
    body = json.dumps(content, ensure_ascii=False).encode()
    return Reply(status=200, body=body, content_type="application/json", wrote=wrote)


def _api_all(visit: Visit, _: Arguments) -> Reply:
    return told_json({"camera": cameras(visit)})


def _api_state(visit: Visit, _: Arguments) -> Reply:
    asked = body_of(visit).get("channel", [-1])
    return told_json({"states": states(visit, [int(one) for one in asked])})


def bind(visit: Visit, groups: Any, *, fresh: bool) -> list[int]:
    """Bind cameras as a request's groups say; returns the codes of what failed, 0 for what did not."""
    if not isinstance(groups, list) or not groups:
        raise Refused("argument", "group")
    codes = []
    for group in groups:
        try:
            info, slots = dict(group["DeviceInfo"]), list(group["cameras"])
            codes += [_bind(visit, {**info, **dict(slot)}, fresh=fresh) for slot in slots]
        except (KeyError, TypeError, ValueError):
            raise Refused("argument", "group") from None
    if any(codes):
        visit.device.rollback()
    return codes


def _bind(visit: Visit, told: dict[str, Any], *, fresh: bool) -> int:
    channels = visit.device.change("channels")
    unique = int(told.get("uniqueChannel", told.get("UniqueChannel", -1)))
    count = recorder_of(visit).channels
    if unique == -1 and fresh:
        unique = next((n for n in range(count) if str(n + 1) not in channels), -2)
    number = str(unique + 1)
    if not 0 <= unique < count or (fresh and number in channels):
        return FULL
    if not fresh and number not in channels:
        return WRONG
    if told["ProtocolType"] not in recorder_of(visit).protocols:
        return WRONG
    place = (told["Address"], int(told.get("channel", told.get("Channel", 0))) + 1)
    if any(other != number and (kept["address"], kept.get("source", 1)) == place for other, kept in channels.items()):
        return TAKEN
    old = channels.get(number, {})  # a channel that was switched off stays so, unless it is told otherwise
    row = {**told, "Channel": place[1] - 1, "Enable": told.get("Enable", old.get("enabled", True))}
    channels[number] = _record(row, number, old, str(told.get("Password", "")))
    return 0


def _answer(codes: list[int]) -> Reply:
    return told_json({"result": not any(codes), "failedCode": codes}, wrote=not any(codes))


def add(visit: Visit, _: Arguments) -> Reply:
    """addCameraByGroup: -1 lets the recorder choose the slot; a slot that is taken is refused."""
    return _answer(bind(visit, body_of(visit).get("group"), fresh=True))


def change(visit: Visit, _: Arguments) -> Reply:
    """setCamera: another address or login without letting the slot and its recordings go."""
    return _answer(bind(visit, body_of(visit).get("group"), fresh=False))


def delete(visit: Visit, _: Arguments) -> Reply:
    """deleteCameraByGroup: a slot that holds nothing is a bad request."""
    channels = visit.device.change("channels")
    numbers = [str(n + 1) for group in body_of(visit).get("group", ()) for n in group.get("uniqueChannels", ())]
    if not numbers or any(number not in channels for number in numbers):
        raise Refused("argument")
    for number in numbers:
        del channels[number]
    return _answer([0] * len(numbers))


def _json(rule: Personality) -> bool:
    return recorders(rule) and rule.cgi is not None and rule.cgi.json_channels


def _stateful(rule: Personality) -> bool:
    return recorders(rule) and rule.cgi is not None and rule.cgi.camera_state


_A: Final = access.ADMINISTRATOR
_API: Final = "api/LogicDeviceManager"
PAGES: dict[str, Page] = {
    "LogicDeviceManager.cgi?getCameraAll": Page(work=camera_all, offered=recorders),
    "LogicDeviceManager.cgi?getCameraState": Page(work=camera_state, offered=_stateful),
    "LogicDeviceManager.cgi?addCameraByGroup": Page(work=add, level=_A, offered=_json),
    f"{_API}/getCameraAll": Page(work=_api_all, offered=_json),
    f"{_API}/getCameraState": Page(work=_api_state, offered=_json),
    f"{_API}/addCameraByGroup": Page(work=add, level=_A, offered=_json),
    f"{_API}/setCamera": Page(work=change, level=_A, offered=_json),
    f"{_API}/deleteCameraByGroup": Page(work=delete, level=_A, offered=_json),
}
