"""Who begins when: needs, limits, waves, windows, deadlines, the stop rule, the first logins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fleetctl.executor import Stop, Task, Wave, WaveEnd, gate_on_share, growing, run
from fleetctl.model import Event, Finished, LoginJudged, Outcome, Result, Started
from tests.unit.executor import works
from tests.unit.executor.kit import done, endings, tasks

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def begun(events: Sequence[Event]) -> list[str]:
    return [e.device for e in events if isinstance(e, Started)]


# --- needs ----------------------------------------------------------------------------------------------


def test_a_task_begins_after_all_that_it_needs_have_ended_well(how: dict[str, Any]) -> None:
    what = [
        Task(name="channel", needs=("camera", "recorder")),
        Task(name="camera", needs=("recorder", "switch")),
        Task(name="recorder", needs=("switch",)),
        Task(name="switch", needs=("elsewhere",)),
    ]
    events = done(works.simple, what, **how)
    order = [(type(e).__name__, e.device) for e in events]
    assert order == [(kind, n) for n in ("switch", "recorder", "camera", "channel") for kind in ("Started", "Finished")]


def test_a_task_begins_after_those_before_it_however_they_ended(how: dict[str, Any]) -> None:
    what = [Task(name="recorder", after=("a", "b", "elsewhere")), Task(name="a"), Task(name="b", needs=("a",))]
    events = done(works.simple, what, lambda n: Outcome.UNREACHABLE if n == "a" else None, **how)
    ends = endings(events)
    assert [ends[n].outcome for n in ("a", "b", "recorder")] == [
        Outcome.UNREACHABLE,
        Outcome.BLOCKED,
        Outcome.CHANGED,
    ]
    assert begun(events) == ["a", "recorder"]


def test_what_needs_a_failed_task_is_blocked_and_so_is_what_needs_that(how: dict[str, Any]) -> None:
    what = [Task(name="a"), Task(name="b", needs=("a",)), Task(name="c", needs=("b",)), Task(name="d")]
    events = done(works.simple, what, lambda n: Outcome.NOT_APPLIED if n == "a" else None, **how)
    ends = endings(events)
    assert [ends[n].outcome for n in "abcd"] == [
        Outcome.NOT_APPLIED,
        Outcome.BLOCKED,
        Outcome.BLOCKED,
        Outcome.CHANGED,
    ]
    assert ends["b"].reason == "needs a, which ended as not_applied"
    assert {e.device for e in events if isinstance(e, Result) and e.outcome is Outcome.BLOCKED} == {"b", "c"}


def test_tasks_that_need_each_other_are_refused_before_anything_starts() -> None:
    what = [Task(name="a", needs=("b",)), Task(name="b", needs=("c",)), Task(name="c", needs=("a",)), Task(name="d")]
    with pytest.raises(ValueError, match="tasks wait for each other: a, b, c"):
        run(works.simple, what, lambda name: None)


def test_a_chain_of_needs_may_be_long() -> None:
    what = [Task(name="0")] + [Task(name=str(n), needs=(str(n - 1),)) for n in range(1, 3000)]
    ends = endings(done(works.simple, what, lambda n: Outcome.FAILED, process_threshold=10_000))
    assert Counter(e.outcome for e in ends.values()) == {Outcome.FAILED: 1, Outcome.BLOCKED: 2999}


# --- limits -----------------------------------------------------------------------------------------------


def at_once(events: Sequence[Event], key: dict[str, str]) -> Counter[str]:
    """Return the most tasks that were at work at once for each key."""
    now: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for event in events:
        if isinstance(event, Started):
            now[key[event.device]] += 1
        elif isinstance(event, Finished):
            now[key[event.device]] -= 1
        most |= now
    return most


def test_no_site_and_no_uplink_is_given_more_than_its_limit(how: dict[str, Any]) -> None:
    what = [Task(name=f"d{n}", site=f"s{n % 4}", uplink=f"u{n % 2}" if n % 4 else "own") for n in range(80)]
    events = done(works.Jittery(1), what, lambda n: [Outcome.CHANGED], per_site=3, per_uplink=4, **how)
    assert len(endings(events)) == 80
    assert max(at_once(events, {t.name: t.site for t in what}).values()) == 3
    assert max(at_once(events, {t.name: t.uplink for t in what}).values()) <= 4


def test_tasks_begin_at_as_many_sites_as_there_are() -> None:
    what = [Task(name=f"d{n}", site=f"s{n // 10}") for n in range(50)]
    first = begun(done(works.simple, what, threads=1))[:5]
    assert first == ["d0", "d10", "d20", "d30", "d40"]


# --- waves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (2, [1, 1]), (10, [1, 2, 7]), (100, [1, 4, 20, 75]), (5000, [1, 249, 1000, 3750])]
)
def test_waves_grow_from_a_canary_to_all(count: int, sizes: list[int]) -> None:
    names = [f"d{n}" for n in range(count)]
    waves = growing(names)
    assert [len(w.tasks) for w in waves] == sizes
    assert [n for w in waves for n in w.tasks] == names
    assert waves[0].name == "canary"


def test_a_share_must_be_a_share() -> None:
    with pytest.raises(ValueError, match="share"):
        growing(["a"], (5,))


def test_a_wave_begins_when_the_one_before_it_has_ended(how: dict[str, Any]) -> None:
    what = tasks(40)
    waves = growing([t.name for t in what], (0.2, 0.5))
    seen: list[str] = []
    for event in done(works.Jittery(2), what, lambda n: [Outcome.CHANGED], waves=waves, **how):
        if isinstance(event, Started):
            index = next(i for i, w in enumerate(waves) if event.device in w.tasks)
            assert {n for w in waves[:index] for n in w.tasks} <= set(seen)
        elif isinstance(event, Finished):
            seen.append(event.device)
    assert len(seen) == 40


def test_the_gate_after_a_wave_decides_whether_there_is_another(how: dict[str, Any]) -> None:
    what = tasks(40)
    ends_seen: list[WaveEnd] = []

    def gate(end: WaveEnd) -> str:
        ends_seen.append(end)
        return "two are enough" if len(ends_seen) == 2 else ""

    stop = Stop()
    waves = growing([t.name for t in what], (0.2, 0.5))
    ends = endings(done(works.simple, what, stop=stop, waves=waves, gate=gate, **how))
    assert [(e.wave.name, len(e.outcomes), e.waves_left) for e in ends_seen] == [("canary", 1, 3), ("wave 1", 7, 2)]
    assert Counter(e.outcome for e in ends.values()) == {Outcome.CHANGED: 8, Outcome.INTERRUPTED: 32}
    assert stop.reason == ends["d39"].reason == "stopped after wave 1: two are enough"


def test_a_canary_that_fails_or_proves_nothing_stops_the_roll_out(how: dict[str, Any]) -> None:
    for outcome, why in ((Outcome.FAILED, "100% of canary failed"), (Outcome.UNREACHABLE, "it proves nothing")):
        stop = Stop()
        what = tasks(20)
        waves = growing([t.name for t in what])
        payload = {"d0": outcome}.get
        ends = endings(done(works.simple, what, payload, stop, waves=waves, gate=gate_on_share(0.1), **how))
        assert Counter(e.outcome for e in ends.values()) == {outcome: 1, Outcome.INTERRUPTED: 19}
        assert why in stop.reason


def test_a_wave_whose_tasks_are_not_in_this_run_has_no_gate() -> None:
    waves = (Wave(name="done before", tasks=("x", "y")), Wave(name="now", tasks=("a",)))
    ends = endings(done(works.simple, [Task(name="a")], waves=waves, gate=gate_on_share(0.1)))
    assert ends["a"].outcome is Outcome.CHANGED


def test_a_declared_wave_does_not_begin_before_its_time() -> None:
    waves = (
        Wave(name="week 1", tasks=("a",), not_before=NOW - timedelta(days=1)),
        Wave(name="week 2", tasks=("b",), not_before=NOW + timedelta(days=6)),
        Wave(name="week 3", tasks=("c",)),
    )
    what = [Task(name=n) for n in "abcd"]
    ends = endings(done(works.simple, what, waves=waves, clock=lambda: NOW))
    assert {n: e.outcome for n, e in ends.items()} == {
        "a": Outcome.CHANGED,
        "b": Outcome.PENDING,
        "c": Outcome.PENDING,
        "d": Outcome.PENDING,
    }
    assert ends["c"].reason == "week 2 does not begin before 2026-11-30 03:00 UTC"
    assert ends["d"].reason == "it is in no wave of this roll-out"


def test_a_task_waits_for_the_wave_of_what_it_needs() -> None:
    waves = (Wave(name="1", tasks=("camera", "other")), Wave(name="2", tasks=("recorder",)))
    what = [Task(name="camera", needs=("recorder",)), Task(name="recorder"), Task(name="other")]
    assert begun(done(works.simple, what, waves=waves)) == ["other", "recorder", "camera"]


# --- windows and deadlines --------------------------------------------------------------------------------------


def test_a_task_outside_its_window_is_left_pending_and_so_is_what_needs_it(how: dict[str, Any]) -> None:
    asked: list[datetime] = []

    def window(name: str, now: datetime) -> str:
        asked.append(now)
        return "it opens at 18:00" if name == "d1" else ""

    what = [*tasks(4), Task(name="e", needs=("d1",))]
    events = done(works.simple, what, window=window, clock=lambda: NOW, **how)
    ends = endings(events)
    assert ends["d1"].outcome is ends["e"].outcome is Outcome.PENDING
    assert ends["d1"].reason == "it opens at 18:00"
    assert ends["e"].reason == "waits for d1: it opens at 18:00"
    assert "d1" not in begun(events)
    assert not [e for e in events if isinstance(e, Result)]
    assert set(asked) == {NOW}


def test_nothing_begins_after_the_deadline_and_what_runs_is_ended(how: dict[str, Any]) -> None:
    first = datetime.now(UTC)
    stop = Stop()
    ends = endings(done(works.waiting, tasks(60), lambda n: 90.0, stop, deadline=first + timedelta(seconds=0.7), **how))
    assert (datetime.now(UTC) - first).total_seconds() < 60
    assert {e.outcome for e in ends.values()} == {Outcome.INTERRUPTED}
    assert ends["d59"].reason == stop.reason == "not reached before the deadline"
    assert not stop.by_person


# --- the stop rule --------------------------------------------------------------------------------------------


def test_too_many_failures_among_the_last_tasks_stop_the_run() -> None:
    stop = Stop()
    what = tasks(200)
    ends = endings(
        done(
            works.simple,
            what,
            lambda n: Outcome.FAILED if int(n[1:]) % 3 == 0 else None,
            stop,
            stop_share=0.2,
            threads=2,
            process_threshold=1000,
        )
    )
    assert "devices failed (allowed: 20%)" in stop.reason
    counts = Counter(e.outcome for e in ends.values())
    assert counts[Outcome.INTERRUPTED] > 150
    assert 5 <= counts[Outcome.FAILED] <= 8


def test_logins_refused_in_a_row_at_different_sites_stop_the_whole_run(how: dict[str, Any]) -> None:
    stop = Stop()
    events = done(works.logging_in, tasks(300, sites=100), lambda n: "refused", stop, **how)
    burnt = [e for e in events if isinstance(e, LoginJudged)]
    assert 3 <= len(burnt) <= 8, "no more than were on their way before the first login was accepted"
    assert len(endings(events)) == 300
    assert "logins are refused in a row at 3 sites" in stop.reason


def test_one_site_with_wrong_passwords_does_not_stop_the_others(how: dict[str, Any]) -> None:
    stop = Stop()
    what = tasks(60, sites=6)
    site = {t.name: t.site for t in what}
    payload = {name: "refused" if site[name] == "site3" else "accepted" for name in site}.__getitem__
    ends = endings(done(works.logging_in, what, payload, stop, **how))
    assert not stop.requested
    assert Counter(e.outcome for e in ends.values()) == {Outcome.CHANGED: 50, Outcome.REFUSED: 10}


def test_few_devices_are_in_flight_until_one_has_accepted_a_login() -> None:
    what = tasks(100, sites=100)
    events = done(works.logging_in, what, lambda n: "accepted", threads=32, process_threshold=1000)
    first = next(i for i, e in enumerate(events) if isinstance(e, LoginJudged))
    assert len(begun(events[:first])) <= 8
    assert max(at_once(events, {t.name: "all" for t in what}).values()) > 8


def test_devices_that_cannot_be_reached_do_not_hold_up_the_first_ones_that_can() -> None:
    what = tasks(120, sites=30)
    events = done(
        works.logging_in, what, lambda n: "unreachable" if int(n[1:]) < 60 else "accepted", process_threshold=1000
    )
    assert Counter(e.outcome for e in endings(events).values()) == {Outcome.UNREACHABLE: 60, Outcome.CHANGED: 60}


def test_an_ending_by_the_run_itself_names_the_site_and_kind_of_the_task() -> None:
    what = [Task(name="a", site="x"), Task(name="b", site="x", needs=("a",))]
    events = done(works.simple, what, lambda n: Outcome.FAILED)
    (result,) = [e for e in events if isinstance(e, Result)]
    assert (result.site, result.kind.value, endings(events)["b"].site) == ("x", "other", "x")
