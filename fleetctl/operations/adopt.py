"""Adopt: take a device in. First login, identity recorded, fleetctl's own account made and proven."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleetctl import catalog, converge
from fleetctl.errors import FleetctlError, Refused, Unsupported, UsageError
from fleetctl.executor import Policy, Stop
from fleetctl.inventory import edit
from fleetctl.model import (
    Access,
    Attempt,
    Change,
    Channel,
    Device,
    Driver,
    Event,
    Finished,
    FrozenMap,
    Intent,
    Learned,
    LoginJudged,
    Outcome,
    Result,
    SecretRef,
    Secrets,
    Started,
)
from fleetctl.operations.runs import execute, select, task
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols import opener

IDENTITY = ("serial_number", "mac_address")


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
    own: Login | None  # fleetctl's own account, unless it may not be tried now
    own_first: bool  # it is known to exist; else it is the last resort of a device with no factory login
    first: tuple[Login, ...]  # factory logins, at most one is tried
    password: str = field(repr=False)  # of the account to make; in the vault already
    fingerprint: str = ""
    replace: bool = False
    known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    """Secrets of one device in the making."""

    value: str = field(repr=False)

    def reveal(self, ref: SecretRef) -> str:
        del ref
        return self.value


def adopt(
    workspace: Workspace, limit: str = "", *, replace_: bool = False, stop: Stop | None = None, force: bool = False
) -> Iterator[Event]:
    """Adopt the devices that are not adopted yet and yield the events.

    The password of each device's account is made and in the vault before anything is sent; identities are written
    into the inventory file of their host. Raises UsageError, VaultError.
    """
    devices = [d for d in select(workspace, limit) if force or replace_ or not adopted(workspace, d)]
    without = [d.name for d in devices if not d.user]
    if without:
        raise UsageError(
            f"{without[0]} has no ansible_user: name the account that fleetctl shall make, best in the standard: "
            "ansible_user: fleetctl"
        )
    by_name = {d.name: d for d in devices}
    names: dict[str, dict[str, list[str]]] = {}
    for d in devices:
        names.setdefault(d.site, {})[d.name] = [d.user]
    for site, accounts in names.items():
        workspace.vault.ensure(site, accounts)

    def payload(name: str) -> Job:
        return _job(workspace, by_name[name], replace_=replace_)

    facts: dict[str, Mapping[str, str]] = {}
    for event in execute(
        workspace,
        kind="adopt",
        arguments={"limit": limit},
        tasks=[task(d) for d in devices],
        payload=payload,
        policy=Policy(per_site=4),
        stop=stop or Stop(),
        work=work,
    ):
        if isinstance(event, Learned):
            facts[event.device] = event.facts
        if isinstance(event, Finished) and event.outcome is Outcome.CHANGED:
            _record(by_name[event.device], facts.get(event.device, {}))
        yield event


def adopted(workspace: Workspace, device: Device) -> bool:
    """Return whether the device's identity is on record and its login was accepted once."""
    has = bool(device.serial_number or device.mac_address)
    return has and workspace.store.proven(device.name, device.user)


def _job(workspace: Workspace, device: Device, *, replace_: bool) -> Job:
    password = workspace.password(device)
    fingerprint = workspace.fingerprints.of(device.name, device.user, password)
    barred, proven = workspace.store.may_try(device.name, device.user, fingerprint)
    own = None if barred else Login(user=device.user, password=password, fingerprint=fingerprint)
    first = []
    for user, default in _factory_logins(workspace, device):
        mark = workspace.fingerprints.of(device.name, user, default)
        if not workspace.store.may_try(device.name, user, mark)[0]:
            first.append(Login(user=user, password=default, fingerprint=mark))
    return Job(
        device=device,
        own=own,
        own_first=proven or bool(device.serial_number),
        first=tuple(first[:1]),
        password=password,
        fingerprint=fingerprint,
        replace=replace_,
        known_hosts=workspace.known_hosts,
    )


def _factory_logins(workspace: Workspace, device: Device) -> tuple[tuple[str, str], ...]:
    """Return the logins a device may have from the factory: the inventory's (`factory_user`), else its vendor's."""
    values = workspace.inventory.values(device.name)
    if "factory_user" in values and "factory_password" in values:
        return ((str(values["factory_user"].value), str(values["factory_password"].value)),)
    return workspace.registry.driver_of(device.kind, device.vendor, device.model).default_logins


def _record(device: Device, facts: Mapping[str, str]) -> None:
    """Write what the device said it is into the inventory file that names it."""
    told = {name: facts[name] for name in IDENTITY if facts.get(name)}
    if device.place is not None and told:
        edit.set_host_values(Path(device.place.file), device.name, told)


# --- in the worker --------------------------------------------------------------------------------


def work(name: str, payload: Any, channel: Channel) -> None:
    """Adopt one device; ends with exactly one Finished."""
    job: Job = payload
    device = job.device
    begun = time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    changes: tuple[Change, ...] = ()
    try:
        outcome, reason, changes = _adopt(job, channel)
    except FleetctlError as error:
        outcome, reason = converge.outcome_of(error), converge.told(error)
    seconds = time.monotonic() - begun
    channel.emit(
        Result(
            device=name,
            kind=device.kind,
            site=device.site,
            aspect="",
            outcome=outcome,
            reason=reason,
            changes=changes,
            duration_s=seconds,
        )
    )
    channel.emit(Finished(device=name, site=device.site, outcome=outcome, reason=reason, duration_s=seconds))


def _adopt(job: Job, channel: Channel) -> tuple[Outcome, str, tuple[Change, ...]]:
    device, registry = job.device, catalog.load()
    protocols = registry.protocols_of(device.kind, device.vendor)
    if not protocols:
        raise Unsupported(f"{device.name}: fleetctl has no driver for kind {device.kind.value} yet")
    door = _Door(job, channel, protocols[0])
    session, login = door.enter()
    try:
        identity = session.identity()
        if not job.replace:
            converge.same_device(device, identity, required=False)
        driver = registry.driver_of(device.kind, identity.manufacturer, identity.model)
        changes: tuple[Change, ...] = ()
        if login is None or login.user != device.user:
            changes = _make_account(job, channel, registry, driver, session)
    finally:
        session.close()
    if changes:
        identity = door.prove()
    facts = {"serial_number": identity.serial_number, "mac_address": identity.mac_address}
    if not any(facts.values()):
        return (
            Outcome.UNKNOWN,
            "it tells neither a serial number nor a MAC address, so it cannot be told from another; "
            "write mac_address into the inventory by hand",
            changes,
        )
    facts |= {"manufacturer": identity.manufacturer, "model": identity.model, "firmware": identity.firmware}
    channel.emit(Learned(device=device.name, facts=FrozenMap({k: v for k, v in facts.items() if v})))
    return Outcome.CHANGED, "", changes


def _make_account(
    job: Job, channel: Channel, registry: catalog.Registry, driver: Driver, session: Any
) -> tuple[Change, ...]:
    """Make fleetctl's own account, journaled before it is sent."""
    action = registry.action(driver, "make_account")
    if action is None:
        raise Unsupported(f"{job.device.name}: fleetctl cannot make accounts on {driver.name} devices")
    change = Change(
        device=job.device.name,
        aspect="users",
        field="accounts",
        key=job.device.user,
        before=None,
        after="administrator",
    )
    channel.confirm(Intent(device=job.device.name, aspect="users", changes=(change,)))
    secrets: Secrets = _Known(job.password)
    action.run(session, (SecretRef(device=job.device.name, account=job.device.user), secrets))
    return (change,)


class _Door:
    """How to get in: with fleetctl's own account where it may exist, else without a login, else a factory one."""

    def __init__(self, job: Job, channel: Channel, protocol: str) -> None:
        self.job, self.channel = job, channel
        self.connect = opener(protocol)

    def enter(self) -> tuple[Any, Login | None]:
        """Return a session that is in, and the login it used; raises Refused when no way is left."""
        refused = "no login is known to try"
        own = (self.job.own,) if self.job.own else ()
        ways: tuple[Login | None, ...] = (None, *(self.job.first or own))
        for login in (*own, *ways) if self.job.own_first else ways:
            try:
                return self._try(login), login
            except Refused as error:
                refused = str(error)
                if login is not None and error.credential:
                    self._judge(login, accepted=False)
                    if login is not self.job.own or not self.job.own_first:
                        break
        raise Refused(
            f"{converge.where(self.job.device)}: not factory-fresh, and not ours: {refused}. Tell its login in the "
            "inventory (factory_user, factory_password) or reset the device, then adopt again"
        )

    def prove(self) -> Any:
        """Log in with the new account in a new session and return the identity seen there."""
        login = Login(user=self.job.device.user, password=self.job.password, fingerprint=self.job.fingerprint)
        self.channel.confirm(Attempt(device=self.job.device.name, account=login.user, fingerprint=login.fingerprint))
        session = self._session(login)
        try:
            identity = session.identity()
            session.prove()
        except Refused as error:
            if error.credential:
                self._judge(login, accepted=False)
            raise
        finally:
            session.close()
        self._judge(login, accepted=True)
        return identity

    def _try(self, login: Login | None) -> Any:
        if login is not None:
            self.channel.confirm(
                Attempt(device=self.job.device.name, account=login.user, fingerprint=login.fingerprint)
            )
        session = self._session(login)
        try:
            session.prove()
        except BaseException:
            session.close()
            raise
        if login is not None:
            self._judge(login, accepted=True)
        return session

    def _session(self, login: Login | None) -> Any:
        user = login.user if login else ""
        return self.connect(
            replace(self.job.device, user=user),
            password=login.password if login else None,
            access=Access.WRITE,
            facts={},
            known_hosts=self.job.known_hosts,
        )

    def _judge(self, login: Login, *, accepted: bool) -> None:
        self.channel.emit(
            LoginJudged(
                device=self.job.device.name, account=login.user, fingerprint=login.fingerprint, accepted=accepted
            )
        )
