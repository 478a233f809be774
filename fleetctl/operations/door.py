"""How `adopt` gets into one device: fleetctl's own account, no login, a factory one, or a first password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.errors import BadAnswer, Refused, Unreachable, Unsupported
from fleetctl.model import (
    Access,
    Action,
    Attempt,
    Change,
    Channel,
    Device,
    FrozenMap,
    Intent,
    Learned,
    LoginJudged,
    SecretRef,
)
from fleetctl.protocols import opener

ACTIVATING: Final = "activating"  # the fact that an account is about to get its first password
ACTIVATED: Final = "activated"  # the fact by which the account is told that got its first password
RENEWING: Final = "renewing"  # the fact that a maker's account is about to get another password than its maker's
RENEWED: Final = "renewed"  # and that it was seen to have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One way to log in that may be tried: a factory account, or fleetctl's own. () is without a login."""

    user: str
    password: str = field(repr=False)
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a worker needs to adopt one device."""

    device: Device
    own: Login | None  # fleetctl's own account (without a password: by key), unless it may not be tried now
    own_first: bool  # it is known to exist; else it is the last resort of a device with no factory login
    first: tuple[Login, ...]  # the factory login, or candidates in their order, as far as they may be tried
    spent: str  # why a login may not be tried now, "" where all may
    hint: str = ""  # what to say besides where no login is taken
    password: str = field(repr=False)  # of the account to make; in the vault already
    activation: Login | None = None  # the first login a factory-new device is to get; prepared in the vault
    makers: Login | None = None  # the maker's account with what it is to have instead of its maker's password
    renewing: bool = False  # an earlier adopt may have given it that
    lets_in: bool = False  # when last asked, the device let in with its maker's password
    fingerprint: str = ""
    replace: bool = False
    own_interface: str = ""  # the protocol in which the account is to be tried too: something expected needs it
    known_hosts: str = ""
    enable: str = field(default="", repr=False)  # of a console's privileged mode


@dataclass(frozen=True, slots=True)
class Known:
    """Secrets of one device in the making: of the account to make, and of the one that makes it."""

    made: Login
    acting: Login | None = None

    def reveal(self, ref: SecretRef) -> str:
        if self.acting is not None and ref.account == self.acting.user != self.made.user:
            return self.acting.password
        return self.made.password


def own_account(user: str, protocol: str) -> str:
    """Return the name under which the tries of an account in the maker's own interface are counted."""
    return f"{user} ({protocol})"


def judgement(attempt: Attempt, *, accepted: bool, tries_left: int | None = None) -> LoginJudged:
    return LoginJudged(
        device=attempt.device,
        account=attempt.account,
        fingerprint=attempt.fingerprint,
        accepted=accepted,
        address=attempt.address,
        tries_left=tries_left,
    )


class Door:
    """How to get in: with fleetctl's own account where it may exist, else without a login, else a factory one."""

    def __init__(self, job: Job, channel: Channel, protocol: str) -> None:
        self.job, self.channel, self.protocol = job, channel, protocol
        self.connect = opener(protocol)
        self.learned: dict[str, str] = {}  # of fleetctl's own account, where it was made in the maker's interface

    def enter(self, registry: catalog.Registry) -> tuple[Any, Login | None]:
        """Return a session that is in, and the login it used; raises Refused when no way is left."""
        if self.job.activation is not None and (given := self._activate(registry, self.job.activation)):
            return self._try(given), given
        refused = self.job.spent
        own = (self.job.own,) if self.job.own else ()
        ways: tuple[Login | None, ...] = (None, *(self.job.first if self.job.first or self.job.spent else own))
        for login in (*own, *ways) if self.job.own_first else ways:
            try:
                return self._try(login), login
            except (Unsupported, BadAnswer):
                if (given := self._opened(registry)) is None:
                    raise
                return self._try(given), given
            except Refused as error:
                if login is not None or not refused:
                    refused = str(error)
                if login is None:
                    continue
                self._refused(login, error)
                if _nearly_locked(error):
                    break
        raise self._shut(refused)

    def _shut(self, refused: str) -> Refused:
        """Return the error that says that no way is left."""
        if self.job.hint:
            refused = f"{refused}; {self.job.hint}"
        return Refused(
            f"{converge.where(self.job.device)}: not factory-fresh, and not ours: {refused}. Tell its login in the "
            "inventory (factory_user, factory_password) or reset the device, then adopt again"
        )

    def _opened(self, registry: catalog.Registry) -> Login | None:
        """Switch ONVIF on, by a login that the maker's own interface takes; None where there is no such interface.

        Returns fleetctl's own account, made there and let in over ONVIF. Raises Refused where no login is taken.
        Source: field facts on vendor protocols 1.5: off from the factory since Hikvision's 5.5, with accounts apart.
        """
        action = next((a for a in self._openings(registry) if self._speaks(a.protocol)), None)
        if action is None:
            return None
        refused = "its ONVIF is switched off"
        ours = (self.job.own,) if self.job.own and self.job.own_first else ()
        for login in (*ours, *self.job.first):
            try:
                self._open(action, login)
            except Refused as error:
                self._refused(login, error)
                refused = str(error)
                if _nearly_locked(error):
                    break
            else:
                return self._own
        raise self._shut(refused)

    def _openings(self, registry: catalog.Registry) -> tuple[Action, ...]:
        """Return the actions that let fleetctl's own account in over ONVIF, in other protocols than that."""
        actions = registry.actions_of(self.job.device, "open_onvif")
        return tuple(action for action in actions if action.protocol != self.protocol)

    def _speaks(self, protocol: str) -> bool:
        """Tell whether the device speaks a protocol, asked without a login."""
        session = self._anonymous(protocol)
        if session is not None:
            session.close()
        return session is not None

    @property
    def _own(self) -> Login:
        job = self.job
        return Login(user=job.device.user, password=job.password, fingerprint=job.fingerprint)

    def _activate(self, registry: catalog.Registry, login: Login) -> Login | None:
        """Give a factory-new device its first password; return the login it then takes, None where it is not new.

        A device that is spoken to over ONVIF gets fleetctl's own account as well in the protocol that activates it: its
        ONVIF is off from the factory, and may have accounts of its own.
        """
        action = next((a for a in registry.actions_of(self.job.device, "activate") if self._activated(a, login)), None)
        if action is None:
            return None
        self.channel.emit(Learned(device=self.job.device.name, facts=FrozenMap({ACTIVATED: login.user})))
        if action.protocol == self.protocol:
            return login
        opening = next((a for a in self._openings(registry) if a.protocol == action.protocol), None)
        if opening is not None:
            self._open(opening, login)
        return self._own

    def _activated(self, action: Action, login: Login) -> bool:
        """Give the device its first password where it waits for one in this maker's way; False where it does not."""
        session = self._anonymous(action.protocol)
        if session is None:
            return False
        with session:
            if not session.inactive:
                return False
            # On disk with the intent that follows: should this end here, the next adopt knows what may be live.
            self.channel.emit(Learned(device=self.job.device.name, facts=FrozenMap({ACTIVATING: login.user})))
            self._run(action, session, login)
        return True

    def _anonymous(self, protocol: str) -> Any:
        """Return a session without a login in a protocol, None where the device does not speak it."""
        try:
            return self._session(None, protocol)
        except (Unsupported, BadAnswer, Unreachable):
            return None

    def _run(self, action: Action, session: Any, made: Login, acting: Login | None = None) -> str:
        name = self.job.device.name
        change = Change(device=name, aspect="users", field="accounts", key=made.user, before=None, after=action.name)
        self.channel.confirm(Intent(device=name, aspect="users", changes=(change,)))
        return str(action.run(session, (SecretRef(device=name, account=made.user), Known(made, acting))))

    def _open(self, action: Action, login: Login) -> None:
        """Log in where ONVIF is switched on, and make fleetctl's own account, for ONVIF too; raises Refused."""
        self._announce(login)
        session = self._session(login, action.protocol)
        try:
            session.prove()
            self._judge(login, accepted=True)
            apart = self._run(action, session, self._own, login)
            self.learned = {
                converge.OWN_LOGIN: self._own.fingerprint,
                converge.OWN_APART: action.protocol if apart else "",
            }
        finally:
            session.close()

    def knock(self, login: Login) -> Any:
        """Return a session that a login opened, None where it is refused; raises Refused where it was not judged."""
        try:
            return self._try(login)
        except Refused as error:
            self._refused(login, error)
            if not error.credential:
                raise
            return None

    def accepts(self, login: Login) -> bool:
        """Present a login once, in a session of its own; raises as `knock`, Unreachable."""
        session = self.knock(login)
        if session is not None:
            session.close()
        return session is not None

    def prove(self) -> tuple[Any, Callable[[], dict[str, str]]]:
        """Log in with the new account in a new session; return the identity seen there, and what was learned of it."""
        login = self._own
        self._announce(login)
        session = self._session(login)
        try:
            identity = session.identity()
            session.prove()
        except Refused as error:
            self._refused(login, error)
            raise
        finally:
            session.close()
        self._judge(login, accepted=True)
        return identity, session.facts

    def _try(self, login: Login | None) -> Any:
        if login is not None:
            self._announce(login)
        session = self._session(login)
        try:
            session.prove()
        except BaseException:
            session.close()
            raise
        if login is not None:
            self._judge(login, accepted=True)
        return session

    def _session(self, login: Login | None, protocol: str = "") -> Any:
        user = login.user if login else ""
        connect = opener(protocol) if protocol else self.connect
        return connect(
            replace(self.job.device, user=user),
            password=login.password if login and login.fingerprint else None,  # a factory password may be empty
            access=Access.WRITE,
            facts={"adopting": "replace" if self.job.replace else "first"},  # a console's host key is taken in now
            known_hosts=self.job.known_hosts,
            **({"enable": self.job.enable} if self.job.enable else {}),
        )

    def _announce(self, login: Login) -> None:
        if login.fingerprint:  # a key costs no try
            self.channel.confirm(
                Attempt(
                    device=self.job.device.name,
                    account=login.user,
                    fingerprint=login.fingerprint,
                    address=self.job.device.endpoint.spot,
                )
            )

    def _judge(self, login: Login, *, accepted: bool, tries_left: int | None = None) -> None:
        if not login.fingerprint:
            return
        self.channel.emit(
            LoginJudged(
                device=self.job.device.name,
                account=login.user,
                fingerprint=login.fingerprint,
                accepted=accepted,
                address=self.job.device.endpoint.spot,
                tries_left=tries_left,
            )
        )

    def _refused(self, login: Login, error: Refused) -> None:
        """Tell the run what a refusal says of a login: rejected, or not looked at since the device is locked."""
        if error.credential:
            self._judge(login, accepted=False, tries_left=error.tries_left)
        elif error.locked_s is not None:
            self.channel.emit(converge.locked(replace(self.job.device, user=login.user), error.locked_s))


def _nearly_locked(error: Refused) -> bool:
    """Tell whether one more refusal might lock the device, or it is locked."""
    last = error.credential and error.tries_left is not None and error.tries_left <= 1
    return last or error.locked_s is not None
