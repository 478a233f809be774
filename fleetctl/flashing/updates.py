"""One Linux host and its packages: look before, have its role run once, judge by what is installed afterwards.

The role `firmware` is run by Ansible; what it tells is no proof. Source: field facts, NVR and vendor protocols, 5.6;
reboot-required: Debian's update-notifier; boot_id: random(4), another one at each start.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.converge import Job
from fleetctl.errors import BadAnswer, Refused, Unreachable, Unsupported
from fleetctl.flashing.look import Look, new_drift
from fleetctl.flashing.order import ASPECT, Earlier, Timing
from fleetctl.model import (
    ABSENT,
    Access,
    Change,
    Channel,
    DevicePlan,
    Expectation,
    FrozenMap,
    Installed,
    Outcome,
    Progress,
    Sent,
    Stage,
    Unset,
)

_ROOM_KB: Final = 300 * 1024  # free on /var: what a month of security updates of Debian needs, and some more
_GOOD: Final = frozenset({Outcome.CHANGED, Outcome.UNCHANGED, Outcome.UNSUPPORTED, Outcome.WAIVED})
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What updating one host is told; `wanted` is the state of its packages, `target` the same in words."""

    job: Job  # its expectations are those of every other role
    wanted: Expectation
    target: str
    timing: Timing
    earlier: Earlier | None = None
    again: bool = False  # it was updated a while ago: judge it once more, send nothing


class Updating:
    """The steps, in their order; `done` returns an outcome and a reason, or raises what the host answers."""

    def __init__(self, update: Update, channel: Channel) -> None:
        self.update, self.channel = update, channel
        self.device = update.job.device
        self.changes: tuple[Change, ...] = ()

    def done(self) -> tuple[Outcome, str]:
        """Take up an earlier try by what the host is now; else look, have the role run, and judge."""
        update = self.update
        if update.again or (update.earlier is not None and update.earlier.sent):
            self.channel.see_through()  # what was updated is judged to its end, Ctrl-C or not
        state, plan = self._state(), self._checked((*update.job.expectations, update.wanted))
        firmware = next((a for a in plan.aspects if a.aspect == ASPECT), None)
        if firmware is None or (firmware.outcome not in (Outcome.UNCHANGED, Outcome.PENDING) and not firmware.changes):
            why = firmware.reason if firmware is not None else "its role told nothing"
            return firmware.outcome if firmware is not None else Outcome.UNKNOWN, f"{self._where}: {why}"
        left = ", ".join(f"{c.field} {c.key}".strip() for c in firmware.changes)
        if update.again:
            return self._again(state, plan, left)
        if update.earlier is not None and (not left or update.earlier.sent):
            if left:
                return Outcome.FAILED, f"{self._where}: its role has run to its end, and there is still to do: {left}"
            return self._judged(None, None, state, Outcome.CHANGED, "")
        if not left:
            return Outcome.UNCHANGED, "has its packages as wanted already"
        if update.earlier is None:
            self._allowed(state)
        outcome, reason = self._run(replace(plan, aspects=(firmware,)))
        if outcome in (Outcome.STALE, Outcome.REFUSED, Outcome.INTERRUPTED, Outcome.UNREACHABLE):
            return outcome, reason
        self.channel.confirm(Sent(device=self.device.name, aspect=ASPECT, what=update.target))
        return self._judged(state, plan, self._back(), outcome, reason)

    @property
    def _where(self) -> str:
        return converge.where(self.device)

    # --- reading ----------------------------------------------------------------------------------

    def _state(self) -> Installed:
        """Return what is installed; raises Refused where another machine answers, Unreachable."""
        registry = catalog.load()
        with converge.linked(self.update.job, Access.READ, self.channel) as link:
            driver, _ = converge.recognise(self.update.job, link, registry, required=True)
            action = registry.action(driver, "installed")
            if action is None:
                raise Unsupported(f"{self._where}: nothing tells what is installed on {driver.name} hosts")
            found: Installed = action.run(link.session(action.protocol), None)
            return found

    def _back(self) -> Installed:
        """Return what is installed once the host lets us in again: the role has waited for it, SSH may not have."""
        self.channel.emit(Progress(device=self.device.name, stage=Stage.CHECKS))
        until = time.monotonic() + self.update.timing.boot_s
        while True:
            try:
                return self._state()
            except (Unreachable, BadAnswer):
                if time.monotonic() >= until:
                    raise
                time.sleep(self.update.timing.poll_s)

    def _checked(self, expectations: tuple[Expectation, ...]) -> DevicePlan:
        """Return what the roles would change; raises Refused, Unreachable or BadAnswer where that cannot be told."""
        return converge.checked(self.update.job, expectations, self.channel)

    def _ansible(self, plan: DevicePlan) -> Mapping[str, tuple[Outcome, str]]:
        """Carry a plan out; returns how each aspect ended. What was changed of others than packages is told."""
        job = replace(self.update.job, plan=plan)
        return converge.ran(
            job, self.channel, lambda result: result.aspect not in ("", ASPECT) and bool(result.changes)
        ).results

    def _allowed(self, state: Installed) -> None:
        """Raise Refused where a host is not to be updated; nothing was written then."""
        timing = self.update.timing
        if abs(state.clock_error_s) > timing.clock_s:
            raise Refused(
                f"{self._where}: its clock is {state.clock_error_s:+.0f} s off, so that nothing of it can be dated. "
                f"Untouched. First: fleetctl apply --aspect time --limit {self.device.name}"
            )
        if state.uptime_s < timing.settled_s:
            raise Refused(
                f"{self._where} has been up for {state.uptime_s:.0f} s, less than {timing.settled_s:.0f}. Untouched"
            )
        if state.free_kb < _ROOM_KB:
            raise Refused(
                f"{self._where} has {state.free_kb // 1024} MB free on /var, {_ROOM_KB // 1024} are wanted. Untouched. "
                "Make room: apt-get clean, journalctl --vacuum-size=100M"
            )

    # --- writing ----------------------------------------------------------------------------------

    def _run(self, plan: DevicePlan) -> tuple[Outcome, str]:
        """Have the role run: it checks, is journaled, runs, and is checked again."""
        self.channel.emit(Progress(device=self.device.name, stage=Stage.FLASH))
        told = self._ansible(plan)
        return told.get(ASPECT) or told.get("", (Outcome.UNKNOWN, f"{self._where}: its role told no end"))

    # --- judging ----------------------------------------------------------------------------------

    def _judged(
        self, before: Installed | None, plan: DevicePlan | None, after: Installed, outcome: Outcome, reason: str
    ) -> tuple[Outcome, str]:
        """Judge by what is installed, by the start it made, by its services and by all its other roles."""
        self.channel.see_through()  # after a kill too
        self.changes = _moved(self.device.name, before, after) if before is not None else ()
        troubles = [reason or f"its role ended as {outcome.value}"] if outcome not in _GOOD else []
        troubles += _not_as_wanted(self.update.wanted.value, after)
        if abs(after.clock_error_s) > self.update.timing.clock_s:
            troubles.append(f"its clock is {after.clock_error_s:+.0f} s off")
        if before is not None and (failed := sorted(set(after.failed) - set(before.failed))):
            troubles.append(f"what ran before does not run any more: {', '.join(failed)}")
        notes = [_in_short(self.changes)] if self.changes else []
        if before is not None and before.boot_id != after.boot_id:
            notes.append("it has started again")
        elif after.reboot_asked:
            notes.append("it asks for a restart, which firmware_reboot does not allow")
        self._put_back(plan, troubles, notes)
        if troubles:
            return Outcome.FAILED, f"{self._where}: {'; '.join([*troubles, *notes])}"
        return Outcome.CHANGED, "; ".join(notes)

    def _again(self, state: Installed, plan: DevicePlan, left: str) -> tuple[Outcome, str]:
        """Judge a host that was updated a while ago by all that it does now; nothing is sent."""
        troubles = [*_not_as_wanted(self.update.wanted.value, state)]
        troubles += [f"there is to do again: {left}"] if left else []
        bad = [a for a in plan.aspects if a.outcome is Outcome.FAILED]
        troubles += [f"{a.aspect} is {a.outcome.value}: {a.reason}" for a in bad]
        if troubles:
            return Outcome.FAILED, f"was well after its update, and is no longer: {'; '.join(troubles)}"
        return Outcome.UNCHANGED, ""

    def _put_back(self, before: DevicePlan | None, troubles: list[str], notes: list[str]) -> None:
        """Write what drifted by the update, and tell it; what can no longer be read is a trouble."""
        if not self.update.job.expectations:
            return
        after = self._checked(self.update.job.expectations)
        now, then = _look(after), _look(before if before is not None else replace(after, aspects=()))
        if before is not None:
            troubles += [f"{name} can no longer be read" for name in sorted(now.unread - then.unread)]
        if not (drifted := new_drift(then, now)):
            return
        names = ", ".join(f"{a.aspect}.{c.field}" for a in drifted for c in a.changes)
        told = self._ansible(replace(after, aspects=drifted))
        if all(outcome in _GOOD for outcome, _ in told.values()):
            notes.append(f"the update changed {names}: put back" if before is not None else f"put back: {names}")
        elif before is None:
            notes.append(f"{names} is not as expected and could not be put back; whether it was so before, nobody saw")
        else:
            troubles.append(f"the update changed {names}, and it could not be put back")


def _look(plan: DevicePlan) -> Look:
    return Look(driver=catalog.load().drivers["linux"], identity=None, plan=plan, alive=FrozenMap())


def _not_as_wanted(value: Any, after: Installed) -> list[str]:
    """Return what is not as the state says, read from the host's own book of packages."""
    found = []
    packages = {} if isinstance(value.packages, Unset) else value.packages
    for name, version in packages.items():
        if (has := after.packages.get(name, "")) != str(version):
            found.append(f"{name} is {has or 'not installed'}, not {version}")
    if not isinstance(value.holds, Unset) and (holds := sorted(set(value.holds))) != sorted(set(after.held)):
        found.append(f"held are {', '.join(after.held) or 'none'}, not {', '.join(holds) or 'none'}")
    if after.unfinished:
        found.append(f"not wholly installed: {', '.join(after.unfinished[:_SHOWN])}")
    if after.reboot_asked and value.reboot != "never":
        found.append("it still asks for a restart")
    return found


def _moved(device: str, before: Installed, after: Installed) -> tuple[Change, ...]:
    """Return the packages that have another version, by name; ABSENT for what is not installed."""
    names = sorted(before.packages.keys() | after.packages.keys())
    pairs = ((name, before.packages.get(name, ABSENT), after.packages.get(name, ABSENT)) for name in names)
    return tuple(
        Change(device=device, aspect=ASPECT, field="packages", key=name, before=old, after=new)
        for name, old, new in pairs
        if old != new
    )


def _in_short(changes: tuple[Change, ...]) -> str:
    told = [f"{c.key} {c.before if c.before is not ABSENT else '(none)'} -> {c.after}" for c in changes[:_SHOWN]]
    more = f" (+{len(changes) - _SHOWN})" if len(changes) > _SHOWN else ""
    return f"{', '.join(told)}{more}"
