"""Why something is not as expected, and the turns it took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetctl.aspects.time import Time
from fleetctl.journal import Journal
from fleetctl.model import AspectPlan, Cause, Change, Outcome, Planned, Written
from fleetctl.store import Store, moment
from tests.unit.store.kit import Clock, finished, planned, ran, result

OUR, OTHER = "Asia/Ho_Chi_Minh", "UTC"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def change(expected: str, actual: str) -> Change:
    return Change(device="cam", aspect="time", field="zone", before=actual, after=expected)


def seen(expected: str, actual: str) -> Planned:
    """A look at the camera's zone."""
    changes = () if expected == actual else (change(expected, actual),)
    outcome = Outcome.PENDING if changes else Outcome.UNCHANGED
    told = AspectPlan(
        aspect="time", outcome=outcome, changes=changes, expected=Time(zone=expected), actual=Time(zone=actual)
    )
    event = planned(outcome)
    return replace(event, plan=replace(event.plan, aspects=(told,)))


def look(journal: Journal, clock: Clock, expected: str, actual: str) -> None:
    told = seen(expected, actual)
    ran(journal, "audit", told, finished(told.plan.aspects[0].outcome))
    clock.forward(86400)


def cause(store: Store) -> Cause | None:
    (row,) = store.drift(lasting=True)
    return row.cause


def test_what_was_never_right_is_new_and_what_was_right_has_drifted(
    store: Store, journal: Journal, clock: Clock
) -> None:
    look(journal, clock, OUR, OTHER)
    assert cause(store) is Cause.NEW
    look(journal, clock, OUR, OUR)
    look(journal, clock, OUR, OTHER)
    assert cause(store) is Cause.DRIFT


def test_a_standard_that_changed_is_pending_until_the_device_was_seen_to_follow(
    store: Store, journal: Journal, clock: Clock
) -> None:
    look(journal, clock, OUR, OUR)
    changed = clock.now
    look(journal, clock, "Asia/Tokyo", OUR)
    look(journal, clock, "Asia/Tokyo", OUR)
    (row,) = store.drift(lasting=True)
    assert row.cause is Cause.PENDING
    assert row.asked is not None
    assert row.asked.timestamp() == changed, "since when the standard says so"
    look(journal, clock, "Asia/Tokyo", "Asia/Tokyo")
    look(journal, clock, "Asia/Tokyo", OUR)
    assert cause(store) is Cause.DRIFT


def test_what_an_apply_made_right_has_drifted_when_it_is_wrong_again(
    store: Store, journal: Journal, clock: Clock
) -> None:
    look(journal, clock, OUR, OTHER)
    ran(journal, "apply", result(Outcome.CHANGED, changes=[change(OUR, OTHER)]), finished(Outcome.CHANGED))
    clock.forward(60)
    look(journal, clock, OUR, OTHER)
    assert cause(store) is Cause.DRIFT


def test_a_setting_that_is_managed_from_now_on_is_pending_on_a_known_device(
    store: Store, journal: Journal, clock: Clock
) -> None:
    event = seen(OUR, OUR)
    bare = replace(event.plan.aspects[0], expected=Time(ntp_servers=("10.0.0.10",)))
    ran(journal, "audit", replace(event, plan=replace(event.plan, aspects=(bare,))), finished(Outcome.UNCHANGED))
    clock.forward(86400)
    look(journal, clock, OUR, OTHER)
    assert cause(store) is Cause.PENDING


def test_a_device_that_could_not_be_read_is_not_taken_for_right(store: Store, journal: Journal, clock: Clock) -> None:
    event = seen(OUR, OUR)
    unread = replace(event.plan.aspects[0], outcome=Outcome.UNKNOWN, actual=None)
    ran(journal, "audit", replace(event, plan=replace(event.plan, aspects=(unread,))), finished(Outcome.UNKNOWN))
    clock.forward(86400)
    look(journal, clock, OUR, OTHER)
    assert cause(store) is Cause.NEW


def test_each_turn_is_kept_and_nights_on_which_nothing_moves_leave_none(
    store: Store, journal: Journal, clock: Clock
) -> None:
    begun = clock.now
    for actual in (OUR, OTHER, OTHER, "Asia/Tokyo", OUR, OUR, OTHER):
        look(journal, clock, OUR, actual)
    assert [(turn.what, turn.actual) for turn in store.turns()] == [
        ("began", OTHER),
        ("changed", "Asia/Tokyo"),
        ("ended", "Asia/Tokyo"),
        ("began", OTHER),
    ]
    assert [turn.what for turn in store.turns(since=begun + 4 * 86400)] == ["ended", "began"]
    assert [turn.what for turn in store.turns(last=1)] == ["began"]
    assert store.turns(device="other") == ()
    assert store.turns(aspect="video") == ()


def test_who_changed_it_is_kept_beside_the_drift_it_is_told_of_and_no_other(
    store: Store, journal: Journal, clock: Clock
) -> None:
    look(journal, clock, OUR, OUR)
    since = moment(clock.now)
    look(journal, clock, OUR, OTHER)
    by = Written(time=since, account="thanh", address="10.0.0.9", what="cfg")
    store.keep_writers("other", since, [by])
    assert store.drift(lasting=True)[0].changed_by == ()
    store.keep_writers("cam", moment(clock.now), [by])
    assert store.drift(lasting=True)[0].changed_by == (), "it began before that"
    store.keep_writers("cam", since, [by])
    assert [each["account"] for each in store.drift(lasting=True)[0].changed_by] == ["thanh"]
    look(journal, clock, OUR, OUR)
    look(journal, clock, OUR, OTHER)
    assert store.drift(lasting=True)[0].changed_by == (), "of this time nobody told"


def test_the_store_tells_of_the_devices_that_are_asked_for(store: Store, journal: Journal, clock: Clock) -> None:
    for actual in (OUR, OTHER, OUR):
        look(journal, clock, OUR, actual)
    assert store.drift(devices=["other"]) == store.turns(devices=["other"]) == ()
    assert len(store.drift(devices=["other", "cam"])) == 1
    assert [turn.what for turn in store.turns(devices=["cam"])] == ["began", "ended"]
    assert [turn.what for turn in store.turns(devices=["cam"], last=1)] == ["ended"], "the latest"


def test_a_clock_that_jumps_ahead_for_a_night_makes_the_store_forget_nothing(
    store: Store, journal: Journal, clock: Clock
) -> None:
    look(journal, clock, OUR, OUR)
    look(journal, clock, OUR, OTHER)
    for _ in range(20):
        look(journal, clock, OUR, OUR)
    true = clock.now
    clock.forward(11 * 366 * 86400)
    look(journal, clock, OUR, OUR)
    clock.now = true
    look(journal, clock, OUR, OUR)
    assert [turn.what for turn in store.turns()] == ["began", "ended"]
    assert len([row for row in store.drift() if row.ended]) == 1
    clock.forward(11 * 366 * 86400)
    for _ in range(20):
        look(journal, clock, OUR, OUR)
    assert store.turns() == (), "in the end it is believed"
