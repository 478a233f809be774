"""A TP-Link T1500G-10MPS: comes in without privileges, blocks end with #, PoE and VLANs in words of its own.

Sources: TP-Link, JetStream CLI Reference Guide; running configurations that owners of SG2210MP and SG3210 published.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetctl.lab.switch.config import Block, Line
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.lines import Lines, table

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"gi1/0/{n}" for n in range(1, 9))
PORTS = (*POE, "gi1/0/9", "gi1/0/10")
CONTINUE = "Reboot system after the time. Continue? (Y/N):"


def long(port: str) -> str:
    return port.replace("gi", "gigabitEthernet ")


def short(port: str) -> str:
    return port.replace("gi", "Gi")


def _clock(switch: SimSwitch) -> str:
    found = switch.running.find(r"system-time ntp UTC(?P<sign>[+-])(?P<hours>\d\d):(?P<minutes>\d\d) .+")
    east_s = (int(found["hours"]) * 60 + int(found["minutes"])) * 60 if found else 0
    now = switch.clock(-east_s if found and found["sign"] == "-" else east_s)
    return f"{now:%Y-%m-%d %H:%M:%S}"


def info(switch: SimSwitch) -> str:
    mac = switch.mac_address.replace(":", "-").upper()
    return (
        " System Description  - JetStream 8-Port Gigabit Smart PoE+ Switch with 2 SFP Slots\n"
        f" System Name         - {switch.name}\n System Location     - SHENZHEN\n"
        " Contact Information - www.tp-link.com\n Hardware Version    - T1500G-10MPS 2.0\n"
        " Software Version    - 2.0.5 Build 20200109 Rel.36203(s)\n Bootloader Version  - TP-LINK BOOTUTIL(v1.0.0)\n"
        f" Mac Address         - {mac}\n Serial Number       - {switch.serial_number}\n"
        f" System Time         - {_clock(switch)}\n Running Time        - 21 day - 3 hour - 10 min - 2 sec\n"
    )


def running(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.running)


def status(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [(" Port", "Status", "Speed", "Duplex", "FlowCtrl", "Active-Medium")]
    rows.append((" --------", "---------", "--------", "---------", "---------", "-------------"))
    for port in PORTS:
        mbps, full = switch.speed(port)
        up = switch.up(port)
        state = "LinkUp" if up else "LinkDown" if switch.dialect.enabled(switch, port) else "Disable"
        rest = (f"{mbps}M", "Full" if full else "Half", "Disable", "Copper") if up else ("N/A", "N/A", "N/A", "Copper")
        rows.append((f" {short(port)}", state, *rest))
    return table(rows, (11, 11, 10, 11, 11, 14))


def macs(switch: SimSwitch) -> str:
    rows = [f" {s.mac_address:<19} {s.vlan:<7} {short(s.port):<8} {'Dynamic':<12} Aging\n" for s in switch.seen()]
    return (
        "\n MAC Address Table\n --------------------------------------------------------------\n"
        " MAC                 VLAN    Port     Type         Aging\n"
        " -----------------   ----    -------  ---------    ------\n"
        + "".join(rows)
        + f"\n Total MAC Addresses: {len(rows)}\n"
    )


def lldp(switch: SimSwitch) -> str:
    told = ["LLDP Neighbor Information:\n"]
    for port, chassis, name, abilities in switch.neighbours():
        words = "Bridge Router" if abilities else "N/A"
        told.append(
            f"\n {long(port)}:\n\n    Neighbor index 1:\n       TTL:                             97\n"
            f"       Chassis type:                    MAC address\n       Chassis ID:                      {chassis}\n"
            f"       System name:                     {name}\n"
            f"       System capabilities supported:   {words}\n       System capabilities enabled:     {words}\n"
        )
    return "".join(told)


def power(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [
        (" Interface", "PoE-Status", "PoE-Prio", "Power-Limit(w)", "Time-Range", "PoE-Profile")
    ]
    rows.append((" ----------", "----------", "--------", "--------------", "----------", "-----------"))
    for port in POE:
        state = "Enable" if switch.dialect.powers(switch, port) else "Disable"
        rows.append((f" {short(port)}", state, "Low", "Class4", "No Limit", "None"))
    return table(rows, (12, 11, 9, 15, 19, 12))


def _save(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect, shell
    switch.save()
    return "Start to save user config......\nSaving user config OK!\n"


def _reboot(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect
    ask = "System will reboot. Continue? (Y/N):"
    if f"answer {ask}" not in shell.pending:
        shell.asking = ask
    elif shell.pending[f"answer {ask}"] == "Y":
        switch.reload()
    return ""


def _schedule(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect
    if f"answer {CONTINUE}" not in shell.pending:
        shell.asking = CONTINUE
        return ""
    if shell.pending[f"answer {CONTINUE}"] == "Y":
        switch.arm(float(found["minutes"]))
    return ""


def _cancel(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect, shell, found
    return "" if switch.disarm() else "Error: No reboot schedule.\n"


PORT_LINES = (
    Line(r'(?P<k>description) "?[^"]{1,16}"?', take_back="description"),
    Line(
        r"(?P<k>switchport general allowed vlan \d+) (?:untagged|tagged)",
        take_back=r"switchport general allowed vlan \d+",
    ),
    Line(r"(?P<k>switchport pvid) \d+"),
    Line(r"(?P<k>shutdown)"),
    Line(r"(?P<k>power inline supply) (?:enable|disable)"),
    Line(r"(?P<k>power inline consumption) (?:[1-9]\d{0,2}|auto|class[1-4])"),
    Line(r"(?P<k>storm-control rate-mode) (?:kbps|ratio|pps)"),
    Line(r"(?P<k>storm-control broadcast) \d+", take_back="storm-control broadcast"),
)
TOP = (
    Line(r'(?P<k>hostname) "?\S+"?'),
    Line(r"(?P<k>user name \S+) privilege (?:admin|operator|power_user|user) secret 0 \S+", take_back=r"user name \S+"),
    Line(r"(?P<k>system-time ntp) UTC[+-]\d\d:\d\d \S+ \S+ \d+"),
    Line(r"(?P<k>system-time dst) .+", take_back="system-time dst"),
    Line(r"(?P<k>ip http server)", flag=True),
    Line(r"(?P<k>ip http secure-server)", flag=True),
    Line(r"(?P<k>telnet) (?:enable|disable)"),
    Line(r'(?P<k>snmp-server community "\S+") read-only "\S+"', take_back=r'snmp-server community "\S+"'),
    Line(r"(?P<k>logging host index [1-4]) \S+ [0-7]", take_back=r"logging host index [1-4]"),
    Line(r"(?P<k>lldp)"),
)


def _head(_switch: SimSwitch) -> str:
    return "!T1500G-10MPS\n#\n"


DIALECT = Lines(
    name="tplink_jetstream",
    mac_prefix="50:c7:bf",
    serial_pattern="219{number}",
    ports=PORTS,
    poe_ports=frozenset(POE),
    long=long,
    top=TOP,
    blocks=(
        Block(r"interface gigabitEthernet \d+/\d+/\d+", PORT_LINES, "(config-if)#", fixed=True),
        Block(r"vlan [1-9]\d*", (Line(r'(?P<k>name) "?[^"]+"?'),), "(config-vlan)#"),
    ),
    shows={
        "show system-info": info,
        "show running-config": running,
        "show interface status": status,
        "show mac address-table all": macs,
        "show lldp neighbor-information interface": lldp,
        "show power inline configuration interface": power,
    },
    orders={r"copy running-config startup-config": _save, r"reboot": _reboot},
    config_orders={r"reboot-schedule in (?P<minutes>\d+)": _schedule, r"reboot-schedule cancel": _cancel},
    comes_with=(
        'hostname "{name}"',
        "system-time ntp UTC+08:00 133.100.9.2 139.78.100.163 12",
        "user name {user} privilege admin secret 0 {password}",
        "telnet enable",
        'snmp-server community "public" read-only "viewDefault"',
        "lldp",
        "interface gigabitEthernet 1/0/10",
        " switchport general allowed vlan 20 tagged",
    ),
    account=r"user name (?P<user>\S+) privilege \S+ secret 0 (?P<password>\S+)",
    hides=(
        (r"^(user name \S+ privilege \S+ secret) 0 \S+", r"\1 5 $1$J=H>H=D8N>L4@0N1K:F=G>@1A:F6G/C0|}|.}"),
        (r"^ip http(?: secure)?-?server\n", ""),
        (r"^ip http server\n", ""),
        (r"^telnet disable\n", ""),
        (r"^  power inline supply enable\n", ""),
    ),
    off="shutdown",
    no_power="power inline supply disable",
    access_vlan=r"switchport pvid (\d+)",
    invalid="Error: Bad command\n",
    first_mode="user",
    indent="  ",
    between="#\n",
    head=_head,
    more="Press any key to continue (Q to quit)",
    enable="enable(?:-admin)?",
)
