"""Thirty nights of a small fleet: what an operator wants to be told, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from fleetctl.operations import telling
from fleetctl.operations.waivers import waiver_of
from fleetctl.reports import explained
from tests.unit.messages.nights import OURS, Nights, short

OTHER = "Asia/Tokyo"
QUIET = {"giam-sat": []}  # its daily sign of life, which tells of nothing
WAIVER = 'kind: camera, waivers_host: {time.zone: {owner: An, reason: test, until: "2026-11-17"}}}'


def office(*told: str) -> dict[str, list[str]]:
    """What the department and its monitoring are told."""
    return {"giam-sat": [*told], "phong-cntt": [*told]}


def ward(*told: str) -> dict[str, list[str]]:
    """What the ward's contact is told as well."""
    return {"can-bo": [*told], **office(*told)}


def test_thirty_nights_give_exactly_the_messages_that_an_operator_wants(nights: Nights) -> None:
    told = {}
    for night in range(1, 31):
        happens(nights, night)
        told[night] = short(nights.audit())
    wanted = {
        3: office("+drift vh-1"),
        5: office("-drift vh-1"),
        7: ward("+dark gia_thuy"),
        9: ward("+unreachable gt-2", "-dark gia_thuy"),
        10: ward("-unreachable gt-2"),
        # vh-2 comes and goes each night from the 11th to the 17th: told twice, then as what it is, then when it is calm
        11: office("+drift vh-2"),
        12: office("-drift vh-2"),
        13: office("+drift vh-2"),
        14: office("-drift vh-2"),
        15: office("+flapping vh-2"),
        21: office("-flapping vh-2"),
        # the waiver of vh-3, agreed before anybody was told, ends with the 17th
        18: office("+expired vh-3"),
        19: office("-expired vh-3"),
        # the standard changes on the 22nd; five devices follow it within the grace of seven days, one does not
        26: office("+trouble vh-1"),
        27: office("-trouble vh-1"),
        29: office("+overdue vh-4"),
        30: office("-overdue vh-4"),
    }
    assert told == {night: wanted.get(night, QUIET) for night in range(1, 31)}


def happens(nights: Nights, night: int) -> None:
    """Let happen what happens before that night's audit."""
    zones, silent = nights.zones, {7: {"gt-1", "gt-2"}, 9: {"gt-2"}, 10: set()}
    nights.silent = silent.get(night, nights.silent)
    nights.refusing = {"vh-1"} if night == 26 else set()
    if night in (3, 5):
        zones["vh-1"] = "UTC" if night == 3 else OURS
    if night == 10:
        nights.write("viet_hung.yml", "vh-3.example, kind: camera}", f"vh-3.example, {WAIVER}")
    if night in (10, 19):
        zones["vh-3"] = "UTC" if night == 10 else OURS
    if 11 <= night <= 18:
        zones["vh-2"] = "UTC" if night % 2 else OURS
    if night == 22:
        nights.write("standard.yml", OURS, OTHER)
    if night == 24:
        zones |= dict.fromkeys(zones.keys() - {"vh-4"}, OTHER)
    if night == 30:
        zones["vh-4"] = OTHER


def test_a_message_is_in_the_recipients_language_and_tells_what_is_the_same_once(nights: Nights) -> None:
    nights.audit()
    nights.zones |= dict.fromkeys(("vh-1", "vh-2", "vh-3"), "UTC")
    told = nights.audit()
    assert told["phong-cntt"]["subject"] == "fleetctl: Phường Việt Hưng: 3 mới, 0 đã hết, 3 còn"
    line = f"- 3 camera (vh-1, vh-2, vh-3): time.zone: lệch chuẩn (UTC, mong đợi {OURS})"
    assert line in told["phong-cntt"]["text"].splitlines()
    assert f"- 3 cameras (vh-1, vh-2, vh-3): time.zone: drift (UTC, expected {OURS})" in told["giam-sat"]["text"]
    assert [i["device"] for i in told["giam-sat"]["new"]] == ["vh-1", "vh-2", "vh-3"]
    assert told["giam-sat"]["open"] == {"drift": 3}


def test_a_dark_site_is_one_message_and_names_no_device(nights: Nights) -> None:
    nights.audit()
    nights.silent = {"vh-1", "vh-2", "vh-3", "vh-4"}
    text = nights.audit()["giam-sat"]["text"]
    assert text.splitlines()[:2] == ["New:", "- Phường Việt Hưng (4 devices): nothing there answers"]
    assert "vh-1" not in text


def test_what_an_audit_did_not_reach_is_told_and_that_it_did_again(nights: Nights) -> None:
    nights.audit()
    nights.late = {"gt-1", "gt-2"}
    assert short(nights.audit()) == ward("+late")
    assert short(nights.audit()) == QUIET
    nights.late = set()
    assert short(nights.audit()) == ward("-late")


def test_who_becomes_a_recipient_is_told_what_is_open_and_who_is_none_any_more_nothing(nights: Nights) -> None:
    nights.audit()
    nights.zones["vh-1"] = "UTC"
    nights.audit()
    nights.write("standard.yml", "      phong-cntt:", "      moi: {email: moi@hanoi.example}\n      phong-cntt:")
    assert short(nights.audit()) == {**QUIET, "moi": ["+drift vh-1"]}
    nights.write("standard.yml", "      moi: {email: moi@hanoi.example}\n", "")
    nights.zones["vh-1"] = OURS
    assert short(nights.audit()) == office("-drift vh-1")


def test_a_device_that_left_the_inventory_is_not_told_as_mended(nights: Nights) -> None:
    nights.audit()
    nights.zones["vh-1"] = "UTC"
    nights.audit()
    nights.write("viet_hung.yml", "        vh-1: {ansible_host: vh-1.example, kind: camera}\n", "")
    assert short(nights.audit()) == QUIET


def test_explain_knows_the_waiver_of_a_variable_and_covers_the_webhooks_key(nights: Nights) -> None:
    nights.write("viet_hung.yml", "vh-3.example, kind: camera}", f"vh-3.example, {WAIVER}")
    found = waiver_of(nights.workspace, "vh-3", "time_zone")
    assert found is not None
    assert (found.setting, found.until) == ("time.zone", "2026-11-17")
    assert waiver_of(nights.workspace, "vh-3", "time_ntp_servers") is None
    assert waiver_of(nights.workspace, "vh-1", "time_zone") is None
    assert explained.value("message_webhook_key", "a-key-of-the-test") == explained.COVERED


def test_after_a_clock_that_was_ahead_signs_of_life_and_news_go_on(nights: Nights) -> None:
    nights.audit()
    nights.now += timedelta(days=400)
    nights.clock.now = nights.now.timestamp()
    assert short(nights.audit()) == QUIET
    nights.silent = {"vh-1"}
    with mock.patch.object(telling, "tell"):  # it is seen while the clock is ahead, and not told yet
        nights.audit()
    nights.now -= timedelta(days=400)
    nights.clock.now = nights.now.timestamp()
    assert telling.tell(nights.workspace, nights.now, patience=timedelta(minutes=15)) == 2
    nights.now += timedelta(days=1)
    nights.clock.now = nights.now.timestamp()
    assert short(nights.audit()) == QUIET, "a sign of life, and no news twice"
    nights.silent = set()
    assert short(nights.audit()) == office("-unreachable vh-1")
