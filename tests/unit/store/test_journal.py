"""The record of runs: what is on disk when, what a killed run left, what is taken up again."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fleetctl.errors import Busy
from fleetctl.journal import Journal
from fleetctl.machine import Process, this_process
from fleetctl.model import Attempt, Event, Intent, Kind, LoginJudged, Outcome, Result, SecretRef, Started
from fleetctl.store import Store
from tests.unit.store.kit import Clock, change, finished, intent, planned, ran, result


def on_disk(journal: Journal) -> list[str]:
    """Return the events that another process finds."""
    with Store(journal.store.path) as other:
        return [entry.event for entry in Journal(other).entries()]


def test_durable_events_are_on_disk_when_record_returns_and_take_the_others_with_them(journal: Journal) -> None:
    journal.begin("apply", {"limit": "viet_hung"})
    journal.record(Started(device="cam"))
    assert on_disk(journal) == []
    journal.record(intent())
    assert on_disk(journal) == ["Started", "Intent"]
    journal.record(result(Outcome.CHANGED))
    journal.record(Attempt(device="cam", account="a", fingerprint="f"))
    assert on_disk(journal)[2:] == ["Result", "Attempt"]
    journal.record(LoginJudged(device="cam", account="a", fingerprint="f", accepted=False))
    assert on_disk(journal)[4:] == ["LoginJudged"], "a refusal is never forgotten"


def test_other_events_follow_within_half_a_second_of_work(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    journal.begin("apply", {})
    journal.record(Started(device="cam"))
    assert on_disk(journal) == []
    now = 100.6
    journal.record(Started(device="cam-2"))
    assert on_disk(journal) == ["Started", "Started"]


def test_many_events_may_share_one_wait_for_the_disk(journal: Journal) -> None:
    journal.begin("apply", {})
    for number in range(50):
        journal.note(intent(f"cam-{number}"))
    assert on_disk(journal) == []
    journal.flush()
    assert on_disk(journal) == ["Intent"] * 50


def test_events_come_back_as_they_were(journal: Journal) -> None:
    events: list[Event] = [
        Started(device="cam", site="viet_hung"),
        Intent(device="cam", aspect="users", changes=(change(field="accounts", key="admin"),)),
        result(Outcome.NOT_APPLIED, changes=[change()], reason="đọc lại như cũ"),
        LoginJudged(device="cam", account="admin", fingerprint="f", accepted=True),
        finished(Outcome.NOT_APPLIED, reason="x"),
    ]
    with journal.run("apply", {}) as record:
        for event in events:
            record(event)
    assert [entry.value() for entry in journal.entries()] == events
    assert [e.event for e in journal.entries(last=2)] == ["LoginJudged", "Finished"]
    assert [e.aspect for e in journal.entries(device="cam", events=("Intent", "Result"))] == ["users", "time"]
    assert list(journal.entries(device="other")) == []


def test_of_reading_the_journal_keeps_the_endings_and_that_for_ninety_days(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    ran(journal, "audit", planned(Outcome.PENDING, changes=[change()]), finished(Outcome.PENDING))
    ran(journal, "apply", finished(Outcome.CHANGED))
    assert on_disk(journal) == ["Finished", "Started", "Finished"]
    clock.forward(91 * 86400)
    ran(journal, "audit", finished(Outcome.UNCHANGED))
    assert [(e.run, e.event) for e in journal.entries()] == [(2, "Started"), (2, "Finished"), (3, "Finished")]
    assert [run.outcomes for run in journal.runs()] == [{"unchanged": 1}, {"changed": 1}, {"pending": 1}]


def test_what_is_in_the_journal_stays_as_it_is(journal: Journal, store: Store) -> None:
    ran(journal, "apply", intent(), finished(Outcome.CHANGED))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), store.transaction() as connection:
        connection.execute("UPDATE journal SET payload = '{}'")


def test_a_run_tells_who_when_where_and_how_it_ended(journal: Journal) -> None:
    args = {"limit": "viet_hung", "aspects": ("time", "video"), "login": SecretRef(device="cam", account="admin")}
    with journal.run("apply", args, resumes=None) as record:
        for number in range(3):
            record(finished(Outcome.CHANGED, f"cam-{number}"))
        record(finished(Outcome.UNREACHABLE, "cam-3"))
        (running,) = journal.running()
        assert not running.died
    (run,) = journal.runs()
    assert run.args["aspects"] == ["time", "video"]
    assert run.outcomes == {"changed": 3, "unreachable": 1}
    assert run.process == this_process()
    assert run.ended is not None
    assert run.ended >= run.started
    assert run.operator
    assert journal.running() == journal.open_runs() == ()


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (ZeroDivisionError, 1)])
def test_a_run_that_is_left_by_an_error_is_finished_all_the_same(
    journal: Journal, error: type[BaseException], code: int
) -> None:
    with pytest.raises(error), journal.run("apply", {}) as record:  # noqa: PT012
        record(Started(device="cam"))
        raise error
    (run,) = journal.runs()
    assert run.exit_code == code
    assert on_disk(journal) == ["Started"]


def test_only_one_run_writes_and_reading_runs_may_go_beside_it(journal: Journal, tmp_path: Path) -> None:
    with Store(journal.store.path) as other, journal.run("apply", {}), Journal(other).run("audit", {}) as record:
        record(Started(device="cam"))
        third = Journal(Store(journal.store.path))
        with pytest.raises(Busy, match="fleetctl apply"):
            third.run("adopt", {}).__enter__()
        assert [run.kind for run in third.running()] == ["audit", "apply"]


# --- what a killed run left ---------------------------------------------------------------------------------


def killed(tmp_path: Path, *events: Event, tasks: tuple[str, ...]) -> Journal:
    """Return the journal as the next command finds it after kill -9."""
    path = tmp_path / "store.db"
    gone = Process(machine=this_process().machine, host="h", boot=this_process().boot, pid=2**22 + 1, began=5)
    with Store(path, process=gone) as store:
        journal = Journal(store)
        journal.begin("apply", {}, tasks=tasks)
        for event in events:
            journal.note(event)
        journal.flush()
    return Journal(Store(path))


def test_a_killed_run_is_found_with_what_it_left_undone(tmp_path: Path) -> None:
    journal = killed(
        tmp_path,
        intent("a", "time"), result(Outcome.CHANGED, "a", "time"), finished(Outcome.CHANGED, "a"),
        intent("b", "time"), result(Outcome.CHANGED, "b", "time"), intent("b", "video"),
        finished(Outcome.UNREACHABLE, "c"),
        finished(Outcome.FAILED, "d"),
        tasks=("e", "d", "c", "b", "a"),
    )  # fmt: skip
    (run,) = journal.open_runs()
    assert run.died
    assert journal.running() == ()
    assert [(e.device, e.aspect) for e in journal.intents(run.run)] == [("b", "video")]
    assert journal.unfinished() == (run.run, ("e", "c", "b"))
    assert journal.unfinished(run.run) == journal.unfinished()


def test_an_intent_without_a_result_is_undone_even_if_its_device_was_finished(tmp_path: Path) -> None:
    journal = killed(tmp_path, intent("a", "time"), finished(Outcome.FAILED, "a"), tasks=("a",))
    assert journal.unfinished() == (1, ("a",))


def test_a_run_that_came_to_its_end_leaves_nothing(journal: Journal) -> None:
    assert journal.unfinished() is None
    ran(journal, "apply", finished(Outcome.CHANGED), tasks=("cam",))
    assert journal.unfinished() is None
    assert journal.unfinished(77) is None


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.INTERRUPTED, Outcome.PENDING, Outcome.BLOCKED])
def test_what_was_left_undone_by_a_run_that_ended_is_taken_up_again(journal: Journal, outcome: Outcome) -> None:
    ran(journal, "audit", finished(outcome))
    assert journal.unfinished() is None, "an audit has nothing to take up"
    run = ran(journal, "apply", finished(outcome), finished(Outcome.CHANGED, "cam-2"))
    assert journal.unfinished() == (run, ("cam",))
    ran(journal, "apply", finished(Outcome.CHANGED))
    assert journal.unfinished() is None


def test_a_result_is_told_apart_from_that_of_the_device_as_a_whole(tmp_path: Path) -> None:
    whole = Result(device="a", kind=Kind.CAMERA, site="s", aspect="", outcome=Outcome.UNREACHABLE)
    journal = killed(tmp_path, intent("a", "time"), whole, finished(Outcome.UNREACHABLE, "a"), tasks=("a",))
    assert len(journal.intents(1)) == 1
