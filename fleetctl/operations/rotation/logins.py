"""Logins of one device, presented one by one and counted: which password is live, by each protocol that has it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.errors import Refused, Unreachable
from fleetctl.model import Access, Attempt, Channel, Kind, LoginJudged, SecretRef
from fleetctl.operations.rotation.turns import Job, Login
from fleetctl.protocols import opener
from fleetctl.protocols.ssh import ENABLE

PRESENTED: Final = 2  # how often one login is presented at most where the answer is lost on the way


class Logins:
    """Presents logins to one device. `refusals` counts those that it refused since it was last set to 0."""

    def __init__(self, job: Job, channel: Channel) -> None:
        self.job, self.channel = job, channel
        self.acting = job.acting  # who logs in as the administrator, with what is live now
        self.refusals = 0
        self.tries: int | None = None  # how many may be refused in all, None for any number
        self.protocol = job.acting.facts.get("protocol") or catalog.load().greetings(job.device)[0]

    def live(self, order: Sequence[Login], protocol: str = "") -> Login | None:
        """Return the first that the device accepts; None where it refuses all of them, or no more may be tried."""
        for each in order:
            if not each.barred and self.may_miss and self.accepted(each, protocol=protocol):
                return each
        return None

    @property
    def may_miss(self) -> bool:
        """Whether one more refused login would not yet lock the device."""
        return self.tries is None or self.refusals < self.tries

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
        return converge.answers(self.acting)

    @contextlib.contextmanager
    def session(
        self, user: str, password: str, protocol: str = "", access: Access = Access.READ, *, enable: str = ""
    ) -> Iterator[Any]:
        """Yield a session that presents this login when it is first asked for something, a console's at once.

        `enable` is tried as the secret of its privileged mode, instead of the vault's.
        """
        protocol = protocol or self.protocol
        made = opener(protocol)(
            replace(self.job.device, user=user),
            password=password,
            access=access,
            facts=self.acting.facts,
            known_hosts=self.acting.known_hosts,
            **({"enable": enable} if enable else converge.opening(self.acting, self.job.device, protocol)),
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
            self._prove(login, protocol)
        except Refused as error:
            if not (error.of_enable if self._enables(login) else error.credential):
                raise
            self.refusals += 1
            self.channel.emit(replace(judged, accepted=False, tries_left=error.tries_left))
            return False
        self.channel.emit(judged)
        return True

    def _looks_only(self, login: Login, protocol: str) -> bool:
        """Return whether it is another account of a Linux host: it need not be able to become root."""
        return (protocol or self.protocol) == "linux" and login.user != self.job.device.user

    def _enables(self, login: Login) -> bool:
        """Return whether it is no account, but the secret of a switch's privileged mode."""
        return login.user == ENABLE and self.job.device.kind is Kind.SWITCH

    def _prove(self, login: Login, protocol: str) -> None:
        """Present a login; raises what a session says against it."""
        if not self._enables(login):
            with self.session(login.user, login.password, protocol) as session:
                session.log_in() if self._looks_only(login, protocol) else session.prove()
            return
        user = self.job.device.user
        password = self.acting.secrets.reveal(SecretRef(device=self.job.device.name, account=user))
        with self.session(user, password, protocol, enable=login.password) as session:
            session.prove_enable(login.password)

    def _wait(self, deadline: float) -> None:
        """Wait until the device answers; raises Unreachable after the deadline."""
        while not self.answers():
            if time.monotonic() > deadline:
                raise Unreachable(f"{self.job.device.name} has not answered for {self.job.patience.up_s:.0f} s")
            time.sleep(self.job.patience.poll_s)
