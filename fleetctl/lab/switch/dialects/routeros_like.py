"""A MikroTik CRS with RouterOS 7: menus instead of modes, what is typed holds at once and for good, Safe Mode.

Sources: MikroTik, RouterOS documentation: Command Line Interface, Configuration Management (Safe Mode, export),
Ethernet, PoE-Out, Bridging and Switching, Services, SNMP, NTP, Log, User, Files, Resource, Upgrading and installation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fleetctl.lab.switch import routeros_files
from fleetctl.lab.switch.config import Tree
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.routeros import BRIDGE, ORDERS, POE, PORTS, SAFE, SHOWS, communities

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch


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
        top |= {"service www-ssl": "off", "snmp": "yes", "community public": PUBLIC}
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

    def start(self, switch: SimSwitch) -> None:
        """Take the packages that lie in the root."""
        routeros_files.start(switch)

    def takes_file(self, switch: SimSwitch, user: str, path: str) -> str:
        """Return the name under which a file is kept; raises PermissionError with what it says."""
        return routeros_files.takes_file(switch, user, path)

    def text(self, switch: SimSwitch, tree: Tree) -> str:
        """Return the export."""
        top = tree.top
        told = [f"# 2026-11-02 08:00:11 by RouterOS {routeros_files.version(switch)}\n# software id = 8WXK-QH4L\n#\n"]
        told.append(f"# model = {routeros_files.MODEL}\n")
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
        for name, values in communities(switch).items():
            secure = values["security"] == "private"
            told.append(
                f"/snmp community {_community(name, values, secure=secure)}\n"
                if secure or values.get("disabled") == "yes"
                else ""
            )
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
        if (printed := routeros_files.printed(switch, line)) is not None:
            return printed
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


PUBLIC = "security=none authentication-protocol=MD5 encryption-protocol=DES read-access=yes write-access=no"


def _community(name: str, values: Mapping[str, str], *, secure: bool) -> str:
    """Return a community as `export` tells it: without its passwords, which take `show-sensitive`."""
    if not secure:
        return "set [ find default=yes ] disabled=yes"
    return (
        f"add authentication-protocol={values['authentication-protocol']}"
        f" encryption-protocol={values['encryption-protocol']} name={name} security=private"
    )


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value


DIALECT = RouterOs()
