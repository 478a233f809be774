"""One device's passwords: each turn carried through, and how the device ended."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from fleetctl.model import Change, Channel, Finished, Outcome, Result, Started, worst
from fleetctl.operations.rotation.office import Office
from fleetctl.operations.rotation.turning import Turning, Verdict
from fleetctl.operations.rotation.turns import Job


def work(name: str, payload: Any, channel: Channel) -> None:
    """Rotate one device's passwords, or settle what was cut off (the executor's work). Ends with one Finished."""
    job: Job = payload
    device, begun = job.device, time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    told: list[tuple[str, Verdict]] = []
    with contextlib.ExitStack() as stack:
        turning = Turning(Office(job, channel, stack))
        for turn in job.turns:
            if told and (last := told[-1][1][0]) not in (Outcome.CHANGED, Outcome.UNCHANGED, Outcome.UNSUPPORTED):
                left = last if last in (Outcome.UNREACHABLE, Outcome.INTERRUPTED) else Outcome.BLOCKED
                told.append((turn.account, (left, "not begun: the one before did not end well")))
                continue
            told.append((turn.account, turning.turned(turn)))
    outcome = worst(verdict[0] for _, verdict in told)
    done = {verdict[0] for _, verdict in told} - {Outcome.UNSUPPORTED}
    outcome = worst(done or {outcome})
    reason = "; ".join(f"{account}: {verdict[1]}" for account, verdict in told if verdict[1])
    changes = tuple(
        Change(device=name, aspect="users", field="password", key=account, before="old", after="new")
        for account, verdict in told
        if verdict[0] is Outcome.CHANGED
    )
    seconds = time.monotonic() - begun
    channel.emit(
        Result(
            device=name, kind=device.kind, site=device.site, aspect="", outcome=outcome, reason=reason,
            changes=changes, duration_s=seconds,
        )
    )  # fmt: skip
    channel.emit(Finished(device=name, site=device.site, outcome=outcome, reason=reason, duration_s=seconds))
