"""Short ways to run something and look at what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fleetctl.executor import Policy, Stop, Task, run
from fleetctl.model import Event, Finished


def tasks(count: int, *, sites: int = 5, prefix: str = "d") -> list[Task]:
    return [Task(name=f"{prefix}{n}", site=f"site{n % sites}") for n in range(count)]


def done(
    work: Callable[..., None],
    what: Sequence[Task],
    payload: Callable[[str], Any] = lambda name: None,
    stop: Stop | None = None,
    setup: Callable[[], None] | None = None,
    **policy: Any,
) -> list[Event]:
    return list(run(work, what, payload, Policy(**policy), stop=stop, setup=setup))


def endings(events: Iterable[Event]) -> dict[str, Finished]:
    """Return each device's Finished; fails where there are two."""
    found: dict[str, Finished] = {}
    for event in events:
        if isinstance(event, Finished):
            assert event.device not in found, f"{event.device} finished twice"
            found[event.device] = event
    return found
