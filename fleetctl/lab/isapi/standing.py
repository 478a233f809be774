"""ISAPI: how a recorder's channels stand, and what it does to their cameras. Source: field facts 1.5, InputProxy.

The shape of the activation is synthetic: no public capture shows it (facts, section 6).
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.channels import check, link_of, numbers, recorder_of, source_of
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.recorder.link import Link
from fleetctl.lab.vendor import Reply, Visit, strength

_RESULTS: Final = {  # how a channel stands -> chanDetectResult
    "online": "connect",
    "connecting": "connecting",
    "password": "passwordError",
    "locked": "userLocked",
    "inactive": "notActivated",
    "unreachable": "netUnreachable",
    "protocol": "protocolError",
    "stream": "ipcStreamFail",
    "disabled": "notConnect",
}


def _status(visit: Visit, number: str) -> dict[str, Any]:
    kept, link, rule = visit.device.read("channels")[number], link_of(visit, number), rule_of(visit)
    strong = strength(str(kept.get("password", ""))) >= 3
    return {
        "id": int(number),
        "sourceInputPortDescriptor": source_of(visit, number, kept, whole=False),
        "online": link.online,
        "streamingProxyChannelIdList": {"streamingProxyChannelId": [f"{number}01", f"{number}02"]},
        "chanDetectResult": _RESULTS[link.state] if kept["address"] else "notExist",
        "SecurityStatus": {"PasswordStatus": "strong" if strong else "risk"} if rule.channel_identity else None,
    }


def statuses(visit: Visit) -> Reply:
    """GET ContentMgmt/InputProxy/channels/status."""
    recorder_of(visit)
    items = [_status(visit, number) for number in numbers(visit)]
    return told(visit, "InputProxyChannelStatusList", {"InputProxyChannelStatus": items})


def status(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/InputProxy/channels/ID/status."""
    check(visit, number)
    return told(visit, "InputProxyChannelStatus", _status(visit, number))


def ports(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/InputProxy/channels/ID/portMapParam."""
    check(visit, number)
    return told(visit, "PortMapParam", {"id": int(number), "enabled": False})


def restart(visit: Visit, number: str) -> Reply:
    """PUT ContentMgmt/InputProxy/channels/ID/reboot: the recorder connects to the camera anew."""
    check(visit, number)
    links = visit.device.links or {}
    if number in links:
        links[number] = Link()
    return done(visit)


def activate(visit: Visit) -> Reply:
    """PUT ContentMgmt/InputProxy/channels/activate: the recorder gives a factory-new camera its first password."""
    sent = xml.parsed(visit.incoming.body, "VideoSourceActivation")
    address, password = xml.text(sent, "ipAddress"), xml.text(sent, "password")
    if not visit.world.reached(visit.device, address):
        raise Refused("ipcNetworkAbnormal")
    if visit.world.recorders is not None:
        visit.world.recorders.activate(visit.device, address, password)
    return done(visit)


def get_sync(visit: Visit) -> Reply:
    """GET ContentMgmt/InputProxy/syncIPCPasswd: whether a new admin password is pushed to the cameras."""
    recorder_of(visit)
    return told(visit, "SyncIPCPasswd", {"enabled": bool(visit.device.read("sync").get("password", False))})


def set_sync(visit: Visit) -> Reply:
    """PUT ContentMgmt/InputProxy/syncIPCPasswd."""
    sent = xml.parsed(visit.incoming.body, "SyncIPCPasswd")
    visit.device.change("sync")["password"] = xml.true(sent, "enabled")
    return done(visit)


_A: Final = access.ADMINISTRATOR
_BASE: Final = "ContentMgmt/InputProxy"
PAGES: dict[tuple[str, str], Page] = {
    ("GET", f"{_BASE}/channels/status"): reads(statuses, on="recorder"),
    ("GET", f"{_BASE}/channels/#/status"): reads(status, on="recorder"),
    ("GET", f"{_BASE}/channels/#/portMapParam"): reads(ports, on="recorder"),
    ("PUT", f"{_BASE}/channels/#/reboot"): writes(restart, on="recorder"),
    ("PUT", f"{_BASE}/channels/activate"): writes(activate, on="recorder"),
    ("GET", f"{_BASE}/syncIPCPasswd"): reads(get_sync, level=_A, on="recorder"),
    ("PUT", f"{_BASE}/syncIPCPasswd"): writes(set_sync, on="recorder"),
}
