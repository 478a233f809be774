"""Switches by the command, over real SSH: in step, wiring told, power cycled, the way to them never lost."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterator

import paramiko
import pytest

from fleetctl.cli.screen import Screen
from fleetctl.drivers.switch import power
from fleetctl.lab import control
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from fleetctl.protocols import tunnel
from tests.lab.office import PILOT, Office
from tests.lab.test_tunnel import Relay, at_home, relay

__all__ = ["at_home", "relay"]  # fixtures

MAKES = {
    "cisco": ("gi1/0/", 1),
    "tplink": ("gi1/0/", 1),
    "planet": ("gi1/", 1),
    "ruijie": ("gi0/", 1),
    "mikrotik": ("ether", 2),
    "h3c": ("gi1/0/", 1),
}
UPLINKS = {
    "cisco": "gi1/0/28",
    "tplink": "gi1/0/10",
    "planet": "gi1/12",
    "ruijie": "gi0/12",
    "mikrotik": "sfp-sfpplus1",
    "h3c": "gi1/0/28",
}
CAMERA = "kind: camera, desk: Quầy 1"
SWITCHES = tuple(f"{make}-sw" for make in MAKES)


def site(number: int, make: str) -> str:
    port, first = MAKES[make]
    net = f"10.40.{number}"
    return (
        f"    {make}_site:\n      vars: {{site_name: Phường {make}, site_network: {net}}}\n      hosts:\n"
        f"        {make}-sw: {{ansible_host: {net}.3, kind: switch, vendor: {make}}}\n"
        f"        {make}-a: {{ansible_host: {net}.11, vendor: dahua, switch_port: {port}{first}, {CAMERA}}}\n"
        f"        {make}-b: {{ansible_host: {net}.12, vendor: axis, switch_port: {port}{first + 1}, {CAMERA}}}\n"
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a workspace of a site for each make of switch, each with two cameras, the switches in step."""
    root = tmp_path_factory.mktemp("switches") / "workspace"
    init(root, PILOT)
    options = lab.Options(http_port=0, https_port=0, rtsp_port=0, ssh_port=0, minute_s=1.0)
    office = Office(root, options)
    for folder in office.inventory.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    office.write("sites.yml", "vung:\n  children:\n" + "".join(site(n, make) for n, make in enumerate(MAKES, start=1)))
    office.lab_up()
    try:
        office.expect(0, "adopt", "--yes")
        office.expect(0, "apply", "--yes", "--limit", "switch")
        yield office
    finally:
        office.lab_down()


@pytest.fixture
def office(made: Office) -> Iterator[Office]:
    """Give it as it is in step; whatever a test broke or said is taken back."""
    made.forget()
    yield made
    made.mend()
    (made.inventory / "zzy_test.yml").unlink(missing_ok=True)


def test_every_make_is_in_step_and_saved_and_a_second_time_nothing_is_typed(office: Office) -> None:
    assert set(office.expect(0, "audit", "--limit", "switch").outcomes.values()) == {"unchanged"}
    office.expect(0, "apply", "--yes", "--limit", "switch")
    office.expect(0, "adopt", "--yes", "--limit", "switch")
    assert office.writes() == {}
    for name in SWITCHES:
        told = office.real(name)
        assert told["unsaved"] is False
        assert "public" not in told["startup"]
        assert f"{name.partition('-')[0]}-a" in told["startup"]


def test_reading_types_nothing_that_changes(office: Office) -> None:
    before = {name: office.real(name)["running"] for name in SWITCHES}
    for command in (
        ("plan", "--limit", "switch"),
        ("audit", "--limit", "switch"),
        ("device", "show", "mikrotik-sw"),
        ("device", "backup", "list", "cisco-sw"),
    ):
        office.expect(0, *command)
    assert office.writes() == {}
    assert {name: office.real(name)["running"] for name in SWITCHES} == before


# --- wiring truth -----------------------------------------------------------------------------------------


def ports(make: str) -> tuple[str, str]:
    port, first = MAKES[make]
    return f"{port}{first}", f"{port}{first + 1}"


def test_two_swapped_cables_are_found_and_named(office: Office) -> None:
    for make in MAKES:
        office.break_(f"{make}-sw", "swap-cables", one=f"{make}-a", other=f"{make}-b")
    ran = office.expect(3, "audit", "--limit", "switch")
    for make in MAKES:
        told, (one, other) = ran.aspect(f"{make}-sw", "wiring"), ports(make)
        assert told["outcome"] == "pending"
        assert f"{make}-a: cables swapped with {make}-b: on {other}, expected on {one}" in told["reason"]
    office.forget()
    office.expect(3, "apply", "--yes", "--limit", "cisco-sw")
    assert office.writes() == {}, "a cable is nothing that can be typed"


def test_a_stranger_and_a_bad_cable_are_told_with_their_port(office: Office) -> None:
    for make in MAKES:
        one, other = ports(make)
        office.break_(f"{make}-sw", "stranger", port=one)
        office.break_(f"{make}-sw", "slow-link", port=other)
    ran = office.expect(3, "audit", "--limit", "switch", "--aspect", "wiring")
    for make in MAKES:
        reason, (one, other) = ran.aspect(f"{make}-sw", "wiring")["reason"], ports(make)
        assert f"{one} de:ad:be:" in reason
        assert f"{other} 10 Mb/s half duplex" in reason


# --- power ----------------------------------------------------------------------------------------------------


def test_a_power_cycle_brings_a_hung_camera_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power, "OFF_S", 0.3)
    for make in ("tplink", "mikrotik"):
        camera = f"{make}-a"
        office.break_(camera, "hang")
        assert office.expect(4, "audit", "--limit", camera).outcomes == {camera: "unreachable"}
        before = office.real(f"{make}-sw")["running"]
        ran = office.expect(0, "device", "reboot", camera, "--via-switch", "--yes")
        assert ran.devices[camera]["outcome"] == "changed"
        assert ran.devices[camera]["up_s"] >= 1, "it had to start"
        assert office.real(f"{make}-sw")["running"] == before
        assert not office.real(camera)["dead"]


def test_power_of_an_uplink_or_of_another_device_is_not_touched(office: Office) -> None:
    sites = office.inventory / "sites.yml"
    right = sites.read_text("utf-8")
    one, other = "switch_port: gi1/0/1,", "switch_port: gi1/0/2,"
    try:
        sites.write_text(right.replace(one, f"switch_port: {UPLINKS['cisco']},", 1), "utf-8")
        assert "uplink" in office.json("device", "reboot", "cisco-a", "--via-switch", "--yes").err
        sites.write_text(right.replace(other, "switch_port: gi1/0/9,", 1).replace(one, other, 1), "utf-8")
        assert "not on gi1/0/2" in office.json("device", "reboot", "cisco-a", "--via-switch", "--yes").err
    finally:
        sites.write_text(right, "utf-8")
    assert "is a switch" in office.json("device", "reboot", "tplink-sw", "--via-switch", "--yes").err
    assert office.writes("cisco-sw") == {}
    assert not office.real("cisco-a")["dead"]


def test_a_switch_is_not_reset_and_what_to_do_instead_is_told(office: Office) -> None:
    ran = office.json("device", "reset", "planet-sw", "--confirm", "planet-sw")
    assert (ran.code, "fleetctl device replace planet-sw" in ran.err) == (2, True), ran
    assert not office.requests("planet-sw")


def test_a_switch_is_restarted_and_proven_to_be_back(office: Office) -> None:
    ran = office.expect(0, "device", "reboot", "planet-sw", "--yes")
    assert ran.devices["planet-sw"]["outcome"] == "changed"
    assert ran.devices["planet-sw"]["up_s"] >= 1
    office.wait("planet-a")  # what it powers started with it


# --- the way to the switch ----------------------------------------------------------------------------------


def _until(true: Callable[[], bool], within_s: float = 15.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("make", [make for make in MAKES if make != "planet"])
def test_a_change_that_cuts_the_way_is_undone_by_the_switch_itself(office: Office, make: str) -> None:
    switch = f"{make}-sw"
    office.device_vars({switch: {"ports_named": {UPLINKS[make]: {"enabled": False}}, "reply_timeout_s": 2}})
    before = office.real(switch)["startup"]
    ran = office.expect(4, "apply", "--yes", "--limit", switch, "--aspect", "ports")
    assert "undoes it by itself" in ran.reason(switch)
    _until(lambda: not office.real(switch)["dead"])
    told = office.real(switch)
    assert told["startup"] == told["running"] == before
    office.overlay("all: {vars: {}}")
    office.expect(0, "audit", "--limit", switch)


def test_where_nothing_undoes_it_such_a_change_needs_yes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetctl.cli.rollout.need_answer", lambda **_: None)
    office.device_vars({"planet-sw": {"ports_named": {UPLINKS["planet"]: {"enabled": False}}}})
    ran = office.json("apply", "--limit", "planet-sw")
    assert ran.code == 2
    assert "gi1/12 may be the way to the switch, and planet undoes nothing" in ran.err
    assert office.writes("planet-sw") == {}


# --- SNMPv3 and the clock -------------------------------------------------------------------------------------


def test_snmpv3_users_are_made_and_removed_with_passwords_of_the_vault(office: Office) -> None:
    weak = ("tplink", "ruijie")
    makes = [make for make in MAKES if make not in weak]
    office.overlay("all: {vars: {snmp_users: {noc: {}}}}")
    ran = office.expect(0, "apply", "--yes", "--limit", "switch", "--aspect", "snmp")
    assert {ran.aspect(f"{make}-sw", "snmp")["outcome"] for make in makes} == {"changed"}
    assert all("DES at best" in ran.aspect(f"{make}-sw", "snmp")["reason"] for make in weak)
    office.expect(0, "audit", "--limit", "switch", "--aspect", "snmp,services")
    for make in makes:
        known = office.workspace
        switch = known.inventory.devices[f"{make}-sw"]
        passwords = {known.password(switch, f"snmp-{kind}-noc") for kind in ("authentication", "privacy")}
        assert len(passwords) == 2
        held = " ".join(str(line) for line in office.real(f"{make}-sw")["held"])
        assert all(password in held for password in passwords)
        assert not any(password in f"{ran.out}{ran.err}" for password in passwords)
    office.overlay("all: {vars: {snmp_users: {noc: {state: absent}}}}")
    office.expect(0, "apply", "--yes", "--limit", "switch", "--aspect", "snmp")
    assert not any("noc" in str(office.real(f"{make}-sw")["held"]) for make in MAKES)


def test_how_far_a_clock_is_off_is_told(office: Office) -> None:
    for make in MAKES:
        office.break_(f"{make}-sw", "clock", offset_s=-90.0)
        shown = office.expect(0, "device", "show", f"{make}-sw", "--aspect", "time")
        error_s = shown.devices[f"{make}-sw"]["aspects"][0]["actual"]["clock_error_s"]
        assert error_s == pytest.approx(-90, abs=5), make


# --- bad input ----------------------------------------------------------------------------------------------


def test_a_changed_host_key_stops_that_switch_before_any_login(office: Office) -> None:
    office.break_("ruijie-sw", "host-key")
    ran = office.expect(1, "audit", "--limit", "switch")
    assert ran.outcomes == {**dict.fromkeys(SWITCHES, "unchanged"), "ruijie-sw": "refused"}
    assert "shows another SSH host key" in ran.reason("ruijie-sw")
    assert "serial number" in ran.reason("ruijie-sw")
    assert not [e for e in control.log(office.lab_dir, "ruijie-sw") if e["operation"] == "cli:login"]
    office.expect(0, "adopt", "--yes", "--replace", "--limit", "ruijie-sw")
    office.expect(0, "audit", "--limit", "ruijie-sw")


def test_a_console_that_breaks_in_the_middle_is_a_failure_and_slow_is_not(office: Office) -> None:
    office.break_("cisco-sw", "half-reply")
    ran = office.expect(4, "audit", "--limit", "cisco-sw")
    assert ran.outcomes == {"cisco-sw": "unreachable"}
    office.mend("cisco-sw")
    office.break_("cisco-sw", "slow", bytes_per_s=400)
    office.expect(0, "audit", "--limit", "cisco-sw", "--aspect", "ports,wiring")


@pytest.mark.parametrize("words", ["mac", "lldp", "configuration", "config"])
def test_an_answer_that_lost_its_end_is_never_a_shorter_table(office: Office, words: str) -> None:
    for make in MAKES:
        office.break_(f"{make}-sw", "cut-output", words=words)
    ran = office.json("audit", "--limit", "switch", "--aspect", "wiring,ports")
    assert ran.code in (0, 1)
    told = {name: ran.aspect(name, "wiring") for name in SWITCHES}
    wrong = {name: wiring for name, wiring in told.items() if wiring["outcome"] not in ("unknown", "unchanged")}
    assert wrong == {}, "a camera that the table lost is not told as unplugged"
    assert office.writes() == {}


def test_what_is_accepted_and_not_done_is_not_counted_as_done(office: Office) -> None:
    office.break_("planet-sw", "ignore-writes")
    office.device_vars({"planet-sw": {"syslog_servers": ["10.0.0.99"]}})
    ran = office.expect(1, "apply", "--yes", "--limit", "planet-sw", "--aspect", "syslog")
    assert ran.aspect("planet-sw", "syslog")["outcome"] in ("failed", "not_applied")
    assert "10.0.0.99" not in office.real("planet-sw")["startup"]


def test_a_wrong_password_is_tried_once(office: Office) -> None:
    office.break_("tplink-sw", "lockout")
    office.expect(1, "audit", "--limit", "tplink-sw")
    assert office.refused("tplink-sw") == 1
    office.mend("tplink-sw")
    office.expect(0, "adopt", "--again", "--yes", "--limit", "tplink-sw")


# --- backups --------------------------------------------------------------------------------------------------


def test_a_backup_is_kept_by_date_and_put_back(office: Office) -> None:
    office.expect(0, "device", "backup", "save")
    again = office.expect(0, "device", "backup", "save")
    assert {told["outcome"] for told in again.devices.values()} == {"unchanged"}
    for make in MAKES:
        text = (office.root / "backups" / f"{make}_site" / f"{make}-sw.txt").read_text("utf-8")
        assert office.workspace.password(office.workspace.inventory.devices[f"{make}-sw"]) not in text
        assert f"{make}-a" in text
    made = ("tplink", "mikrotik")
    by_hand = {f"{m}-sw": {"ports_named": {ports(m)[0]: {"description": "by-hand"}}} for m in made}
    office.device_vars(by_hand)
    office.expect(0, "apply", "--yes", "--limit", ",".join(by_hand), "--aspect", "ports")
    for switch in by_hand:
        assert "by-hand" in office.real(switch)["startup"]
        office.expect(0, "device", "backup", "put", switch, "--yes")
        assert "by-hand" not in office.real(switch)["startup"]
    office.overlay("all: {vars: {}}")
    office.expect(0, "audit", "--limit", ",".join(by_hand), "--aspect", "ports")


def test_a_backup_of_another_switch_is_never_put(office: Office) -> None:
    office.expect(0, "device", "backup", "save", "--limit", "cisco-sw,ruijie-sw")
    backups = office.root / "backups"
    foreign = max((backups / "cisco_site" / "cisco-sw").glob("*.vault"))
    mine = backups / "ruijie_site" / "ruijie-sw"
    shutil.copy(foreign, mine / "2030-01-01T000000Z.vault")
    office.forget()
    ran = office.json("device", "backup", "put", "ruijie-sw", "2030-01-01T000000Z", "--yes")
    assert ran.code == 1
    assert "is of another device" in ran.err
    assert office.writes("ruijie-sw") == {}
    (mine / "2030-01-01T000000Z.vault").unlink()


# --- ways in ------------------------------------------------------------------------------------------------


def test_a_secret_of_the_privileged_mode_is_taken_from_the_vault(office: Office) -> None:
    password = office.workspace.password(office.workspace.inventory.devices["cisco-sw"])
    with _console(office, "cisco-sw") as type_:
        type_("configure terminal", "enable secret Gate-1", f"username fleetctl privilege 1 secret {password}", "end")
    ran = office.expect(1, "audit", "--limit", "cisco-sw")
    assert "enable secret" in ran.reason("cisco-sw")
    assert "adopt --again --limit cisco-sw --enable-secret FILE" in ran.reason("cisco-sw")
    office.forget()
    ran = office.expect(1, "audit", "--limit", "cisco-sw")
    assert "the login of enable was refused" in ran.reason("cisco-sw"), "a secret counts as a password does"
    assert "--enable-secret FILE" in ran.reason("cisco-sw")
    assert office.requests("cisco-sw") == 0
    given = office.root / "enable.txt"
    for secret in ("Gate-1", "Gate-0"):  # the second is wrong: it gets in as the technician, and keeps the first
        given.write_text(f"{secret}\n", "utf-8")
        ran = office.expect(0, "adopt", "--again", "--yes", "--limit", "cisco-sw", "--enable-secret", str(given))
        assert secret not in f"{ran.out}{ran.err}"
        assert office.workspace.vault.entry("cisco_site", "cisco-sw", "enable").current == "Gate-1"
        office.expect(0, "audit", "--limit", "cisco-sw", "--aspect", "ports,time")
    assert office.refused("cisco-sw") == 0, "a wrong secret of that mode is no wrong password"
    with _console(office, "cisco-sw") as type_:
        type_("configure terminal", "no enable secret", f"username fleetctl privilege 15 secret {password}", "end")


def test_the_messages_in_its_memory_tell_who_typed(office: Office) -> None:
    one, _ = ports("cisco")
    office.expect(0, "audit", "--limit", "cisco-sw", "--aspect", "ports")
    with _console(office, "cisco-sw") as type_:
        type_("configure terminal", f"interface {one.replace('gi', 'GigabitEthernet')}", "shutdown", "end")
    ran = office.expect(3, "audit", "--who", "--limit", "cisco-sw", "--aspect", "ports")
    entries = ran.lines[-1]["changed_by"]["cisco-sw"]
    assert (entries[0]["account"], entries[0]["what"]) == (lab.TECHNICIAN[0], "vty0")
    office.expect(0, "apply", "--yes", "--limit", "cisco-sw", "--aspect", "ports")


def test_a_person_is_asked_for_that_secret_and_what_no_console_asked_for_is_not_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def typed(_screen: Screen, prompt: str, _mend: str) -> str:
        asked.append(prompt)
        return "Gate-9"

    monkeypatch.setattr("fleetctl.cli.adopt.need_answer", lambda **_: None)
    monkeypatch.setattr(Screen, "ask", lambda *_: True)
    monkeypatch.setattr(Screen, "ask_secret", typed)
    ran = office.expect(0, "adopt", "--again", "--limit", "planet-sw,mikrotik-sw")
    (prompt,) = asked
    assert "planet-sw" in prompt
    assert "mikrotik-sw" not in prompt, "RouterOS has no such mode"
    assert "Gate-9" not in f"{ran.out}{ran.err}"
    assert not office.workspace.vault.entry("planet_site", "planet-sw", "enable").current


def test_a_switch_behind_a_relay(office: Office, relay: Relay) -> None:
    sites = office.inventory / "sites.yml"
    right = sites.read_text("utf-8")
    sites.write_text(right.replace("site_name: Phường ruijie,", f"site_name: x, site_via: '{relay.via}',"), "utf-8")
    try:
        refused = office.expect(2, "adopt", "--yes", "--again", "--limit", "ruijie-sw")
        shown = re.search(r"SHA256:[A-Za-z0-9+/=]+", refused.err)
        assert shown is not None
        office.expect(0, "adopt", "--yes", "--again", "--limit", "ruijie-sw", "--relay-key", shown[0])
        office.expect(0, "audit", "--limit", "ruijie-sw")
        relay.stop()
        tunnel.close_all()
        assert office.expect(4, "audit", "--limit", "ruijie-sw").outcomes == {"ruijie-sw": "unreachable"}
    finally:
        sites.write_text(right, "utf-8")


@contextlib.contextmanager
def _console(office: Office, switch: str) -> Iterator[Callable[..., None]]:
    """Give a console typed by hand, as the technician."""
    with paramiko.SSHClient() as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        port = control.described(office.lab_dir).ports["ssh"]
        user, _ = lab.TECHNICIAN
        password = office.workspace.vault.entry(f"{switch.removesuffix('-sw')}_site", switch, user).current
        client.connect(office.real(switch)["identity"]["address"], port, user, password, look_for_keys=False, allow_agent=False)  # fmt: skip  # noqa: E501
        shell = client.invoke_shell()

        def type_(*lines: str) -> None:
            for line in lines:
                shell.sendall(line.encode() + b"\r")
                time.sleep(0.1)
            _until(shell.recv_ready)
            time.sleep(0.3)

        yield type_


# --- what is wrong at a site ------------------------------------------------------------------------------------


def wrongs(office: Office, site: str) -> dict[str, tuple[str, str]]:
    lines = office.json("site", "check", site).lines
    return {line["name"]: (line["cause"], line["command"]) for line in lines if line["type"] == "wrong"}


def test_what_a_cable_a_port_and_a_hung_camera_have_to_do_with_it_is_told(office: Office) -> None:
    one, other = ports("cisco")
    office.break_("cisco-a", "hang")
    office.break_("cisco-b", "unplug")
    told = wrongs(office, "cisco_site")
    assert told["cisco-a"] == ("hangs", "fleetctl device reboot cisco-a --via-switch")
    assert told["cisco-b"] == ("no-link", "fleetctl device reboot cisco-b --via-switch")
    office.mend()
    office.break_("cisco-sw", "slow-link", port=other)
    shut = {"ports_named_host": {one: {"enabled": False}}}
    office.device_vars({"cisco-sw": shut})
    office.expect(0, "apply", "--yes", "--limit", "cisco-sw", "--aspect", "ports")
    (office.inventory / "zzy_test.yml").unlink()
    told = wrongs(office, "cisco_site")
    assert told["cisco-a"] == ("port-shut", "fleetctl apply --limit cisco-sw --aspect ports")
    assert told["cisco-b"][0] == "slow-link"
    office.expect(0, "apply", "--yes", "--limit", "cisco-sw", "--aspect", "ports")
    office.mend()
    office.break_("cisco-sw", "swap-cables", one="cisco-a", other="cisco-b")
    office.wait("cisco-a")
    told = wrongs(office, "cisco_site")
    assert {told[name][0] for name in ("cisco-a", "cisco-b")} == {"wrong-port"}


def test_a_switch_that_is_away_takes_its_cameras_along_and_one_that_was_replaced_is_told(office: Office) -> None:
    for name in ("tplink-sw", "tplink-a", "tplink-b"):
        office.break_(name, "unplug")
    assert list(wrongs(office, "tplink_site")) == ["tplink_site"]
    office.mend("tplink-b")
    told = wrongs(office, "tplink_site")
    assert told["tplink-sw"] == ("no-answer", "fleetctl site check tplink_site")
    assert set(told) == {"tplink-sw", "tplink-b"}, "what is behind it is its line; what answers is not"
    office.mend()
    office.break_("planet-sw", "host-key")
    assert wrongs(office, "planet_site")["planet-sw"] == ("host-key", "fleetctl adopt --replace --limit planet-sw")
    ran = office.expect(0, "device", "replace", "planet-sw", "--yes")
    steps = {line["step"]: line["outcome"] for line in ran.lines if line["type"] == "step"}
    assert list(steps) == ["retire", "adopt", "apply"]
