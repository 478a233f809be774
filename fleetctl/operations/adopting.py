"""What `adopt` does at one device: get in, look who it is, make fleetctl's own account and prove it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import Any

from fleetctl import catalog, converge
from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.model import (
    Access,
    Action,
    Change,
    Channel,
    Device,
    Driver,
    Finished,
    FrozenMap,
    Intent,
    Learned,
    NewPassword,
    Outcome,
    Result,
    SecretRef,
    Secrets,
    Started,
)
from fleetctl.operations import beside
from fleetctl.operations.door import RENEWED, RENEWING, Door, Job, Known, Login
from fleetctl.protocols import opener


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a worker needs to take in a camera that only its recorder reaches."""

    job: converge.Job
    replace: bool = False

    @property
    def device(self) -> Device:
        """The camera."""
        return self.job.device


def work(name: str, payload: Any, channel: Channel) -> None:
    """Adopt one device; ends with exactly one Finished."""
    device = payload.device
    begun = time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    changes: tuple[Change, ...] = ()
    try:
        if isinstance(payload, Seen):
            outcome, reason = _see(payload, channel)
        else:
            outcome, reason, changes = _adopt(payload, channel)
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


def _see(seen: Seen, channel: Channel) -> tuple[Outcome, str]:
    """Take in a camera behind a recorder by what the recorder says of it; nothing is written to either."""
    task = seen.job
    if seen.replace:
        task = replace(task, device=replace(task.device, serial_number="", mac_address=""))
    with converge.linked(task, Access.READ, channel) as link:
        _, told = converge.recognise(task, link, catalog.load(), required=False)
    facts = {"serial_number": told.serial_number, "mac_address": told.mac_address}
    if not any(facts.values()):
        return Outcome.UNSUPPORTED, (
            "its recorder does not tell its serial number, so that it cannot be told from another; nothing is written "
            "through the recorder then"
        )
    facts |= {"model": told.model, "firmware": told.firmware}
    channel.emit(Learned(device=task.device.name, facts=FrozenMap({k: v for k, v in facts.items() if v})))
    return Outcome.CHANGED, ""


def _adopt(job: Job, channel: Channel) -> tuple[Outcome, str, tuple[Change, ...]]:
    device, registry = job.device, catalog.load()
    protocols = registry.greetings(device)
    if not protocols:
        raise Unsupported(f"{device.name}: fleetctl has no driver for kind {device.kind.value} yet")
    door = Door(job, channel, _spoken(job, protocols))
    with converge.speaking(device, door.protocol):
        session, login = door.enter(registry)
    ways = session.facts
    try:
        identity = session.identity()
        if not job.replace:
            converge.same_device(device, identity, required=False)
        driver = registry.driver_of(device, identity.manufacturer, identity.model)
        changes: tuple[Change, ...] = ()
        if login is None or (login.user, login.password) != (device.user, job.password):
            changes = _make_account(job, channel, registry, driver, session, login)
            if not changes:
                return Outcome.NOT_APPLIED, _no_account(device), ()
            identity, ways = door.prove()
        renewed, stays = _renew(job, channel, registry.action(driver, "set_password"), door, session, login)
        changes += renewed
    finally:
        session.close()
    facts = {"serial_number": identity.serial_number, "mac_address": identity.mac_address}
    if not any(facts.values()):
        return (
            Outcome.UNKNOWN,
            "it tells neither a serial number nor a MAC address, so it cannot be told from another; "
            "write mac_address into the inventory by hand",
            changes,
        )
    facts |= (
        ways()
        | (door.learned or _own_interface(job, channel))
        | {
            "protocol": door.protocol,
            "manufacturer": identity.manufacturer,
            "model": identity.model,
            "firmware": identity.firmware,
        }
    )
    channel.emit(Learned(device=device.name, facts=FrozenMap({k: v for k, v in facts.items() if v})))
    return Outcome.CHANGED, stays, changes


def _renew(
    job: Job, channel: Channel, action: Action | None, door: Door, session: Any, login: Login | None
) -> tuple[tuple[Change, ...], str]:
    """Give the maker's account that let us in a password of the vault, proven by a login with it.

    Returns what was changed, and why it keeps its maker's password where it does.
    """
    makers = job.makers
    if makers is None or (login is not None and login.password == makers.password):
        return (), ""  # there is none, or its first password is the vault's already
    if login is not None and login.user == makers.user:
        return _renewed(job, channel, action, door, session, login)
    # It is ours already; an earlier adopt was cut off before this was done, or before that was on record.
    if job.renewing and door.accepts(makers):
        channel.emit(Learned(device=job.device.name, facts=FrozenMap({RENEWED: makers.user})))
        return (), ""
    if not (job.renewing or job.lets_in) or not job.first or (opened := door.knock(job.first[0])) is None:
        return (), ""
    with contextlib.closing(opened):
        return _renewed(job, channel, action, door, opened, job.first[0])


def _renewed(
    job: Job, channel: Channel, action: Action | None, door: Door, session: Any, login: Login
) -> tuple[tuple[Change, ...], str]:
    """Set it in the session of the maker's account itself: some makers let nobody else."""
    makers, device = job.makers or login, job.device
    if action is None or action.protocol != door.protocol:
        return (), f"{makers.user} keeps the password it came with: fleetctl cannot set it on this device"
    change = Change(
        device=device.name, aspect="users", field="password", key=makers.user, before="as it came", after="of the vault"
    )
    channel.emit(Learned(device=device.name, facts=FrozenMap({RENEWING: makers.user})))
    channel.confirm(Intent(device=device.name, aspect="users", changes=(change,)))
    told = NewPassword(
        account=makers.user, old=login.password, new=makers.password, acting=login.password,
        accepted=lambda: door.accepts(makers),
    )  # fmt: skip
    said = "the device said yes and did not take another"
    try:
        action.run(session, told)
    except (Rejected, Unsupported, BadAnswer, Unreachable, Refused) as error:
        said = converge.told(error)
    try:
        accepted = door.accepts(makers)
    except (Refused, Unreachable, BadAnswer) as error:
        again = f"fleetctl adopt --again --limit {device.name}"
        return (), f"which password {makers.user} has now is not known ({converge.told(error)}): {again}"
    if not accepted:
        return (), f"{makers.user} keeps the password it came with: {said}"
    channel.emit(Learned(device=device.name, facts=FrozenMap({RENEWED: makers.user})))
    return (change,), ""


def _own_interface(job: Job, channel: Channel) -> dict[str, str]:
    """Try the account once in the maker's own interface, which may not know it; it has a budget of tries of its own."""
    if not job.own_interface:
        return {}
    try:
        beside.session(
            job.device,
            job.own_interface,
            password=job.password,
            fingerprint=job.fingerprint,
            known_hosts=job.known_hosts,
            channel=channel,
        ).close()
    except (Refused, Unsupported, BadAnswer, Unreachable):
        return {}
    return {converge.OWN_LOGIN: job.fingerprint}


def _spoken(job: Job, protocols: tuple[str, ...]) -> str:
    """Return the first protocol that the device speaks, asked without a login; the last where it speaks none."""
    for protocol in protocols[:-1]:
        try:
            opener(protocol)(
                replace(job.device, user=""),
                password=None,
                access=Access.READ,
                facts={},
                known_hosts=job.known_hosts,
            ).close()
        except (Unsupported, BadAnswer):
            continue
        return protocol
    return protocols[-1]


def _make_account(
    job: Job, channel: Channel, registry: catalog.Registry, driver: Driver, session: Any, login: Login | None
) -> tuple[Change, ...]:
    """Make fleetctl's own account, journaled before it is sent; () when the device said yes and did not make it."""
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
    secrets: Secrets = Known(Login(user=job.device.user, password=job.password, fingerprint=""), login)
    made = action.run(session, (SecretRef(device=job.device.name, account=job.device.user), secrets))
    return (change,) if made else ()


def _no_account(device: Device) -> str:
    return (
        f"the device accepted the new account {device.user} and did not make it. Make one by its own app or page, and "
        "name it in the inventory (ansible_user, ansible_password), then adopt again"
    )
