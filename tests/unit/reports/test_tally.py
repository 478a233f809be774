"""The sum of a run and its exit code."""

from __future__ import annotations

import itertools

import pytest

from fleetctl.model import Finished, Gap, Kind, Outcome, Result
from fleetctl.reports.groups import notes
from fleetctl.reports.tally import Tally, exit_code

CODES = {
    Outcome.UNCHANGED: 0,
    Outcome.CHANGED: 0,
    Outcome.WAIVED: 0,
    Outcome.UNSUPPORTED: 0,
    Outcome.PENDING: 3,
    Outcome.UNREACHABLE: 4,
    Outcome.NOT_APPLIED: 1,
    Outcome.REFUSED: 1,
    Outcome.UNKNOWN: 1,
    Outcome.STALE: 1,
    Outcome.FAILED: 1,
    Outcome.INTERRUPTED: 130,
}
ORDER = (130, 1, 3, 4, 0)


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_alone_has_its_exit_code(outcome: Outcome) -> None:
    assert exit_code([outcome]) == {**CODES, Outcome.BLOCKED: 1}[outcome]


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(CODES, 2)))
def test_of_two_outcomes_the_code_that_comes_first_counts(one: Outcome, other: Outcome) -> None:
    expected = next(code for code in ORDER if code in (CODES[one], CODES[other]))
    assert exit_code([one, other]) == exit_code([other, one]) == expected


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Outcome.BLOCKED], 1),
        ([Outcome.BLOCKED, Outcome.UNREACHABLE], 4),
        ([Outcome.BLOCKED, Outcome.UNREACHABLE, Outcome.PENDING], 3),
        ([Outcome.BLOCKED, Outcome.FAILED], 1),
        ([Outcome.BLOCKED, Outcome.UNREACHABLE, Outcome.REFUSED], 1),
        ([Outcome.BLOCKED, Outcome.UNCHANGED], 1),
        ([Outcome.BLOCKED, Outcome.INTERRUPTED], 130),
    ],
)
def test_blocked_counts_as_what_blocked_it(outcomes: list[Outcome], code: int) -> None:
    assert exit_code(outcomes) == code


def test_of_nothing_the_code_is_zero() -> None:
    assert exit_code([]) == 0


def test_a_device_counts_once_by_its_worst_outcome(tally: Tally) -> None:
    assert tally.counts() == {Outcome.PENDING: 3, Outcome.UNREACHABLE: 1}
    assert tally.changes() == 5
    assert tally.exit_code() == 3


def test_what_a_device_does_not_offer_does_not_hide_that_the_rest_is_in_step() -> None:
    told = Tally()
    for aspect, outcome in (("time", Outcome.UNCHANGED), ("audio", Outcome.UNSUPPORTED)):
        told.add(Result(device="x", kind=Kind.CAMERA, site="s", aspect=aspect, outcome=outcome))
    told.add(Finished(device="x", site="s", outcome=Outcome.UNSUPPORTED))
    assert told.counts() == {Outcome.UNCHANGED: 1}
    assert told.unsupported() == 1
    assert told.exit_code() == 0


def test_what_was_done_stands_in_place_of_what_was_planned(tally: Tally) -> None:
    result = Result(device="a-cam-01", kind=Kind.CAMERA, site="a", aspect="time", outcome=Outcome.CHANGED)
    tally.add(result)
    told = {a.aspect: a.outcome for a in tally.devices["a-cam-01"].aspects()}
    assert told == {"time": Outcome.CHANGED, "osd": Outcome.PENDING}


def test_an_unknown_field_is_never_counted_as_in_step() -> None:
    told = Tally()
    told.add(Finished(device="x", site="s", outcome=Outcome.UNKNOWN))
    assert told.exit_code() == 1


def test_sites_come_in_order_with_their_devices(tally: Tally) -> None:
    assert {site: [r.name for r in records] for site, records in tally.sites().items()} == {
        "a": ["a-cam-01", "a-cam-02"],
        "b": ["b-cam-01", "b-cam-02"],
    }


def test_what_was_pending_on_a_device_that_went_out_of_reach_is_unreachable_not_pending(tally: Tally) -> None:
    for name in ("a-cam-01", "a-cam-02", "b-cam-01"):
        tally.add(
            Result(device=name, kind=Kind.CAMERA, site="a", aspect="", outcome=Outcome.UNREACHABLE, reason="no answer")
        )
        tally.add(Finished(device=name, site="a", outcome=Outcome.UNREACHABLE, reason="no answer"))
    assert tally.exit_code() == 4


def test_a_device_left_for_its_window_is_told_with_the_reason(tally: Tally) -> None:
    tally.add(Finished(device="a-cam-01", site="a", outcome=Outcome.PENDING, reason="its window opens at 18:00"))
    told = [(n.outcome, n.reason, n.devices) for n in notes(tally.devices.values())]
    assert (Outcome.PENDING, "its window opens at 18:00", ("a-cam-01",)) in told


def test_a_channels_trouble_counts_for_the_run_and_is_not_how_its_recorder_ended() -> None:
    offline = Gap(field="cameras", key="1.credential", outcome=Outcome.UNREACHABLE, reason="off", elsewhere=True)
    asleep = Gap(field="channels", key="1.active", outcome=Outcome.UNREACHABLE, reason="off", elsewhere=True)
    tally = Tally()
    for aspect, gap in (("channels", offline), ("recording", asleep)):
        tally.add(Result(device="nvr", kind=Kind.NVR, site="a", aspect=aspect, outcome=Outcome.UNCHANGED, gaps=(gap,)))
    tally.add(Finished(device="nvr", site="a", outcome=Outcome.UNCHANGED))
    assert dict(tally.counts()) == {Outcome.UNCHANGED: 1}
    assert (tally.exit_code(), tally.held_up()) == (4, 1)
    (note,) = notes(tally.devices.values())
    assert (note.outcome, len(note.aspects)) == (Outcome.UNREACHABLE, 2)
