"""The login budget: a refused password is not presented a second time by itself."""

from __future__ import annotations

import pytest

from fleetctl.errors import Refused, Unreachable
from fleetctl.journal import Journal
from fleetctl.model import Attempt, Event, LoginJudged, Outcome
from fleetctl.store import LOCK_S, Store
from tests.unit.store.kit import Clock, finished, ran


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def attempt(fingerprint: str = "old") -> Event:
    return Attempt(device="cam", account="admin", fingerprint=fingerprint)


def judged(accepted: bool, fingerprint: str = "old") -> Event:
    return LoginJudged(device="cam", account="admin", fingerprint=fingerprint, accepted=accepted)


def test_a_password_never_presented_may_be_tried_and_is_not_proven(store: Store) -> None:
    assert store.may_try("cam", "admin", "old") == ("", False)
    assert not store.was_attempted("cam", "admin", "old")


def test_an_accepted_password_is_proven(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), judged(True), finished(Outcome.UNCHANGED))
    assert store.may_try("cam", "admin", "old") == ("", True)
    assert store.proven("cam", "admin")
    assert not store.proven("cam", "operator")
    assert not store.proven("cam-2", "admin")


def test_a_refused_password_is_barred_until_the_lock_has_run_out_then_once_more_then_for_good(
    store: Store, journal: Journal, clock: Clock
) -> None:
    ran(journal, "audit", attempt(), judged(False), finished(Outcome.REFUSED))
    barred, proven = store.may_try("cam", "admin", "old")
    assert barred.startswith("cam: the login of admin was refused at 2027-01-15 ")
    assert "Not retried, to spare the lock-out." in barred
    assert barred.endswith("fleetctl adopt --again --limit cam")
    assert not proven
    clock.forward(LOCK_S - 1)
    assert store.may_try("cam", "admin", "old").barred
    clock.forward(2)
    assert store.may_try("cam", "admin", "old") == ("", False)
    ran(journal, "audit", attempt(), judged(False), finished(Outcome.REFUSED))
    clock.forward(10 * 86400)
    assert "and once before" in store.may_try("cam", "admin", "old").barred


def test_another_password_in_the_vault_may_be_tried_at_once_and_the_old_one_stays_barred(
    store: Store, journal: Journal
) -> None:
    ran(journal, "audit", attempt(), judged(False), finished(Outcome.REFUSED))
    assert store.may_try("cam", "admin", "new") == ("", False)
    ran(journal, "audit", attempt("new"), judged(True, "new"), finished(Outcome.UNCHANGED))
    assert store.may_try("cam", "admin", "new") == ("", True)
    assert store.may_try("cam", "admin", "old").barred


def test_a_proven_password_that_is_refused_later_is_proven_no_more(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), judged(True), finished(Outcome.UNCHANGED))
    ran(journal, "audit", judged(False), finished(Outcome.REFUSED))
    assert store.may_try("cam", "admin", "old").barred
    assert not store.proven("cam", "admin")


def test_a_new_proven_password_takes_the_place_of_the_old_one(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), judged(True), finished(Outcome.UNCHANGED))
    ran(journal, "rotate", attempt("new"), judged(True, "new"), finished(Outcome.CHANGED))
    assert store.may_try("cam", "admin", "old") == ("", False)
    assert store.may_try("cam", "admin", "new") == ("", True)


def test_a_try_that_nobody_judged_counts_as_refused(store: Store, journal: Journal, clock: Clock) -> None:
    journal.begin("apply", {})
    journal.record(attempt())  # and here the process was killed
    assert "tried by a command that did not end" in Store(store.path).may_try("cam", "admin", "old").barred
    assert store.was_attempted("cam", "admin", "old")
    clock.forward(LOCK_S + 1)
    assert store.may_try("cam", "admin", "old") == ("", False)
    journal.record(attempt())
    clock.forward(LOCK_S + 1)
    assert "and once before" in store.may_try("cam", "admin", "old").barred


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.UNKNOWN, Outcome.INTERRUPTED])
def test_a_try_that_the_device_never_came_to_judge_costs_nothing(
    store: Store, journal: Journal, outcome: Outcome
) -> None:
    ran(journal, "audit", attempt(), finished(outcome))
    assert store.may_try("cam", "admin", "old") == ("", False)
    assert store.was_attempted("cam", "admin", "old")


@pytest.mark.parametrize(
    ("error", "barred"),
    [(Unreachable("gone"), False), (Refused("another device", credential=False), True), (KeyboardInterrupt(), True)],
)
def test_a_try_costs_nothing_when_the_command_ends_because_the_device_does_not_answer(
    store: Store, journal: Journal, error: BaseException, barred: bool
) -> None:
    with pytest.raises(type(error)), journal.run("show", {}) as record:  # noqa: PT012
        record(attempt())
        raise error
    assert bool(store.may_try("cam", "admin", "old").barred) is barred


def test_a_try_in_a_worker_that_died_counts_as_refused(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), finished(Outcome.FAILED, reason="its worker process died"))
    assert store.may_try("cam", "admin", "old").barred


def test_a_vendor_may_lock_for_another_time(store: Store, journal: Journal, clock: Clock) -> None:
    ran(journal, "audit", attempt(), judged(False), finished(Outcome.REFUSED))
    clock.forward(301)
    assert store.may_try("cam", "admin", "old").barred
    assert not store.may_try("cam", "admin", "old", lock_s=300).barred


def test_a_person_may_lift_the_bar(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), judged(False), finished(Outcome.REFUSED))
    store.forgive("cam", "admin")
    assert store.may_try("cam", "admin", "old") == ("", False)


def test_a_replaced_device_begins_anew(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), judged(False), finished(Outcome.REFUSED))
    store.learn("cam", {"auth": "digest"})
    store.forget("cam")
    assert store.may_try("cam", "admin", "old") == ("", False)
    assert store.facts("cam") == {}


def test_a_try_whose_command_was_killed_may_be_repeated_once(store: Store, journal: Journal) -> None:
    for number, barred in enumerate((False, True)):
        journal.begin("adopt", {})
        journal.record(attempt())
        assert "tried by a command that did not end" in store.may_try("cam", "admin", "old").barred or number
        with store.transaction() as connection:  # as if its process was gone
            connection.execute("UPDATE runs SET pid = 999999999")
        assert bool(store.may_try("cam", "admin", "old").barred) is barred


def test_what_another_command_tries_at_this_moment_is_not_tried_beside_it(store: Store, journal: Journal) -> None:
    journal.begin("audit", {})
    journal.record(attempt())
    assert store.may_try("cam", "admin", "old").barred
    assert not store.may_try("cam-2", "admin", "old").barred
