"""Dahua's configuration tables (configManager): each is read from the device's state and kept into it.

Source: field facts on vendor protocols 2.3.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.cgi import channels, media, recording, text, zones
from fleetctl.lab.cgi.pages import Arguments, Page, argument, done, listing, rule_of
from fleetctl.lab.cgi.table import Table
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.services.device_network import protocols_of
from fleetctl.lab.vendor import After, Reply, Visit

Tree = Any


# --- General, NTP, Locales -----------------------------------------------------------------------------


def _general(visit: Visit) -> Tree:
    times, seconds = access.rule_of(visit.device)
    make, kept = visit.device.personality, visit.device.read("vendor")
    return {
        "LocalNo": 8,
        "LockLoginEnable": bool(visit.device.read("lock").get("enabled", True)),
        "LockLoginTimes": times or make.lock_after,
        "LoginFailLockTime": round(seconds or make.lock_s),
        "MachineName": kept.get("name", visit.device.serial_number),
        "MaxOnlineTime": 3600,
    }


def _keep_general(visit: Visit, tree: Tree) -> None:
    visit.device.change("vendor")["name"] = tree["MachineName"]
    visit.device.change("lock").update(
        enabled=tree["LockLoginEnable"], times=tree["LockLoginTimes"], seconds=float(tree["LoginFailLockTime"])
    )


def _ntp(visit: Visit) -> Tree:
    kept = visit.device.read("time")
    index = zones.index_of(visit.device.zone_offset_s())
    servers = [*kept.get("ntp", ()), "clock.isc.org"]
    return {
        "Address": servers[0],
        "Enable": kept["type"] == "NTP",
        "Port": kept.get("ntp_port", 123),
        "TimeZone": index,
        "TimeZoneDesc": zones.name_of(index),
        "UpdatePeriod": kept.get("ntp_interval", 60),
    }


def _keep_ntp(visit: Visit, tree: Tree) -> None:
    kept = visit.device.change("time")
    if not 0 <= tree["TimeZone"] < len(zones.AHEAD) or not 1 <= tree["Port"] <= 65535:
        raise Refused("argument", "NTP")
    if zones.index_of(visit.device.zone_offset_s()) != tree["TimeZone"]:
        kept["tz"] = zones.posix_of(tree["TimeZone"])
    kind = "NTP" if tree["Enable"] else "Manual"
    if kind == "NTP" and kept["type"] != "NTP":
        kept["since"] = time.time()
    elif kind == "Manual" and kept["type"] == "NTP":
        clock = visit.device.change("clock")
        clock.update(offset_s=visit.now - time.time(), set_at=time.time())
    kept.update(type=kind, ntp=[tree["Address"]], ntp_port=tree["Port"], ntp_interval=tree["UpdatePeriod"])


def _locales(visit: Visit) -> Tree:
    edge = {"Year": 2026, "Month": 3, "Week": 2, "Day": 0, "Hour": 2, "Minute": 0}
    return {
        "DSTEnable": bool(visit.device.read("time").get("dst", False)),
        "DSTStart": edge,
        "DSTEnd": {**edge, "Month": 11, "Week": 1},
        "TimeFormat": visit.device.read("vendor").get("time_format", "yyyy-MM-dd HH:mm:ss"),
    }


def _keep_locales(visit: Visit, tree: Tree) -> None:
    visit.device.change("time")["dst"] = tree["DSTEnable"]
    visit.device.change("vendor")["time_format"] = tree["TimeFormat"]


# --- Network -------------------------------------------------------------------------------------------


def _network(visit: Visit) -> Tree:
    kept = visit.device.read("network")
    dns = [*kept.get("dns", ()), "0.0.0.0", "0.0.0.0"][:2]  # noqa: S104 -- the table's word for none
    return {
        "DefaultInterface": "eth0",
        "Domain": "dahua",
        "Hostname": visit.device.hostname() or visit.device.personality.model,
        "eth0": {
            "DefaultGateway": next(iter(kept.get("gateways", ())), "0.0.0.0"),  # noqa: S104
            "DhcpEnable": bool(kept.get("dhcp")),
            "DnsServers": dns,
            "IPAddress": kept["address"],
            "MTU": kept.get("mtu", 1500),
            "PhysicalAddress": visit.device.mac_address,
            "SubnetMask": str(ipaddress.IPv4Network(f"0.0.0.0/{kept['prefix']}").netmask),
        },
    }


def _keep_network(visit: Visit, tree: Tree) -> None:
    card = tree["eth0"]
    try:
        there = ipaddress.IPv4Interface(f"{card['IPAddress']}/{card['SubnetMask']}")
        gateway = ipaddress.IPv4Address(card["DefaultGateway"])
        dns = [str(ipaddress.IPv4Address(one)) for one in card["DnsServers"]]
    except ValueError:
        raise Refused("argument", "Network") from None
    kept = visit.device.change("network")
    kept.update(
        address=str(there.ip),
        prefix=there.network.prefixlen,
        gateways=[] if gateway.is_unspecified else [str(gateway)],
        dns=[one for one in dns if one != "0.0.0.0"],  # noqa: S104
        dhcp=card["DhcpEnable"],
        mtu=card["MTU"],
        hostname=tree["Hostname"],
    )
    visit.after = After(moved=True)


def _rtsp(visit: Visit) -> Tree:
    told = protocols_of(visit.device.read("network"), visit.device.personality.ports)["RTSP"]
    return {"Enable": bool(told["enabled"]), "Port": told["ports"][0]}


def _keep_rtsp(visit: Visit, tree: Tree) -> None:
    kept = visit.device.change("network")
    found = protocols_of(kept, visit.device.personality.ports)
    kept["protocols"] = found | {"RTSP": {"enabled": tree["Enable"], "ports": [tree["Port"]]}}


# --- switches ------------------------------------------------------------------------------------------


def _switch(key: str, leaf: str, default: bool, section: str = "vendor") -> Table:
    """Return a table that is one switch, kept under a key of a section."""

    def read(visit: Visit) -> Tree:
        return {leaf: bool(visit.device.read(section).get(key, default))}

    def keep(visit: Visit, tree: Tree) -> None:
        visit.device.change(section)[key] = tree[leaf]

    return Table(read=read, keep=keep)


TABLES: Final[Mapping[str, Table]] = {
    "General": Table(read=_general, keep=_keep_general),
    "NTP": Table(read=_ntp, keep=_keep_ntp),
    "Locales": Table(read=_locales, keep=_keep_locales),
    "Network": Table(read=_network, keep=_keep_network),
    "RTSP": Table(read=_rtsp, keep=_keep_rtsp),
    "T2UServer": _switch("p2p", "Enable", True),
    "UPnP": _switch("upnp", "Enable", True),
    "VSP_ONVIF": _switch("onvif", "ServiceStart", True),
    "UserGlobal": _switch("onvif_login", "OnvifLoginCheck", True),
    "AutoAddRemoteDevice": _switch("auto_add", "Enable", False, "sync"),
    "SyncLocalityConfig": _switch("timing", "Enable", False, "sync"),
    **channels.TABLES,
    **recording.TABLES,
    **media.TABLES,
}
_EVERYWHERE: Final = frozenset(
    ("General", "NTP", "Locales", "Network", "RTSP", "T2UServer", "UPnP", "VSP_ONVIF", "UserGlobal", "ChannelTitle")
)


def table_of(visit: Visit, name: str) -> Table:
    """Return a table the device has and lets be read; raises Refused: unknown names and no right look alike."""
    rule = rule_of(visit)
    own = rule.tables if visit.device.personality.recorder is not None else frozenset(media.TABLES)
    if name not in TABLES or name not in (_EVERYWHERE | own):
        raise Refused("unknown", name)
    if name in rule.unreadable:
        raise Refused("right", name)
    return TABLES[name]


def get(visit: Visit, arguments: Arguments) -> Reply:
    """configManager.cgi?action=getConfig&name=NAME, NAME[0] or NAME[0].Part."""
    path = text.steps(argument(arguments, "name"))
    tree = table_of(visit, str(path[0])).read(visit)
    at = f"table.{path[0]}"
    for step in path[1:]:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            raise Refused("argument", at) from None
        at += f"[{step}]" if isinstance(step, int) else f".{step}"
    return listing(tree, at)


def put(visit: Visit, arguments: Arguments) -> Reply:
    """configManager.cgi?action=setConfig&NAME...=VALUE...: all keys of a request together, or none."""
    trees: dict[str, Tree] = {}
    for key, value in arguments:
        if key == "action":
            continue
        path = text.steps(key)
        name = str(path[0])
        if name not in trees:
            trees[name] = copy.deepcopy(table_of(visit, name).read(visit))
        text.assign(trees[name], path[1:], value)
    if not trees:
        raise Refused("argument")
    for name, tree in trees.items():
        TABLES[name].keep(visit, tree)
    return done()


def backup(visit: Visit, _arguments: Arguments) -> Reply:
    """Config.backup?action=All: every table as JSON, with the passwords that the tables mask."""
    own = rule_of(visit).tables if visit.device.personality.recorder is not None else frozenset(media.TABLES)
    told = {name: TABLES[name].read(visit) for name in sorted(_EVERYWHERE | own) if name in TABLES}
    kept = visit.device.read("channels")
    for number, row in enumerate(told.get("RemoteDevice", {}).values(), start=1):
        row["Password"] = kept.get(str(number), {}).get("password", "")
    return Reply(status=200, body=json.dumps(told, indent=3).encode(), content_type="application/json")


PAGES: dict[str, Page] = {
    "Config.backup?All": Page(work=backup, level=access.ADMINISTRATOR),
    "configManager.cgi?getConfig": Page(work=get),
    "configManager.cgi?setConfig": Page(work=put, level=access.ADMINISTRATOR),
}
