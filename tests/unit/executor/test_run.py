"""What every run keeps to, whatever happens in it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from fleetctl.errors import BadAnswer, Refused, Stale, Unreachable, Unsupported, VaultError
from fleetctl.executor import Policy, Stop, Task, run
from fleetctl.model import Finished, Intent, Learned, Outcome, Result, SecretRef, Started
from tests.unit.executor import works
from tests.unit.executor.kit import done, endings, tasks


def test_every_task_ends_once_and_with_its_last_event(how: dict[str, Any]) -> None:
    events = done(works.simple, tasks(60), **how)
    assert {name: e.outcome for name, e in endings(events).items()} == {f"d{n}": Outcome.CHANGED for n in range(60)}
    last = {event.device: event for event in events}
    assert all(isinstance(event, Finished) for event in last.values())


def test_a_run_of_nothing_yields_nothing() -> None:
    assert done(works.simple, []) == []


def test_the_events_of_a_task_keep_their_order(how: dict[str, Any]) -> None:
    aspects: dict[str, list[str]] = {}
    for event in done(works.chatty, tasks(10), **how):
        if isinstance(event, Result):
            aspects.setdefault(event.device, []).append(event.aspect)
    assert aspects == {f"d{n}": [f"a{k}" for k in range(200)] for n in range(10)}


def test_two_tasks_of_one_name_are_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="two tasks bear one name: a"):
        run(works.simple, [Task(name="a"), Task(name="b"), Task(name="a")], lambda name: None)


RAISED = {
    "away": (Unreachable("no route"), Outcome.UNREACHABLE, "no route"),
    "refused": (Refused("wrong password", credential=True), Outcome.REFUSED, "wrong password"),
    "older": (Unsupported("no such service"), Outcome.UNSUPPORTED, "no such service"),
    "moved": (Stale("it moved"), Outcome.STALE, "it moved"),
    "strange": (BadAnswer("not XML"), Outcome.UNKNOWN, "not XML"),
    "broken": (ZeroDivisionError("by zero"), Outcome.FAILED, "ZeroDivisionError: by zero"),
}


def test_what_is_raised_in_a_task_becomes_its_outcome(how: dict[str, Any]) -> None:
    what = [*tasks(3), *(Task(name=name) for name in RAISED)]
    events = done(works.failing, what, lambda name: RAISED[name][0] if name in RAISED else None, **how)
    results = {e.device: (e.aspect, e.outcome, e.reason) for e in events if isinstance(e, Result)}
    assert results == {name: ("", outcome, reason) for name, (_, outcome, reason) in RAISED.items()}
    assert sum(isinstance(e, Result) for e in events) == len(RAISED)
    assert {name: end.outcome for name, end in endings(events).items()} == {
        **{name: outcome for name, (_, outcome, _) in RAISED.items()},
        **dict.fromkeys(["d0", "d1", "d2"], Outcome.CHANGED),
    }


CONTRACT = {
    "silent": "without telling its outcome",
    "exit": "SystemExit: 3",
    "not durable": "Started is not a durable event",
}


def test_work_that_breaks_its_contract_fails_by_itself(how: dict[str, Any]) -> None:
    breaks = {f"{payload} {n}": payload for payload in CONTRACT for n in range(10)}
    events = done(
        works.failing,
        [Task(name=name) for name in (*breaks, "good")],
        breaks.get,
        threads=4,
        **{key: value for key, value in how.items() if key != "threads"},
    )
    ends = endings(events)
    assert len(ends) == len(breaks) + 1
    assert ends["good"].outcome is Outcome.CHANGED
    for name, payload in breaks.items():
        assert ends[name].outcome is Outcome.FAILED
        assert CONTRACT[payload] in ends[name].reason


def test_an_event_that_cannot_leave_its_process_fails_only_its_own_task() -> None:
    events = done(works.failing, tasks(6), lambda name: "unpicklable" if name == "d1" else None, process_threshold=0)
    ends = endings(events)
    assert ends["d1"].outcome is Outcome.FAILED
    assert "pickle" in ends["d1"].reason
    assert Counter(e.outcome for e in ends.values()) == {Outcome.CHANGED: 5, Outcome.FAILED: 1}


def test_only_the_first_of_two_endings_counts(how: dict[str, Any]) -> None:
    assert endings(done(works.failing, tasks(1), lambda name: "twice", **how))["d0"].outcome is Outcome.UNCHANGED


def test_no_secret_of_the_payload_gets_into_a_reason(how: dict[str, Any]) -> None:
    bag = works.Bag(secrets={SecretRef(device="d0", account="admin"): "S3cret!"})
    events = done(works.failing, tasks(1), lambda name: bag, **how)
    assert "S3cret!" not in repr(events)
    assert endings(events)["d0"].reason == "RuntimeError: cannot log in with ********"


def test_a_payload_that_cannot_be_made_fails_its_task_and_not_the_run(how: dict[str, Any]) -> None:
    def payload(name: str) -> None:
        if name == "d1":
            raise VaultError("the vault has no password for d1")

    ends = endings(done(works.simple, tasks(3), payload, **how))
    assert (ends["d1"].outcome, ends["d1"].reason) == (Outcome.FAILED, "the vault has no password for d1")
    assert ends["d2"].outcome is Outcome.CHANGED


def test_a_payload_is_made_when_its_turn_has_come_and_not_before() -> None:
    ended, ahead = 0, []
    made: list[str] = []
    policy = Policy(process_threshold=0, processes=2, threads=3)
    for event in run(works.simple, tasks(50), made.append, policy):
        ended += isinstance(event, Finished)
        ahead.append(len(made) - ended)
    assert len(made) == 50
    assert max(ahead) <= 6


# --- journal before the wire ------------------------------------------------------------------------


def test_nothing_is_sent_before_the_consumer_has_come_back(how: dict[str, Any], tmp_path: Path) -> None:
    wire = tmp_path / "wire"
    wire.touch()
    for event in run(works.writing, tasks(12), lambda name: str(wire), Policy(**how)):
        if isinstance(event, Intent):
            time.sleep(0.002)
            assert f"{event.device} {event.aspect}\n" not in wire.read_text()
    assert len(wire.read_text().splitlines()) == 36


def test_many_intents_share_one_wait_for_the_disk_and_none_is_sent_before_it(
    how: dict[str, Any], tmp_path: Path
) -> None:
    wire = tmp_path / "wire"
    wire.touch()
    taken: list[str] = []
    synced: set[str] = set()
    syncs = 0

    def sync() -> None:
        nonlocal syncs
        syncs += 1
        sent = set(wire.read_text().splitlines())
        assert sent <= synced
        synced.update(taken)
        time.sleep(0.02)  # a disk takes its time; meanwhile the other devices come as far as their own intents

    for event in run(works.writing, tasks(40), lambda name: str(wire), Policy(**how), sync=sync):
        if isinstance(event, Intent):
            taken.append(f"{event.device} {event.aspect}")  # noqa: PERF401  # sync() looks at it meanwhile
    assert set(wire.read_text().splitlines()) == synced
    assert syncs < len(taken) == 120


def test_what_was_not_taken_by_the_consumer_is_not_sent(how: dict[str, Any], tmp_path: Path) -> None:
    wire = tmp_path / "wire"
    wire.touch()
    events = run(works.writing, tasks(8), lambda name: str(wire), Policy(**how))
    taken = []
    for event in events:
        if isinstance(event, Intent):
            taken.append(f"{event.device} {event.aspect}")
            if len(taken) == 5:
                break
    events.close()
    assert set(wire.read_text().splitlines()) <= set(taken[:-1])


# --- stopping ---------------------------------------------------------------------------------------


def test_a_stop_interrupts_what_runs_and_leaves_the_rest_undone(how: dict[str, Any]) -> None:
    stop = Stop()
    events = []
    began = time.monotonic()
    policy = Policy(unproven_in_flight=0, **({"threads": 32} | how))
    for event in run(works.waiting, tasks(60), lambda name: 90.0, policy, stop=stop):
        events.append(event)
        if sum(isinstance(e, Intent) for e in events) == 20:
            stop.request("interrupted", by_person=True)
    assert time.monotonic() - began < 60, "none waited for its 90 s"
    ends = endings(events)
    assert len(ends) == 60
    assert {e.outcome for e in ends.values()} == {Outcome.INTERRUPTED}
    told = {e.device for e in events if isinstance(e, Result)}
    assert 0 < len(told) < 60, "those that ran told of themselves, the others did not"
    assert {ends[n].reason for n in ends if n not in told} == {"interrupted"}


def test_work_that_is_seen_through_goes_on_to_its_end_when_the_run_is_ended(how: dict[str, Any]) -> None:
    stop, told = Stop(), []
    for event in run(works.seen_through, tasks(3), lambda name: 90.0, Policy(**how), stop=stop):
        told += [event.aspect] if isinstance(event, Intent) else []
        if isinstance(event, Finished):
            assert event.outcome is Outcome.CHANGED, event
        if told.count("begun") == 3:
            stop.request("interrupted", by_person=True)
    assert told == ["begun"] * 3 + ["ended"] * 3


def test_reading_work_ends_early_when_it_asks_whether_the_run_is_being_ended(how: dict[str, Any]) -> None:
    stop = Stop()
    threading.Timer(0.3, stop.request, ["enough"]).start()
    began = time.monotonic()
    ends = endings(done(works.reading, tasks(20), lambda name: 90.0, stop, **how))
    assert time.monotonic() - began < 60
    assert {e.outcome for e in ends.values()} == {Outcome.INTERRUPTED}


def test_a_run_that_was_stopped_before_it_began_sends_nothing(how: dict[str, Any]) -> None:
    stop = Stop()
    stop.request("no")
    events = done(works.simple, tasks(5), stop=stop, **how)
    assert [type(e) for e in events] == [Finished] * 5


def test_a_consumer_that_leaves_early_leaves_no_thread_and_no_process(how: dict[str, Any]) -> None:
    before = threading.active_count()
    events = run(works.waiting, tasks(30), lambda name: 90.0, Policy(**how))
    for _, _event in zip(range(10), events, strict=False):
        pass
    began = time.monotonic()
    events.close()
    assert time.monotonic() - began < 60
    assert threading.active_count() == before
    assert not [p for p in psutil.Process().children() if "fleetctl.pools" in " ".join(p.cmdline())]


def test_a_consumer_that_fails_ends_the_run(how: dict[str, Any]) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        for _ in run(works.waiting, tasks(30), lambda name: 90.0, Policy(**how)):
            raise ZeroDivisionError
    assert not [t for t in threading.enumerate() if t.name.startswith("crew-") and not t.daemon]


def test_a_keyboard_interrupt_while_waiting_stops_the_run_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    from fleetctl import pools

    calls = 0
    receive = pools.ThreadPool.receive

    def interrupted(self: pools.ThreadPool, timeout_s: float) -> Any:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return receive(self, timeout_s)

    monkeypatch.setattr(pools.ThreadPool, "receive", interrupted)
    stop = Stop()
    ends = endings(done(works.waiting, tasks(40), lambda name: 90.0, stop))
    assert stop.by_person
    assert len(ends) == 40
    assert {e.outcome for e in ends.values()} == {Outcome.INTERRUPTED}


# --- processes ----------------------------------------------------------------------------------------


def test_the_death_of_a_worker_ends_its_tasks_and_not_the_run() -> None:
    ends = endings(done(works.dying, tasks(60), lambda name: name == "d3", process_threshold=0, processes=2, threads=4))
    assert len(ends) == 60
    dead = {name for name, e in ends.items() if e.outcome is Outcome.FAILED}
    assert "d3" in dead
    assert len(dead) <= 4
    assert all("its worker process died (exit code 7)" in ends[name].reason for name in dead)


def test_each_process_is_set_up_once(tmp_path: Path) -> None:
    events = done(
        works.telling_pid,
        tasks(40),
        lambda n: str(tmp_path),
        setup=works.setup,
        process_threshold=0,
        processes=2,
        threads=4,
    )
    told = {e.facts["pid"]: e.facts["setup"] for e in events if isinstance(e, Learned)}
    assert len(told) == 2
    assert set(told.values()) == {"x"}


def test_workers_that_cannot_start_end_the_run_with_an_error() -> None:
    with pytest.raises(RuntimeError, match="end before they are ready"):
        done(works.simple, tasks(5), setup=works.broken_setup, process_threshold=0, processes=2)


@pytest.mark.parametrize("work", [works.chatty, works.simple])
def test_a_slow_consumer_slows_the_work_down_and_nothing_is_lost(
    how: dict[str, Any], work: Callable[..., None]
) -> None:
    count: Counter[str] = Counter()
    for number, event in enumerate(run(work, tasks(30), lambda name: None, Policy(**how))):
        count[type(event).__name__] += 1
        if number % 500 == 0:
            time.sleep(0.05)
    assert count["Finished"] == count[Started.__name__] == 30
