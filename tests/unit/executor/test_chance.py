"""Runs by chance: whatever the tasks, limits and waves, what a run promises holds."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetctl.dispatch import Dispatch
from fleetctl.executor import Policy, Stop, Task, Wave, run
from fleetctl.model import Finished, Intent, Outcome, Started
from fleetctl.waves import GOOD
from tests.unit.executor import works
from tests.unit.executor.kit import endings

OUTCOMES = [Outcome.CHANGED, Outcome.UNCHANGED, Outcome.FAILED, Outcome.UNREACHABLE, Outcome.REFUSED]


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Task], Policy]:
    """Tasks whose needs point back in a shuffled order, with limits and waves of any kind."""
    count = draw(st.integers(0, 25))
    what = [
        Task(
            name=f"t{n}",
            site=draw(st.sampled_from(["a", "b", "c"])),
            uplink=draw(st.sampled_from(["", "x", "y"])),
            needs=tuple(f"t{k}" for k in draw(st.sets(st.integers(0, max(0, n - 1)), max_size=2)) if k < n),
        )
        for n in range(count)
    ]
    names = draw(st.permutations([t.name for t in what]))
    cuts = sorted(draw(st.lists(st.integers(0, count), max_size=3)))
    edges = [0, *cuts, count]
    waves = tuple(Wave(name=f"w{i}", tasks=tuple(names[a:b])) for i, (a, b) in enumerate(pairwise(edges)))
    policy = Policy(
        per_site=draw(st.integers(0, 3)),
        per_uplink=draw(st.integers(0, 3)),
        waves=draw(st.sampled_from([(), waves, waves[: len(waves) // 2]])),
        unproven_in_flight=draw(st.integers(0, 3)),
        refused_in_a_row=0,
    )
    return draw(st.permutations(what)), policy


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fleets(), st.randoms(use_true_random=False), st.integers(1, 6), st.integers(0, 60))
def test_dispatch_ends_every_task_once_within_all_limits_and_in_order(
    fleet: tuple[list[Task], Policy], chance: random.Random, threads: int, halt_after: int
) -> None:
    what, policy = fleet
    dispatch = Dispatch(what, policy)
    running: dict[str, Task] = {}
    ended: dict[str, Outcome] = {}
    steps = 0
    while dispatch.unended or dispatch.endings:
        steps += 1
        assert steps < 1000, "the run stands still"
        while dispatch.endings:
            end = dispatch.endings.popleft()
            assert end.task.name not in ended
            ended[end.task.name] = end.outcome
        if steps == halt_after:
            dispatch.halt("enough")
        while len(running) < threads and (task := dispatch.next()) is not None:
            assert task.name not in ended
            running[task.name] = task
            assert all(ended.get(n) in GOOD for n in task.needs)
            sites = Counter(t.site for t in running.values())
            uplinks = Counter(t.uplink or t.site for t in running.values())
            assert not policy.per_site or max(sites.values()) <= policy.per_site
            assert not policy.per_uplink or max(uplinks.values()) <= policy.per_uplink
        if running:
            name = chance.choice(sorted(running))
            del running[name]
            ended[name] = chance.choice(OUTCOMES)
            dispatch.ended(name, ended[name])
    assert set(ended) == {t.name for t in what}
    if policy.waves and not any(t.needs for t in what):
        in_waves = {n for w in policy.waves for n in w.tasks}
        assert all(ended[t.name] is Outcome.PENDING for t in what if t.name not in in_waves) or halt_after <= steps


@pytest.mark.parametrize("seed", range(12))
def test_a_run_by_chance_keeps_its_promises(how: dict[str, Any], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret
    count = chance.randint(1, 60)
    what = [
        Task(
            name=f"t{n}",
            site=f"s{chance.randrange(6)}",
            needs=tuple({f"t{chance.randrange(n)}" for _ in range(chance.choice([0, 0, 0, 1, 2]))}) if n else (),
        )
        for n in range(count)
    ]
    chance.shuffle(what)
    stop = Stop()
    leave, ask = chance.choice([None, chance.randrange(100)]), chance.choice([None, chance.randrange(100)])
    policy = Policy(per_site=chance.randint(0, 4), stop_share=chance.choice([0.0, 0.3]), **how)
    stream = run(works.Jittery(seed), what, lambda name: OUTCOMES, policy, stop=stop)
    events, sites, now = [], {t.name: t.site for t in what}, Counter[str]()
    for number, event in enumerate(stream):
        events.append(event)
        if isinstance(event, Started):
            now[sites[event.device]] += 1
            assert not policy.per_site or now[sites[event.device]] <= policy.per_site
        elif isinstance(event, Finished) and any(isinstance(e, Started) and e.device == event.device for e in events):
            now[sites[event.device]] -= 1
        if number == ask:
            stop.request("asked")
        if number == leave:
            break
    else:
        assert set(endings(events)) == {t.name for t in what}
    stream.close()
    endings(events)
    if not stop.requested and leave is None:
        reached = {e.device for e in events if isinstance(e, Started)}
        blocked = {n for n, e in endings(events).items() if e.outcome is Outcome.BLOCKED}
        assert reached | blocked == {t.name for t in what}
    assert all(e.durable for e in events if isinstance(e, Intent))
