"""ISAPI: a recorder's channels (InputProxy). Source: field facts on vendor protocols 1.5, InputProxy, and 1.6."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab.generations import Isapi, Recorder
from fleetctl.lab.isapi import sealed, xml
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.recorder import keeping
from fleetctl.lab.recorder.link import Link
from fleetctl.lab.soap import Element
from fleetctl.lab.vendor import Reply, Visit

_ORDER: Final = (
    "proxyProtocol", "adminProtocol", "addressingFormatType", "ipAddress", "hostName", "managePortNo", "srcInputPort",
    "userName", "password", "connMode", "streamType", "deviceID", "model", "serialNumber", "firmwareVersion",
)  # fmt: skip


def recorder_of(visit: Visit) -> Recorder:
    """Return what kind of recorder it is."""
    rule = visit.device.personality.recorder
    if rule is None:
        raise Refused("notSupport")
    return rule


def link_of(visit: Visit, number: str) -> Link:
    """Return how a channel stands; one that is not bound is unreachable."""
    return keeping.link_of(visit.device, number)


def numbers(visit: Visit) -> list[str]:
    """Return the channels in their order."""
    return sorted(visit.device.read("channels"), key=int)


def source_of(visit: Visit, number: str, kept: Mapping[str, Any], *, whole: bool) -> dict[str, Any]:
    """Return where a channel gets its camera from, without the password; `whole`: with what the camera told."""
    rule, link = rule_of(visit), link_of(visit, number)
    camera = link.camera if rule.channel_identity and whole else {}
    name = "hostName" if kept.get("kind") == "hostname" else "ipAddress"
    return {
        "proxyProtocol": kept["protocol"],
        "addressingFormatType": kept.get("kind", "ipaddress"),
        name: kept["address"],
        "managePortNo": kept["port"],
        "srcInputPort": kept.get("source", 1),
        "userName": sealed.closed(visit, kept["user"]),
        "connMode": kept.get("mode", "manual") if rule.conn_mode else None,
        "streamType": kept.get("transport", "auto"),
        "deviceID": "" if whole else None,
        "model": camera.get("model"),
        "serialNumber": camera.get("serial"),
        "firmwareVersion": camera.get("firmware"),
    }


def _channel(visit: Visit, number: str) -> dict[str, Any]:
    kept, rule = visit.device.read("channels")[number], rule_of(visit)
    return {
        "id": int(number),
        "name": kept["name"],
        "sourceInputPortDescriptor": source_of(visit, number, kept, whole=True),
        "certificateValidationEnabled": False if rule.certificate_flags else None,
        "defaultAdminPortEnabled": True if rule.certificate_flags else None,
        "enableAnr": False,
        "enableTiming": bool(kept.get("timing", False)) if rule.timing else None,
        "devIndex": "" if rule.dev_index else None,
    }


def listed(visit: Visit) -> Reply:
    """GET ContentMgmt/InputProxy/channels: never with passwords; `size` is not to be trusted."""
    items = [_channel(visit, number) for number in numbers(visit)]
    return told(visit, "InputProxyChannelList", {"@size": recorder_of(visit).channels, "InputProxyChannel": items})


def one(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/InputProxy/channels/ID."""
    check(visit, number)
    return told(visit, "InputProxyChannel", _channel(visit, number))


def check(visit: Visit, number: str) -> None:
    """Raise Refused where there is no such channel."""
    recorder_of(visit)
    if number not in visit.device.read("channels"):
        raise Refused("invalidOperation", words="there is no such channel")


# --- writing -----------------------------------------------------------------------------------------


def _in_order(sent: Element) -> bool:
    places = [_ORDER.index(name) for child in sent if (name := xml.local(child)) in _ORDER]
    return places == sorted(places)


def _taken(visit: Visit, sent: Element, old: Mapping[str, Any]) -> dict[str, Any]:
    """Return a channel as a document has it: what it does not name is empty, but the password is kept."""
    rule, recorder = rule_of(visit), recorder_of(visit)
    source = xml.find(sent, "sourceInputPortDescriptor")
    if source is not None and rule.strict_order and not _in_order(source):
        raise Refused("badXmlContent", words="elements are not in order")
    protocol = xml.text(source, "adminProtocol") or xml.text(source, "proxyProtocol")
    if protocol and protocol not in recorder.protocols:
        raise Refused("badParameters", words="proxyProtocol is not possible")
    kind = xml.text(source, "addressingFormatType", default="ipaddress")
    user, password = xml.text(source, "userName"), xml.text(source, "password")
    if len(password) > 16:
        raise Refused("passwordLenNoMoreThan16")
    return {
        "name": xml.text(sent, "name", default=old.get("name", "")),
        "protocol": protocol or recorder.protocols[0],
        "kind": kind,
        "address": xml.text(source, "hostName" if kind == "hostname" else "ipAddress"),
        "port": xml.number(source, "managePortNo", least=0, most=65535, default=0),
        "source": xml.number(source, "srcInputPort", least=1, most=64, default=1),
        "user": user,
        "password": password or (old.get("password", "") if user == old.get("user") else ""),
        "mode": xml.text(source, "connMode", default=old.get("mode", "manual")),
        "transport": xml.text(source, "streamType", default="auto"),
        "timing": xml.true(sent, "enableTiming", default=bool(old.get("timing", False))) if rule.timing else False,
        "enabled": True,
    }


def _unique(visit: Visit, number: str, new: Mapping[str, Any]) -> None:
    """Refuse a camera that is on another channel already."""
    place = ("address", "port", "source")
    for other, kept in visit.device.read("channels").items():
        if other != number and new["address"] and all(kept.get(part) == new[part] for part in place):
            raise Refused("channelDeviceExist" if rule_of(visit).channel_identity else "IPCIPNotUnique")


def add(visit: Visit) -> Reply:
    """POST ContentMgmt/InputProxy/channels: the id asked for is honoured by newer firmware only."""
    sent = sealed.opened(visit, xml.parsed(visit.incoming.body, "InputProxyChannel"))
    rule, recorder = rule_of(visit), recorder_of(visit)
    channels = visit.device.change("channels")
    new = _taken(visit, sent, {})
    if not new["address"] or not new["port"] or not new["user"]:
        raise Refused("badXmlContent", words="ipAddress, managePortNo and userName are expected")
    _unique(visit, "", new)
    free = [str(n) for n in range(1 + rule.analog, recorder.channels + 1) if str(n) not in channels]
    if not free:
        raise Refused("ipcNumReachesLimit")
    wanted = xml.text(sent, "id")
    number = wanted if wanted in free and rule.channel_identity else free[0]
    new["name"] = new["name"] or f"IPCamera {int(number):02d}"
    channels[number] = new
    return done(visit, created=int(number))


def put(visit: Visit, number: str) -> Reply:
    """PUT ContentMgmt/InputProxy/channels/ID: the document replaces the channel; without an address it has none."""
    check(visit, number)
    sent = sealed.opened(visit, xml.parsed(visit.incoming.body, "InputProxyChannel"))
    if xml.text(sent, "id", default=number) != number:
        raise Refused("badParameters", words="id is that of another channel")
    channels = visit.device.change("channels")
    old = channels[number]
    if old.get("mode") == "plugplay" and xml.text(sent, "sourceInputPortDescriptor", "connMode") != "manual":
        channels[number] = {**old, "name": xml.text(sent, "name", default=old["name"])}
        return done(visit)
    new = _taken(visit, sent, old)
    _unique(visit, number, new)
    channels[number] = new
    return done(visit)


def put_all(visit: Visit) -> Reply:
    """PUT ContentMgmt/InputProxy/channels: the whole list is replaced; what it does not name is unbound."""
    sent = xml.each(sealed.opened(visit, xml.parsed(visit.incoming.body, "InputProxyChannelList")), "InputProxyChannel")
    channels = visit.device.change("channels")
    old = dict(channels)
    channels.clear()
    for item in sent:
        number = xml.text(item, "id")
        if not number.isdigit() or not 1 <= int(number) <= recorder_of(visit).channels:
            raise Refused("badParameters", words="id is not possible")
        channels[number] = _taken(visit, item, old.get(number, {}))
    return done(visit)


def remove(visit: Visit, number: str) -> Reply:
    """DELETE ContentMgmt/InputProxy/channels/ID."""
    check(visit, number)
    del visit.device.change("channels")[number]
    return done(visit)


def capabilities(visit: Visit) -> Reply:
    """GET ContentMgmt/InputProxy/channels/capabilities."""
    recorder, rule = recorder_of(visit), rule_of(visit)
    content = {
        "id": {"@min": 1, "@max": recorder.channels},
        "name": {"@min": 1, "@max": 32},
        "sourceInputPortDescriptor": {
            "proxyProtocol": {"@opt": ",".join(recorder.protocols)},
            "addressingFormatType": {"@opt": "ipaddress,hostname"},
            "managePortNo": {"@min": 1, "@max": 65535, "@def": 8000},
            "srcInputPort": {"@min": 1, "@max": 64},
            "userName": {"@min": 1, "@max": 32},
            "password": {"@min": 1, "@max": 16},
            "connMode": {"@opt": "plugplay,manual"} if rule.conn_mode else None,
            "streamType": {"@opt": "auto,tcp,udp"},
        },
        "enableTiming": {"@opt": "true,false"} if rule.timing else None,
    }
    return told(visit, "InputProxyChannel", content)


_BASE: Final = "ContentMgmt/InputProxy"


def racm_cap(rule: Isapi, recorder: Recorder) -> dict[str, Any]:
    """Return RacmCap, a part of the capabilities."""
    return {
        "inputProxyNums": recorder.channels,
        "isSupportSyncIPCPassword": True,
        "isSupportActivateIpc": True,
        "isSupportIPCTiming": rule.timing,
        "isSupportCheckIpcSecurity": True,
        "isSupportCheckPassword": True,
    }


PAGES: dict[tuple[str, str], Page] = {
    ("GET", f"{_BASE}/channels"): reads(listed, on="recorder"),
    ("POST", f"{_BASE}/channels"): writes(add, on="recorder"),
    ("PUT", f"{_BASE}/channels"): writes(put_all, on="recorder"),
    ("GET", f"{_BASE}/channels/capabilities"): reads(capabilities, on="recorder"),
    ("GET", f"{_BASE}/channels/#"): reads(one, on="recorder"),
    ("PUT", f"{_BASE}/channels/#"): writes(put, on="recorder"),
    ("DELETE", f"{_BASE}/channels/#"): writes(remove, on="recorder"),
}
