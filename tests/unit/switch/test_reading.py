"""Given what a console prints, this is what the switch is. The captures are written from public documentation."""

from __future__ import annotations

import datetime
import itertools
import re
import time as clock
from collections.abc import Iterator

import pytest

from fleetctl.aspects.ports import Port
from fleetctl.aspects.snmp import Security, SnmpUser
from fleetctl.aspects.syslog import Severity, Syslog
from fleetctl.aspects.users import Account, Level
from fleetctl.aspects.vlans import Vlan
from fleetctl.aspects.wiring import Seat
from fleetctl.drivers.switch import ports, services, snmp, syslog, time, users, vlans, wiring, writers
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import UNSET, Access, Kind, Neighbour, Outcome, Untold
from fleetctl.protocols.ssh import names, platforms
from fleetctl.protocols.ssh.grammar import Reading, parsed
from fleetctl.protocols.ssh.whole import answer
from tests.unit.switch.fakes import CAMERA, PLATFORMS, PORTS, capture, device, session

pytestmark = pytest.mark.parametrize("platform", PLATFORMS)

IDENTITY = {
    "cisco_ios": ("Cisco", "WS-C2960-24PC-L", "15.0(2)SE11", "FOC1348W9MD", "00:25:b4:01:8e:80"),
    "tplink_jetstream": (
        "TP-Link",
        "T2600G-28MPS",
        "4.0.0 Build 20200219",
        "2171234567890",
        "00:0a:eb:13:23:a0",
    ),
    "planet": ("PLANET", "GS-5220-8P2T2S", "1.0b210125", "", "a8:f7:e0:12:34:56"),
    "ruijie_os": ("Ruijie", "S2910-24GT4SFP-UP-H", "S2910_RGOS 11.4(1)B1P3", "G1K20UD000123", ""),
    "mikrotik_routeros": ("MikroTik", "CRS328-24P-4S+", "7.12.1", "HDA08XY3Z1K", ""),
    "hp_comware": (
        "H3C",
        "S5130S-28P-HPWR-EI",
        "7.1.070, Release 6126P20",
        "219801A1WQ9191Q00045",
        "70:3a:a6:c8:1e:de",
    ),
}
NO_STORM = ("planet",)
NO_LIMIT = ("mikrotik_routeros",)


def test_every_platform_there_is_has_a_capture(platform: str) -> None:
    assert set(platforms.all_platforms()) == set(PLATFORMS)
    known = capture(platform)
    for name, reading in platforms.all_platforms()[platform].readings.items():
        assert name == "backup" or reading.command in known


def test_the_switch_says_who_it_is(platform: str) -> None:
    told = session(platform).identity()
    found = (told.manufacturer, told.model, told.firmware, told.serial_number, told.mac_address)
    assert found == IDENTITY[platform]


def test_ports_are_read(platform: str) -> None:
    camera, shut, bad, uplink = PORTS[platform]
    told = ports.read(session(platform))
    name = "viet-hung-cam-01" if platform == "cisco_ios" else "cam-01"
    limit, storm = (UNSET if platform in NO_LIMIT else 7.0), (UNSET if platform in NO_STORM else 1.0)
    assert told.named[camera] == Port(
        description=name, enabled=True, access_vlan=20, poe=True, poe_limit_w=limit, storm_control_percent=storm
    )
    assert (told.named[shut].enabled, told.named[shut].poe, told.named[shut].access_vlan) == (False, False, 20)
    assert (told.named[bad].enabled, told.named[bad].description, told.named[bad].access_vlan) == (True, "", 1)
    assert told.named[uplink].access_vlan == ports.TRUNK
    assert told.named[uplink].poe is UNSET, "the port gives no power"
    assert told.unused_enabled == (), "what has a link is used"


def test_a_port_that_is_on_without_link_name_or_device_is_unused(platform: str) -> None:
    bad = PORTS[platform][2]
    known = session(platform)
    text = known.text("links")
    for up, down in (("connected    1          a-half   a-10", "notconnect   1            auto   auto"), ("LinkUp      10M       Half", "LinkDown    N/A       N/A "), ("10hdx", "Down"), ("up        1      Half     10M", "down      1      Unknown  Unknown"), ("link-ok\n          auto-negotiation: done\n                      rate: 10Mbps", "no-link"), ("UP   10M(a)  H(a)", "DOWN auto    A   ")):  # fmt: skip  # noqa: E501
        text = text.replace(up, down)
    assert ports.read(session(platform, links=text)).unused_enabled == (bad,)


def test_vlans_clock_log_accounts_and_doors_are_read(platform: str) -> None:
    known = session(platform)
    assert vlans.read(known).numbered["20"] == Vlan(name="CAMERA" if platform == "cisco_ios" else "camera")
    told = time.read(known)
    servers = ("10.0.0.10",) if platform == "tplink_jetstream" else ("10.0.0.10", "10.0.0.11")
    assert (told.ntp_servers, told.zone, told.daylight_saving) == (servers, "Asia/Ho_Chi_Minh", False)
    assert syslog.read(known) == Syslog(servers=("10.0.0.20",), severity=Severity.WARNINGS)
    accounts = users.read(known).accounts
    assert accounts["admin"] == Account(level=Level.ADMINISTRATOR)
    other = next(name for name in accounts if name != "admin")
    assert accounts[other] == Account(level=Level.USER)
    doors = services.read(known)
    assert (doors.http, doors.ssh, doors.snmp_v1_v2c) == (False, True, True)
    assert doors.telnet is True


def test_how_far_the_clock_is_off_is_measured(platform: str) -> None:
    shown = datetime.datetime(2026, 11, 2, 8, 0, 11, tzinfo=datetime.timezone(datetime.timedelta(hours=7)))
    if platform == "tplink_jetstream":
        shown = shown.replace(hour=11, minute=23, second=32)
    told = time.read(session(platform)).clock_error_s
    assert isinstance(told, float)
    assert told == pytest.approx(shown.timestamp() + 0.5 - clock.time(), abs=2)


def test_a_clock_that_cannot_be_is_not_taken_for_one(platform: str) -> None:
    text = session(platform).text("clock")
    for right, wrong in (("Nov 2", "Nov 31"), ("Nov 2,", "Nov 31,"), ("11-02", "11-31"), ("11/02", "11/31")):
        text = text.replace(right, wrong)
    told = time.read(session(platform, clock=text)).clock_error_s
    assert isinstance(told, Untold)
    assert "impossible" in told.reason


def test_users_of_snmp_are_read_with_what_protects_them(platform: str) -> None:
    known = session(platform)
    if not known.can("snmp"):
        with pytest.raises(Unsupported, match="DES at best"):
            snmp.read(known)
        return
    weak, strong = SnmpUser(security=Security.WEAKER), SnmpUser(security=Security.SHA_AES)
    assert dict(snmp.read(known).users) == {"nms": strong, "old": weak}


def test_wiring_truth_is_the_table_of_addresses(platform: str) -> None:
    camera, _, bad, _ = PORTS[platform]
    told = wiring.read(session(platform))
    assert dict(told.devices) == {"cam-01": Seat(port=camera)}
    assert told.slow == (f"{bad} 10 Mb/s half duplex",)
    assert told.unknown == (), "the other addresses are not in the cameras' VLAN"


def test_what_is_in_no_inventory_is_told_where_cameras_are(platform: str) -> None:
    camera, _, _, uplink = PORTS[platform]
    another = device(platform, mac="c0:56:e3:00:00:01")
    assert wiring.read(session(platform, told=another)).unknown == (f"{camera} {CAMERA}",)
    router = Neighbour(name="x", kind=Kind.OTHER)
    assert uplink not in str(wiring.read(session(platform, told=device(platform, extra=(router,)))).unknown)


def test_swapped_cables_are_named(platform: str) -> None:
    camera, _, bad, _ = PORTS[platform]
    first = Neighbour(name="cam-01", kind=Kind.CAMERA, mac_address="00:12:34:56:78:9b", port=camera)
    second = Neighbour(name="cam-02", kind=Kind.CAMERA, mac_address=CAMERA, port=bad)
    known = session(platform, access=Access.READ, told=_with(platform, first, second))
    wanted = wiring.Wiring(devices=wiring.FrozenMap({"cam-01": Seat(port=camera), "cam-02": Seat(port=bad)}))
    gaps = wiring.limits(known, wanted)
    assert {gap.key for gap in gaps} == {"cam-01", "cam-02"}
    assert all(gap.outcome is Outcome.PENDING for gap in gaps)
    assert f"cables swapped with cam-02: on {bad}, expected on {camera}" in gaps[0].reason


def _with(platform: str, *neighbours: Neighbour):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(device(platform), neighbours=neighbours)


def test_an_answer_that_was_cut_off_is_no_empty_table(platform: str) -> None:
    platform_ = platforms.all_platforms()[platform]
    for name, reading in platform_.readings.items():
        if name == "backup" or reading.whole.pattern.startswith(r"\A"):
            continue
        answer = capture(platform)[reading.command]
        found = reading.whole.search(answer)
        assert found is not None
        with pytest.raises(BadAnswer, match=r"not whole|no total"):
            session(platform, **{name: answer[: found.start()]}).records(name)


def shortened(reading: Reading, text: str) -> str:
    """Return an answer from which the last entry and what follows it is gone, but for a total in it."""
    rows = text.splitlines(keepends=True)
    begins = [rule.match for rule in reading.rules if rule.start or rule.one]
    last = max(n for n, row in enumerate(rows) if any(match.search(row.rstrip()) for match in begins))
    total = reading.count.match if reading.count is not None else None
    return "".join(rows[:last] + [row for row in rows[last:] if total is not None and total.search(row)])


def test_a_table_that_ends_early_is_no_shorter_table(platform: str) -> None:
    for name, reading in platforms.all_platforms()[platform].readings.items():
        if reading.count is not None:
            cut = shortened(reading, capture(platform)[reading.command])
            with pytest.raises(BadAnswer, match="the switch counts"):
                session(platform, **{name: cut}).records(name)


def test_where_nothing_counts_an_answer_must_be_the_same_twice(platform: str) -> None:
    for reading in platforms.all_platforms()[platform].readings.values():
        if not reading.twice:
            continue
        text = capture(platform)[reading.command]
        cut = shortened(reading, text)
        once, always = itertools.chain([cut], itertools.repeat(text)), itertools.cycle([cut, text])
        assert parsed(reading, answer(reading, lambda _, told=once: next(told))) == parsed(reading, text)  # type: ignore[misc]
        with pytest.raises(BadAnswer, match="another one each time"):
            answer(reading, lambda _, told=always: next(told))  # type: ignore[misc]


def test_a_switch_that_does_not_know_how_to_count_is_read_twice(platform: str) -> None:
    def ask(command: str) -> str:
        if command in told:
            return next(told[command])
        raise Rejected("% Invalid input", code="console")

    for reading in counted_apart(platform):
        text = capture(platform)[reading.command]
        told = {reading.command: itertools.cycle([shortened(reading, text), text])}
        with pytest.raises(BadAnswer, match="another one each time"):
            answer(reading, ask)


def test_a_count_that_was_cut_off_itself_proves_nothing(platform: str) -> None:
    for reading in counted_apart(platform):
        cut = shortened(reading, capture(platform)[reading.command])
        with pytest.raises(BadAnswer, match="the switch's own count has no total"):
            answer(reading, lambda command, reading=reading, cut=cut: cut if command == reading.command else "Dyn\n")  # type: ignore[misc]


def counted_apart(platform: str) -> Iterator[Reading]:
    """Yield the readings that a command of its own counts."""
    for reading in platforms.all_platforms()[platform].readings.values():
        if reading.count is not None and reading.count.command:
            yield reading


def test_a_port_that_the_table_of_links_leaves_out_is_no_port_without_link(platform: str) -> None:
    uplink, text = PORTS[platform][3], session(platform).text("links")
    rows = [(re.match(r"\s*(\S+(?: \d\S*)?)", row), row) for row in text.splitlines(keepends=True)]
    cut = "".join(row for found, row in rows if found is None or names.canonical(found[1]) != uplink)
    if platform == "mikrotik_routeros":
        assert cut == text, "its answers end with a mark of our own"
        return
    with pytest.raises(BadAnswer, match=f"not whole: nothing of {uplink}"):
        ports.read(session(platform, links=cut))


def test_a_table_with_a_line_nobody_knows_is_not_understood(platform: str) -> None:
    for name, reading in platforms.all_platforms()[platform].readings.items():
        if reading.strict:
            answer = capture(platform)[reading.command] + "lorem ipsum dolor\n"
            with pytest.raises(BadAnswer, match="not understood"):
                session(platform, **{name: answer}).records(name)


def test_a_port_has_one_name_however_it_is_written(platform: str) -> None:
    long = platforms.all_platforms()[platform].port_names
    for port in PORTS[platform]:
        assert names.canonical(names.written(port, dict(long))) == port
        assert names.canonical(port.upper()) == port


# --- who changed it ------------------------------------------------------------------------------------------


def test_messages_in_memory_tell_who_typed_and_the_year_is_that_of_the_last_such_day(platform: str) -> None:
    made = session(platform)
    if platform != "cisco_ios":
        with pytest.raises(Unsupported, match="nothing is known of the messages"):
            writers.writers(made, datetime.timedelta(days=7))
        return
    at = time.now(made)
    told = writers.writers(made, datetime.timedelta(days=366))
    assert [(w.account, w.address, w.what) for w in told] == [("admin", "", "console"), ("thanh", "10.20.1.77", "vty1")]
    assert all(at - datetime.timedelta(days=366) <= each.time <= at + datetime.timedelta(days=1) for each in told)
    assert [f"{each.time:%Y-%m-%d}" for each in told] == ["2025-12-30", "2025-11-24"]
    assert writers.writers(made, datetime.timedelta(seconds=1)) == ()
