"""RouterOS' menus: what each command shows, and what it sets.

Sources: as of the dialect (`dialects/routeros_like.py`).
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fleetctl.lab.switch.config import Tree
from fleetctl.lab.switch.routeros_files import FACTORY, MODEL, resource, version

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"ether{n}" for n in range(2, 9))
PORTS = ("ether1", *POE, "sfp-sfpplus1")
SAFE = "\x18"
BRIDGE = "bridge"
_WORD = r'(?:"[^"]*"|\S+)'


_SNMP = (
    ':foreach i in=[/snmp community find] do={:put ("# snmp "'
    + "".join(
        f' . [/snmp community get $i {name}] . " "'
        for name in ("security", "authentication-protocol", "encryption-protocol", "read-access", "disabled")
    )
    + " . [/snmp community get $i name])}"
)


def _values(text: str) -> dict[str, str]:
    """Return name=value pairs of a command."""
    return {name: value.strip('"') for name, value in re.findall(rf"([a-z-]+)=({_WORD})", text)}


# --- what is shown ------------------------------------------------------------------------------------


def board(switch: SimSwitch) -> str:
    return (
        f"       routerboard: yes\n        board-name: {MODEL}\n             model: {MODEL}\n"
        f"     serial-number: {switch.serial_number}\n     firmware-type: dx3230L\n  factory-firmware: 6.48.6\n"
        f"  current-firmware: {FACTORY}\n  upgrade-firmware: {version(switch)}\n"
    )


def ethernet(switch: SimSwitch) -> str:
    told = []
    for number, port in enumerate(PORTS):
        values = switch.running.blocks[port]
        flag = "X" if values.get("disabled") == "yes" else "R" if switch.up(port) else ""
        comment = f"comment={values['comment']} " if values.get("comment") else ""
        poe = f" poe-out={values.get('poe-out', 'auto-on')} poe-priority=10" if port in POE else ""
        told.append(
            f"{number:>2} {flag:<3}{comment}name={port} default-name={port} mtu=1500 l2mtu=1592 arp=enabled"
            f" auto-negotiation=yes{poe} switch=switch1\n"
        )
    return "".join(told)


def bridge_ports(switch: SimSwitch) -> str:
    return "".join(
        f"{n:>2}     interface={port} bridge={BRIDGE} priority=0x80 hw=yes pvid={switch.running.blocks[port]['pvid']}"
        " frame-types=admit-all ingress-filtering=yes\n"
        for n, port in enumerate(PORTS)
    )


def users(switch: SimSwitch) -> str:
    found = [(n[5:], told.split(" ")[0]) for n, told in switch.running.top.items() if n.startswith("user ")]
    return "".join(
        f'{n:>2}     name={name} group={group} address="" last-logged-in=\n' for n, (name, group) in enumerate(found)
    )


def export(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.running)


def monitor(switch: SimSwitch) -> str:
    told = []
    for port in PORTS:
        up, (mbps, full) = switch.up(port), switch.speed(port)
        rate = "1Gbps" if mbps == 1000 else f"{mbps}Mbps"
        told.append(
            f"                      name: {port}\n                    status: {'link-ok' if up else 'no-link'}\n"
        )
        told.append("          auto-negotiation: done\n")
        if up:
            told.append(f"                      rate: {rate}\n               full-duplex: {'yes' if full else 'no'}\n")
        told.append("\n")
    return "".join(told)


def hosts(switch: SimSwitch) -> str:
    told = [f" 0 DL  mac-address={switch.mac_address.upper()} interface={BRIDGE} bridge={BRIDGE}\n"]
    told += [
        f"{n:>2} D   mac-address={s.mac_address.upper()} vid={s.vlan} on-interface={s.port} bridge={BRIDGE}\n"
        for n, s in enumerate(switch.seen(), start=1)
    ]
    return "".join(told)


def neighbours(switch: SimSwitch) -> str:
    told = []
    for n, (port, chassis, name, abilities) in enumerate(switch.neighbours()):
        words = "bridge,router" if abilities else "station-only"
        told.append(
            f"{n:>2} interface={port},{BRIDGE} mac-address={chassis.upper()} identity={name} platform=x"
            f" interface-name=eth0 system-caps={words} system-caps-enabled={words}\n"
        )
    return "".join(told)


def poe(switch: SimSwitch) -> str:
    told = enumerate(POE)
    values = switch.running.blocks
    return "".join(f"{n:>2} name={p} poe-out={values[p].get('poe-out', 'auto-on')} poe-priority=10\n" for n, p in told)


def switch_ports(switch: SimSwitch) -> str:
    values = switch.running.blocks
    return "".join(
        f"{n:>2} name={port} switch=switch1 mirror-ingress=no storm-rate={values[port].get('storm-rate', '100')}"
        f" limit-unknown-unicasts=no limit-broadcasts={values[port].get('limit-broadcasts', 'yes')}\n"
        for n, port in enumerate(PORTS)
    )


def clock(switch: SimSwitch) -> str:
    now = switch.clock().astimezone(zoneinfo.ZoneInfo(switch.running.top["zone"] or "UTC"))
    return (
        f"                  time: {now:%H:%M:%S}\n                  date: {now:%Y-%m-%d}\n"
        f"        time-zone-name: {switch.running.top['zone'] or 'UTC'}\n            gmt-offset: {now:%:z}\n"
    )


def communities(switch: SimSwitch) -> dict[str, dict[str, str]]:
    """Return the communities of SNMP by name; one with a security of its own is a user of version 3."""
    return {n[10:]: _values(told) for n, told in switch.running.top.items() if n.startswith("community ")}


def snmp(switch: SimSwitch) -> str:
    yes = {"yes": "true", "no": "false"}
    return "".join(
        f"# snmp {v['security']} {v['authentication-protocol']} {v['encryption-protocol']}"
        f" {yes[v['read-access']]} {yes[v.get('disabled', 'no')]} {name}\n"
        for name, v in communities(switch).items()
    )


SHOWS: Mapping[str, Callable[[SimSwitch], str]] = {
    "/system routerboard print": board,
    "/system resource print": resource,
    "/interface ethernet print terse without-paging": ethernet,
    "/interface bridge port print terse without-paging": bridge_ports,
    "/user print terse without-paging": users,
    "/interface ethernet switch port print terse without-paging": switch_ports,
    "/system clock print": clock,
    _SNMP: snmp,
    "/export terse": export,
    ":foreach i in=[/interface ethernet find] do={/interface ethernet monitor $i once}": monitor,
    "/interface bridge host print terse without-paging": hosts,
    "/ip neighbor print terse without-paging": neighbours,
    "/interface ethernet poe print terse without-paging": poe,
}

# --- what is set --------------------------------------------------------------------------------------


_OF_PORTS = ("comment", "disabled", "poe-out", "pvid", "storm-rate", "limit-broadcasts")
_DEFAULTS = (
    ("disabled", "no"),
    ("poe-out", "auto-on"),
    ("comment", ""),
    ("storm-rate", "100"),
    ("limit-broadcasts", "yes"),
)


def _port(tree: Tree, found: re.Match[str]) -> str:
    if found["port"] not in tree.blocks:
        return ""  # `find` that finds nothing sets nothing, and says nothing
    values = _values(found["values"])
    if (bad := next((n for n in values if n not in _OF_PORTS), "")) != "":
        return f"expected end of command (line 1 column {len(bad)})\n"
    block = tree.blocks[found["port"]]
    for name, value in values.items():
        if (name, value) in _DEFAULTS:
            block.pop(name, None)
        else:
            block[name] = value
    return ""


def _top(name: str) -> Callable[[Tree, re.Match[str]], str]:
    def do(tree: Tree, found: re.Match[str]) -> str:
        tree.top[name] = found["value"]
        return ""

    return do


def _service(tree: Tree, found: re.Match[str]) -> str:
    tree.top[f"service {found['service']}"] = "off" if found["value"] == "yes" else "on"
    return ""


def _user(tree: Tree, found: re.Match[str]) -> str:
    key = f"user {found['name']}"
    if found["verb"] == "add" and key in tree.top:
        return "failure: user with the same name already exists\n"
    if found["verb"] == "add" or key in tree.top:
        tree.top[key] = f"{found['group']} {found['password']}"
    return ""


def _vlan(tree: Tree, found: re.Match[str]) -> str:
    values = _values(found[0])
    if values.get("bridge") != BRIDGE:
        return "input does not match any value of bridge\n"
    tree.top[f"vlan {values['vlan-ids']}"] = values.get("comment", "")
    return ""


def _vlan_set(tree: Tree, found: re.Match[str]) -> str:
    if f"vlan {found['id']}" in tree.top:
        tree.top[f"vlan {found['id']}"] = found["value"]
    return ""


def _community(tree: Tree, found: re.Match[str]) -> str:
    key, values = f"community {found['name']}", _values(found["values"])
    if key in tree.top:
        return "failure: already have such name\n"
    if any(len(values.get(f"{kind}-password", "")) < 8 for kind in ("authentication", "encryption")):
        return "failure: password is too short\n"
    tree.top[key] = found["values"]
    return ""


def _communities_off(tree: Tree, _found: re.Match[str]) -> str:
    for key, told in tree.top.items():
        if key.startswith("community ") and _values(told)["security"] == "none":
            tree.top[key] = f"{told.replace(' disabled=no', '').replace(' disabled=yes', '')} disabled=yes"
    return ""


def _community_gone(tree: Tree, found: re.Match[str]) -> str:
    if found["name"] == "public":
        return "failure: can not remove default community\n"
    tree.top.pop(f"community {found['name']}", None)
    return ""


def _remove(prefix: str) -> Callable[[Tree, re.Match[str]], str]:
    def do(tree: Tree, found: re.Match[str]) -> str:
        name = found.groupdict().get("name") or ""
        for key in [
            key for key in tree.top if key == f"{prefix} {name}" or (not name and key.startswith(f"{prefix} syslog"))
        ]:
            del tree.top[key]
        return ""

    return do


def _add(prefix: str) -> Callable[[Tree, re.Match[str]], str]:
    def do(tree: Tree, found: re.Match[str]) -> str:
        tree.top[f"{prefix} {found['name']}"] = found["value"]
        return ""

    return do


ORDERS: Mapping[str, Callable[[Tree, re.Match[str]], str]] = {
    r"/interface ethernet set \[ ?find (?:default-)?name=(?P<port>\S+?) ?\] (?P<values>.+)": _port,
    r"/interface ethernet poe set \[find name=(?P<port>\S+)\] (?P<values>poe-out=(?:auto-on|off|forced-on))": _port,
    r"/interface bridge port set \[find interface=(?P<port>\S+)\] (?P<values>pvid=\d+)": _port,
    r"/interface bridge vlan add .+": _vlan,
    r"/interface bridge vlan set \[find vlan-ids=(?P<id>\d+)\] comment=(?P<value>\S+)": _vlan_set,
    r"/interface bridge vlan remove \[find vlan-ids=(?P<name>\d+)\]": _remove("vlan"),
    r"/system ntp client set enabled=(?:yes|no) servers=(?P<value>\S*)": _top("ntp"),
    r"/system clock set time-zone-autodetect=no time-zone-name=(?P<value>\S+)": _top("zone"),
    r"/ip service set (?P<service>telnet|www|www-ssl) disabled=(?P<value>yes|no)": _service,
    r"/interface ethernet switch port set \[find name=(?P<port>\S+)\] (?P<values>[a-z-]+=\S+(?: [a-z-]+=\S+)*)": _port,
    r"/snmp set enabled=(?P<value>yes|no)": _top("snmp"),
    r'/snmp community add name="(?P<name>[^"]+)" (?P<values>security=(?:none|authorized|private) .+)': _community,
    r"/snmp community set \[find security=none\] disabled=yes": _communities_off,
    r'/snmp community remove \[find name="(?P<name>[^"]+)"\]': _community_gone,
    r'/user (?P<verb>add) name=(?P<name>\S+) group=(?P<group>full|write|read) password="(?P<password>[^"]+)"': _user,
    r'/user (?P<verb>set) \[find name=(?P<name>\S+)\] group=(?P<group>\S+) password="(?P<password>[^"]+)"': _user,
    r"/user remove \[find name=(?P<name>\S+)\]": _remove("user"),
    r'/system logging remove \[find action~"\^syslog"\]': _remove("logging"),
    r'/system logging action remove \[find name~"\^syslog"\]': _remove("action"),
    r"/system logging action add name=(?P<name>\S+) target=remote remote=(?P<value>\S+)": _add("action"),
    r"/system logging add action=(?P<name>\S+) topics=(?P<value>[a-z]+)": _add("logging"),
}
