"""A batch of hosts: looked at, compared and converged by Ansible, one run each; every host ends on its own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fleetctl import catalog
from fleetctl.converge.differences import Looked
from fleetctl.converge.link import Job, outcome_of, told, where
from fleetctl.converge.plays import IDENTITY, plays
from fleetctl.converge.verdicts import identified, judged, read_back, whole
from fleetctl.errors import FleetctlError, Interrupted, VaultError
from fleetctl.model import (
    AspectPlan,
    Attempt,
    Change,
    Channel,
    DevicePlan,
    Expectation,
    Finished,
    Intent,
    LoginJudged,
    Outcome,
    Planned,
    Result,
    Started,
    worst,
)
from fleetctl.plan import Comparison, moved
from fleetctl.protocols import hostkeys
from fleetctl.protocols.ansible import Host, Room, State, Told, room

RUN_S: Final = 1800.0  # a run of a batch that takes longer is ended
EACH_S: Final = 60.0  # more for each host
_ENDED: Final = "the run was ended before this was done"


@dataclass(kw_only=True)
class _Member:
    """One host of the batch, and how it stands."""

    job: Job
    begun: float = field(default_factory=time.monotonic)
    machine: str = ""
    looked: dict[str, Looked] = field(default_factory=dict)
    ended: tuple[Outcome, str] | None = None  # as a whole
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.job.device.name


class Batch:
    """Hosts that are one piece of work."""

    def __init__(self, jobs: Mapping[str, Job], channel: Channel) -> None:
        self.channel = channel
        self.registry = catalog.load()
        self.members = {name: _Member(job=job) for name, job in jobs.items()}
        self._accepted = False

    def work(self) -> None:
        """Observe, or carry out the plans; ends with exactly one Finished for each host."""
        for member in self.members.values():
            self.channel.emit(Started(device=member.name, site=member.job.device.site))
        try:
            self._admit()
            if able := self._left():
                first = able[0].job
                if first.around is None:
                    raise VaultError(f"{first.device.name}: nothing says where its inventory is")
                hosts = [Host(name=m.name, address=m.job.device.endpoint.address) for m in able]
                endpoint = first.device.endpoint
                with room(first.around, hosts, via=endpoint.via, connect_s=endpoint.timeout_s) as made:
                    self._observe(made) if first.plan is None else self._converge(made)
        except FleetctlError as error:
            for member in self._left():
                member.ended = outcome_of(error), told(error)
        for member in self.members.values():
            self._finish(member)

    def _left(self) -> list[_Member]:
        return [member for member in self.members.values() if member.ended is None]

    def _admit(self) -> None:
        """Turn away hosts whose login may not be tried; what was never proven is on record before it is tried."""
        for member in self.members.values():
            job = member.job
            if job.barred:
                member.ended = Outcome.REFUSED, job.barred
            elif not hostkeys.known(job.known_hosts, member.name):
                run = f"Run: fleetctl adopt --limit {member.name}"
                member.ended = Outcome.REFUSED, f"{where(job.device)} has no SSH host key on record. {run}"
            elif job.fingerprint and not job.proven:
                device = job.device
                self.channel.confirm(
                    Attempt(
                        device=member.name,
                        account=device.user,
                        fingerprint=job.fingerprint,
                        address=device.endpoint.spot,
                    )
                )

    # --- running ---------------------------------------------------------------------------------

    def _run(self, made: Room, wanted: Mapping[str, Sequence[Expectation]], *, check: bool) -> None:
        """Run the roles of what is wanted of each host; what they tell is in `looked` and `ended`."""
        for name, expectations in wanted.items():
            looked = {
                e.aspect: Looked(role=self.registry.roles[e.aspect], expectation=e, device=name) for e in expectations
            }
            for each in looked.values():
                each.unoffered()
            self.members[name].looked = looked
        order = [
            (aspect.name, [name for name in wanted if aspect.name in self.members[name].looked])
            for aspect in self.registry.hosts_in_order
        ]
        ended = made.run(
            plays(order),
            self._take,
            check=check,
            stopped=self.channel.stopped,
            timeout_s=RUN_S + EACH_S * len(wanted),
        )
        if ended.stopped:
            raise Interrupted(_ENDED)
        if ended.timed_out:
            for name in wanted:
                member = self.members[name]
                member.ended = member.ended or (Outcome.FAILED, f"{where(member.job.device)}: it took too long")

    def _take(self, each: Told) -> None:
        member = self.members[each.host]
        if member.ended is not None:
            return
        device = member.job.device
        if each.task == IDENTITY and not each.role:
            self._identity(member, each)
        elif (ended := whole(each, member.job.device)) is not None:
            member.ended = ended
            if each.state is State.LOGIN:
                self._judge(member, accepted=False)
        elif (looked := member.looked.get(each.role)) is not None:
            looked.take(each)
        elif each.state in (State.FAILED, State.SUDO):
            member.ended = Outcome.FAILED, f"{where(device)}: {each.task}: {each.message}"

    def _identity(self, member: _Member, each: Told) -> None:
        if each.state is State.LOGIN:
            self._judge(member, accepted=False)
        elif each.state not in (State.UNREACHABLE, State.KEY):
            self._judge(member, accepted=True)
        member.machine, member.ended = each.output.strip(), identified(each, member.job.device)

    def _judge(self, member: _Member, *, accepted: bool) -> None:
        job = member.job
        if not job.fingerprint or (accepted and job.proven and self._accepted):
            return
        self._accepted = self._accepted or accepted
        self.channel.emit(
            LoginJudged(
                device=member.name,
                account=job.device.user,
                fingerprint=job.fingerprint,
                accepted=accepted,
                address=job.device.endpoint.spot,
            )
        )

    # --- plan and audit --------------------------------------------------------------------------

    def _observe(self, made: Room) -> None:
        self._run(made, {member.name: member.job.expectations for member in self._left()}, check=True)
        for member in self._left():
            device = member.job.device
            planned = tuple(
                self._planned(member.looked[aspect.name])
                for aspect in self.registry.aspects_for(device)
                if aspect.name in member.looked
            )
            member.outcomes = [each.outcome for each in planned]
            plan = DevicePlan(
                device=device.name,
                kind=device.kind,
                site=device.site,
                aspects=planned,
                serial_number=member.machine,
                needs=tuple(sorted({n for e in member.job.expectations for n in e.needs})),
            )
            self.channel.emit(Planned(device=device.name, plan=plan))

    def _planned(self, looked: Looked) -> AspectPlan:
        expectation = looked.expectation
        outcome, reason, changes, gaps = judged(looked)
        return AspectPlan(
            aspect=expectation.aspect,
            outcome=outcome,
            changes=changes,
            gaps=gaps,
            reason=reason,
            expected=expectation.value,
            exclusive=expectation.exclusive,
            disruption=self.registry.of_hosts[expectation.aspect].disruption,
        )

    # --- apply -----------------------------------------------------------------------------------

    def _converge(self, made: Room) -> None:
        """Check again, refuse what went stale, write, and judge by what a last check finds."""
        pending: dict[str, dict[str, AspectPlan]] = {}
        for member in self._left():
            plan = member.job.plan
            for each in plan.aspects if plan else ():
                if each.changes:
                    pending.setdefault(member.name, {})[each.aspect] = each
                else:
                    self._result(member, each, each.outcome, each.reason)
        try:
            self._run(made, _expectations(pending), check=True)
            writes = self._to_write(pending)
            for name, found in writes.items():
                for aspect, changes in found.items():
                    self.channel.confirm(Intent(device=name, aspect=aspect, changes=changes))
            if writes:
                self._write(made, pending, writes)
        finally:
            for name, aspects in pending.items():
                self._undone(self.members[name], aspects)

    def _to_write(self, pending: Mapping[str, dict[str, AspectPlan]]) -> dict[str, dict[str, tuple[Change, ...]]]:
        """Return what is still as planned and to be written; the rest has its result."""
        writes: dict[str, dict[str, tuple[Change, ...]]] = {}
        for name, aspects in pending.items():
            member = self.members[name]
            stale = ""
            for aspect in list(aspects) if member.ended is None else ():
                planned = aspects[aspect]
                outcome, reason, changes, gaps = judged(member.looked[aspect])
                if stale:
                    outcome, reason, changes = Outcome.BLOCKED, f"not begun: {stale}", ()
                elif changes and (why := moved(planned, Comparison(changes=changes, gaps=gaps))):
                    stale = f"{aspect} was no longer as planned; plan again"
                    outcome, reason, changes = Outcome.STALE, f"{why}; run plan again", ()
                if changes:
                    writes.setdefault(name, {})[aspect] = changes
                else:
                    self._result(member, aspects.pop(aspect), outcome, reason)
        return writes

    def _write(
        self,
        made: Room,
        pending: Mapping[str, dict[str, AspectPlan]],
        writes: Mapping[str, Mapping[str, tuple[Change, ...]]],
    ) -> None:
        wanted = {
            name: [self.members[name].looked[aspect].expectation for aspect in aspects]
            for name, aspects in writes.items()
        }
        self._run(made, wanted, check=False)
        said = {(name, a): self.members[name].looked[a].failed for name, aspects in writes.items() for a in aspects}
        left = {name: told for name, told in wanted.items() if self.members[name].ended is None}
        if left:
            self._run(made, left, check=True)
        for name in left:
            member = self.members[name]
            for aspect, changes in writes[name].items() if member.ended is None else ():
                outcome, reason = read_back(changes, member.looked[aspect], said[name, aspect])
                self._result(member, pending[name].pop(aspect), outcome, reason, changes)

    def _undone(self, member: _Member, aspects: Mapping[str, AspectPlan]) -> None:
        """Tell of aspects that came to no end: as the host itself, else interrupted."""
        for planned in aspects.values():
            outcome, reason = member.ended or (Outcome.INTERRUPTED, _ENDED)
            self._result(member, planned, outcome, reason)

    # --- telling ---------------------------------------------------------------------------------

    def _result(
        self,
        member: _Member,
        planned: AspectPlan,
        outcome: Outcome,
        reason: str = "",
        changes: tuple[Change, ...] = (),
    ) -> None:
        device = member.job.device
        member.outcomes.append(outcome)
        self.channel.emit(
            Result(
                device=device.name,
                kind=device.kind,
                site=device.site,
                aspect=planned.aspect,
                outcome=outcome,
                reason=reason,
                changes=changes,
                gaps=planned.gaps,
                duration_s=time.monotonic() - member.begun,
            )
        )

    def _finish(self, member: _Member) -> None:
        device = member.job.device
        seconds = time.monotonic() - member.begun
        reason = ""
        if member.ended is not None:
            outcome, reason = member.ended
            member.outcomes.append(outcome)
            self.channel.emit(
                Result(
                    device=device.name,
                    kind=device.kind,
                    site=device.site,
                    aspect="",
                    outcome=outcome,
                    reason=reason,
                    duration_s=seconds,
                )
            )
            if member.job.plan is None:
                plan = DevicePlan(
                    device=device.name, kind=device.kind, site=device.site, outcome=outcome, reason=reason
                )
                self.channel.emit(Planned(device=device.name, plan=plan))
        self.channel.emit(
            Finished(
                device=device.name,
                site=device.site,
                outcome=worst(member.outcomes),
                reason=reason,
                duration_s=seconds,
            )
        )


def _expectations(pending: Mapping[str, Mapping[str, AspectPlan]]) -> dict[str, list[Expectation]]:
    return {
        name: [Expectation(aspect=a, value=p.expected, exclusive=p.exclusive) for a, p in aspects.items()]
        for name, aspects in pending.items()
    }
