"""Tasks of one batch are one piece of work; limits, needs and endings stay each task's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fleetctl.executor import Stop, Task, Wave
from fleetctl.model import Event, Finished, Learned, Outcome
from tests.unit.executor import works
from tests.unit.executor.kit import done, endings


def hosts(count: int, **more: Any) -> list[Task]:
    return [Task(name=f"h{n}", site=f"site{n % 3}", batch="hosts", **more) for n in range(count)]


def batches(events: Sequence[Event]) -> set[str]:
    """Return who was worked on together, as told by the work."""
    return {event.facts["with"] for event in events if isinstance(event, Learned)}


def test_those_that_may_begin_together_are_one_call_and_end_each(how: dict[str, Any]) -> None:
    alone = [Task(name="cam", site="site0")]
    events = done(works.together, [*hosts(4), *alone], **how)
    assert batches(events) == {"h0,h1,h2,h3"}
    assert {n: e.outcome for n, e in endings(events).items()} == dict.fromkeys(
        ["cam", "h0", "h1", "h2", "h3"], Outcome.CHANGED
    )


def test_batches_of_two_names_do_not_mix(how: dict[str, Any]) -> None:
    far = [Task(name="far", batch="hosts relay")]
    assert batches(done(works.together, [*hosts(2), *far], **how)) == {"h0,h1", "far"}


def test_a_sites_limit_holds_within_a_batch(how: dict[str, Any]) -> None:
    events = done(works.together, hosts(6), per_site=1, **how)
    assert batches(events) == {"h0,h1,h2", "h3,h4,h5"}
    assert len(endings(events)) == 6


def test_each_wave_is_a_batch_of_its_own(how: dict[str, Any]) -> None:
    waves = (Wave(name="canary", tasks=("h0",)), Wave(name="rest", tasks=("h1", "h2")))
    assert batches(done(works.together, hosts(3), waves=waves, **how)) == {"h0", "h1,h2"}


def test_what_needs_another_waits_for_that_ones_own_end(how: dict[str, Any]) -> None:
    needing = Task(name="cam", needs=("h1",))
    events = done(works.together, [*hosts(2), needing], lambda n: Outcome.FAILED if n == "h1" else None, **how)
    ended = endings(events)
    assert ended["h0"].outcome is Outcome.CHANGED
    assert ended["cam"].outcome is Outcome.BLOCKED
    assert ended["cam"].reason == "needs h1, which ended as failed"


@pytest.mark.parametrize(
    ("payload", "outcome", "reason"),
    [
        ("raise", Outcome.UNREACHABLE, "h1: no answer"),
        ("silent", Outcome.FAILED, "its work ended without telling its outcome"),
    ],
)
def test_what_ends_the_batch_ends_those_that_have_not_ended(
    how: dict[str, Any], payload: str, outcome: Outcome, reason: str
) -> None:
    ended = endings(done(works.together, hosts(3), lambda n: payload if n == "h1" else None, **how))
    assert ended["h0"].outcome is Outcome.CHANGED
    assert (ended["h1"].outcome, ended["h1"].reason) == (outcome, reason)
    assert ended.keys() == {"h0", "h1", "h2"}


def test_a_worker_that_dies_ends_all_of_its_batch_as_failed() -> None:
    how = {"process_threshold": 0, "processes": 1, "threads": 2}
    ended = endings(done(works.together, hosts(3), lambda n: "die" if n == "h1" else None, **how))
    assert ended["h2"].outcome is Outcome.FAILED
    assert "worker process died" in ended["h2"].reason
    assert ended.keys() == {"h0", "h1", "h2"}


def test_a_confirm_within_a_batch_waits_for_the_disk(how: dict[str, Any]) -> None:
    ended = endings(done(works.together, hosts(3), lambda n: "confirm", **how))
    assert {e.outcome for e in ended.values()} == {Outcome.CHANGED}


def test_a_stop_ends_a_batch_at_its_next_confirm(how: dict[str, Any]) -> None:
    stop = Stop()
    stop.request("enough")
    ended = endings(done(works.together, hosts(3), lambda n: "confirm", stop=stop, **how))
    assert {e.outcome for e in ended.values()} == {Outcome.INTERRUPTED}
    assert all(isinstance(e, Finished) for e in ended.values())
