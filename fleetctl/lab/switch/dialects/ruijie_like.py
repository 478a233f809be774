"""A Ruijie RG-S2910-10GT2SFP-P-E with RGOS 11.

Sources: Ruijie, RG-S29 Series, RGOS 11.4 Configuration Guide and Command Reference (System Configuration, PoE, Syslog).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetctl.lab.switch.config import Block, Line
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.lines import Lines, dotted, table, vlan_names

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"gi0/{n}" for n in range(1, 9))
PORTS = (*POE, *(f"gi0/{n}" for n in range(9, 13)))


def long(port: str) -> str:
    return port.replace("gi", "GigabitEthernet ")


def short(port: str) -> str:
    return port.replace("gi", "Gi")


def version(switch: SimSwitch) -> str:
    return (
        "System description      : Ruijie Gigabit Security & Intelligence Access Switch (S2910-10GT2SFP-P-E) By Ruijie"
        " Networks\nSystem start time       : 2026-10-11 04:50:09\nSystem uptime           : 21:03:10:02\n"
        "System hardware version : 1.10\nSystem software version : S2910_RGOS 11.4(1)B12P30\n"
        "System patch number     : NA\n"
        f"System serial number    : {switch.serial_number}\nSystem boot version     : 1.2.8\n"
    )


def clock(switch: SimSwitch) -> str:
    found = switch.running.find(r"clock timezone (?P<name>\S+) (?P<hours>[+-]\d+) (?P<minutes>\d+)")
    now = switch.clock((int(found["hours"]) * 60 + int(found["minutes"])) * 60 if found else 0)
    return f"{now:%H:%M:%S} {found['name'] if found else 'UTC'} {now:%a, %b} {now.day}, {now.year}\n"


def services(switch: SimSwitch) -> str:
    def state(service: str) -> str:
        return "enabled" if switch.running.find(f"enable service {service}") is not None else "disabled"

    return (
        f"web-server : {state('web-server http')}\nweb-server(https): {state('web-server https')}\n"
        f"snmp-agent : {state('snmp-agent')}\nssh-server : enabled\ntelnet-server : {state('telnet-server')}\n"
    )


def counted(switch: SimSwitch) -> str:
    number = len(switch.seen())
    return (
        f"Dynamic Address Count  : {number}\nStatic  Address Count  : 0\nFilter  Address Count  : 0\n"
        f"Total Mac Addresses    : {number}\nTotal Mac Address Space Available: {16384 - number}\n"
    )


def running(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.running)


def vlans(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [("VLAN", "Name", "Status", "Ports"), ("-" * 10, "-" * 32, "-" * 9, "-" * 35)]
    for number, name in vlan_names(switch, "VLAN0001"):
        there = [short(p) for p in PORTS if switch.dialect.vlan(switch, p) == int(number)]
        parts = [", ".join(there[i : i + 4]) for i in range(0, len(there), 4)] or [""]
        rows.append((f"{number:>6}", name, "STATIC", parts[0]))
        rows += [("", "", "", part) for part in parts[1:]]
    return table(rows, (11, 33, 10, 35))


def status(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [("Interface", "Status", "Vlan", "Duplex", "Speed", "Type")]
    rows.append(("-" * 40, "-" * 8, "-" * 5, "-" * 8, "-" * 9, "-" * 6))
    for port in PORTS:
        mbps, full = switch.speed(port)
        up = switch.up(port)
        state = "up" if up else "down" if switch.dialect.enabled(switch, port) else "disabled"
        rest = ("Full" if full else "Half", f"{mbps}M") if up else ("Unknown", "Unknown")
        rows.append((long(port), state, str(switch.dialect.vlan(switch, port)), *rest, "copper"))
    return table(rows, (41, 10, 7, 9, 10, 7))


def macs(switch: SimSwitch) -> str:
    told = ["Vlan        MAC Address          Type     Interface                      Live Time\n"]
    told.append("----------  -------------------- -------- ------------------------------ -------------\n")
    told += [
        f"{s.vlan:>4}        {dotted(s.mac_address):<20} DYNAMIC  {long(s.port):<30} 0d 00:11:04\n"
        for s in switch.seen()
    ]
    return "".join(told)


def lldp(switch: SimSwitch) -> str:
    told = []
    rule = "-" * 76 + "\n"
    for port, chassis, name, abilities in switch.neighbours():
        words = "Bridge, Router" if abilities else "Station only"
        told.append(
            f"{rule}LLDP neighbor-information of port [{long(port)}]\n{rule}"
            "  Neighbor index                    : 1\n  Device type                       : LLDP Device\n"
            "  Chassis type                      : MAC address\n"
            f"  Chassis ID                        : {dotted(chassis)}\n"
            f"  System name                       : {name}\n"
            f"  System capabilities supported     : {words}\n  System capabilities enabled       : {words}\n"
        )
    return "".join(told)


def power(switch: SimSwitch) -> str:
    told = ["Interface   Power    Power   Curr    Avg     Peak\n            Control  Status  Power   Power   Power\n"]
    told.append("----------  -------  ------  ------  ------  ------\n")
    for port in POE:
        gives = switch.dialect.powers(switch, port)
        on = "on" if gives and switch.up(port) else "off"
        told.append(f"{short(port):<12}{'enable' if gives else 'disable':<9}{on:<8}0.0W    0.0W    0.0W\n")
    return "".join(told)


def _save(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect, shell
    switch.save()
    return "\nBuilding configuration...\n[OK]\n"


def _reload(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect
    ask = "Reload system?(Y/N)"
    if f"answer {ask}" not in shell.pending:
        shell.asking = ask
        return ""
    if shell.pending[f"answer {ask}"].lower() == "y":
        if found["minutes"]:
            switch.arm(float(found["minutes"]))
        else:
            switch.reload()
    return ""


def _cancel(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect, shell, found
    return "" if switch.disarm() else "% There is no reload scheduled.\n"


PORT_LINES = (
    Line(r"(?P<k>description) .{1,80}", take_back="description"),
    Line(r"(?P<k>switchport mode) (?:access|trunk|uplink|hybrid)"),
    Line(r"(?P<k>switchport access vlan) \d+"),
    Line(r"(?P<k>shutdown)"),
    Line(r"(?P<k>poe enable)", flag=True),
    Line(r"(?P<k>poe max-power) \d+\.\d", take_back="poe max-power"),
    Line(r"(?P<k>storm-control broadcast level) \d+", take_back="storm-control broadcast"),
)
TOP = (
    Line(r"(?P<k>hostname) \S+"),
    Line(r"(?P<k>username \S+) privilege \d+ password 0 \S+", take_back=r"username \S+"),
    Line(r"(?P<k>enable secret)(?: 0)? \S+", take_back="enable secret"),
    Line(r"(?P<k>ntp server \S+)"),
    Line(r"(?P<k>clock timezone) \S+ [+-]\d+ \d+", take_back="clock timezone"),
    Line(r"(?P<k>clock summer-time) .+", take_back="clock summer-time"),
    Line(r"(?P<k>enable service (?:web-server https?|telnet-server|snmp-agent))", flag=True),
    Line(r"(?P<k>snmp-server community \S+)(?: ro| rw)?", take_back=r"snmp-server community \S+"),
    Line(r"(?P<k>snmp-server group \S+ v3 priv)(?: read \S+)?"),
    Line(
        r"(?P<k>snmp-server user \S+ \S+ v3) auth (?:sha|md5) \S{8,} priv des56 \S{8,}",
        take_back=r"snmp-server user \S+ \S+ v3",
    ),
    Line(r"(?P<k>logging server \S+)"),
    Line(r"(?P<k>logging trap) \S+", take_back="logging trap"),
)


def _head(switch: SimSwitch) -> str:
    del switch
    return "\nBuilding configuration...\nCurrent configuration: 2301 bytes\n\nversion S2910_RGOS 11.4(1)B12P30\n"


DIALECT = Lines(
    name="ruijie_os",
    mac_prefix="58:69:6c",
    serial_pattern="G1N{number}",
    ports=PORTS,
    poe_ports=frozenset(POE),
    long=long,
    top=TOP,
    blocks=(
        Block(r"interface GigabitEthernet \d+/\d+", PORT_LINES, "(config-if-GigabitEthernet)#", fixed=True),
        Block(r"vlan [1-9]\d*", (Line(r"(?P<k>name) \S+"),), "(config-vlan)#"),
    ),
    shows={
        "show version": version,
        "show running-config": running,
        "show vlan": vlans,
        "show interfaces status": status,
        "show mac-address-table": macs,
        "show lldp neighbors detail": lldp,
        "show poe interfaces status": power,
        "show clock": clock,
        "show service": services,
        "show mac-address-table count": counted,
    },
    orders={r"write": _save, r"reload(?: in (?P<minutes>\d+))?": _reload, r"reload cancel": _cancel},
    comes_with=(
        "hostname {name}",
        "username {user} privilege 15 password 0 {password}",
        "enable service web-server http",
        "enable service telnet-server",
        "snmp-server community public ro",
        "interface GigabitEthernet 0/12",
        " switchport mode trunk",
    ),
    account=r"username (?P<user>\S+) privilege (?P<level>\d+) password 0 (?P<password>\S+)",
    gate=r"enable secret(?: 0)? (?P<secret>\S+)",
    hides=(
        (r"^(enable secret)(?: 0)? \S+", r"\1 5 $1$eyy2$xs28FDw4s2q0tx97"),
        (r"^(username \S+ privilege \d+ password) 0 \S+", r"\1 7 0837351a1b0c07"),
        (
            r"^(snmp-server user \S+ \S+ v3) auth (\S+) \S+ priv (\S+) \S+",
            r"\1 encrypted auth \2 0A1B2C3D priv \3 5E4A0CC1",
        ),
        (r"^ poe enable\n", ""),
    ),
    off="shutdown",
    no_power="no poe enable",
    access_vlan=r"switchport access vlan (\d+)",
    invalid="                ^\n% Invalid input detected at '^' marker.\n\n",
    head=_head,
)
