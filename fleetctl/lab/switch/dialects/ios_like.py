"""A Catalyst 2960-X with IOS 15.2.

Sources: Cisco, Consolidated Platform Command Reference, IOS 15.2(7)E: its examples of `show version`, `show vlan
brief`, `show interfaces status`, `show mac address-table`, `show lldp neighbors detail`, `show power inline`, `reload`.
"""

from __future__ import annotations

import datetime
import re
import time
from typing import TYPE_CHECKING

from fleetctl.lab.switch import storage
from fleetctl.lab.switch.config import Block, Line
from fleetctl.lab.switch.dialect import Shell
from fleetctl.lab.switch.lines import Lines, dotted, table, vlan_names

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

POE = tuple(f"gi1/0/{n}" for n in range(1, 25))
PORTS = (*POE, *(f"gi1/0/{n}" for n in range(25, 29)))
INVALID = "                ^\n% Invalid input detected at '^' marker.\n\n"


def long(port: str) -> str:
    return port.replace("gi", "GigabitEthernet")


def short(port: str) -> str:
    return port.replace("gi", "Gi")


def _header(text: str) -> str:
    found = re.fullmatch(r"interface (?:GigabitEthernet|gigabitethernet|Gi|gi) ?(\S+)", text)
    return f"interface GigabitEthernet{found[1]}" if found else text


MODEL = "WS-C2960X-24PS-L"
FACTORY = "15.2(7)E4"
OWN_FILE = "c2960x-universalk9-mz.152-7.E4.bin"


def uptime(switch: SimSwitch) -> str:
    """Return how long it has been up as IOS says it: whole minutes, the larger units only where there are any."""
    minutes = max(0, int(time.time() - switch.up_at)) // 60
    parts: list[str] = []
    for unit, span in (("week", 10080), ("day", 1440), ("hour", 60)):
        if minutes >= span or parts:
            parts.append(f"{minutes // span} {unit}{'' if minutes // span == 1 else 's'}")
            minutes %= span
    return ", ".join([*parts, f"{minutes} minute{'' if minutes == 1 else 's'}"])


def version(switch: SimSwitch) -> str:
    return (
        "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), "
        f"Version {switch.version or FACTORY}, RELEASE SOFTWARE (fc2)\n"
        "Technical Support: http://www.cisco.com/techsupport\n"
        "Copyright (c) 1986-2021 by Cisco Systems, Inc.\n\n"
        f"{switch.name} uptime is {uptime(switch)}\n"
        "System returned to ROM by power-on\n\n"
        "cisco WS-C2960X-24PS-L (APM86XXX) processor (revision B0) with 524288K bytes of memory.\n"
        f"Processor board ID {switch.serial_number}\n"
        "Last reset from power-on\n"
        "28 Gigabit Ethernet interfaces\n\n"
        f"Base ethernet MAC Address       : {switch.mac_address.upper()}\n"
        f"Model number                    : {MODEL}\n"
        f"System serial number            : {switch.serial_number}\n\n"
        "Configuration register is 0xF\n\n"
    )


def clock(switch: SimSwitch) -> str:
    found = switch.running.find(r"clock timezone (?P<name>\S+) (?P<hours>-?\d+) (?P<minutes>\d+)")
    hours, minutes = (int(found["hours"]), int(found["minutes"])) if found else (0, 0)
    now = switch.clock(hours * 3600 + (minutes if hours >= 0 else -minutes) * 60)
    sign = "" if switch.running.find(r"ntp server \S+") else "*"
    shown = f"{now:%H:%M:%S}.{now.microsecond // 1000:03d} {found['name'] if found else 'UTC'}"
    return f"{sign}{shown} {now:%a %b} {now.day} {now.year}\n"


def logging(switch: SimSwitch) -> str:
    """The messages in memory: the newest last, without a year, in the clock that is shown."""
    found = switch.running.find(r"clock timezone (?P<name>\S+) (?P<hours>-?\d+) (?P<minutes>\d+)")
    zone = datetime.timezone(
        datetime.timedelta(hours=int(found["hours"]), minutes=int(found["minutes"])) if found else datetime.timedelta(0)
    )
    lines = []
    for moment, user, address in switch.diary:
        at = moment.astimezone(zone)
        stamp = f"{at:%b} {at.day:>2} {at:%H:%M:%S}.{at.microsecond // 1000:03d}"
        lines.append(f"*{stamp}: %SYS-5-CONFIG_I: Configured from console by {user} on vty0 ({address})\n")
    return (
        "Syslog logging: enabled (0 messages dropped, 0 messages rate-limited, 0 flushes, 0 overruns)\n"
        "    Buffer logging:  level debugging, 6 messages logged\n\nLog Buffer (4096 bytes):\n\n" + "".join(lines)
    )


def snmp_users(switch: SimSwitch) -> str:
    engine = f"800000090300{switch.mac_address.replace(':', '').upper()}"
    found = switch.running.all(
        r"snmp-server user (?P<name>\S+) (?P<group>\S+) v3 auth (?P<auth>\S+) \S+ priv aes 128 \S+"
    )
    return "".join(
        f"\nUser name: {told['name']}\nEngine ID: {engine}\nstorage-type: nonvolatile\t active\n"
        f"Authentication Protocol: {told['auth'].upper()}\nPrivacy Protocol: AES128\nGroup-name: {told['group']}\n"
        for told in found
    )


def running(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.running)


def startup(switch: SimSwitch) -> str:
    return switch.dialect.text(switch, switch.startup)


def vlans(switch: SimSwitch) -> str:
    rows: list[tuple[str, ...]] = [("VLAN", "Name", "Status", "Ports"), ("----", "-" * 32, "-" * 9, "-" * 31)]
    for number, name in vlan_names(switch, "default"):
        there = [short(p) for p in PORTS if _access(switch, p) and switch.dialect.vlan(switch, p) == int(number)]
        parts = [", ".join(there[i : i + 4]) for i in range(0, len(there), 4)] or [""]
        rows.append((number, name, "active", parts[0]))
        rows += [("", "", "", part) for part in parts[1:]]
    rows += [("1002", "fddi-default", "act/unsup", ""), ("1003", "token-ring-default", "act/unsup", "")]
    return "\n" + table(rows, (5, 33, 10, 31))


def _access(switch: SimSwitch, port: str) -> bool:
    return switch.running.find("switchport mode trunk", f"interface {long(port)}") is None


def status(switch: SimSwitch) -> str:
    told = [f"\n{'Port':<10}{'Name':<19}{'Status':<13}{'Vlan':<11}{'Duplex':<7}{'Speed':>5} Type\n"]
    dialect = switch.dialect
    for port in PORTS:
        up, (mbps, full) = switch.up(port), switch.speed(port)
        state = "connected" if up else "notconnect" if dialect.enabled(switch, port) else "disabled"
        vlan = str(dialect.vlan(switch, port)) if _access(switch, port) else "trunk"
        duplex, speed = (f"a-{'full' if full else 'half'}", f"a-{mbps}") if up else ("auto", "auto")
        kind = "10/100/1000BaseTX" if port in POE else "Not Present"
        name = DIALECT.description(switch, port)[:18]
        told.append(f"{short(port):<10}{name:<19}{state:<13}{vlan:<11}{duplex:>6} {speed:>6} {kind}\n")
    return "".join(told)


def macs(switch: SimSwitch) -> str:
    rows = [f" All    {dotted('0100.0ccc.cccc'.replace('.', ''))}    STATIC      CPU\n"]
    rows += [f"{s.vlan:>4}    {dotted(s.mac_address)}    DYNAMIC     {short(s.port)}\n" for s in switch.seen()]
    return (
        "          Mac Address Table\n-------------------------------------------\n\n"
        "Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n"
        + "".join(rows)
        + f"Total Mac Addresses for this criterion: {len(rows)}\n"
    )


def lldp(switch: SimSwitch) -> str:
    told = []
    for port, chassis, name, abilities in switch.neighbours():
        capable = f"System Capabilities: {abilities}\nEnabled Capabilities: {abilities}\n" if abilities else ""
        told.append(
            "------------------------------------------------\n"
            f"Local Intf: {short(port)}\nChassis id: {dotted(chassis)}\nPort id: {dotted(chassis)}\n"
            f"Port Description: eth0\nSystem Name: {name}\n\nSystem Description:\n{name}\n\n"
            f"Time remaining: 97 seconds\n{capable}Management Addresses - not advertised\n"
            "Auto Negotiation - supported, enabled\nVlan ID: - not advertised\n\n"
        )
    return "".join(told) + f"\nTotal entries displayed: {len(told)}\n\n"


def power(switch: SimSwitch) -> str:
    told = ["\nAvailable:370.0(w)  Used:0.0(w)  Remaining:370.0(w)\n\n"]
    told.append("Interface Admin  Oper       Power   Device              Class Max\n")
    told.append("                            (Watts)                            \n")
    told.append("--------- ------ ---------- ------- ------------------- ----- ----\n")
    for port in POE:
        gives = switch.dialect.powers(switch, port)
        on = gives and switch.up(port)
        state, watts, device = ("on", "6.5", "Ieee PD") if on else ("off", "0.0", "n/a")
        admin = "auto" if gives else "never"
        told.append(f"{short(port):<10}{admin:<7}{state:<11}{watts:<8}{device:<20}{'3' if on else 'n/a':<6}30.0\n")
    return "".join(told)


def listing(switch: SimSwitch) -> str:
    sizes = {OWN_FILE: storage.OWN, **{name: int(told["size"]) for name, told in switch.files.items()}}
    rows = [
        f"  {number:>3}  -rwx  {size:>10}   Mar 1 1993 00:03:42 +00:00  {name}\n"
        for number, (name, size) in enumerate(sizes.items(), 2)
    ]
    room = f"{storage.ROOM} bytes total ({storage.free(switch)} bytes free)\n"
    return f"Directory of flash:/\n\n{''.join(rows)}\n{room}"


def boot(switch: SimSwitch) -> str:
    found = switch.running.find(r"boot system (?P<file>\S+)")
    return (
        f"BOOT path-list      : {found['file'] if found else f'flash:/{OWN_FILE}'}\n"
        "Config file         : flash:/config.text\nPrivate Config file : flash:/private-config.text\n"
        "Enable Break        : no\nManual Boot         : no\nAllow Dev Key         : yes\n"
        "HELPER path-list    :\nAuto upgrade        : yes\n"
    )


def start(switch: SimSwitch) -> None:
    """Start from the file of the boot variable; where that is none, from the first image in flash: its own."""
    found = switch.startup.find(r"boot system (?:switch all )?flash:/?(?P<file>\S+)")
    if found is None or not storage.started_with(switch, found["file"], MODEL):
        switch.version = ""


def copied(switch: SimSwitch, user: str, path: str) -> str:
    """Return the name of a file that is copied to flash: where the server is on, and the account may do all."""
    found = re.fullmatch(r"flash:/?([A-Za-z0-9._-]+)", path)
    if switch.running.find("ip scp server enable") is None:
        raise PermissionError("Administratively disabled.")
    level = next((f["level"] for f in switch.running.all(DIALECT.account) if f["user"] == user), "1")
    if level != "15":
        raise PermissionError("Privilege denied.")
    if found is None:
        raise PermissionError(f"%Error opening {path} (Invalid argument)")
    return found[1]


def _verify(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect, shell
    path, file = f"flash:{found['slash']}{found['file']}", switch.files.get(found["file"])
    if file is None:
        return f"%Error verifying {path} (No such file or directory)\n"
    return f"{'.' * 40}Done!\nverify /md5 ({path}) = {file['md5']}\n\n"


def _save(dialect: Lines, switch: SimSwitch, shell: Shell, _found: re.Match[str]) -> str:
    del dialect, shell
    switch.save()
    return "Building configuration...\n[OK]\n"


def _reload(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    """Ask whether to save where something is unsaved, then to confirm; with `in` it is planned."""
    del dialect
    save, confirm = "System configuration has been modified. Save? [yes/no]: ", "Proceed with reload? [confirm]"
    if f"answer {save}" not in shell.pending and switch.unsaved():
        shell.asking = save
        return ""
    if shell.pending.get(f"answer {save}") == "yes":
        switch.save()
    if f"answer {confirm}" not in shell.pending:
        shell.asking = confirm
        return "Reload scheduled\n" if found["minutes"] else ""
    if found["minutes"]:
        switch.arm(float(found["minutes"]))
    else:
        switch.reload()
    return ""


def _cancel(dialect: Lines, switch: SimSwitch, shell: Shell, found: re.Match[str]) -> str:
    del dialect, shell, found
    return "\n***\n*** --- SHUTDOWN ABORTED ---\n***\n" if switch.disarm() else "% No reload is scheduled.\n"


PORT_LINES = (
    Line(r"(?P<k>description) .+"),
    Line(r"(?P<k>switchport mode) (?:access|trunk)"),
    Line(r"(?P<k>switchport access vlan) \d+"),
    Line(r"(?P<k>shutdown)"),
    Line(r"(?P<k>power inline) (?:never|auto(?: max \d+)?|static(?: max \d+)?)"),
    Line(r"(?P<k>storm-control broadcast level) \d+\.\d\d"),
    Line(r"(?P<k>spanning-tree portfast)"),
)
TOP = (
    Line(r"(?P<k>hostname) \S+"),
    Line(r"(?P<k>username \S+) privilege \d+ secret \S+", take_back=r"username \S+"),
    Line(r"(?P<k>enable secret) \S+", take_back="enable secret"),
    Line(r"(?P<k>ntp server \S+)"),
    Line(r"(?P<k>clock timezone) \S+ -?\d+ \d+", take_back="clock timezone"),
    Line(r"(?P<k>clock summer-time) .+", take_back="clock summer-time"),
    Line(r"(?P<k>ip http server)", flag=True),
    Line(r"(?P<k>ip http secure-server)", flag=True),
    Line(r"(?P<k>snmp-server community \S+)(?: RO| RW)?", take_back=r"snmp-server community \S+"),
    Line(r"(?P<k>snmp-server group \S+ v3 priv)"),
    Line(
        r"(?P<k>snmp-server user \S+ \S+ v3) auth (?:sha|md5) \S{8,} priv aes 128 \S{8,}",
        take_back=r"snmp-server user \S+ \S+ v3",
    ),
    Line(r"(?P<k>logging host \S+)"),
    Line(r"(?P<k>logging trap) \S+", take_back="logging trap"),
    Line(r"(?P<k>lldp run)"),
    Line(r"(?P<k>ip scp server enable)"),
    Line(r"(?P<k>boot system) (?:switch all )?flash:\S+", take_back="boot system"),
)


def _head(_switch: SimSwitch) -> str:
    return (
        "Building configuration...\n\nCurrent configuration : 4211 bytes\n!\n"
        "! Last configuration change at 01:02:03 UTC Mon Mar 1 1993\n!\nversion 15.2\n"
    )


DIALECT = Lines(
    name="cisco_ios",
    mac_prefix="70:0b:4f",
    serial_pattern="FOC{number}",
    ports=PORTS,
    poe_ports=frozenset(POE),
    long=long,
    header_of=_header,
    top=TOP,
    blocks=(
        Block(
            r"interface (?:GigabitEthernet|gigabitethernet|Gi|gi) ?\d+/\d+/\d+", PORT_LINES, "(config-if)#", fixed=True
        ),
        Block(r"vlan [1-9]\d*", (Line(r"(?P<k>name) \S+"),), "(config-vlan)#"),
        Block(
            r"line vty \d+ \d+",
            (Line(r"(?P<k>transport input) [a-z ]+"), Line(r"(?P<k>login local)")),
            "(config-line)#",
        ),
    ),
    shows={
        "show version": version,
        "show running-config": running,
        "show startup-config": startup,
        "show vlan brief": vlans,
        "show interfaces status": status,
        "show mac address-table": macs,
        "show lldp neighbors detail": lldp,
        "show power inline": power,
        "show clock": clock,
        "show boot": boot,
        "show logging": logging,
        "dir flash:": listing,
        "show snmp user": snmp_users,
    },
    orders={
        r"write(?: memory)?": _save,
        r"reload(?: in (?P<minutes>\d+))?": _reload,
        r"reload cancel": _cancel,
        r"verify /md5 flash:(?P<slash>/?)(?P<file>\S+)": _verify,
    },
    comes_with=(
        "hostname {name}",
        "username {user} privilege 15 secret {password}",
        "ip http server",
        "ip http secure-server",
        "snmp-server community public RO",
        "lldp run",
        "interface GigabitEthernet1/0/28",
        " switchport mode trunk",
        "line vty 0 4",
        " login local",
        " transport input telnet ssh",
        "line vty 5 15",
        " login local",
        " transport input telnet ssh",
    ),
    account=r"username (?P<user>\S+) privilege (?P<level>\d+) secret (?P<password>\S+)",
    gate=r"enable secret (?P<secret>\S+)",
    hides=(
        (r"^snmp-server user .*\n", ""),  # kept elsewhere, and never shown
        (r"^(enable secret) \S+", r"\1 9 $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM"),
        (
            r"^(username \S+ privilege \d+ secret) \S+",
            r"\1 9 $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM",
        ),
    ),
    off="shutdown",
    no_power="power inline never",
    access_vlan=r"switchport access vlan (\d+)",
    invalid=INVALID,
    head=_head,
    starter=start,
    copied=copied,
)
