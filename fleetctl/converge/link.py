"""The sessions to one device, its one try to log in, and whether it is the right device."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fleetctl.errors import (
    BadAnswer,
    Busy,
    FleetctlError,
    Interrupted,
    Refused,
    Rejected,
    Unreachable,
    Unsupported,
    UsageError,
    VaultError,
)
from fleetctl.model import (
    Access,
    Attempt,
    Cell,
    Channel,
    Device,
    DevicePlan,
    Expectation,
    FrozenMap,
    Learned,
    LoginJudged,
    LoginLocked,
    Outcome,
    Reading,
    SecretRef,
    Secrets,
)
from fleetctl.protocols import identities, opener
from fleetctl.protocols.ansible import Surroundings
from fleetctl.protocols.ssh import ENABLE, ENABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable:
    """The secret that a console's privileged mode is given, as the login budget knows it."""

    fingerprint: str
    proven: bool = False
    barred: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that work on one device needs; made at dispatch, pickled to a worker, never written down."""

    device: Device
    expectations: tuple[Expectation, ...] = ()
    secrets: Secrets = field(repr=False)
    facts: Mapping[str, str] = FrozenMap()
    fingerprint: str = ""  # of the login's password
    proven: bool = False  # this login has been accepted before
    barred: str = ""  # why no login may be tried now; "" when it may
    enable: Enable | None = None  # of a switch
    plan: DevicePlan | None = None  # given: carry it out; None: observe
    not_ready: Mapping[str, str] = FrozenMap()  # other devices that this one waits for -> how they ended
    unsettled: Mapping[SecretRef, str] = field(default_factory=dict)  # passwords that may not be live -> why
    known_hosts: str = ""
    through: Device | None = None  # the recorder a camera is behind, with the camera's channel: whom to speak to
    around: Surroundings | None = None  # of a host: what Ansible needs
    closed: str = ""  # why nothing may be written to it from here: its site is out in a bundle; "" when it may


class Link:
    """The sessions to one device, opened when first asked for, one per protocol, and the login's one try."""

    def __init__(self, job: Job, access: Access, channel: Channel) -> None:
        self.job = job
        self.access = access
        self.channel = channel
        self.device = job.through or job.device
        self.learned: dict[str, str] = {}
        self._sessions: dict[str, Any] = {}
        self._judged = job.proven

    def session(self, protocol: str) -> Any:
        """Return the open session; raises Refused when the login may not be tried, Unreachable."""
        if protocol not in self._sessions:
            password = self._password()
            connect = opener(protocol)
            self._sessions[protocol] = connect(
                self.device,
                password=password,
                access=self.access,
                facts={**self.job.facts, "login": "proven"} if self.job.proven else self.job.facts,
                known_hosts=self.job.known_hosts,
                **opening(self.job, self.device, protocol),
            )
        return self._sessions[protocol]

    @property
    def open_sessions(self) -> tuple[Any, ...]:
        """The sessions that are open."""
        return tuple(self._sessions.values())

    def _password(self) -> str | None:
        if not self.device.user:
            return None
        if self.job.barred:
            raise Refused(self.job.barred)
        if not self._judged:
            self.channel.confirm(
                Attempt(
                    device=self.device.name,
                    account=self.device.user,
                    fingerprint=self.job.fingerprint,
                    address=self.device.endpoint.spot,
                )
            )
        return self.job.secrets.reveal(SecretRef(device=self.device.name, account=self.device.user))

    def judge(self, *, accepted: bool, tries_left: int | None = None) -> None:
        """Tell the run once whether the login was accepted."""
        if accepted and self._judged:
            return
        self._judged = True
        self.channel.emit(
            LoginJudged(
                device=self.device.name,
                account=self.device.user,
                fingerprint=self.job.fingerprint,
                accepted=accepted,
                address=self.device.endpoint.spot,
                tries_left=tries_left,
            )
        )

    def refused(self, error: Refused) -> None:
        """Tell the run what a refusal says of the login: rejected, or not looked at since the device is locked."""
        if error.credential:
            self.judge(accepted=False, tries_left=error.tries_left)
        elif error.locked_s is not None:
            self.channel.emit(locked(self.device, error.locked_s))
        elif error.of_enable:
            self.judge(accepted=True)
            self._judge_enable(accepted=False)

    def _judge_enable(self, *, accepted: bool) -> None:
        """Tell the run whether the privileged mode took its secret: a refused one counts as a login does."""
        if self.job.enable is not None:
            self.channel.emit(
                LoginJudged(
                    device=self.device.name,
                    account=ENABLE,
                    fingerprint=self.job.enable.fingerprint,
                    accepted=accepted,
                    address=self.device.endpoint.spot,
                )
            )

    def move(self, address: str) -> None:
        """Drop the sessions; the next are opened to the new address."""
        self.close()
        endpoint = dataclasses.replace(self.device.endpoint, address=address)
        self.device = dataclasses.replace(self.device, endpoint=endpoint)

    def close(self) -> dict[str, str]:
        """Close all sessions and return what they learned."""
        facts = dict(self.learned)
        for session in self._sessions.values():
            if getattr(session, "credential_proven", False):
                self.judge(accepted=True)
            facts.update(session.facts())
            if facts.get(ENABLED) == "yes" and self.job.enable is not None and not self.job.enable.proven:
                self._judge_enable(accepted=True)
            session.close()
        self._sessions.clear()
        return facts


def opening(job: Job, device: Device, protocol: str) -> dict[str, str]:
    """Return what a console is opened with besides the login: the secret of its privileged mode, where there is one.

    Raises Refused where that may not be tried now.
    """
    if protocol != "ssh":
        return {}
    if job.enable is not None and job.enable.barred:
        raise Refused(job.enable.barred)
    try:
        return {"enable": job.secrets.reveal(SecretRef(device=device.name, account=ENABLE))}
    except VaultError:
        return {}


def locked(device: Device, seconds: float) -> LoginLocked:
    """Return the event that a device lets nobody in for so long."""
    return LoginLocked(device=device.name, account=device.user, address=device.endpoint.spot, seconds=seconds)


@contextmanager
def linked(job: Job, access: Access, channel: Channel) -> Iterator[Link]:
    """Yield the link to a device; a rejected login is told to the run, what was learned is emitted.

    Raises UsageError where it is to write and the inventory says of the device, or of the recorder that it is reached
    through, that it is audit_only, Busy where its site is out in a bundle: whatever a command has looked at before,
    here nothing gets past it.
    """
    if access is Access.WRITE:
        if job.closed:
            raise Busy(job.closed)
        for device in (job.device, job.through):
            if device is not None and device.audit_only:
                raise UsageError(f"{device.name} is audit_only in the inventory: fleetctl only looks at it")
    link = Link(job, access, channel)
    try:
        yield link
    except Refused as error:
        link.refused(error)
        raise
    finally:
        facts = link.close()
        if new := {k: v for k, v in facts.items() if job.facts.get(k) != v}:
            channel.emit(Learned(device=link.device.name, facts=FrozenMap(new)))


def told(error: FleetctlError) -> str:
    """Return an error's message with the nearest possibility, if it has one."""
    nearest = getattr(error, "nearest", "")
    return f"{error} (nearest possible: {nearest})" if nearest else str(error)


def outcome_of(error: FleetctlError) -> Outcome:
    """Return the outcome that an error means for what it ended."""
    for kind, outcome in (
        (Unreachable, Outcome.UNREACHABLE),
        (Refused, Outcome.REFUSED),
        (Unsupported, Outcome.UNSUPPORTED),
        (Interrupted, Outcome.INTERRUPTED),
        (BadAnswer, Outcome.UNKNOWN),
    ):
        if isinstance(error, kind):
            return outcome
    return Outcome.FAILED


def same_device(device: Device, identity: Any, *, required: bool) -> None:
    """Raise Refused unless the device that answers is the one in the inventory.

    `required`: a device with no identity on record is refused too (writing); else it passes (reading).
    """
    known = False
    for label, expected, actual, same in (
        ("serial number", device.serial_number, identity.serial_number, identities.same_serial),
        ("MAC address", device.mac_address, identity.mac_address, identities.same_mac),
    ):
        if not expected:
            continue
        if actual and not same(expected, actual):
            raise Refused(
                f"{where(device)}: another device answers here: {label} {actual}, expected {expected}. "
                f"Untouched. If it was replaced on purpose: fleetctl adopt --limit {device.name} --replace"
            )
        known = known or bool(actual)
    if required and not known:
        has = device.serial_number or device.mac_address
        why = "does not tell its serial number or MAC address" if has else "has no identity on record"
        raise Refused(f"{where(device)} {why}. Untouched. Run: fleetctl adopt --limit {device.name}")


@contextmanager
def speaking(device: Device, protocol: str) -> Iterator[None]:
    """Raise BadAnswer where a device answers, but not in the protocol it is known by: nothing is known of it then."""
    try:
        yield
    except Unsupported as error:
        raise BadAnswer(
            f"{where(device)} does not speak {protocol} here: {error}. Is it switched off, or at another path or port?"
        ) from error


def where(device: Device) -> str:
    """Return the device as messages name it: `name (address)`, or `name (channel N of RECORDER)`."""
    place = f"channel {device.channel} of {device.behind}" if device.behind else device.endpoint.address
    return f"{device.name} ({place})"


def read(cell: Cell | None, aspect: str, link: Link) -> Reading:
    """Return the reading of one aspect; raises Unreachable and a refused login, keeps all else as its outcome."""
    if cell is None:
        through = link.job.through
        reason = f"{through.name}, which alone reaches it, does not offer this of a camera" if through else ""
        return Reading(
            aspect=aspect, outcome=Outcome.UNSUPPORTED, reason=reason or "not offered by this device's protocols"
        )
    try:
        return Reading(aspect=aspect, value=cell.read(link.session(cell.protocol)))
    except (Unsupported, BadAnswer, Rejected) as error:
        outcome = Outcome.UNSUPPORTED if isinstance(error, Unsupported) else Outcome.UNKNOWN
        return Reading(aspect=aspect, outcome=outcome, reason=told(error))
    except Refused as error:
        if error.of_login:
            raise
        return Reading(aspect=aspect, outcome=Outcome.REFUSED, reason=told(error))
