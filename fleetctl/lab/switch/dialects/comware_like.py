"""An H3C S5130S with Comware 7: views in angle and square brackets, `display` shows, `undo` takes back.

Sources: H3C, S5130 Series Command References (Fundamentals; Layer 2 LAN Switching: MAC address table, VLAN, LLDP; PoE;
Network Management and Monitoring: SNMP, NTP, Information Center): their syntax and their examples of `display`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetctl.lab.switch.config import Block, Line, Tree
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.lines import Lines, dotted, table

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"gi1/0/{n}" for n in range(1, 25))
PORTS = (*POE, *(f"gi1/0/{n}" for n in range(25, 29)))
SURE = "This command will reboot the device. Continue? [Y/N]:"
SCHEDULED = "Reboot system at {at}. It means after {minutes} minute(s). Are you sure? [Y/N]:"


def long(port: str) -> str:
    return port.replace("gi", "GigabitEthernet")


def short(port: str) -> str:
    return port.replace("gi", "GE")


def _header(text: str) -> str:
    found = re.fullmatch(r"interface (?:GigabitEthernet|GE|gi) ?(\S+)", text, re.IGNORECASE)
    return f"interface GigabitEthernet{found[1]}" if found else text


def dashed(mac: str) -> str:
    return dotted(mac, sign="-")


def manuinfo(switch: SimSwitch) -> str:
    return (
        "Slot 1 CPU 0:\nDEVICE_NAME          : S5130S-28P-HPWR-EI\n"
        f"DEVICE_SERIAL_NUMBER : {switch.serial_number}\nMAC_ADDRESS          : {dashed(switch.mac_address).upper()}\n"
        "MANUFACTURING_DATE   : 2024-01-26\nVENDOR_NAME          : H3C\n"
    )


def version(_switch: SimSwitch) -> str:
    return (
        "H3C Comware Software, Version 7.1.070, Release 6127\n"
        "Copyright (c) 2004-2019 New H3C Technologies Co., Ltd. All rights reserved.\n"
        "H3C S5130S-28P-HPWR-EI uptime is 0 weeks, 0 days, 3 hours, 12 minutes\nLast reboot reason : User reboot\n\n"
    )


def running(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.running)


def brief(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [("Interface", "Link", "Speed", "Duplex", "Type", "PVID", "Description")]
    for port in PORTS:
        (mbps, full), up = switch.speed(port), switch.up(port)
        speed = ("1G(a)" if mbps == 1000 else f"{mbps}M(a)") if up else "auto"
        duplex = f"{'F' if full else 'H'}(a)" if up else "A"
        state = "UP" if up else "DOWN" if switch.dialect.enabled(switch, port) else "ADM"
        kind = "T" if _trunk(switch, port) else "A"
        pvid = str(switch.dialect.vlan(switch, port))
        rows.append((short(port), state, speed, duplex, kind, pvid, DIALECT.description(switch, port)[:27]))
    return (
        "Brief information on interfaces in route mode:\nLink: ADM - administratively down; Stby - standby\n"
        "Protocol: (s) - spoofing\nInterface            Link Protocol Primary IP         Description\n"
        f"Vlan1                UP   UP       {switch.address}\n\n"
        "Brief information on interfaces in bridge mode:\nLink: ADM - administratively down; Stby - standby\n"
        "Speed: (a) - auto\nDuplex: (a)/A - auto; H - half; F - full\nType: A - access; T - trunk; H - hybrid\n"
        + table(rows, (21, 5, 8, 7, 5, 5, 27))
    )


def _trunk(switch: SimSwitch, port: str) -> bool:
    return switch.running.find("port link-type trunk", f"interface {long(port)}") is not None


def macs(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [("MAC Address", "VLAN ID", "State", "Port/Nickname", "Aging")]
    rows += [(dashed(s.mac_address), str(s.vlan), "Learned", short(s.port), "Y") for s in switch.seen()]
    return table(rows, (17, 11, 17, 25, 5))


def counted(switch: SimSwitch) -> str:
    return f"{len(switch.seen())} mac address(es) found.\n"


def lldp(switch: SimSwitch) -> str:
    told = []
    for port, chassis, name, abilities in switch.neighbours():
        words = "Bridge, Router" if abilities else "Station only"
        number = port.rpartition("/")[2]
        told.append(
            f"LLDP neighbor-information of port {number}[{long(port)}]:\nLLDP agent nearest-bridge:\n"
            " LLDP neighbor index : 1\n Update time         : 0 days, 0 hours, 1 minutes, 1 seconds\n"
            " Chassis type        : MAC address\n"
            f" Chassis ID          : {dashed(chassis)}\n System name         : {name}\n"
            f" System capabilities supported : {words}\n System capabilities enabled   : {words}\n\n"
        )
    return "".join(told)


def lldp_status(switch: SimSwitch) -> str:
    return (
        "Global status of LLDP: Enable\nBridge mode of LLDP: customer-bridge\n"
        f"The current number of LLDP neighbors: {len(switch.neighbours())}\n"
        "The current number of CDP neighbors: 0\n"
        "LLDP neighbor information last changed time: 0 days, 0 hours, 4 minutes, 40 seconds\n"
    )


def power(switch: SimSwitch) -> str:
    told = [" Interface   PoE      Priority  CurPower  Oper  IEEE   Detection\n"]
    told.append("             Status             (W)             Class  Status\n")
    for port in POE:
        gives = switch.dialect.powers(switch, port)
        on = gives and switch.up(port)
        state = "Delivering Power" if on else "Searching" if gives else "Disabled"
        told.append(
            f" {short(port):<11} {'Enabled' if gives else 'Disabled':<8} Low       {'2.3' if on else '0.0':<9} "
            f"{'On' if on else 'Off':<5} {'2' if on else '0':<6} {state}\n"
        )
    return "".join(told)


def clock(switch: SimSwitch) -> str:
    found = switch.running.find(
        r"clock timezone (?P<name>\S+) (?P<way>add|minus) (?P<hours>\d\d):(?P<minutes>\d\d):\d\d"
    )
    if found is None:
        return f"{switch.clock():%H:%M:%S UTC %a %m/%d/%Y}\n"
    east_s = (int(found["hours"]) * 60 + int(found["minutes"])) * 60
    now = switch.clock(east_s if found["way"] == "add" else -east_s)
    shown = f"{found['way']} {found['hours']}:{found['minutes']}:00"
    return f"{now:%H:%M:%S} {found['name']} {now:%a %m/%d/%Y}\nTime Zone : {found['name']} {shown}\n"


def _save(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect, shell
    switch.save()
    return "Validating file. Please wait...\nSaved the current configuration to mainboard device successfully.\n"


def _reboot(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect
    if f"answer {SURE}" not in shell.pending:
        shell.asking = SURE
        return "Start to check configuration with next startup configuration file, please wait.........DONE!\n"
    if shell.pending[f"answer {SURE}"].upper() == "Y":
        switch.reload()
    return ""


def _schedule(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect
    ask = SCHEDULED.format(at="08:03:11 11/02/2026", minutes=found["minutes"])
    if f"answer {ask}" not in shell.pending:
        shell.asking = ask
        return ""
    if shell.pending[f"answer {ask}"].upper() == "Y":
        switch.arm(float(found["minutes"]))
    return ""


def _cancel(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect, shell, found
    switch.disarm()
    return ""


PORT_LINES = (
    Line(r"(?P<k>description) .{1,80}", take_back="description"),
    Line(r"(?P<k>port link-type) (?:access|trunk|hybrid)", take_back="port link-type"),
    Line(r"(?P<k>port access vlan) \d+", take_back="port access vlan"),
    Line(r"(?P<k>port trunk permit vlan) [\d a-z]+"),
    Line(r"(?P<k>shutdown)"),
    Line(r"(?P<k>poe enable)"),
    Line(r"(?P<k>poe max-power) \d+", take_back="poe max-power"),
    Line(r"(?P<k>broadcast-suppression) (?:\d{1,2}|100)", take_back="broadcast-suppression"),
)
TOP = (
    Line(r"(?P<k>sysname) \S+"),
    Line(r"(?P<k>clock timezone) \S+ (?:add|minus) \d\d:\d\d:\d\d", take_back="clock timezone"),
    Line(r"(?P<k>clock summer-time) .+", take_back="clock summer-time"),
    Line(r"(?P<k>lldp global enable)"),
    Line(r"(?P<k>info-center loghost \S+)"),
    Line(r"(?P<k>info-center source default loghost) level [a-z]+", take_back="info-center source default loghost"),
    Line(r"(?P<k>snmp-agent community (?:read|write)) (?:simple|cipher) \S+"),
    Line(r"(?P<k>snmp-agent group v3 \S+ privacy)"),
    Line(
        r"(?P<k>snmp-agent usm-user v3 \S+ \S+) simple authentication-mode (?:sha|md5) \S{1,64}"
        r" privacy-mode (?:aes128|des56) \S{1,64}",
    ),
    Line(r"(?P<k>ntp-service unicast-server \S+)"),
    Line(r"(?P<k>ip https? enable)"),
    Line(r"(?P<k>telnet server enable)"),
    Line(r"(?P<k>ssh server enable)"),
)
USER_LINES = (
    Line(r"(?P<k>password) simple \S+"),
    Line(r"(?P<k>service-type) [a-z ]+"),
    Line(r"(?P<k>authorization-attribute user-role) \S+"),
)


class Comware(Lines):
    """An account is a block of its own; a community is taken back by its secret, as it is shown or in plain text."""

    def _set(self, tree: Tree, rules: tuple[Line, ...], where: dict[str, str], line: str) -> bool:
        if (found := re.fullmatch(r"undo snmp-agent community (\S+)", line)) is not None:
            gone = [about for about, told in where.items() if _is_community(told, found[1])]
            for about in gone:
                del where[about]
            return bool(gone)
        if (found := re.fullmatch(r"undo (snmp-agent usm-user v3 \S+ \S+) local", line)) is not None:
            return where.pop(found[1], None) is not None
        return super()._set(tree, rules, where, line)

    def accounts(self, switch: SimSwitch) -> dict[str, str]:
        """Return the accounts and their passwords."""
        found = {}
        for header, lines in switch.running.blocks.items():
            name, password = re.fullmatch(r"local-user (\S+) class manage", header), lines.get("password", "")
            if name and password and "ssh" in lines.get("service-type", ""):
                found[name[1]] = password.rpartition(" ")[2]
        return found

    def greet(self, switch: SimSwitch, user: str) -> Shell:
        """Return the shell of somebody who has logged in, in user view."""
        role = switch.running.blocks.get(f"local-user {user} class manage", {}).get(
            "authorization-attribute user-role", ""
        )
        return Shell(user=user, mode="privileged" if role.endswith("network-admin") else "user")

    def powers(self, switch: SimSwitch, port: str) -> bool:
        """Tell whether a port gives power: off from the factory."""
        return port in self.poe_ports and switch.running.find("poe enable", self._port(port)) is not None

    def prompt(self, switch: SimSwitch, shell: Shell) -> str:
        """Return the view's prompt."""
        if shell.asking:
            return shell.asking
        if shell.mode in ("user", "privileged"):
            return f"<{switch.name}>"
        view = re.sub(r"^(?:interface |(?=vlan))", "-", shell.mode).replace("vlan ", "vlan")
        view = re.sub(r"^local-user (\S+) class manage$", r"-luser-manage-\1", view)
        return f"[{switch.name}{'' if shell.mode == 'config' else view}]"


def _is_community(told: str, secret: str) -> bool:
    kept = re.fullmatch(r"snmp-agent community (?:read|write) (?:simple|cipher) (\S+)", told)
    return kept is not None and secret in (kept[1], CIPHERED)


CIPHERED = "$c$3$lbk0aXbZ9zS3OcDo6nPZlqJJVdLcXV7t"

DIALECT = Comware(
    name="hp_comware",
    mac_prefix="70:3a:a6",
    serial_pattern="219801A1WQ9{number}",
    ports=PORTS,
    poe_ports=frozenset(POE),
    long=long,
    header_of=_header,
    top=TOP,
    blocks=(
        Block(r"(?i:interface (?:GigabitEthernet|GE|gi) ?\d+/\d+/\d+)", PORT_LINES, "", fixed=True),
        Block(r"vlan [1-9]\d*", (Line(r"(?P<k>name) \S.*", take_back="name"),), ""),
        Block(r"local-user \S{1,55} class manage", USER_LINES, ""),
    ),
    shows={
        "display device manuinfo": manuinfo,
        "display version": version,
        "display current-configuration": running,
        "display interface brief": brief,
        "display mac-address": macs,
        "display mac-address count": counted,
        "display lldp neighbor-information verbose": lldp,
        "display lldp status": lldp_status,
        "display poe interface": power,
        "display clock": clock,
    },
    orders={
        r"save force": _save,
        r"reboot force": _reboot,
        r"schedule reboot delay (?P<minutes>\d+)": _schedule,
        r"undo schedule reboot": _cancel,
    },
    comes_with=(
        "sysname {name}",
        "lldp global enable",
        "snmp-agent community read simple public",
        "ip http enable",
        "telnet server enable",
        "ssh server enable",
        *(line for port in POE for line in (f"interface {long(port)}", " poe enable")),
        "interface GigabitEthernet1/0/28",
        " port link-type trunk",
        " port trunk permit vlan all",
        "local-user {user} class manage",
        " password simple {password}",
        " service-type ssh telnet terminal",
        " authorization-attribute user-role network-admin",
    ),
    account="",
    hides=(
        (r"^( password) simple \S+", r"\1 hash $h$6$UbIhNnPevyKUwfpm$LqR3+yg1IzkjRkV0ZJdI4g=="),
        (r"^(snmp-agent community \S+) simple \S+", rf"\1 cipher {CIPHERED}"),
        (
            r"^(snmp-agent usm-user v3 \S+ \S+) simple authentication-mode (\S+) \S+ privacy-mode (\S+) \S+",
            r"\1 cipher authentication-mode \2 $c$3$IRXOFGMEkuajbSoJDlTGgQ9m privacy-mode \3 $c$3$HkyPCeXzfROwHK4h",
        ),
    ),
    off="shutdown",
    no_power="",
    access_vlan=r"port access vlan (\d+)",
    invalid="                          ^\n % Unrecognized command found at '^' position.\n",
    back="undo",
    enter="system-view",
    leave=("return",),
    more="---- More ----",
    enable="",
    paging=r"screen-length (?:disable|(\d+))",
    head=lambda _: "#\n version 7.1.070, Release 6127\n#\n",
    between="#\n",
    tail="return\n",
)
