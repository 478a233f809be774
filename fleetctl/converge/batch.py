"""A batch of hosts: looked at, compared and converged by Ansible, one run each; every host ends on its own."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fleetctl import catalog
from fleetctl.converge.differences import Looked
from fleetctl.converge.hosts import CUT_OFF, Hosts, Member
from fleetctl.converge.link import Job, outcome_of, told
from fleetctl.converge.verdicts import judged, read_back
from fleetctl.errors import FleetctlError, VaultError
from fleetctl.model import (
    AspectPlan,
    Change,
    Channel,
    DevicePlan,
    Expectation,
    Finished,
    Gap,
    Intent,
    Outcome,
    Planned,
    Result,
    SecretRef,
    Started,
    worst,
)
from fleetctl.plan import Comparison, gap_reason, moved
from fleetctl.protocols.ansible import Host, Room, room


class Batch:
    """Hosts that are one piece of work."""

    def __init__(self, jobs: Mapping[str, Job], channel: Channel) -> None:
        self.channel = channel
        self.registry = catalog.load()
        self.hosts = Hosts(jobs, channel, self.registry)

    def work(self) -> None:
        """Observe, or carry out the plans; ends with exactly one Finished for each host."""
        for member in self.hosts.members.values():
            self.channel.emit(Started(device=member.name, site=member.job.device.site))
        try:
            self.hosts.admit()
            if able := self.hosts.left:
                first = able[0].job
                if first.around is None:
                    raise VaultError(f"{first.device.name}: nothing says where its inventory is")
                hosts = [_host(member.job) for member in able]
                endpoint = first.device.endpoint
                with room(first.around, hosts, via=endpoint.via, connect_s=endpoint.timeout_s) as made:
                    self._observe(made) if first.plan is None else self._converge(made)
        except FleetctlError as error:
            for member in self.hosts.left:
                member.ended = outcome_of(error), told(error)
        for member in self.hosts.members.values():
            self._finish(member)

    # --- plan and audit --------------------------------------------------------------------------

    def _observe(self, made: Room) -> None:
        self.hosts.run(made, {member.name: member.job.expectations for member in self.hosts.left}, check=True)
        for member in self.hosts.left:
            device = member.job.device
            planned = tuple(
                self._planned(member.looked[aspect.name])
                for aspect in self.registry.hosts_in_order
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
        if expectation.left_to and changes:
            gaps, changes = (*gaps, *(_left(change, expectation.left_to) for change in changes)), ()
            reason = gap_reason(gaps)
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
        for member in self.hosts.left:
            plan = member.job.plan
            for each in plan.aspects if plan else ():
                if each.changes:
                    pending.setdefault(member.name, {})[each.aspect] = each
                else:
                    self._result(member, each, each.outcome, each.reason)
        try:
            self.hosts.run(made, _expectations(pending), check=True)
            writes = self._to_write(pending)
            for name, found in writes.items():
                for aspect, changes in found.items():
                    self.channel.confirm(Intent(device=name, aspect=aspect, changes=changes))
            if writes:
                self._write(made, pending, writes)
        finally:
            for name, aspects in pending.items():
                self._undone(self.hosts[name], aspects)

    def _to_write(self, pending: Mapping[str, dict[str, AspectPlan]]) -> dict[str, dict[str, tuple[Change, ...]]]:
        """Return what is still as planned and to be written; the rest has its result."""
        writes: dict[str, dict[str, tuple[Change, ...]]] = {}
        for name, aspects in pending.items():
            member = self.hosts[name]
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
            name: [self.hosts[name].looked[aspect].expectation for aspect in aspects]
            for name, aspects in writes.items()
        }
        self.hosts.run(made, wanted, check=False)
        said = {(name, a): self.hosts[name].looked[a].failed for name, aspects in writes.items() for a in aspects}
        left = {name: told for name, told in wanted.items() if self.hosts[name].ended is None}
        if left:
            self.hosts.run(made, left, check=True)
        for name in left:
            member = self.hosts[name]
            for aspect, changes in writes[name].items() if member.ended is None else ():
                outcome, reason = read_back(changes, member.looked[aspect], said[name, aspect])
                self._result(member, pending[name].pop(aspect), outcome, reason, changes)

    def _undone(self, member: Member, aspects: Mapping[str, AspectPlan]) -> None:
        """Tell of aspects that came to no end: as the host itself, else interrupted."""
        for planned in aspects.values():
            outcome, reason = member.ended or (Outcome.INTERRUPTED, CUT_OFF)
            self._result(member, planned, outcome, reason)

    # --- telling ---------------------------------------------------------------------------------

    def _result(
        self,
        member: Member,
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

    def _finish(self, member: Member) -> None:
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


def _left(change: Change, command: str) -> Gap:
    """Return a difference that another command writes."""
    return Gap(
        field=change.field,
        key=change.key,
        outcome=Outcome.PENDING,
        reason=f"not by apply: {command}",
        before=change.before,
        after=change.after,
    )


def _host(job: Job) -> Host:
    device = job.device
    ref = SecretRef(device=device.name, account=device.user)
    password = job.secrets.reveal(ref) if job.fingerprint else ""  # without: reached by key alone
    return Host(name=device.name, address=device.endpoint.address, password=password)


def _expectations(pending: Mapping[str, Mapping[str, AspectPlan]]) -> dict[str, list[Expectation]]:
    return {
        name: [Expectation(aspect=a, value=p.expected, exclusive=p.exclusive) for a, p in aspects.items()]
        for name, aspects in pending.items()
    }
