"""The hosts of a batch while Ansible runs on them: whose login may be tried, and what each task tells of whom."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fleetctl.catalog import Registry
from fleetctl.converge.differences import Looked
from fleetctl.converge.link import Job, where
from fleetctl.converge.plays import IDENTITY, plays
from fleetctl.converge.verdicts import cut_off, identified, whole
from fleetctl.errors import Interrupted
from fleetctl.model import Attempt, Channel, Expectation, LoginJudged, Outcome
from fleetctl.protocols import hostkeys
from fleetctl.protocols.ansible import Room, State, Told

RUN_S: Final = 1800.0  # a run of a batch that takes longer is ended
EACH_S: Final = 60.0  # more for each host
CUT_OFF: Final = "the run was ended before this was done"


@dataclass(kw_only=True)
class Member:
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


class Hosts:
    """The members of a batch by their names."""

    def __init__(self, jobs: Mapping[str, Job], channel: Channel, registry: Registry) -> None:
        self._channel = channel
        self._registry = registry
        self.members = {name: Member(job=job) for name, job in jobs.items()}
        self._accepted = False

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    @property
    def left(self) -> list[Member]:
        """Those that have not ended as a whole."""
        return [member for member in self.members.values() if member.ended is None]

    def admit(self) -> None:
        """Turn away hosts whose login may not be tried; what was never proven is on record before it is tried."""
        for member in self.members.values():
            job = member.job
            if job.barred:
                member.ended = Outcome.REFUSED, job.barred
            elif not hostkeys.known(job.known_hosts, member.name):
                run = f"Run: fleetctl adopt --limit {member.name}"
                member.ended = Outcome.REFUSED, f"{where(job.device)} has no SSH host key on record. {run}"
            elif job.fingerprint and not job.proven:
                self._channel.confirm(
                    Attempt(
                        device=member.name,
                        account=job.device.user,
                        fingerprint=job.fingerprint,
                        address=job.device.endpoint.spot,
                    )
                )

    def run(self, made: Room, wanted: Mapping[str, Sequence[Expectation]], *, check: bool) -> None:
        """Run the roles of what is wanted of each host; what they tell is in `looked` and `ended`.

        Raises Interrupted when the run is stopped, BadAnswer when Ansible could not begin or broke off.
        """
        for name, expectations in wanted.items():
            looked = {
                e.aspect: Looked(role=self._registry.roles[e.aspect], expectation=e, device=name) for e in expectations
            }
            for each in looked.values():
                each.unoffered()
            self.members[name].looked = looked
        order = [
            (aspect.name, [name for name in wanted if aspect.name in self.members[name].looked])
            for aspect in self._registry.hosts_in_order
        ]
        if not any(names for _, names in order):
            return  # nothing that is asked for concerns them, and Ansible refuses an empty list of hosts
        not_ready = {name: why for member in self.members.values() for name, why in member.job.not_ready.items()}
        ended = made.run(
            plays(order, check=check, not_ready=not_ready),
            self._take,
            check=check,
            stopped=self._channel.stopped,
            timeout_s=RUN_S + EACH_S * len(wanted),
        )
        if ended.stopped:
            raise Interrupted(CUT_OFF)
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
        elif (ended := whole(each, device)) is not None:
            member.ended = ended
            if each.state is State.LOGIN:
                self._judge(member, accepted=False)
        elif (looked := member.looked.get(each.role)) is not None:
            looked.take(each)
        elif each.state in (State.FAILED, State.SUDO):
            member.ended = Outcome.FAILED, f"{where(device)}: {each.task}: {each.message}"

    def _identity(self, member: Member, each: Told) -> None:
        if each.state is State.LOGIN:
            self._judge(member, accepted=False)
        elif each.state not in (State.UNREACHABLE, State.KEY) and not cut_off(each):
            self._judge(member, accepted=True)
        member.machine, member.ended = each.output.strip(), identified(each, member.job.device)

    def _judge(self, member: Member, *, accepted: bool) -> None:
        job = member.job
        if not job.fingerprint or (accepted and job.proven and self._accepted):
            return
        self._accepted = self._accepted or accepted
        self._channel.emit(
            LoginJudged(
                device=member.name,
                account=job.device.user,
                fingerprint=job.fingerprint,
                accepted=accepted,
                address=job.device.endpoint.spot,
            )
        )
