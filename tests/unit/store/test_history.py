"""What runs leave in the tables: states, drift that comes and goes, the queue, facts, roll-outs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fleetctl.journal import Journal
from fleetctl.model import ABSENT, Change, Gap, Learned, Outcome, SecretRef
from fleetctl.store import Store, moment
from tests.unit.store.kit import Clock, change, finished, planned, ran, result


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_drift_is_one_row_from_when_it_was_first_seen_to_when_it_ended(
    store: Store, journal: Journal, clock: Clock
) -> None:
    first = clock.now
    for _ in range(3):
        ran(journal, "audit", planned(Outcome.PENDING, changes=[change()]), finished(Outcome.PENDING))
        clock.forward(86400)
    (drift,) = store.drift(lasting=True)
    assert (drift.device, drift.aspect, drift.field, drift.key) == ("cam", "time", "zone", "")
    assert (drift.expected, drift.actual, drift.outcome) == ("Asia/Ho_Chi_Minh", "UTC", Outcome.PENDING)
    assert drift.first_seen == moment(first)
    assert drift.last_seen - drift.first_seen == timedelta(days=2)
    assert (drift.ended, drift.flaps) == (None, 0)
    ran(journal, "audit", planned(Outcome.UNCHANGED), finished(Outcome.UNCHANGED))
    assert store.drift(lasting=True) == ()
    (drift,) = store.drift("cam")
    assert drift.ended == moment(clock.now)


def test_drift_that_comes_back_is_counted(store: Store, journal: Journal, clock: Clock) -> None:
    for outcome in (Outcome.PENDING, Outcome.UNCHANGED, Outcome.PENDING, Outcome.UNCHANGED, Outcome.PENDING):
        changes = [change()] if outcome is Outcome.PENDING else []
        ran(journal, "audit", planned(outcome, changes=changes), finished(outcome))
        clock.forward(3600)
    (drift,) = store.drift()
    assert (drift.flaps, drift.ended) == (2, None)
    assert drift.first_seen == moment(clock.now - 3600)


def test_a_field_in_step_again_ends_while_another_lasts(store: Store, journal: Journal, clock: Clock) -> None:
    two = [change(), change(field="ntp_servers")]
    ran(journal, "audit", planned(Outcome.PENDING, changes=two), finished(Outcome.PENDING))
    clock.forward(60)
    ran(journal, "audit", planned(Outcome.PENDING, changes=two[1:]), finished(Outcome.PENDING))
    assert [(d.field, d.ended is None) for d in store.drift()] == [("ntp_servers", True), ("zone", False)]
    assert [d.field for d in store.drift(changed_since=clock.now)] == ["zone"], "what changed that night"


def test_what_an_apply_changed_is_in_the_history_even_if_no_audit_saw_it(store: Store, journal: Journal) -> None:
    ran(journal, "apply", result(Outcome.CHANGED, changes=[change()]), finished(Outcome.CHANGED))
    (drift,) = store.drift()
    assert drift.outcome is Outcome.CHANGED
    assert drift.ended is not None
    assert store.drift(lasting=True) == ()


def test_what_was_written_is_over_though_the_device_does_not_offer_the_rest(store: Store, journal: Journal) -> None:
    gap = Gap(field="ntp_servers", reason="one only")
    told = result(Outcome.UNSUPPORTED, changes=[change()], gaps=[gap])
    ran(journal, "apply", told, finished(Outcome.UNSUPPORTED))
    assert store.drift(lasting=True) == ()
    assert store.drift()[0].outcome is Outcome.CHANGED


def test_what_a_device_accepts_and_does_not_do_lasts(store: Store, journal: Journal, clock: Clock) -> None:
    ran(journal, "audit", planned(Outcome.PENDING, changes=[change()]), finished(Outcome.PENDING))
    clock.forward(60)
    told = result(Outcome.NOT_APPLIED, changes=[change()], reason="reads back as before")
    ran(journal, "apply", told, finished(Outcome.NOT_APPLIED))
    rows = {(d.field, d.outcome, d.reason) for d in store.drift(lasting=True)}
    assert rows == {("", Outcome.NOT_APPLIED, "reads back as before"), ("zone", Outcome.NOT_APPLIED, "")}


def test_a_device_that_cannot_be_reached_keeps_what_is_known_of_it(
    store: Store, journal: Journal, clock: Clock
) -> None:
    ran(journal, "audit", planned(Outcome.PENDING, changes=[change()]), finished(Outcome.PENDING))
    clock.forward(60)
    ran(journal, "audit", result(Outcome.UNREACHABLE, aspect="", reason="no route"), finished(Outcome.UNREACHABLE))
    assert [(d.aspect, d.outcome) for d in store.drift(lasting=True)] == [
        ("", Outcome.UNREACHABLE),
        ("time", Outcome.PENDING),
    ]
    clock.forward(60)
    ran(journal, "audit", planned(Outcome.UNCHANGED), finished(Outcome.UNCHANGED))
    assert store.drift(lasting=True) == ()


def test_unknown_fields_last_and_unsupported_ones_are_no_drift(store: Store, journal: Journal) -> None:
    gaps = [
        Gap(field="zone", outcome=Outcome.UNKNOWN, reason="garbled"),
        Gap(field="dst", outcome=Outcome.UNSUPPORTED, reason="cannot"),
    ]
    ran(journal, "audit", planned(Outcome.UNKNOWN, gaps=gaps), finished(Outcome.UNKNOWN))
    assert [(d.field, d.reason) for d in store.drift()] == [("", ""), ("zone", "garbled")]


def test_values_that_json_lacks_are_kept_and_secrets_are_names(store: Store, journal: Journal) -> None:
    ref = SecretRef(device="cam", account="admin")
    changes = [
        Change(device="cam", aspect="users", field="accounts", key="old", before=("a", 1), after=ABSENT),
        Change(device="cam", aspect="users", field="password", before=None, after=ref),
    ]
    ran(journal, "audit", planned(Outcome.PENDING, aspect="users", changes=changes), finished(Outcome.PENDING))
    assert [(d.expected, d.actual) for d in store.drift()] == [
        ({"$": "absent"}, ["a", 1]),
        ({"$": "SecretRef", "device": "cam", "account": "admin"}, None),
    ]


def test_states_tell_since_when_and_when_last_looked_at(store: Store, journal: Journal, clock: Clock) -> None:
    begun = clock.now
    for _ in range(2):
        run = ran(journal, "audit", planned(Outcome.UNCHANGED), finished(Outcome.UNCHANGED))
        clock.forward(86400)
    device, aspect = store.latest("cam")
    assert (device.aspect, aspect.aspect) == ("", "time")
    assert aspect.outcome is device.outcome is Outcome.UNCHANGED
    assert (aspect.since, aspect.checked, aspect.run) == (moment(begun), moment(begun + 86400), run)
    ran(journal, "apply", result(Outcome.INTERRUPTED), finished(Outcome.INTERRUPTED))
    assert store.latest("cam") == (device, aspect), "an interrupted look tells nothing"


# --- the queue ----------------------------------------------------------------------------------------------


def test_unreachable_devices_wait_longer_from_try_to_try(store: Store, journal: Journal, clock: Clock) -> None:
    begun = clock.now
    waits = []
    for _ in range(9):
        ran(journal, "apply", finished(Outcome.UNREACHABLE, reason="no route"))
        (queued,) = store.queued("apply")
        waits.append((queued.next_try - moment(clock.now)).total_seconds())
        clock.forward(60)
    assert waits[:4] == [900, 1800, 3600, 7200]
    assert waits[-1] == 86400
    assert (queued.tries, queued.since, queued.reason) == (9, moment(begun), "no route")
    assert store.queued("audit") == ()
    assert store.queued(due=clock.now) == ()
    assert store.queued(due=clock.now + 86400) == (queued,)


def test_a_device_that_answers_leaves_the_queue_and_one_left_undone_stays(store: Store, journal: Journal) -> None:
    ran(journal, "apply", finished(Outcome.UNREACHABLE), finished(Outcome.UNREACHABLE, "cam-2"))
    with journal.run("apply", {}) as record:
        record(finished(Outcome.PENDING, "cam-2", "outside its window"))  # never started
    ran(journal, "apply", finished(Outcome.CHANGED))
    assert [q.device for q in store.queued()] == ["cam-2"]


def test_facts_are_kept_beside_those_known(store: Store, journal: Journal) -> None:
    store.learn("cam", {"auth": "digest", "media2": "/onvif/media2"})
    ran(journal, "audit", Learned(device="cam", facts={"auth": "wsse"}), finished(Outcome.UNCHANGED))
    assert store.facts("cam") == {"auth": "wsse", "media2": "/onvif/media2"}
    store.learn("cam", {"media2": ""})
    assert store.facts("cam") == {"auth": "wsse"}


def test_roll_outs_are_remembered_with_how_far_they_are(store: Store, clock: Clock) -> None:
    store.save_rollout("2027", {"waves": ["Long Biên"]}, {"done": 0})
    clock.forward(60)
    store.save_rollout("2027", {"waves": ["Long Biên"]}, {"done": 1})
    (rollout,) = store.rollouts()
    assert (rollout.name, rollout.plan, rollout.state) == ("2027", {"waves": ["Long Biên"]}, {"done": 1})
    assert rollout.changed - rollout.created == timedelta(seconds=60)
