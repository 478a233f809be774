"""A run of Ansible within other work: what it tells of the host as a whole is kept, and is not how that work ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from fleetctl.converge.batch import Batch
from fleetctl.converge.link import Job
from fleetctl.errors import BadAnswer, Interrupted, Refused, Unreachable, Unsupported
from fleetctl.model import Channel, DevicePlan, Event, Expectation, Finished, Intent, Outcome, Planned, Result, Started


class Aside:
    """A channel for such a run. `plan` is what it planned, `results` how each aspect ended ("": the whole host).

    `tells`: which of its results are passed on.
    """

    def __init__(self, channel: Channel, tells: Callable[[Result], bool] = lambda _: False) -> None:
        self._channel, self._tells = channel, tells
        self.plan: DevicePlan | None = None
        self.results: dict[str, tuple[Outcome, str]] = {}

    def emit(self, event: Event) -> None:
        """See Channel."""
        if isinstance(event, Planned):
            self.plan = event.plan
        elif isinstance(event, Result):
            self.results[event.aspect] = event.outcome, event.reason
            if self._tells(event):
                self._channel.emit(event)
        elif not isinstance(event, Started | Finished):
            self._channel.emit(event)

    def confirm(self, event: Event) -> None:
        """See Channel; what is written to a host is seen through, since half of it is worse than none."""
        self._channel.confirm(event)
        if isinstance(event, Intent):
            self._channel.see_through()

    def stopped(self) -> bool:
        """See Channel."""
        return self._channel.stopped()

    def see_through(self) -> None:
        """See Channel."""
        self._channel.see_through()


def ran(job: Job, channel: Channel, tells: Callable[[Result], bool] = lambda _: False) -> Aside:
    """Look at one host, or carry its plan out; returns what came of it."""
    aside = Aside(channel, tells)
    Batch({job.device.name: job}, aside).work()
    return aside


def checked(job: Job, expectations: tuple[Expectation, ...], channel: Channel) -> DevicePlan:
    """Return what the roles would change; raises Refused, Unreachable or BadAnswer where that cannot be told."""
    plan = ran(replace(job, expectations=expectations, plan=None), channel).plan
    if plan is None or plan.outcome is not None:
        outcome, reason = (plan.outcome, plan.reason) if plan is not None else (None, "nothing was told")
        raise error_of(outcome or Outcome.UNKNOWN)(reason)
    return plan


def error_of(outcome: Outcome) -> Any:
    """Return the error that means what a host ended with."""
    return _ERRORS.get(outcome, BadAnswer)


_ERRORS: Final[dict[Outcome, Any]] = {
    Outcome.UNREACHABLE: Unreachable,
    Outcome.REFUSED: Refused,
    Outcome.UNSUPPORTED: Unsupported,
    Outcome.INTERRUPTED: Interrupted,
}
