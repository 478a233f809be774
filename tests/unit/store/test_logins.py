"""The login budget: a refused password is not presented a second time by itself."""

from __future__ import annotations

import pytest

from fleetctl.errors import Refused, Unreachable
from fleetctl.journal import Journal
from fleetctl.logins import LAST, SPARED
from fleetctl.model import Attempt, Event, LoginJudged, LoginLock, LoginLocked, Outcome
from fleetctl.model.passwords import USUAL_LOCK
from fleetctl.store import Store
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
    clock.forward(USUAL_LOCK.lock_s - 1)
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


def test_a_try_that_nobody_judged_is_made_again_in_each_time_of_the_lock_and_is_no_refusal_of_the_password(
    store: Store, journal: Journal, clock: Clock
) -> None:
    journal.begin("apply", {})
    journal.record(attempt())  # and here the process was killed
    assert "tried by a command that did not end" in Store(store.path).may_try("cam", "admin", "old").barred
    assert store.was_attempted("cam", "admin", "old")
    clock.forward(USUAL_LOCK.lock_s + 1)
    assert store.may_try("cam", "admin", "old") == ("", False)
    journal.record(attempt())  # killed again
    assert "tried by a command that did not end" in store.may_try("cam", "admin", "old").barred
    clock.forward(USUAL_LOCK.lock_s + 1)
    assert store.may_try("cam", "admin", "old") == ("", False)
    journal.record(attempt())
    journal.record(judged(accepted=False))
    assert store.may_try("cam", "admin", "old").barred
    clock.forward(USUAL_LOCK.lock_s + 1)
    assert store.may_try("cam", "admin", "old") == ("", False)
    journal.record(attempt())
    journal.record(judged(accepted=False))
    clock.forward(USUAL_LOCK.lock_s + 1)
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
    assert not store.may_try("cam", "admin", "old", lock=LoginLock(lock_s=300)).barred


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


def killed(store: Store, journal: Journal, *events: Event) -> None:
    """Have a command that presents a password killed before the device's answer is on record."""
    journal.begin("password rotate", {})
    for event in events:
        journal.record(event)
    with store.transaction() as connection:  # as if its process was gone
        connection.execute("UPDATE runs SET pid = 999999999")


def test_a_try_whose_command_was_killed_may_be_repeated_as_long_as_the_device_would_not_lock(
    store: Store, journal: Journal, clock: Clock
) -> None:
    journal.begin("adopt", {})
    journal.record(attempt())
    assert "tried by a command that did not end" in store.may_try("cam", "admin", "old").barred, "it lives"
    for left, settling in ((2, 3), (1, 2), (0, 1), (0, 0)):
        killed(store, journal, *[attempt()] * (left < 2))
        for spared, tries in ((SPARED, left), (LAST, settling)):
            assert store.tries("cam", "admin", spared=spared) == tries
            assert bool(store.may_try("cam", "admin", "old", spared=spared).barred) is (tries == 0)
            assert bool(store.may_try("cam", "admin", "another", spared=spared).barred) is (tries == 0)
    assert "4 were refused lately" in store.may_try("cam", "admin", "old").barred
    clock.forward(USUAL_LOCK.lock_s + 1)
    assert store.may_try("cam", "admin", "old") == ("", False)


def test_of_a_password_that_is_refused_the_tries_that_nobody_heard_of_were_refused_too(
    store: Store, journal: Journal, clock: Clock
) -> None:
    killed(store, journal, attempt())
    killed(store, journal, attempt())
    clock.forward(5)
    ran(journal, "password recover", attempt(), judged(accepted=False), finished(Outcome.UNKNOWN))
    assert "3 were refused lately" in store.may_try("cam", "admin", "another").barred
    assert store.tries("cam", "admin", spared=LAST) == 1
    clock.forward(USUAL_LOCK.lock_s + 1)
    assert store.may_try("cam", "admin", "old") == ("", False), "it was refused once, as far as anybody heard"


def test_a_device_that_never_locks_may_be_asked_again_however_many_commands_were_killed(
    store: Store, journal: Journal
) -> None:
    for _ in range(9):
        killed(store, journal, attempt())
    assert store.may_try("cam", "admin", "old", lock=LoginLock(refusals=0)) == ("", False)


def test_what_another_command_tries_at_this_moment_is_not_tried_beside_it(store: Store, journal: Journal) -> None:
    journal.begin("audit", {})
    journal.record(attempt())
    assert store.may_try("cam", "admin", "old").barred
    assert not store.may_try("cam-2", "admin", "old").barred


def refused(device: str = "cam", account: str = "admin", mark: str = "a", *, address: str = "", **more: int) -> Event:
    return LoginJudged(device=device, account=account, fingerprint=mark, accepted=False, address=address, **more)


def test_what_might_lock_the_device_is_not_tried_however_many_passwords_there_are(
    store: Store, journal: Journal, clock: Clock
) -> None:
    most = USUAL_LOCK.refusals - SPARED
    for number in range(most):
        assert store.may_try("cam", "admin", f"other-{number}") == ("", False)
        ran(journal, "audit", refused(mark=f"other-{number}"), finished(Outcome.REFUSED))
        clock.forward(60)
    barred = store.may_try("cam", "admin", "never-tried").barred
    assert barred.startswith("cam: no login is tried before 2027-01-15 ")
    assert "3 were refused lately, and it may lock after 5" in barred
    clock.forward(USUAL_LOCK.lock_s - 60 * most - 1)
    assert store.may_try("cam", "admin", "never-tried").barred
    clock.forward(2)  # the first of them no longer counts
    assert store.may_try("cam", "admin", "never-tried") == ("", False)


def test_a_login_that_was_accepted_before_is_not_held_up_by_those_of_others(store: Store, journal: Journal) -> None:
    ran(journal, "audit", attempt(), judged(True), finished(Outcome.UNCHANGED))
    ran(journal, "audit", *(refused(account="xem", mark=str(n)) for n in range(4)), finished(Outcome.REFUSED))
    assert store.may_try("cam", "admin", "old") == ("", True)
    assert store.may_try("cam", "admin", "new").barred


def test_the_count_of_a_device_whose_lock_is_the_account_s_is_the_account_s(store: Store, journal: Journal) -> None:
    ran(journal, "audit", *(refused(account="xem", mark=str(n)) for n in range(4)), finished(Outcome.REFUSED))
    assert not store.may_try("cam", "admin", "new", lock=LoginLock(account=True)).barred
    assert store.may_try("cam", "xem", "new", lock=LoginLock(account=True)).barred


def test_a_device_that_never_locks_is_asked_with_any_new_password(store: Store, journal: Journal) -> None:
    ran(journal, "audit", *(refused(mark=str(n)) for n in range(9)), finished(Outcome.REFUSED))
    assert not store.may_try("cam", "admin", "new", lock=LoginLock(refusals=0)).barred
    assert store.may_try("cam", "admin", "8", lock=LoginLock(refusals=0)).barred


def test_a_device_under_another_name_or_at_another_address_is_still_that_device(store: Store, journal: Journal) -> None:
    told = [refused(mark=str(n), address="10.0.0.9:80:22") for n in range(3)]
    ran(journal, "audit", *told, finished(Outcome.REFUSED))
    assert store.may_try("renamed", "admin", "new", address="10.0.0.9:80:22").barred
    assert store.may_try("cam", "admin", "new", address="10.0.0.10:80:22").barred
    assert not store.may_try("another", "admin", "new", address="10.0.0.10:80:22").barred
    assert not store.may_try("another", "admin", "new").barred  # a place that is not known is nobody's


def test_an_accepted_login_ends_the_count(store: Store, journal: Journal) -> None:
    ran(journal, "audit", *(refused(mark=str(n)) for n in range(3)), finished(Outcome.REFUSED))
    ran(journal, "adopt", judged(True, "good"), finished(Outcome.CHANGED))
    assert store.may_try("cam", "admin", "new") == ("", False)


def test_the_device_s_own_word_of_tries_left_counts(store: Store, journal: Journal) -> None:
    ran(journal, "audit", refused(mark="a", tries_left=4), finished(Outcome.REFUSED))
    assert not store.may_try("cam", "admin", "new").barred
    ran(journal, "audit", refused(mark="b", tries_left=1), finished(Outcome.REFUSED))
    assert store.may_try("cam", "admin", "new").barred


def test_a_device_that_says_it_is_locked_is_left_alone_until_it_is_not(
    store: Store, journal: Journal, clock: Clock
) -> None:
    ran(journal, "audit", attempt(), judged(True), finished(Outcome.UNCHANGED))
    locked = LoginLocked(device="cam", account="admin", seconds=600.0)
    ran(journal, "audit", locked, finished(Outcome.REFUSED))
    barred, proven = store.may_try("cam", "admin", "old")
    assert "the device said that it is locked" in barred
    assert not proven
    assert store.may_try("cam", "xem", "x").barred  # the address is locked out
    assert not store.may_try("cam", "xem", "x", lock=LoginLock(account=True)).barred
    clock.forward(601)
    assert store.may_try("cam", "admin", "old") == ("", True)


def test_a_lock_of_unknown_length_lasts_as_long_as_its_maker_s_and_a_person_may_lift_it(
    store: Store, journal: Journal, clock: Clock
) -> None:
    ran(journal, "audit", LoginLocked(device="cam", account="admin"), finished(Outcome.REFUSED))
    clock.forward(299)
    assert store.may_try("cam", "admin", "old", lock=LoginLock(lock_s=300)).barred
    clock.forward(2)
    assert not store.may_try("cam", "admin", "old", lock=LoginLock(lock_s=300)).barred
    assert store.may_try("cam", "admin", "old").barred
    store.forgive("cam", "admin")
    assert not store.may_try("cam", "admin", "old").barred


def test_tries_that_were_never_judged_count_as_refused_for_the_device_too(store: Store, journal: Journal) -> None:
    journal.begin("rotate", {})
    for number in range(3):
        journal.record(attempt(f"mark-{number}"))
    assert store.may_try("cam", "admin", "new").barred


def test_a_try_that_nobody_judged_weighs_no_more_once_the_device_has_let_the_account_in(
    store: Store, journal: Journal
) -> None:
    journal.begin("rotate", {})
    for event in (attempt("first"), judged(True, "new"), attempt("second"), refused(account="admin", mark="former")):
        journal.record(event)
    assert not store.may_try("cam", "admin", "next").barred, "one was refused, one is open; not three"
