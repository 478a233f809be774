"""At one device and its recorders: their sessions, what is looked at first, what is noted and then sent.

Source: field facts, NVR and vendor protocols, 8.1 (two accounts in turn; the transaction in place and its table).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.aspects.users import Users
from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported, VaultError
from fleetctl.model import Access, Action, Channel, Kind, NewPassword, Outcome, Rotation, SecretRef, Step
from fleetctl.operations.rotation.consumers import CommandConsumer
from fleetctl.operations.rotation.holders import Recorder
from fleetctl.operations.rotation.hosts import HostRecorder
from fleetctl.operations.rotation.logins import Logins
from fleetctl.operations.rotation.turns import Holder, Job, Login, Turn
from fleetctl.protocols.ssh import ENABLE
from fleetctl.vault import SecretBag

FIRST: Final = "admin"
"""The account that devices come with; on Dahua nobody else sets its password. Source: field facts, 2.5."""


class Untouched(FleetctlError):
    """The device was not touched."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.verdict: tuple[Outcome, str] = outcome, reason


class Office:
    """The sessions of one device's work: the administrator's, and those of its recorders.

    `step`: the last one on record of the turn under way, None before the first. `recording` and `ports`: which holders
    were recorded before anything was touched, and at which port of the device each asked.
    """

    def __init__(self, job: Job, channel: Channel, stack: contextlib.ExitStack) -> None:
        self.job, self.channel, self._stack = job, channel, stack
        self.device, self.registry = job.device, catalog.load()
        self.acting = job.acting
        self.step: Step | None = None
        self.recording: set[Holder] = set()
        self.ports: dict[Holder, int] = {}
        self.logins = Logins(job, channel)
        self._recorders: dict[str, Recorder | HostRecorder] = {}

    # --- before anything is sent ---------------------------------------------------------------------

    def ready(self, turn: Turn) -> None:
        """Look at the device and at every holder; raises what speaks against beginning. Nothing has been sent then."""
        for login in (turn.old, turn.new):
            if login.barred:
                raise Refused(login.barred)
        has = (turn.instead or turn.old).user
        for holder in turn.holders:
            recorder = self.recorder(holder)
            why = recorder.trouble(self.device, holder.channel, has)
            if not why and turn.instead is None and not recorder.pauses:
                why = (
                    f"{recorder.name} cannot be told to log in to a camera no more for a while, and would be locked "
                    "out: let two accounts take turns (channels_standby_user)"
                )
            if why:
                raise Untouched(Outcome.BLOCKED, f"{why}. The camera was not touched")
            standing = recorder.standing(holder.channel)
            if standing.records:
                self.recording.add(holder)
            self.ports[holder] = standing.port
        with self.administrator() as (link, driver):
            if not self._found(turn.account, link, driver):
                raise Unsupported(f"the device has no account {turn.account}")
            self._setting(driver)

    def has(self, account: str) -> bool:
        """Return whether the device has an account; True where it does not tell."""
        with self.administrator() as (link, driver):
            return self._found(account, link, driver)

    def _found(self, account: str, link: converge.Link, driver: Any) -> bool:
        users = converge.read(self.registry.cell(driver, "users"), "users", link).value
        told = users.accounts if isinstance(users, Users) else ()
        return not told or account in (*told, *self._secrets)

    @property
    def first(self) -> tuple[str, ...]:
        """Accounts whose password only they themselves set, or by which all others are set."""
        return (self.device.user, FIRST, *self._secrets)

    @property
    def _secrets(self) -> tuple[str, ...]:
        """What the vault has passwords of besides accounts."""
        return (ENABLE,) if self.device.kind is Kind.SWITCH else ()

    def recorder(self, holder: Holder) -> Recorder | HostRecorder | CommandConsumer:
        """Return the recorder of a holder, or the consumer that it is; raises as `Recorder`."""
        if holder.command:
            return CommandConsumer(holder, self.device)
        if holder.recorder not in self._recorders:
            job = self.job.recorders[holder.recorder]
            if holder.folder:
                self._recorders[holder.recorder] = HostRecorder(job, holder.folder, self.channel)
            else:
                link = self._stack.enter_context(converge.linked(job, Access.WRITE, self.channel))
                self._recorders[holder.recorder] = Recorder(link, self.registry)
        return self._recorders[holder.recorder]

    @contextlib.contextmanager
    def administrator(self) -> Iterator[tuple[converge.Link, Any]]:
        """Yield a session of the administrator with the device of the inventory."""
        with converge.linked(self.acting, Access.WRITE, self.channel) as link:
            driver, _ = converge.recognise(self.acting, link, self.registry, required=True)
            yield link, driver

    def act_as(self, login: Login) -> None:
        """Go on with a password that is live from now on, where it is one by which passwords are set."""
        if login.user not in (self.device.user, *self._secrets):
            return
        known: dict[SecretRef, str] = {}
        for account in (self.device.user, ENABLE):
            ref = SecretRef(device=self.device.name, account=account)
            with contextlib.suppress(VaultError):
                known[ref] = login.password if account == login.user else self.acting.secrets.reveal(ref)
        secrets = SecretBag(known)
        if login.user == self.device.user:
            self.acting = replace(
                self.acting, secrets=secrets, fingerprint=login.fingerprint, barred="", proven=True,
                enable=self.acting.enable if len(secrets) > 1 else None,
            )  # fmt: skip
        else:
            enable = converge.Enable(fingerprint=login.fingerprint, proven=True)
            self.acting = replace(self.acting, secrets=secrets, enable=enable)
        self.logins.acting = self.acting

    # --- at the wire -----------------------------------------------------------------------------------

    def pause(self, turn: Turn, holder: Holder, step: Step) -> None:
        """Let a holder log in no more until it is given a login, and see that it does not; raises what speaks so."""
        self.note(turn, step, holder)
        self.recorder(holder).pause(holder.channel, self.job.patience)

    def send(self, turn: Turn, old: Login, new: Login, step: Step) -> tuple[str, bool]:
        """Send the password; return what the device said against it, and whether it said so itself."""
        with self.administrator() as (link, driver):
            action = self._setting(driver)
            if turn.account == FIRST and self.device.user != FIRST and self.device.kind is not Kind.SWITCH:
                if not self.logins.accepted(old):
                    raise Refused(f"the device refuses the vault's password of {FIRST}")
                with self.logins.session(FIRST, old.password, action.protocol, Access.WRITE) as session:
                    return self._told(turn, step, action, session, (old, new, old.password))
            acting = self.acting.secrets.reveal(SecretRef(device=self.device.name, account=self.device.user))
            return self._told(turn, step, action, link.session(action.protocol), (old, new, acting))

    def keep(self) -> None:
        """Have the device keep what it has now, whatever a session that broke off left behind; raises what says no."""
        driver = self.registry.driver_of(self.device, self.device.vendor, self.device.model)
        if (action := self.registry.action(driver, "keep")) is not None:
            with self.administrator() as (link, _):
                action.run(link.session(action.protocol), None)

    def _setting(self, driver: Any) -> Action:
        action = self.registry.action(driver, "set_password")
        if action is None:
            raise Untouched(Outcome.UNSUPPORTED, f"fleetctl cannot set passwords of {driver.name} devices")
        return action

    def _told(
        self, turn: Turn, step: Step, action: Action, session: Any, words: tuple[Login, Login, str]
    ) -> tuple[str, bool]:
        old, new, acting = words
        self.note(turn, step)
        try:
            action.run(
                session,
                NewPassword(
                    account=turn.account, old=old.password, new=new.password, acting=acting,
                    accepted=lambda: self.logins.accepted(new),
                ),
            )  # fmt: skip
        except (Rejected, Unsupported) as error:
            return converge.told(error), True
        except (BadAnswer, Unreachable, Refused) as error:
            return converge.told(error), False
        return "", False

    def note(self, turn: Turn, step: Step, holder: Holder | None = None, given: Login | None = None) -> None:
        """Have a step on disk; from the first one on a turn is open until it is settled."""
        self.step = step
        self.channel.confirm(
            Rotation(
                device=self.device.name,
                account=turn.account,
                step=step,
                fingerprint=turn.new.fingerprint,
                former=turn.old.fingerprint,
                instead=turn.instead.user if turn.instead else "",
                holder=str(holder) if holder else "",
                given=given.user if given else "",
                mark=given.fingerprint if given else "",
                port=(self.ports.get(holder, 0) or holder.port) if holder else 0,
            )
        )
