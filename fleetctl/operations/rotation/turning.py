"""One account's password: set, proven, given to who holds it, or put back. Each step is on disk before it is taken.

Source: field facts, NVR and vendor protocols, 8.1 (two accounts in turn; the transaction in place and its table).
"""

from __future__ import annotations

import time

from fleetctl import converge
from fleetctl.errors import BadAnswer, FleetctlError, Interrupted, Rejected, Unreachable, Unsupported
from fleetctl.model import Outcome, Step
from fleetctl.operations.rotation import twin
from fleetctl.operations.rotation.holders import locked
from fleetctl.operations.rotation.office import Office, Untouched
from fleetctl.operations.rotation.turns import Holder, Login, Turn

Verdict = tuple[Outcome, str]


class Turning:
    """Carries turns of one device through, one after the other."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._logins, self._patience = office.logins, office.job.patience
        self._paused_at = 0.0  # since when recorders log in no more; 0.0: they do
        self._aside: list[str] = []  # consumers that did not take the old login again

    def turned(self, turn: Turn) -> Verdict:
        """Carry one turn through to its end, and say how it ended. Once something may have been sent, an end that
        settles nothing is `unknown`, and stays on record until `password recover` has settled it.
        """
        self._logins.refusals, self._logins.tries = 0, turn.tries
        self._paused_at, self._aside = 0.0, []
        self._office.step = turn.step
        try:
            if turn.step is None:
                self._office.ready(turn)
            outcome, reason = self._settled(turn) if turn.step is not None else self._begun(turn)
            return outcome, "; ".join(filter(None, (reason, *self._aside)))
        except Untouched as error:
            return error.verdict
        except FleetctlError as error:
            outcome, reason = converge.outcome_of(error), converge.told(error)
            if self._office.step is None:
                return outcome, reason
            kept = outcome if isinstance(error, Interrupted | Unreachable) else Outcome.UNKNOWN
            return kept, f"{reason}. Not settled: {self._recover()}"

    def _recover(self) -> str:
        return f"fleetctl password recover --limit {self._office.device.name}"

    def _begun(self, turn: Turn) -> Verdict:
        if turn.instead is None and (why := self._paused(turn, Step.PAUSE)):
            return self._given_back(turn, Outcome.BLOCKED, f"{why}. The camera was not touched")
        try:
            said, doubted = self._office.send(turn, turn.old, turn.new, Step.SET)
        except Interrupted:
            raise
        except FleetctlError as error:
            if self._office.step is not Step.PAUSE:
                raise
            return self._given_back(turn, converge.outcome_of(error), f"{converge.told(error)}. Nothing was sent to it")
        order = (turn.old, turn.new) if doubted else (turn.new, turn.old)
        live = self._logins.live(order)
        if live is turn.old and not said:
            self._landed(time.time())
            # The new one was refused while the device was at work; where the old one is by now, it has come to its end.
            live = self._logins.live((turn.old,)) or self._logins.live((turn.new,))
        return self._concluded(turn, live, said)

    def _landed(self, since: float) -> None:
        """Wait until an order sent at that moment (Unix time) is no longer at work in the device."""
        time.sleep(max(0.0, min(since + self._patience.lands_s - time.time(), self._patience.lands_s)))

    def _paused(self, turn: Turn, step: Step) -> str:
        """Let no holder log in: one that knocks with an old password has the account locked, for everybody on Dahua.

        Returns which does not let go, "" where all do.
        """
        self._paused_at = self._paused_at or (time.monotonic() if turn.recorders else 0.0)
        for holder in turn.holders:
            try:
                self._office.pause(turn, holder, step)
            except (Rejected, BadAnswer, Unsupported) as error:
                return f"{holder}: {converge.told(error)}"
        return ""

    def _given_back(self, turn: Turn, outcome: Outcome, why: str) -> Verdict:
        """Let holders go on with the old password, which nothing has changed."""
        if still := self._handed(turn, turn.old):
            return Outcome.UNKNOWN, f"{why}; but {still}. Not settled: {self._recover()}"
        self._office.note(turn, Step.OLD)
        return outcome, why

    # --- what became of it -------------------------------------------------------------------------------

    def _settled(self, turn: Turn) -> Verdict:
        """Find out which password is live, and go on from there."""
        if turn.step in (Step.SET, Step.UNDO):
            self._landed(turn.since)
        order = (turn.old, turn.new) if turn.step in (Step.PAUSE, Step.UNDO) else (turn.new, turn.old)
        live = self._logins.live(order)
        if live is None and self._logins.refusals and turn.account not in self._office.first:
            return self._renewed(turn)
        return self._concluded(turn, live, "")

    def _renewed(self, turn: Turn) -> Verdict:
        """Have the administrator give an account that accepts neither password the new one: somebody changed it."""
        if not self._office.has(turn.account):
            self._office.note(turn, Step.OLD)
            return Outcome.FAILED, (
                f"the device has no account {turn.account} any more. Make it again: "
                f"fleetctl apply --limit {self._office.device.name}"
            )
        if turn.new.barred or not self._logins.may_miss:
            return self._concluded(turn, None, "")
        said, _ = self._office.send(turn, turn.old, turn.new, Step.SET)
        return self._concluded(turn, self._logins.live((turn.new,)), said)

    def _concluded(self, turn: Turn, live: Login | None, said: str) -> Verdict:
        if live is None:
            if self._logins.refusals:  # else nothing was asked, and how far it had come is worth more
                self._office.note(turn, Step.UNKNOWN)
            rests = " Its recorder rests so that it locks nobody out: there is no recording until then." * bool(
                turn.recorders and turn.instead is None
            )
            barred = tuple(dict.fromkeys(each.barred for each in (turn.new, turn.old) if each.barred))
            asked = "the device refuses the new password and the old one, or may not be asked now"
            return Outcome.UNKNOWN, (
                f"{'; '.join(barred) if barred and not self._logins.refusals else asked}: both are in the vault. "
                f"Nothing else was touched.{rests} Wait until its lock has run out, then: {self._recover()}"
            )
        self._office.act_as(live)
        if said or turn.step is not None:
            self._office.keep()
        if live is turn.old:
            return self._kept(turn, said)
        self._office.note(turn, Step.LIVE)
        if turn.step is not Step.TAKEN and (why := self._handed(turn, turn.new)):
            # What was cut off goes forward only: by now the old password may be known to be refused.
            return self._undone(turn, why) if turn.step is None else (Outcome.UNKNOWN, f"{why}. {self._recover()}")
        if turn.holders:
            self._office.note(turn, Step.TAKEN)
        keeps = twin.follow(self._office, turn)
        outcome, reason = self._old_is_refused(turn)
        self._office.note(turn, Step.NEW)
        return Outcome.FAILED if keeps else outcome, "; ".join(filter(None, (keeps, reason, self._rested())))

    def _rested(self) -> str:
        """Return how long no recorder was connected, "" where that was not needed."""
        return f"its recorder rested for {time.monotonic() - self._paused_at:.0f} s" if self._paused_at else ""

    def _kept(self, turn: Turn, said: str) -> Verdict:
        """The old password is live: so it stays, with whoever holds it."""
        given = turn.instead is None or turn.step not in (None, Step.SET)
        if given and (why := self._handed(turn, turn.instead or turn.old)):
            return Outcome.UNKNOWN, f"the old password is live, but {why}. Not settled: {self._recover()}"
        self._office.note(turn, Step.OLD)
        if turn.step is not None:
            return Outcome.UNCHANGED, "the old password is live, as before"
        if said:
            return Outcome.FAILED, f"the device keeps the old password: {said}"
        return Outcome.NOT_APPLIED, "the device accepted the new password, and keeps the old one"

    def _handed(self, turn: Turn, login: Login) -> str:
        """Give a login to every holder and see each record with it; returns what is wrong, "" where all is well.

        A consumer past fleetctl that does not take the old login again is told, and holds nothing up.
        """
        for holder in turn.holders:
            self._office.note(turn, Step.HAND, holder, given=login)
            why = self._given(holder, login)
            if why and holder.command and login is not turn.new:
                show = f"fleetctl password show {self._office.device.name} {login.user}"
                self._aside.append(f"{why}; give it {login.user} by hand: {show}")
            elif why:
                return why
        return ""

    def _given(self, holder: Holder, login: Login) -> str:
        """Give a login to one holder: once more where it is refused, and again once the recorder answers again.

        Source: field facts, 8.1, table: the whole document once more; where the camera has locked it out, no more.
        """
        deadline, refused = time.monotonic() + self._patience.up_s, False
        port = self._office.ports.get(holder, 0) or holder.port
        while True:
            try:
                recorded = holder in self._office.recording
                recorder = self._office.recorder(holder)
                why = recorder.hand(holder.channel, login, self._office.device.name, port, self._patience, recorded)
            except (Rejected, BadAnswer) as error:
                why = f"{holder}: {converge.told(error)}"
            except Unreachable:  # it restarts, perhaps: an order whose answer was lost is given again
                if time.monotonic() > deadline:
                    raise
                time.sleep(self._patience.poll_s)
                continue
            if not why or refused or locked(why):
                return why
            refused = True

    def _undone(self, turn: Turn, why: str) -> Verdict:
        """Put the old login back: into the holders where two accounts take turns, else on the device as well."""
        if locked(why):  # whatever is written now, the camera listens to nobody
            return Outcome.UNKNOWN, f"{why}: the camera has locked the recorder out. Wait, then: {self._recover()}"
        if not self._logins.answers():
            return Outcome.UNKNOWN, f"{why}, and the camera does not answer. Not settled: {self._recover()}"
        if turn.instead is not None:
            if still := self._handed(turn, turn.instead):
                return Outcome.UNKNOWN, f"{why}; put back, but {still}. Not settled: {self._recover()}"
            self._office.note(turn, Step.NEW)
            return Outcome.FAILED, f"{why}; the recorder has {turn.instead.user} again"
        if stays := self._paused(turn, Step.HAND):  # the new password is live until the old one has been sent
            return Outcome.UNKNOWN, f"{why}; {stays}. Not settled: {self._recover()}"
        self._office.send(turn, turn.new, turn.old, Step.UNDO)
        live = self._logins.live((turn.old, turn.new))
        if live is None:
            self._office.note(turn, Step.UNKNOWN)
            return Outcome.UNKNOWN, f"{why}; put back, and the camera refuses both passwords. {self._recover()}"
        self._office.act_as(live)
        if still := self._handed(turn, live):
            return Outcome.UNKNOWN, f"{why}; put back, but {still}. Not settled: {self._recover()}"
        if live is turn.new:
            return Outcome.UNKNOWN, f"{why}, and the camera keeps the new password. Not settled: {self._recover()}"
        self._office.note(turn, Step.OLD)
        return Outcome.FAILED, f"{why}; the old password is back on the camera and the recorder"

    def _old_is_refused(self, turn: Turn) -> Verdict:
        """See the old password refused, where that does not cost too much: at most two refusals in all."""
        if not self._office.job.check_old or turn.old.barred or self._logins.refusals:
            return (
                Outcome.CHANGED,
                "" if not self._office.job.check_old else "the old password was not tried, to spare the lock-out",
            )
        if self._logins.accepted(turn.old, wanted=True):
            return Outcome.FAILED, "the new password is live, but the device still accepts the old one, too"
        self._logins.accepted(turn.new)  # ends the device's count of refusals
        return Outcome.CHANGED, ""
