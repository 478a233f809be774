"""A PLANET GS-5220-8P2T2S: IOS' words, ports with a space, no start that can be planned.

Sources: PLANET, GS-5220 series, Command Guide; Microsemi's published ICLI sources of the same software (IStaX 2024.06).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fleetctl.lab.switch.config import Block, Line, Tree
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.lines import Lines, table

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"gi1/{n}" for n in range(1, 9))
PORTS = (*POE, *(f"gi1/{n}" for n in range(9, 13)))


def long(port: str) -> str:
    return port.replace("gi", "GigabitEthernet ")


def version(switch: SimSwitch) -> str:
    mac = switch.mac_address.replace(":", "-")
    return (
        f"\nMAC Address      : {mac}\nPrevious Restart : Cold\n\nSystem Contact   :\nSystem Name      : {switch.name}\n"
        "System Location  :\nSystem Time      : 2026-11-02T08:00:11+00:00\nSystem Uptime    : 21d 03:10:02\n\n"
        "Product          : PLANET GS-5220-8P2T2S Managed Switch\n"
        f"Serial Number    : {switch.serial_number}\n"
        "Software Version : 1.0b210125\nBuild Date       : 2021-01-25T13:02:11+08:00\n\n"
    )


def clock(switch: SimSwitch) -> str:
    found = switch.running.find(r"clock timezone \S+ (?P<hours>-?\d+) (?P<minutes>\d+)")
    now = switch.clock((int(found["hours"]) * 60 + int(found["minutes"])) * 60 if found else 0)
    return f"System Time     : {now.isoformat(timespec='seconds')}\n"


def counted(switch: SimSwitch) -> str:
    seen = [s.port for s in switch.seen()]
    rows = "".join(f"{long(port):<30}    {seen.count(port)}\n" for port in PORTS)
    return (
        f"Port Dynamic addresses\n{rows}\nTotal learned dynamic addresses for the switch: {len(seen)}\n"
        "Total static addresses in table: 1\n"
    )


def engine(switch: SimSwitch) -> str:
    return f"SNMP Mode  : enabled\nEngine ID  : 800007e5{switch.mac_address.replace(':', '')}\n\n"


def running(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.running)


def status(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [
        ("Interface", "Mode", "Speed & Duplex", "Flow Control", "Max Frame", "Excessive", "Link"),
        ("-" * 20, "-" * 8, "-" * 14, "-" * 12, "-" * 9, "-" * 9, "----"),
    ]
    for port in PORTS:
        mbps, full = switch.speed(port)
        speed = "1G" if mbps == 1000 else str(mbps)
        link = f"{speed}{'f' if full else 'h'}dx" if switch.up(port) else "Down"
        mode = "enabled" if switch.dialect.enabled(switch, port) else "disabled"
        rows.append((long(port), mode, "Auto", "disabled", "10240", "Discard", link))
    return table(rows, (24, 14, 18, 16, 13, 13, 6))


def macs(switch: SimSwitch) -> str:
    told = ["Type    VID   MAC Address        Block  Ports\n"]
    told += [f"Dynamic {s.vlan:<5} {s.mac_address}         {long(s.port)}\n" for s in switch.seen()]
    told.append("Static  1     33:33:00:00:00:01         GigabitEthernet 1/1-12 CPU\n")
    return "".join(told)


def lldp(switch: SimSwitch) -> str:
    told = []
    for port, chassis, name, abilities in switch.neighbours():
        capable = "Bridge(+), Router(+)" if abilities else "Station Only(+)"
        told.append(
            f"Local Interface    : {long(port)}\nChassis ID         : {chassis.upper().replace(':', '-')}\n"
            f"Port ID            : 1\nPort Description   : eth0\nSystem Name        : {name}\n"
            f"System Description : {name}\nSystem Capabilities : {capable}\n\n"
        )
    return "".join(told) or "No LLDP entries found\n"


def power(switch: SimSwitch) -> str:
    told = ["Interface              PD Class  Port Status           Power Used [W]  Current Used [mA]  Priority\n"]
    for port in POE:
        on = switch.dialect.powers(switch, port)
        state = (
            "PoE turned ON" if on and switch.up(port) else "No PD detected" if on else "PoE turned OFF - PoE disabled"
        )
        told.append(f"{long(port):<22} {'3' if on else '-':<9} {state:<30} 0.0\n")
    return "".join(told)


def _save(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect, shell
    switch.save()
    return f"Building configuration...\n% Saving {len(running(switch))} bytes to flash:startup-config\n"


def _reload(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect, shell
    switch.reload()
    return "% Cold reload in progress, please stand by.\n"


PORT_LINES = (
    Line(r"(?P<k>description) .{1,63}", take_back="description"),
    Line(r"(?P<k>switchport mode) (?:access|trunk|hybrid)"),
    Line(r"(?P<k>switchport access vlan) \d+"),
    Line(r"(?P<k>shutdown)"),
    Line(r"(?P<k>poe mode) (?:standard|plus)", take_back="poe mode"),
    Line(r"(?P<k>no poe mode)"),
    Line(r"(?P<k>poe power limit) \d+\.\d", take_back="poe power limit"),
)
TOP = (
    Line(r"(?P<k>hostname) \S+"),
    Line(r"(?P<k>username \S+) privilege \d+ password unencrypted \S+", take_back=r"username \S+"),
    Line(r"(?P<k>ntp server [1-5]) ip-address \S+", take_back=r"ntp server [1-5]"),
    Line(r"(?P<k>ntp)"),
    Line(r"(?P<k>clock timezone) \S+ -?\d+ \d+", take_back="clock timezone"),
    Line(r"(?P<k>clock summer-time) .+", take_back="clock summer-time"),
    Line(r"(?P<k>aaa authentication login (?:http|telnet)) local"),
    Line(r"(?P<k>no aaa authentication login (?:http|telnet))"),
    Line(r"(?P<k>ip http secure-server)"),
    Line(r"(?P<k>snmp-server community v2c \S+)(?: ro| rw)?", take_back=r"snmp-server community v2c \S+"),
    Line(
        r"(?P<k>snmp-server user \S{1,32} engine-id [0-9a-fA-F]{10,64}) (?:md5|sha) \S{8,40} priv (?:des|aes) \S{8,32}",
        take_back=r"snmp-server user \S+ engine-id \S+",
    ),
    Line(
        r"(?P<k>snmp-server security-to-group model v3 name \S+) group \S+",
        take_back=r"snmp-server security-to-group model v3 name \S+",
    ),
    Line(
        r"(?P<k>snmp-server access \S+ model v3 level priv)(?: read \S+)?(?: write \S+)?",
        take_back=r"snmp-server access \S+ model v3 level priv",
    ),
    Line(r"(?P<k>logging host \S+)"),
    Line(r"(?P<k>logging level) (?:informational|notice|warning|error)", take_back="logging level"),
)


class Planet(Lines):
    """Two settings of it are kept as what they are not: `no poe mode`, `no aaa authentication login http`."""

    def _set(self, tree: Tree, rules: tuple[Line, ...], where: dict[str, str], line: str) -> bool:
        for kept in (r"no poe mode", r"no aaa authentication login (?:http|telnet)"):
            if re.fullmatch(kept, line):
                where.pop(line[3:], None)
                where[line] = line
                return True
        if (found := re.fullmatch(r"snmp-server security-to-group model v3 name (\S+) group \S+", line)) is not None:
            users = re.escape(f"snmp-server user {found[1]} ")
            if not any(re.match(users, told) for told in where.values()):
                return False  # it names a user that there is not
        for gone in (r"poe mode .+", r"aaa authentication login (http|telnet) local"):
            if re.fullmatch(gone, line):
                where.pop("no " + line.replace(" local", "").replace(" standard", "").replace(" plus", ""), None)
                return True  # the default, which is not shown
        return super()._set(tree, rules, where, line)


DIALECT = Planet(
    name="planet",
    mac_prefix="a8:f7:e0",
    serial_pattern="A{number}",
    ports=PORTS,
    poe_ports=frozenset(POE),
    long=long,
    top=TOP,
    blocks=(
        Block(r"interface GigabitEthernet \d+/\d+", PORT_LINES, "(config-if)#", fixed=True),
        Block(r"vlan [1-9]\d*", (Line(r"(?P<k>name) \S+"),), "(config-vlan)#"),
    ),
    shows={
        "show version": version,
        "show running-config": running,
        "show interface * status": status,
        "show mac address-table": macs,
        "show lldp neighbors": lldp,
        "show poe interface *": power,
        "show clock": clock,
        "show mac address-table count": counted,
        "show snmp": engine,
    },
    orders={r"copy running-config startup-config": _save, r"reload cold": _reload},
    comes_with=(
        "hostname {name}",
        "username {user} privilege 15 password unencrypted {password}",
        "snmp-server community v2c public ro",
        "interface GigabitEthernet 1/12",
        " switchport mode trunk",
    ),
    account=r"username (?P<user>\S+) privilege \d+ password unencrypted (?P<password>\S+)",
    hides=(
        (r"^(username \S+ privilege \d+ password) unencrypted \S+", r"\1 encrypted 1c9ae5b7f0e6b8e2c1"),
        (
            r"^(snmp-server user \S+ engine-id \S+) (\S+) \S+ priv (\S+) \S+",
            r"\1 \2 encrypted 5e4a0cc177b2d9f0 priv \3 encrypted 77b2d9f05e4a0cc1",
        ),
    ),
    off="shutdown",
    no_power="no poe mode",
    access_vlan=r"switchport access vlan (\d+)",
    invalid="           ^\n% Invalid word detected at '^' marker.\n\n",
    marks={"user": "> ", "privileged": "# ", "config": "(config)# "},
    head=lambda _: "Building configuration...\n",
    more="-- more --, next page: Space, continue: g, quit: ^C",
)
