"""Given this change, exactly these commands; read back before it is saved; armed where the way may be cut."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.aspects.ports import Port, Ports
from fleetctl.aspects.services import Services
from fleetctl.aspects.snmp import Snmp, SnmpUser, complete
from fleetctl.aspects.syslog import Severity, Syslog
from fleetctl.aspects.time import Time
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.aspects.vlans import Vlan, Vlans
from fleetctl.drivers.switch import DRIVER, kit, ports, power, services, users, vlans
from fleetctl.errors import Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import ABSENT, Access, FrozenMap, Kind, Neighbour, NewPassword
from fleetctl.protocols.ssh import platforms
from fleetctl.protocols.ssh.commands import rendered
from fleetctl.protocols.ssh.platforms import Dialogue
from tests.unit.switch.fakes import PASSWORD, PLATFORMS, PORTS, Secrets, capture, console, device, session

CELLS = {cell.aspect: cell for cell in DRIVER.cells}
SECRETS = Secrets()


def port(platform: str, at: int, **values: Any) -> Ports:
    return Ports(named=FrozenMap({PORTS[platform][at]: Port(**values)}))


def snmp_user(name: str) -> SnmpUser:
    told = complete(device("cisco_ios"), Snmp(users=FrozenMap({name: SnmpUser()})), None)[0].users
    assert isinstance(told, FrozenMap)
    return told[name]


WANTED = {
    "ports": lambda p: port(p, 2, description="cam-02", access_vlan=20, poe=False),
    "shut": lambda p: port(p, 2, enabled=False),
    "vlans": lambda _: Vlans(numbered=FrozenMap({"30": Vlan(name="voice"), "99": ABSENT})),
    "time": lambda _: Time(ntp_servers=("10.0.0.10", "10.0.0.12"), zone="UTC"),
    "users": lambda _: Users(accounts=FrozenMap({"guard": ABSENT, "duty": Account(level=Level.USER)})),
    "services": lambda _: Services(telnet=False, snmp_v1_v2c=False),
    "syslog": lambda _: Syslog(servers=("10.0.0.21",), severity=Severity.INFORMATIONAL),
    "snmp": lambda _: Snmp(users=FrozenMap({"old": ABSENT, "noc": snmp_user("noc")})),
}
COMMANDS: dict[str, dict[str, list[str]]] = {
    "cisco_ios": {
        "ports": [
            "interface FastEthernet0/3",
            " description cam-02",
            " switchport mode access",
            " switchport access vlan 20",
            " power inline never",
            "exit",
        ],
        "shut": ["interface FastEthernet0/3", " shutdown", "exit"],
        "vlans": ["vlan 30", " name voice", "exit", "no vlan 99"],
        "time": ["no ntp server 10.0.0.11", "ntp server 10.0.0.12", "clock timezone UTC 0 0"],
        "users": [f"username duty privilege 1 secret {PASSWORD}", "no username guard"],
        "services": [
            "line vty 0 4",
            " transport input ssh",
            "exit",
            "line vty 5 15",
            " transport input ssh",
            "exit",
            "no snmp-server community s3cret",
        ],
        "syslog": ["no logging host 10.0.0.20", "logging host 10.0.0.21", "logging trap informational"],
        "snmp": [
            "snmp-server group fleetctl v3 priv",
            f"snmp-server user noc fleetctl v3 auth sha {PASSWORD} priv aes 128 {PASSWORD}",
            "no snmp-server user old ops v3",
        ],
    },
    "tplink_jetstream": {
        "ports": [
            "interface gigabitEthernet 1/0/3",
            '  description "cam-02"',
            "  switchport general allowed vlan 20 untagged",
            "  switchport pvid 20",
            "  no switchport general allowed vlan 1",
            "  power inline supply disable",
            "exit",
        ],
        "shut": ["interface gigabitEthernet 1/0/3", "  shutdown", "exit"],
        "vlans": ["vlan 30", '  name "voice"', "exit", "no vlan 99"],
        "time": ["system-time ntp UTC+00:00 10.0.0.10 10.0.0.12 12"],
        "users": [f"user name duty privilege user secret 0 {PASSWORD}", "no user name guard"],
        "services": ["telnet disable", 'no snmp-server community "s3cret"'],
        "syslog": ["logging host index 1 10.0.0.21 6"],
        "snmp": [],
    },
    "planet": {
        "ports": [
            "interface GigabitEthernet 1/3",
            " description cam-02",
            " switchport access vlan 20",
            " no poe mode",
            "exit",
        ],
        "shut": ["interface GigabitEthernet 1/3", " shutdown", "exit"],
        "vlans": ["vlan 30", " name voice", "exit", "no vlan 99"],
        "time": [
            "ntp server 1 ip-address 10.0.0.10",
            "ntp server 2 ip-address 10.0.0.12",
            "clock timezone UTC 0 0",
        ],
        "users": [f"username duty privilege 1 password unencrypted {PASSWORD}", "no username guard"],
        "services": ["no aaa authentication login telnet", "no snmp-server community v2c s3cret"],
        "syslog": ["no logging host 10.0.0.20", "logging host 10.0.0.21", "logging level informational"],
        "snmp": [
            f"snmp-server user noc engine-id 800007e5017f000001 sha {PASSWORD} priv aes {PASSWORD}",
            "snmp-server security-to-group model v3 name noc group fleetctl",
            "snmp-server access fleetctl model v3 level priv read default_view",
            "no snmp-server security-to-group model v3 name old",
            "no snmp-server user old engine-id 800007e5017f000001",
        ],
    },
    "ruijie_os": {
        "ports": [
            "interface GigabitEthernet 0/3",
            " description cam-02",
            " switchport access vlan 20",
            " no poe enable",
            "exit",
        ],
        "shut": ["interface GigabitEthernet 0/3", " shutdown", "exit"],
        "vlans": ["vlan 30", " name voice", "exit", "no vlan 99"],
        "time": ["no ntp server 10.0.0.11", "ntp server 10.0.0.12", "clock timezone UTC +0 0"],
        "users": [f"username duty privilege 1 password 0 {PASSWORD}", "no username guard"],
        "services": ["no enable service telnet-server", "no snmp-server community s3cret"],
        "syslog": ["no logging server 10.0.0.20", "logging server 10.0.0.21", "logging trap informational"],
        "snmp": [],
    },
    "mikrotik_routeros": {
        "ports": [
            '/interface ethernet set [find name=ether3] comment="cam-02"',
            "/interface ethernet poe set [find name=ether3] poe-out=off",
            "/interface bridge port set [find interface=ether3] pvid=20",
        ],
        "shut": ["/interface ethernet set [find name=ether3] disabled=yes"],
        "vlans": [
            "/interface bridge vlan add bridge=bridge1 tagged=bridge1,sfp-sfpplus1 vlan-ids=30 comment=voice",
            "/interface bridge vlan remove [find vlan-ids=99]",
        ],
        "time": [
            "/system ntp client set enabled=yes servers=10.0.0.10,10.0.0.12",
            "/system clock set time-zone-autodetect=no time-zone-name=UTC",
        ],
        "users": [
            f'/user add name=duty group=read password="{PASSWORD}"',
            "/user remove [find name=guard]",
        ],
        "services": [
            "/ip service set telnet disabled=yes",
            "/snmp community set [find security=none] disabled=yes",
        ],
        "snmp": [
            f'/snmp community add name="noc" security=private authentication-protocol=SHA1 authentication-password="{PASSWORD}" encryption-protocol=AES encryption-password="{PASSWORD}" read-access=yes write-access=no',  # noqa: E501
            '/snmp community remove [find name="old"]',
            "/snmp set enabled=yes",
        ],
        "syslog": [
            '/system logging remove [find action~"^syslog"]',
            '/system logging action remove [find name~"^syslog"]',
            "/system logging action add name=syslog1 target=remote remote=10.0.0.21",
            "/system logging add action=syslog1 topics=info",
        ],
    },
    "hp_comware": {
        "ports": [
            "interface GigabitEthernet1/0/3",
            " description cam-02",
            " port access vlan 20",
            " undo poe enable",
            "quit",
        ],
        "shut": ["interface GigabitEthernet1/0/3", " shutdown", "quit"],
        "vlans": ["vlan 30", " name voice", "quit", "undo vlan 99"],
        "time": [
            "undo ntp-service unicast-server 10.0.0.11",
            "ntp-service unicast-server 10.0.0.12",
            "clock timezone UTC add 00:00:00",
        ],
        "users": [
            "local-user duty class manage",
            f" password simple {PASSWORD}",
            " service-type ssh terminal",
            " authorization-attribute user-role level-1",
            "quit",
            "undo local-user guard class manage",
        ],
        "services": ["undo telnet server enable", "undo snmp-agent community $c$3$abc"],
        "syslog": [
            "undo info-center loghost 10.0.0.20",
            "info-center loghost 10.0.0.21",
            "info-center source default loghost level informational",
        ],
        "snmp": [
            "snmp-agent group v3 fleetctl privacy",
            f"snmp-agent usm-user v3 noc fleetctl simple authentication-mode sha {PASSWORD} privacy-mode aes128 {PASSWORD}",  # noqa: E501
            "undo snmp-agent usm-user v3 old ops local",
        ],
    },
}


def typed(platform: str, aspect: str, wanted: Any) -> list[str]:
    """Return what is typed for a change; the capture reads back as before, so nothing may be saved."""
    known = session(platform)
    write = CELLS["ports" if aspect == "shut" else aspect].write
    assert write is not None
    with pytest.raises(Rejected, match="reads back otherwise"):
        write(known, wanted, SECRETS)
    talked = console(known).said
    assert platforms.all_platforms()[platform].save is None or not talked, f"saved before it read back: {talked}"
    return console(known).typed


@pytest.mark.parametrize("aspect", WANTED)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_change_is_exactly_these_commands(platform: str, aspect: str) -> None:
    if not COMMANDS[platform][aspect]:
        with pytest.raises(Unsupported, match=r"cannot set|at best"):
            typed(platform, aspect, WANTED[aspect](platform))
        return
    assert typed(platform, aspect, WANTED[aspect](platform)) == COMMANDS[platform][aspect]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_right_already_is_not_typed_and_what_reads_back_is_saved(platform: str) -> None:
    known = session(platform)
    ports.write(known, port(platform, 0, enabled=True, access_vlan=20), SECRETS)
    assert console(known).typed == []
    save = platforms.all_platforms()[platform].save
    assert console(known).said == ([] if save is None else [save.command])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_reading_session_types_nothing(platform: str) -> None:
    known = session(platform, access=Access.READ)
    for aspect, cell in CELLS.items():
        if cell.write is not None and known.can(aspect):
            with pytest.raises(PermissionError):
                cell.write(known, WANTED[aspect](platform), SECRETS)
    for refused in (known.save, known.reboot, lambda: known.type(["x"])):
        with pytest.raises(PermissionError):
            refused()
    assert console(known).typed == []
    assert console(known).said == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_error_line_ends_it_and_nothing_is_saved(platform: str) -> None:
    known = session(platform)
    console(known).refuses = COMMANDS[platform]["time"][0]
    write = CELLS["time"].write
    assert write is not None
    with pytest.raises(Rejected, match="Invalid input"):
        write(known, WANTED["time"](platform), SECRETS)
    assert console(known).typed == COMMANDS[platform]["time"][:1]
    assert console(known).said == []


# --- the way to the switch --------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_change_of_an_uplink_is_armed_or_told_as_a_risk(platform: str) -> None:
    known = session(platform)
    uplink, wanted = PORTS[platform][3], port(platform, 3, enabled=False)
    assert kit.uplinks(known) - {"te1/1"} == {uplink}
    arm = platforms.all_platforms()[platform].arm
    told = ports.risks(known, wanted)
    assert bool(told) is (arm is None)
    assert arm is not None or uplink in told
    assert ports.risks(known, port(platform, 2, enabled=False)) == ""
    if arm is not None:
        with pytest.raises(Rejected):  # the capture reads back as before
            ports.write(known, wanted, SECRETS)
        assert console(known).said[0] == arm.command


def test_a_change_that_cuts_the_way_is_left_to_the_revert() -> None:
    known = session("cisco_ios")
    line: Any = known._line
    line.broken = True  # no new connection after the change
    with pytest.raises(Unreachable, match="undoes it by itself within 3 minutes"):
        known.write(["interface GigabitEthernet0/1", "shutdown"], lambda: "", guarded=True)
    assert console(known).said == ["reload in 3"], "neither disarmed nor saved"


def test_a_change_that_leaves_the_way_is_disarmed_and_saved() -> None:
    known = session("cisco_ios")
    known.write(["interface GigabitEthernet0/1"], lambda: "", guarded=True)
    assert console(known).said == ["reload in 3", "reload cancel", "write memory"]


def test_a_refused_line_does_not_restart_the_whole_switch() -> None:
    known = session("cisco_ios")
    console(known).refuses = "shutdown"
    with pytest.raises(Rejected):
        known.write(["shutdown"], lambda: "", guarded=True)
    assert console(known).said == ["reload in 3", "reload cancel"]


# --- passwords: kept only when one gets in with them --------------------------------------------------------


def new_password(account: str, *, accepted: bool = True) -> NewPassword:
    return NewPassword(account=account, old="Old-word-1", new="New-word-2", acting="x", accepted=lambda: accepted)


def test_a_new_password_is_armed_proven_and_only_then_saved() -> None:
    known = session("cisco_ios")
    users.set_password(known, new_password("admin"))
    assert console(known).typed == ["username admin privilege 15 secret New-word-2"]
    assert console(known).said == ["reload in 3", "reload cancel", "write memory"]


@pytest.mark.parametrize("platform", [p for p in PLATFORMS if p != "mikrotik_routeros"])
def test_a_new_password_that_lets_nobody_in_is_typed_back_and_not_saved(platform: str) -> None:
    known = session(platform)
    with pytest.raises(Rejected, match="lets nobody in"):
        users.set_password(known, new_password("admin", accepted=False))
    new, old = (" ".join(each for each in console(known).typed if word in each) for word in ("New-word", "Old-word"))
    assert new.replace("New-word-2", "Old-word-1") == old
    told = known.platform
    assert console(known).said == [each.command for each in (told.arm, told.disarm) if each is not None]


def test_where_the_old_password_cannot_be_typed_back_the_revert_is_left_to_its_work() -> None:
    known = session("cisco_ios")
    console(known).refuses = "Old-word-1"
    with pytest.raises(Rejected, match="lets nobody in"):
        users.set_password(known, new_password("admin", accepted=False))
    assert console(known).said == ["reload in 3"]


def test_routeros_undoes_it_by_its_safe_mode() -> None:
    known = session("mikrotik_routeros")
    with pytest.raises(Rejected, match="lets nobody in"):
        users.set_password(known, new_password("admin", accepted=False))
    assert (console(known).said, known._console) == (["\x18"], None), "the session has ended, and with it the change"


@pytest.mark.parametrize("platform", ["cisco_ios", "ruijie_os"])
def test_the_secret_of_the_privileged_mode_is_set_where_its_words_are_known(platform: str) -> None:
    config = capture(platform)["show running-config"].replace("\nusername", "\nenable secret 5 $1$x\nusername", 1)
    known = session(platform, config=config)
    users.set_password(known, new_password("enable"))
    assert console(known).typed == ["enable secret New-word-2"]


@pytest.mark.parametrize("platform", ["planet", "tplink_jetstream", "hp_comware", "mikrotik_routeros"])
def test_where_they_are_not_nothing_is_typed(platform: str) -> None:
    known = session(platform)
    with pytest.raises(Unsupported, match="cannot set enable_secret"):
        users.set_password(known, new_password("enable"))
    assert console(known).typed == []


def test_what_was_left_pending_is_taken_back_and_saved_whether_or_not_there_was_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = session("cisco_ios")
    known.keep()
    assert console(known).said == ["reload cancel", "write memory"]
    said: list[str] = []

    def converse(talk: Dialogue) -> str:
        said.append(talk.command)
        if talk.command == "reload cancel":
            raise Rejected("% No reload is scheduled.")
        return talk.good

    monkeypatch.setattr(console(known), "converse", converse)
    known.keep()
    assert said == ["reload cancel", "write memory"]


# --- limits and guards --------------------------------------------------------------------------------------


def test_what_a_port_cannot_is_told_before() -> None:
    known = session("tplink_jetstream", access=Access.READ)
    for at, values, word in (
        (2, {"description": "longer than 16 letters"}, "16 characters"),
        (2, {"description": "Quầy 1"}, "ASCII"),
        (3, {"access_vlan": 20}, "trunk"),
        (3, {"poe": True}, "does not tell this"),
    ):
        (gap,) = ports.limits(known, port("tplink_jetstream", at, **values))
        assert word in gap.reason
    (gap,) = ports.limits(known, Ports(named=FrozenMap({"gi9/9/9": Port(enabled=True)})))
    assert "no port gi9/9/9" in gap.reason


def test_ssh_the_account_in_use_and_vlans_in_use_stay() -> None:
    known = session("cisco_ios")
    with pytest.raises(Refused, match="comes by it"):
        services.write(known, Services(ssh=False), SECRETS)
    with pytest.raises(Refused, match="never removed"):
        users.write(known, Users(accounts=FrozenMap({"fleetctl": ABSENT})), SECRETS)  # type: ignore[dict-item]
    with pytest.raises(Refused, match="ports are in this VLAN"):
        vlans.write(known, Vlans(numbered=FrozenMap({"20": ABSENT})), SECRETS)  # type: ignore[dict-item]
    assert console(known).typed == []


def test_a_value_with_a_line_break_is_never_a_command() -> None:
    platform = platforms.all_platforms()["cisco_ios"]
    with pytest.raises(ValueError, match="control character"):
        rendered(platform, "poe", {"port": "gi0/1\nreload", "on": True, "limit_w": 0})


# --- power ----------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "OFF_S", 0.0)


def target(platform: str, at: int = 0, **more: Any) -> Neighbour:
    told = device(platform).neighbours[0]
    return replace(told, port=PORTS[platform][at], **more)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_power_is_taken_and_given_back_and_nothing_is_saved(platform: str, quick: None) -> None:
    known = session(platform)
    power.cycle(known, target(platform))
    told = console(known).typed
    values = {"port": PORTS[platform][0], "limit_w": 0.0 if platform == "mikrotik_routeros" else 7.0}
    off, on = known.commands("poe", on=False, **values), known.commands("poe", on=True, **values)
    assert told == [*off, *on]
    assert off != on
    assert console(known).said == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_power_of_what_serves_something_else_is_not_touched(platform: str, quick: None) -> None:
    known = session(platform)
    for named, error, word in (
        (target(platform, 3), (Refused, Unsupported), "uplink"),
        (target(platform, 2), Refused, "not"),  # another address is on that port
        (target(platform, 1), Refused, "without power on purpose"),
        (replace(target(platform), port="gi9/9"), Unsupported, "no port"),
    ):
        with pytest.raises(error, match=word):
            power.cycle(known, named)
    with pytest.raises(Refused, match="serves"):
        power.cycle(known, target(platform, mac_address="00:00:5e:00:53:01"))
    assert console(known).typed == []
    assert Kind.CAMERA in {each.kind for each in known.device.neighbours}


def test_power_is_given_back_after_an_error(quick: None) -> None:
    known = session("cisco_ios")
    console(known).refuses = "never"
    with pytest.raises(Rejected):
        power.cycle(known, target("cisco_ios"))
    assert console(known).typed[-2:] == [" power inline auto max 7000", "exit"]


# --- backups ----------------------------------------------------------------------------------------------------


KEYS = ("0A1B2C", "5E4A0C", "5e4a0cc1", "77b2d9f0", "$c$3$IRXO", "$c$3$HkyP", "$c$3$vPQE")  # of SNMPv3 users


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_shown_backup_holds_no_secret(platform: str) -> None:
    from fleetctl.drivers.switch import backup

    name = "backup" if platform == "mikrotik_routeros" else "config"
    export = capture(platform)[platforms.all_platforms()[platform].readings["config"].command]
    extra = {
        "mikrotik_routeros": "/interface wireless security-profiles add name=x wpa2-pre-shared-key=k3y password=s3cret\n# end\n"  # noqa: E501
    }.get(platform, "")
    taken = backup.take(session(platform, **{name: export.replace("# end\n", extra)}))
    for secret in ("s3cret", "$1$mERr", "$1$J=H", "1c9ae5b7f0e6b8", "0837351a1b0c07", "$c$3$abc", "$h$6$abc", *KEYS):
        assert secret not in taken.shown, taken.shown
    assert "Last configuration change" not in taken.shown
    assert len(taken.shown.splitlines()) > 20
