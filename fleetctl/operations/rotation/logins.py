"""Logins of one device, presented one by one and counted: which password is live, by each protocol that has it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from fleetctl import catalog
from fleetctl.errors import FleetctlError, Refused, Unreachable
from fleetctl.model import Access, Attempt, Channel, LoginJudged
from fleetctl.operations.rotation.turns import Job, Login
from fleetctl.protocols import opener

PRESENTED: Final = 2  # how often one login is presented at most where the answer is lost on the way


class Logins:
    """Presents logins to one device. `refusals` counts those that it refused since it was last set to 0."""

    def __init__(self, job: Job, channel: Channel) -> None:
        self.job, self.channel = job, channel
        self.refusals = 0
        facts = job.acting.facts
        self.protocol = facts.get("protocol") or catalog.load().greetings(job.device)[0]

    def live(self, order: Sequence[Login], protocol: str = "") -> Login | None:
        """Return the first that the device accepts; None where it refuses all of them, or none may be tried."""
        return next((each for each in order if not each.barred and self.accepted(each, protocol=protocol)), None)

    def accepted(self, login: Login, *, wanted: bool = False, protocol: str = "") -> bool:
        """Present a login once, as soon as the device answers; again where the answer was lost on the way.

        `wanted`: it is presented to see it refused. Raises Unreachable, Refused where it is neither (a lock).
        """
        deadline, presented = time.monotonic() + self.job.patience.up_s, 0
        while True:
            self._wait(deadline)
            presented += 1
            try:
                return self._presented(login, wanted=wanted, protocol=protocol)
            except Unreachable:
                if presented >= PRESENTED or time.monotonic() > deadline:
                    raise

    def answers(self) -> bool:
        """Tell whether the device answers now, asked without a login."""
        try:
            with self.session("", None):
                return True
        except Unreachable:
            return False
        except FleetctlError:
            return True  # something answers

    @contextlib.contextmanager
    def session(
        self, user: str, password: str | None, protocol: str = "", access: Access = Access.READ
    ) -> Iterator[Any]:
        """Yield a session that presents this login when it is first asked for something."""
        acting = self.job.acting
        made = opener(protocol or self.protocol)(
            replace(self.job.device, user=user),
            password=password,
            access=access,
            facts=acting.facts,
            known_hosts=acting.known_hosts,
        )
        with contextlib.closing(made):
            yield made

    def _presented(self, login: Login, *, wanted: bool, protocol: str) -> bool:
        name = self.job.device.name
        told = Attempt(device=name, account=login.user, fingerprint=login.fingerprint)
        judged = LoginJudged(
            device=name, account=login.user, fingerprint=login.fingerprint, accepted=True, wanted=wanted
        )
        self.channel.confirm(told)
        try:
            with self.session(login.user, login.password, protocol) as session:
                session.prove()
        except Refused as error:
            if not error.credential:
                raise
            self.refusals += 1
            self.channel.emit(replace(judged, accepted=False, tries_left=error.tries_left))
            return False
        self.channel.emit(judged)
        return True

    def _wait(self, deadline: float) -> None:
        """Wait until the device answers; raises Unreachable after the deadline."""
        while not self.answers():
            if time.monotonic() > deadline:
                raise Unreachable(f"{self.job.device.name} has not answered for {self.job.patience.up_s:.0f} s")
            time.sleep(self.job.patience.poll_s)
