"""What comes next in a roll-out: canary, soak, rings; and what is never sent again."""

from __future__ import annotations

import dataclasses
from typing import Any

from fleetctl.model import Kind, Outcome, Result
from fleetctl.operations.firmware.agreed import Rollout, Settings, Standing
from fleetctl.operations.firmware.stages import Judge, Stage, following
from fleetctl.operations.firmware.steps import Step

NOW = 10_000.0
NONE: frozenset[str] = frozenset()


def rollout(**standing: Standing) -> Rollout:
    names = [f"c{n}" for n in range(1, 9)]
    steps = tuple(Step(device=n, model="M", before="1.0", target="2.0", image="0" * 64) for n in names)
    rings = {steps[0].lane: (("c1",), ("c2", "c3"), ("c4", "c5", "c6", "c7", "c8"))}
    told = {name: standing.get(name, Standing()) for name in names}
    return Rollout(name="r", steps=steps, rings=rings, settings=Settings(soak_s=60.0), standing=told)


def ended(outcome: Outcome = Outcome.CHANGED, **more: Any) -> Standing:
    well = outcome is Outcome.CHANGED
    told = Standing(outcome=outcome, tried=1, sent=well, changed=well, ended=NOW - 100)
    return dataclasses.replace(told, **more)


def stage(kind: str, *devices: str) -> Stage:
    return Stage(kind=kind, devices=devices)


def test_first_comes_one_canary_of_its_model_and_versions() -> None:
    assert following(rollout(), NONE, NOW) == stage("canary", "c1")


def test_where_the_canary_cannot_be_reached_the_next_device_is_it() -> None:
    out = Standing(outcome=Outcome.UNREACHABLE)
    assert following(rollout(c1=out), frozenset({"c1"}), NOW) == stage("canary", "c2")


def test_a_canary_is_watched_and_looked_at_again_before_any_ring() -> None:
    fresh = ended(ended=NOW - 10)
    assert following(rollout(c1=fresh), NONE, NOW) == Stage(kind="soak", wait_until=NOW + 50)
    assert following(rollout(c1=ended()), NONE, NOW) == stage("soak", "c1")
    assert following(rollout(c1=ended(soaked=True)), NONE, NOW) == stage("ring", "c2", "c3")


def test_a_canary_that_cannot_be_reached_after_its_soak_halts_its_lane() -> None:
    made = rollout(c1=ended())
    gone = Result(
        device="c1", kind=Kind.CAMERA, site="s", aspect="firmware", outcome=Outcome.UNREACHABLE, reason="no answer"
    )
    assert Judge(made, stage("soak", "c1")).takes(gone) == "its canary c1 could not be judged: no answer"
    assert Judge(made, stage("canary", "c1")).takes(gone) == "", "another device is the canary then"


def test_a_ring_follows_when_nothing_of_the_one_before_is_left() -> None:
    one = {"c1": ended(soaked=True), "c2": ended()}
    assert following(rollout(**one), NONE, NOW) == stage("ring", "c3")
    assert following(rollout(**one, c3=ended()), NONE, NOW) == stage("ring", "c4", "c5", "c6", "c7", "c8")
    out = Standing(outcome=Outcome.UNREACHABLE)
    later = rollout(**one, c3=out)
    assert following(later, frozenset({"c3"}), NOW) == stage("ring", "c4", "c5", "c6", "c7", "c8")


def test_a_halted_lane_gets_nothing_more() -> None:
    made = rollout(c1=ended(soaked=True))
    made.halted[made.steps[0].lane] = "bad"
    assert following(made, NONE, NOW) is None


def test_what_has_an_image_gets_none_again_whatever_came_of_it() -> None:
    for outcome in (Outcome.FAILED, Outcome.NOT_APPLIED, Outcome.UNKNOWN, Outcome.UNREACHABLE):
        done = {f"c{n}": ended() for n in range(3, 9)}
        made = rollout(c1=ended(soaked=True), c2=ended(outcome, sent=True), **done)
        assert following(made, NONE, NOW) is None, outcome


def test_what_was_cut_off_and_what_was_refused_before_anything_was_sent_is_taken_up() -> None:
    done = {f"c{n}": ended() for n in range(4, 9)}
    cut = Standing(began=NOW - 5, tried=1, sent=True)
    refused = Standing(outcome=Outcome.REFUSED)
    made = rollout(c1=ended(soaked=True), c2=cut, c3=refused, **done)
    assert following(made, NONE, NOW) == stage("ring", "c2", "c3")
