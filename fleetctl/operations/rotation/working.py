"""One device's passwords: set, proven, given to who holds them, or put back. Each step is on disk before it is taken.

Source: field facts, NVR and vendor protocols, 8.1 (two accounts in turn; the transaction in place and its table).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.aspects.users import Users
from fleetctl.errors import (
    BadAnswer,
    FleetctlError,
    Interrupted,
    Refused,
    Rejected,
    Unreachable,
    Unsupported,
)
from fleetctl.model import (
    Access,
    Action,
    Change,
    Channel,
    Finished,
    NewPassword,
    Outcome,
    Result,
    Rotation,
    SecretRef,
    Started,
    Step,
    worst,
)
from fleetctl.operations.rotation.holders import Recorder, locked
from fleetctl.operations.rotation.logins import Logins
from fleetctl.operations.rotation.turns import Holder, Job, Login, Turn
from fleetctl.vault import SecretBag

FIRST: Final = "admin"
"""The account that devices come with; on Dahua nobody else sets its password. Source: field facts, 2.5."""

Verdict = tuple[Outcome, str]


def work(name: str, payload: Any, channel: Channel) -> None:
    """Rotate one device's passwords, or settle what was cut off (the executor's work). Ends with one Finished."""
    job: Job = payload
    device, begun = job.device, time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    told: list[tuple[str, Verdict]] = []
    with contextlib.ExitStack() as stack:
        office = _Office(job, channel, stack)
        for turn in job.turns:
            if told and (last := told[-1][1][0]) not in (Outcome.CHANGED, Outcome.UNCHANGED, Outcome.UNSUPPORTED):
                left = last if last in (Outcome.UNREACHABLE, Outcome.INTERRUPTED) else Outcome.BLOCKED
                told.append((turn.account, (left, "not begun: the one before did not end well")))
                continue
            told.append((turn.account, office.turned(turn)))
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


class _Office:
    """The sessions of one device's work: the administrator's, and those of its recorders."""

    def __init__(self, job: Job, channel: Channel, stack: contextlib.ExitStack) -> None:
        self.job, self.channel, self._stack = job, channel, stack
        self.device, self.registry = job.device, catalog.load()
        self.acting = job.acting
        self._open = False  # whether a turn is under way that nothing has settled
        self._recorders: dict[str, Recorder] = {}
        self.logins = Logins(job, channel)
        self._recording: set[Holder] = set()  # those that were recorded before anything was touched

    def turned(self, turn: Turn) -> Verdict:
        """Carry one turn through to its end, and say how it ended. Once something may have been sent, an end that
        settles nothing is `unknown`, and stays on record until `password recover` has settled it.
        """
        self.logins.refusals = 0
        self._open = turn.step is not None
        try:
            if turn.step is not None:
                return self._settled(turn)
            self._ready(turn)
            return self._begun(turn)
        except _Untouched as error:
            return error.verdict
        except FleetctlError as error:
            outcome, reason = converge.outcome_of(error), converge.told(error)
            if not self._open:
                return outcome, reason
            kept = outcome if isinstance(error, Interrupted | Unreachable) else Outcome.UNKNOWN
            return kept, f"{reason}. Not settled: {self._recover()}"

    def _recover(self) -> str:
        return f"fleetctl password recover --limit {self.device.name}"

    # --- before anything is sent ---------------------------------------------------------------------

    def _ready(self, turn: Turn) -> None:
        """Look at the device and at every holder; raises what speaks against beginning. Nothing has been sent then."""
        for login in (turn.old, turn.new):
            if login.barred:
                raise Refused(login.barred)
        has = (turn.instead or turn.old).user
        for holder in turn.holders:
            recorder = self._recorder(holder)
            if why := recorder.trouble(self.device, holder.channel, has):
                raise _Untouched(Outcome.BLOCKED, f"{why}. The camera was not touched")
            if recorder.standing(holder.channel).records:
                self._recording.add(holder)
        with self._administrator() as (link, driver):
            users = converge.read(self.registry.cell(driver, "users"), "users", link).value
            if isinstance(users, Users) and users.accounts and turn.account not in users.accounts:
                raise Unsupported(f"the device has no account {turn.account}")

    def _recorder(self, holder: Holder) -> Recorder:
        if holder.recorder not in self._recorders:
            job = self.job.recorders[holder.recorder]
            link = self._stack.enter_context(converge.linked(job, Access.WRITE, self.channel))
            self._recorders[holder.recorder] = Recorder(link, self.registry)
        return self._recorders[holder.recorder]

    @contextlib.contextmanager
    def _administrator(self) -> Iterator[tuple[converge.Link, Any]]:
        """Yield a session of the administrator with the device of the inventory."""
        with converge.linked(self.acting, Access.WRITE, self.channel) as link:
            driver, _ = converge.recognise(self.acting, link, self.registry, required=True)
            yield link, driver

    # --- at the wire -----------------------------------------------------------------------------------

    def _begun(self, turn: Turn) -> Verdict:
        said, doubted = self._sent(turn, turn.old, turn.new, Step.SET)
        order = (turn.old, turn.new) if doubted else (turn.new, turn.old)
        return self._concluded(turn, self.logins.live(order), said)

    def _sent(self, turn: Turn, old: Login, new: Login, step: Step) -> tuple[str, bool]:
        """Send the password; return what the device said against it, and whether it said so itself."""
        with self._administrator() as (link, driver):
            action = self.registry.action(driver, "set_password")
            if action is None:
                raise _Untouched(Outcome.UNSUPPORTED, f"fleetctl cannot set passwords of {driver.name} devices")
            if turn.account == FIRST and self.device.user != FIRST:
                if not self.logins.accepted(old):
                    raise Refused(f"the device refuses the vault's password of {FIRST}")
                with self.logins.session(FIRST, old.password, action.protocol, Access.WRITE) as session:
                    return self._told(turn, step, action, session, (old, new, old.password))
            acting = self.acting.secrets.reveal(SecretRef(device=self.device.name, account=self.device.user))
            return self._told(turn, step, action, link.session(action.protocol), (old, new, acting))

    def _told(
        self, turn: Turn, step: Step, action: Action, session: Any, words: tuple[Login, Login, str]
    ) -> tuple[str, bool]:
        old, new, acting = words
        self._note(turn, step)
        try:
            action.run(session, NewPassword(account=turn.account, old=old.password, new=new.password, acting=acting))
        except (Rejected, Unsupported) as error:
            return converge.told(error), True
        except (BadAnswer, Unreachable, Refused) as error:
            return converge.told(error), False
        return "", False

    def _note(self, turn: Turn, step: Step, holder: Holder | None = None) -> None:
        """Have a step on disk; from the first one on a turn is open until it is settled."""
        self._open = True
        self.channel.confirm(
            Rotation(
                device=self.device.name,
                account=turn.account,
                step=step,
                fingerprint=turn.new.fingerprint,
                former=turn.old.fingerprint,
                instead=turn.instead.user if turn.instead else "",
                holder=str(holder) if holder else "",
            )
        )

    # --- what became of it -------------------------------------------------------------------------------

    def _settled(self, turn: Turn) -> Verdict:
        """Find out which password is live, and go on from there."""
        order = (turn.old, turn.new) if turn.step is Step.UNDO else (turn.new, turn.old)
        return self._concluded(turn, self.logins.live(order), "")

    def _concluded(self, turn: Turn, live: Login | None, said: str) -> Verdict:
        if live is None:
            if self.logins.refusals:  # else nothing was asked, and how far it had come is worth more
                self._note(turn, Step.UNKNOWN)
            return Outcome.UNKNOWN, (
                "the device refuses the new password and the old one, or may not be asked now: both are in the vault. "
                f"Nothing else was touched. Wait until its lock has run out, then: {self._recover()}"
            )
        if turn.account == self.device.user:
            self._act_as(live)
        if live is turn.old:
            return self._kept(turn, said)
        self._note(turn, Step.LIVE)
        if turn.step is not Step.TAKEN and (why := self._handed(turn, turn.new)):
            # What was cut off goes forward only: by now the old password may be known to be refused.
            return self._undone(turn, why) if turn.step is None else (Outcome.UNKNOWN, f"{why}. {self._recover()}")
        if turn.holders:
            self._note(turn, Step.TAKEN)
        verdict = self._old_is_refused(turn)
        self._note(turn, Step.NEW)
        return verdict

    def _act_as(self, login: Login) -> None:
        """Log in as the administrator with the password that is live from now on."""
        ref = SecretRef(device=self.device.name, account=self.device.user)
        self.acting = replace(
            self.acting,
            secrets=SecretBag({ref: login.password}),
            fingerprint=login.fingerprint,
            barred="",
            proven=True,
        )

    def _kept(self, turn: Turn, said: str) -> Verdict:
        """The old password is live: so it stays, with whoever holds it."""
        began = turn.step in (None, Step.SET)
        if not began and (why := self._handed(turn, turn.instead or turn.old)):
            return Outcome.UNKNOWN, f"the old password is live, but {why}. Not settled: {self._recover()}"
        self._note(turn, Step.OLD)
        if turn.step is not None:
            return Outcome.UNCHANGED, "the old password is live, as before"
        if said:
            return Outcome.FAILED, f"the device keeps the old password: {said}"
        return Outcome.NOT_APPLIED, "the device accepted the new password, and keeps the old one"

    def _handed(self, turn: Turn, login: Login) -> str:
        """Give a login to every holder and see each record with it; returns what is wrong, "" where all is well."""
        for holder in turn.holders:
            self._note(turn, Step.HAND, holder)
            if why := self._given(holder, login):
                return why
        return ""

    def _given(self, holder: Holder, login: Login) -> str:
        """Give a login to one holder: once more where it is refused, and again once the recorder answers again.

        Source: field facts, 8.1, table: the whole document once more; where the camera has locked it out, no more.
        """
        deadline, refused = time.monotonic() + self.job.patience.up_s, False
        while True:
            try:
                recorder = self._recorder(holder)
                before = recorder.standing(holder.channel)
                recorder.give(holder.channel, login, self.device.name)
                records = before.records or holder in self._recording
                why = recorder.proven(holder.channel, before, self.job.patience, records=records)
            except (Rejected, BadAnswer) as error:
                why = f"{holder}: {converge.told(error)}"
            except Unreachable:  # it restarts, perhaps: an order whose answer was lost is given again
                if time.monotonic() > deadline:
                    raise
                time.sleep(self.job.patience.poll_s)
                continue
            if not why or refused or locked(why):
                return why
            refused = True

    def _undone(self, turn: Turn, why: str) -> Verdict:
        """Put the old login back: into the holders where two accounts take turns, else on the device as well."""
        if locked(why):  # whatever is written now, the camera listens to nobody
            return Outcome.UNKNOWN, f"{why}: the camera has locked the recorder out. Wait, then: {self._recover()}"
        if not self.logins.answers():
            return Outcome.UNKNOWN, f"{why}, and the camera does not answer. Not settled: {self._recover()}"
        if turn.instead is not None:
            if still := self._handed(turn, turn.instead):
                return Outcome.UNKNOWN, f"{why}; put back, but {still}. Not settled: {self._recover()}"
            self._note(turn, Step.NEW)
            return Outcome.FAILED, f"{why}; the recorder has {turn.instead.user} again"
        self._sent(turn, turn.new, turn.old, Step.UNDO)
        live = self.logins.live((turn.old, turn.new))
        if live is None:
            self._note(turn, Step.UNKNOWN)
            return Outcome.UNKNOWN, f"{why}; put back, and the camera refuses both passwords. {self._recover()}"
        if turn.account == self.device.user:
            self._act_as(live)
        if live is turn.new:
            return Outcome.UNKNOWN, f"{why}, and the camera keeps the new password. Not settled: {self._recover()}"
        if still := self._handed(turn, turn.old):
            return Outcome.UNKNOWN, f"{why}; put back, but {still}. Not settled: {self._recover()}"
        self._note(turn, Step.OLD)
        return Outcome.FAILED, f"{why}; the old password is back on the camera and the recorder"

    def _old_is_refused(self, turn: Turn) -> Verdict:
        """See the old password refused, where that does not cost too much: at most two refusals in all."""
        if not self.job.check_old or turn.old.barred or self.logins.refusals:
            return (
                Outcome.CHANGED,
                "" if not self.job.check_old else "the old password was not tried, to spare the lock-out",
            )
        if self.logins.accepted(turn.old, wanted=True):
            return Outcome.FAILED, "the new password is live, but the device still accepts the old one, too"
        self.logins.accepted(turn.new)  # ends the device's count of refusals
        return Outcome.CHANGED, ""


class _Untouched(FleetctlError):
    """The device was not touched."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.verdict: Verdict = outcome, reason
