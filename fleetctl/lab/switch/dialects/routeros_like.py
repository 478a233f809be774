"""A MikroTik CRS with RouterOS 7: menus instead of modes, what is typed holds at once and for good, Safe Mode.

Sources: MikroTik, RouterOS documentation: Command Line Interface, Configuration Management (Safe Mode, export),
Ethernet, PoE-Out, Bridging and Switching, Services, SNMP, NTP, Log, User.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fleetctl.lab.switch.config import Tree
from fleetctl.lab.switch.dialect import Shell

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"ether{n}" for n in range(2, 9))
PORTS = ("ether1", *POE, "sfp-sfpplus1")
SAFE = "\x18"
BRIDGE = "bridge"
_WORD = r'(?:"[^"]*"|\S+)'


def _values(text: str) -> dict[str, str]:
    """Return name=value pairs of a command."""
    return {name: value.strip('"') for name, value in re.findall(rf"([a-z-]+)=({_WORD})", text)}


class RouterOs:
    """The console. Ports are blocks of values; accounts, services and the like are lines of their own."""

    name = "mikrotik_routeros"
    mac_prefix = "48:a9:8a"
    serial_pattern = "HE{number}"
    ports = PORTS
    poe_ports = frozenset(POE)
    more = "-- [Q quit|D dump|down]"

    # --- what it holds ----------------------------------------------------------------------------

    def factory(self, switch: SimSwitch) -> Tree:
        """Return what it comes with."""
        user, password = switch.spec.login
        top = {f"user {user}": f"full {password}", "service telnet": "on", "service www": "on", "zone": "", "ntp": ""}
        top |= {"service www-ssl": "off", "snmp": "yes"}
        blocks: dict[str, dict[str, str]] = {port: {"pvid": "1"} for port in PORTS}
        return Tree(top=top, blocks=blocks)

    def accounts(self, switch: SimSwitch) -> Mapping[str, str]:
        """Return the accounts and their passwords."""
        found = {name[5:]: told for name, told in switch.running.top.items() if name.startswith("user ")}
        return {name: told.partition(" ")[2] for name, told in found.items()}

    def enabled(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port is on."""
        return switch.running.blocks[port].get("disabled") != "yes"

    def powers(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port gives power."""
        return port in POE and switch.running.blocks[port].get("poe-out") != "off"

    def vlan(self, switch: SimSwitch, port: str) -> int:
        """Return the VLAN of a port."""
        return int(switch.running.blocks[port].get("pvid", "1"))

    def text(self, switch: SimSwitch, tree: Tree) -> str:
        """Return the export."""
        top = tree.top
        told = ["# 2026-11-02 08:00:11 by RouterOS 7.12.1\n# software id = 8WXK-QH4L\n#\n# model = CRS318-16P-2S+\n"]
        told.append(f"# serial number = {switch.serial_number}\n")
        told.append(f"/interface bridge add name={BRIDGE} vlan-filtering=yes\n")
        for port, values in tree.blocks.items():
            shown = [f"{n}={_quoted(v)}" for n, v in sorted(values.items()) if n in ("comment", "disabled", "poe-out")]
            if shown:
                told.append(f"/interface ethernet set [ find default-name={port} ] {' '.join(shown)}\n")
        actions = sorted(n for n in top if n.startswith("action "))
        told += [f"/system logging action add name={n[7:]} remote={top[n]} target=remote\n" for n in actions]
        for port, values in tree.blocks.items():
            pvid = f" pvid={values['pvid']}" if values["pvid"] != "1" else ""
            told.append(f"/interface bridge port add bridge={BRIDGE} interface={port}{pvid}\n")
        for name in sorted(n for n in top if n.startswith("vlan ")):
            comment = f" comment={top[name]}" if top[name] else ""
            told.append(
                f"/interface bridge vlan add bridge={BRIDGE}{comment} tagged={BRIDGE},{PORTS[-1]} vlan-ids={name[5:]}\n"
            )
        for service, default in (("telnet", "on"), ("www", "on"), ("www-ssl", "off")):
            if top[f"service {service}"] != default:
                told.append(f"/ip service set {service} disabled={'yes' if default == 'on' else 'no'}\n")
        if top["snmp"] == "yes":
            told.append("/snmp set enabled=yes\n")
        if top["zone"]:
            told.append(f"/system clock set time-zone-autodetect=no time-zone-name={top['zone']}\n")
        told.append(f"/system identity set name={switch.name}\n")
        rules = sorted(n for n in top if n.startswith("logging "))
        told += [f"/system logging add action={name[8:]} topics={top[name]}\n" for name in rules]
        if top["ntp"]:
            told.append("/system ntp client set enabled=yes\n")
            told += [f"/system ntp client servers add address={server}\n" for server in top["ntp"].split(",")]
        return "".join(told)

    # --- the console --------------------------------------------------------------------------------

    def greet(self, switch: SimSwitch, user: str) -> Shell:
        """Return the shell of somebody who has logged in."""
        del switch
        return Shell(user=user, mode="menu", page=0)

    def prompt(self, switch: SimSwitch, shell: Shell) -> str:
        """Return the prompt; in Safe Mode it says so."""
        if shell.asking:
            return shell.asking
        return f"[{shell.user}@{switch.name}] {'<SAFE> ' if shell.safe else ''}> "

    def writes(self, shell: Shell, line: str) -> bool:
        """Tell whether a line changes the switch."""
        del shell
        return re.search(r"(?:^|; ?)/[a-z ]*\b(?:set|add|remove|reboot)\b", line) is not None or line == SAFE

    def left(self, switch: SimSwitch, shell: Shell) -> None:
        """Undo what was typed in Safe Mode, for its session ended."""
        if shell.safe:
            switch.running = Tree.of(shell.before)
            switch.save()
            switch.settle()

    def run(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        """Do what was typed; commands may stand in one line with semicolons between them."""
        if shell.asking:
            shell.asking = ""
            if line == "y":
                switch.reload()
            return ""
        if line == SAFE:
            shell.safe = not shell.safe
            shell.before = switch.running.copy().plain() if shell.safe else {}
            if not shell.safe:
                switch.save()
            return f"[Safe Mode {'taken' if shell.safe else 'released'}]\n"
        if line in ("quit", "/quit"):
            shell.closed = True
            return ""
        told = ""
        for part in re.split(r"; (?=/|:)", line):
            told += self._one(switch, shell, part.strip())
        return told

    def _one(self, switch: SimSwitch, shell: Shell, line: str) -> str:
        if (found := re.fullmatch(r':put "([^"]*)"', line)) is not None:
            return f"{found[1]}\n"
        if line == "/system reboot":
            shell.asking = "Reboot, yes? [y/N]:"
            return ""
        for start, show in SHOWS.items():
            if line == start:
                return show(switch)
        for pattern, do in ORDERS.items():
            if (match := re.fullmatch(pattern, line)) is not None:
                tree = switch.running if "ignore-writes" not in switch.faults else switch.running.copy()
                said = do(tree, match)
                if not shell.safe:
                    switch.save()
                switch.settle()
                return said
        return "bad command name (line 1 column 1)\n" if line else ""


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


# --- what is shown ------------------------------------------------------------------------------------


def board(switch: SimSwitch) -> str:
    return (
        "       routerboard: yes\n        board-name: CRS318-16P-2S+\n             model: CRS318-16P-2S+\n"
        f"     serial-number: {switch.serial_number}\n     firmware-type: dx3230L\n  factory-firmware: 6.48.6\n"
        "  current-firmware: 7.12.1\n  upgrade-firmware: 7.12.1\n"
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


SHOWS: Mapping[str, Callable[[SimSwitch], str]] = {
    "/system routerboard print": board,
    "/interface ethernet print terse without-paging": ethernet,
    "/interface bridge port print terse without-paging": bridge_ports,
    "/user print terse without-paging": users,
    "/export terse": export,
    ":foreach i in=[/interface ethernet find] do={/interface ethernet monitor $i once}": monitor,
    "/interface bridge host print terse without-paging": hosts,
    "/ip neighbor print terse without-paging": neighbours,
    "/interface ethernet poe print terse without-paging": poe,
}

# --- what is set --------------------------------------------------------------------------------------


def _port(tree: Tree, found: re.Match[str]) -> str:
    if found["port"] not in tree.blocks:
        return ""  # `find` that finds nothing sets nothing, and says nothing
    values = _values(found["values"])
    if (bad := next((n for n in values if n not in ("comment", "disabled", "poe-out", "pvid")), "")) != "":
        return f"expected end of command (line 1 column {len(bad)})\n"
    block = tree.blocks[found["port"]]
    for name, value in values.items():
        if (name, value) in (("disabled", "no"), ("poe-out", "auto-on"), ("comment", "")):
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
    r"/snmp set enabled=(?P<value>yes|no)": _top("snmp"),
    r'/user (?P<verb>add) name=(?P<name>\S+) group=(?P<group>full|write|read) password="(?P<password>[^"]+)"': _user,
    r'/user (?P<verb>set) \[find name=(?P<name>\S+)\] group=(?P<group>\S+) password="(?P<password>[^"]+)"': _user,
    r"/user remove \[find name=(?P<name>\S+)\]": _remove("user"),
    r'/system logging remove \[find action~"\^syslog"\]': _remove("logging"),
    r'/system logging action remove \[find name~"\^syslog"\]': _remove("action"),
    r"/system logging action add name=(?P<name>\S+) target=remote remote=(?P<value>\S+)": _add("action"),
    r"/system logging add action=(?P<name>\S+) topics=(?P<value>[a-z]+)": _add("logging"),
}

DIALECT = RouterOs()
