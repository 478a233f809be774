"""Adopt: take a device in. First login, identity recorded, fleetctl's own account made and proven."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleetctl.catalog import asks
from fleetctl.errors import UsageError, VaultError
from fleetctl.executor import Policy, Stop
from fleetctl.inventory import edit
from fleetctl.model import UNSET, Device, Event, Finished, Kind, Learned, LoginJudged, Outcome
from fleetctl.operations import maker
from fleetctl.operations.adopting import Seen, work
from fleetctl.operations.candidates import Guesses, guessed, guessing, keep
from fleetctl.operations.door import ACTIVATED, ACTIVATING, RENEWED, RENEWING, Job, Login, own_account
from fleetctl.operations.runs import execute, in_turn, job, logs_in_by_password, select, task
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh import ENABLE, ENABLED

IDENTITY = ("serial_number", "mac_address")


def adopt(
    workspace: Workspace,
    limit: str = "",
    *,
    replace_: bool = False,
    stop: Stop | None = None,
    force: bool = False,
    enable: str = "",
    candidates: Sequence[str] = (),
    at: str = "",
    renew: bool = True,
) -> Iterator[Event]:
    """Adopt the devices that are not adopted yet and yield the events.

    `candidates` are passwords that the installer may have given the first account: as many are tried in their order as
    the device's budget allows, and the one that is taken goes into the vault. Those refused before are not tried again.
    `at` is the address where they are met instead of the inventory's. `renew`: a maker's account that lets in with its
    default gets a password of the vault.

    `enable` is the secret of the privileged mode of those switches that may ask for one; where one asked and took it,
    it is in the vault afterwards.

    The password of each device's account is made and in the vault before anything is sent; identities are written
    into the inventory file of their host. Raises UsageError, VaultError.
    """
    devices, through = _met(to_adopt(workspace, limit, again=force or replace_), at)
    turns = in_turn(through.values())
    intake = _Intake(
        workspace=workspace, devices=devices, through=through, replace_=replace_, force=force, enable=enable,
        renew=renew,
        guesses={d.name: guessed(workspace, d, candidates) for d in devices} if candidates else {},
    )  # fmt: skip
    for event in execute(
        workspace,
        kind="adopt",
        arguments={"limit": limit},
        tasks=[
            *(task(d, together=False) for d in devices),
            *(task(d, after=turns[name]) for name, d in through.items()),
        ],
        payload=intake.payload,
        policy=Policy(per_site=4),
        stop=stop or Stop(),
        work=work,
        ready=intake.ready,
    ):
        intake.book(event)
        yield event


@dataclass(kw_only=True)
class _Intake:
    """What one adopt prepares for its devices before anything is sent, and keeps of what they tell."""

    workspace: Workspace
    devices: Sequence[Device]
    through: Mapping[str, Device]  # behind a recorder, by name
    replace_: bool
    force: bool
    enable: str
    renew: bool
    guesses: Mapping[str, Guesses]
    firsts: dict[str, _First] = field(default_factory=dict)
    makers: dict[str, Login] = field(default_factory=dict)
    had: set[str] = field(default_factory=set)  # whose account may be there: its password is not of today
    facts: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_name = {d.name: d for d in self.devices}
        self._all = {**self.by_name, **self.through}

    def ready(self) -> None:
        """Put into the vault what may become live."""
        workspace = self.workspace
        here = [d for d in self.devices if not workspace.closed(d.site)]
        self.had.update(d.name for d in here if _has_password(workspace, d))
        _provide(workspace, here)
        if self.force or self.replace_:
            _forgive(workspace, here)
        self.firsts.update(_first_logins(workspace, here))
        if self.renew:
            self.makers.update(maker.prepared(workspace, [d for d in here if d.name not in self.guesses]))

    def payload(self, name: str) -> Any:
        """Return what a worker needs to take in one device."""
        workspace = self.workspace
        if name in self.through:  # nobody logs in there: its recorder says who it is
            return Seen(job=job(workspace, self.through[name]), replace=self.replace_)
        device = self.by_name[name]
        first, had = self.firsts.get(name), name in self.had
        made = _job(workspace, device, first, had=had, replace_=self.replace_, enable=self.enable)
        if name in self.guesses:
            return guessing(workspace, made, self.guesses[name])
        told = self.makers.get(name)
        renewing = told is not None and workspace.facts(name).get(RENEWING) == told.user
        lets_in = any(workspace.budget(device, f.user, f.password)[1].proven for f in made.first)
        return replace(made, makers=told, renewing=renewing, lets_in=lets_in)

    def book(self, event: Event) -> None:
        """Keep what an event tells of a device, its passwords, and a candidate that was taken."""
        _book(self.workspace, event, self._all, self.facts, self.enable)
        if isinstance(event, Finished) and event.device in self.makers:
            maker.tidy(self.workspace, self.by_name[event.device], self.makers[event.device])
        if isinstance(event, LoginJudged) and event.accepted and event.device in self.guesses:
            keep(self.workspace, self.by_name[event.device], event, self.guesses[event.device])


def _met(devices: Iterable[Device], at: str) -> tuple[list[Device], dict[str, Device]]:
    """Return those that are spoken to, at the address `at` where one is given, and those behind a recorder by name."""
    devices = [d for d in devices if d.platform != "windows"]  # looked after by hand
    through = {d.name: d for d in devices if d.behind}
    met = [elsewhere(d, at) if at else d for d in devices if not d.behind]
    if without := [d.name for d in met if not d.user]:
        raise UsageError(
            f"{without[0]} has no ansible_user: name the account that fleetctl shall make, best in the standard: "
            "ansible_user: fleetctl"
        )
    return met, through


def elsewhere(device: Device, address: str) -> Device:
    """Return a device as it is met at another address than the inventory's."""
    return replace(device, endpoint=replace(device.endpoint, address=address))


def to_adopt(workspace: Workspace, limit: str, *, again: bool) -> list[Device]:
    """Return the devices of a pattern that are to be taken in; those that are audit_only are left alone.

    Raises UsageError where all that are left are audit_only.
    """
    devices = [d for d in select(workspace, limit) if again or not adopted(workspace, d)]
    if devices and all(device.audit_only for device in devices):
        raise UsageError(f"{devices[0].name} is audit_only in the inventory: fleetctl makes no account on it")
    return [device for device in devices if not device.audit_only]


def _book(
    workspace: Workspace, event: Event, devices: Mapping[str, Device], facts: dict[str, Mapping[str, str]], enable: str
) -> None:
    """Keep what an event tells: a first password that is live; of a device taken in its identity and its secret."""
    if isinstance(event, Learned) and (account := event.facts.get(ACTIVATED) or event.facts.get(RENEWED)):
        site = devices[event.device].site
        if workspace.vault.entry(site, event.device, account).prepared:
            workspace.vault.promote(site, event.device, account)
        # else it was reset, or stands in another's place, and got the password that the vault has of the account
    elif isinstance(event, Learned):
        facts[event.device] = event.facts
    if isinstance(event, Finished) and event.outcome is Outcome.CHANGED:
        told = facts.get(event.device, {})
        _record(devices[event.device], told)
        if told.get(ENABLED) == "yes":
            _keep_enable(workspace, devices[event.device], enable)


def adopted(workspace: Workspace, device: Device) -> bool:
    """Return whether the device's identity is on record and its login was accepted once."""
    if device.platform == "windows":  # nobody logs in there
        return True
    has = bool(device.serial_number or device.mac_address)
    return has and (
        bool(device.behind)
        or not logs_in_by_password(workspace, device)
        or workspace.store.proven(device.name, device.user)
    )


def _provide(workspace: Workspace, devices: Iterable[Device]) -> None:
    """Make the passwords that are missing of fleetctl's own accounts: in the vault before anything is sent."""
    sites: dict[str, dict[str, list[str]]] = {}
    for device in devices:
        if logs_in_by_password(workspace, device):
            sites.setdefault(device.site, {})[device.name] = [device.user]
    for site, accounts in sites.items():
        workspace.vault.ensure(site, accounts)


def _has_password(workspace: Workspace, device: Device) -> bool:
    """Return whether fleetctl's own account of a device has a password already, in the vault or by the inventory."""
    if not logs_in_by_password(workspace, device):
        return False
    told = workspace.inventory.values(device.name)
    return "ansible_password" in told or bool(workspace.vault.entry(device.site, device.name, device.user).current)


def _forgive(workspace: Workspace, devices: Iterable[Device]) -> None:
    """Let passwords that were refused be tried again, once: a person says that the device was reset or changed."""
    for device in devices:
        factory = [user for user, _ in maker.factory_logins(workspace, device)[:1]]
        for account in dict.fromkeys((device.user, *factory, *((ENABLE,) * (device.kind is Kind.SWITCH)))):
            workspace.store.forgive(device.name, account)


@dataclass(frozen=True, slots=True, kw_only=True)
class _First:
    """The login that a factory-new device is to get; `live` where an earlier adopt may have given it already."""

    login: Login
    live: bool


def _first_logins(workspace: Workspace, devices: Sequence[Device]) -> dict[str, _First]:
    """Return the first logins of devices that adopt may activate, prepared in the vault before anything is sent."""
    accounts = {
        d.name: (d, account)
        for d in devices
        if (account := workspace.registry.first_account(d))
        and "factory_user" not in workspace.inventory.values(d.name)  # else somebody has activated it
    }
    sites: dict[str, dict[str, list[str]]] = {}
    for name, (device, account) in accounts.items():
        sites.setdefault(device.site, {})[name] = [account]
    for site, wanted in sites.items():
        workspace.vault.prepare_each(site, wanted)
    found = {}
    for name, (device, account) in accounts.items():
        entry = workspace.vault.entry(device.site, name, account)
        password = entry.current or entry.prepared
        mark = workspace.fingerprints.of(name, account, password)
        had = bool(entry.current) and account != device.user  # that of fleetctl's own account may be made just now
        live = had or workspace.facts(name).get(ACTIVATING) == account
        found[name] = _First(login=Login(user=account, password=password, fingerprint=mark), live=live)
    return found


def _job(workspace: Workspace, device: Device, told: _First | None, *, had: bool, replace_: bool, enable: str) -> Job:
    if not logs_in_by_password(workspace, device):
        by_key = Login(user=device.user, password="", fingerprint="")
        return Job(
            device=device, own=by_key, own_first=True, first=(), spent="", password="", replace=replace_,
            known_hosts=workspace.known_hosts,
        )  # fmt: skip
    password = workspace.password(device)
    fingerprint, (barred, proven) = workspace.budget(device, device.user, password)
    own = None if barred else Login(user=device.user, password=password, fingerprint=fingerprint)
    first: list[Login] = []
    spent = ""
    logins = maker.factory_logins(workspace, device)[:1]
    if told is not None and told.live:
        logins = ((told.login.user, told.login.password), *logins)
    elif (renewed := maker.renewed(workspace, device)) is not None:
        logins = (renewed, *logins)
    for user, default in dict.fromkeys(logins):  # it was not reset, or it was: then it has again what it came with
        mark, (spent, _) = workspace.budget(device, user, default)
        if not spent:
            first.append(Login(user=user, password=default, fingerprint=mark))
    return Job(
        device=device,
        own=own,
        own_first=proven or (had and bool(device.serial_number)),  # a list of devices may tell numbers, too
        first=tuple(first),
        spent=barred or spent,
        password=password,
        activation=None if told is None else told.login,
        own_interface=_own_interface(workspace, device, fingerprint),
        fingerprint=fingerprint,
        replace=replace_,
        known_hosts=workspace.known_hosts,
        enable=_enable(workspace, device, enable),
    )


def may_ask_enable(workspace: Workspace, device: Device) -> bool:
    """Return whether a switch's privileged mode may ask for a secret that neither vault nor inventory has."""
    from fleetctl.protocols.ssh import platforms

    asks = device.kind is Kind.SWITCH and platforms.of(device).enable
    return asks and not _enable(workspace, device, "")


def _enable(workspace: Workspace, device: Device, given: str) -> str:
    """Return the secret of a switch's privileged mode: a person's, the vault's, the inventory's, "" for none."""
    if device.kind is not Kind.SWITCH or given:
        return given if device.kind is Kind.SWITCH else ""
    try:
        return workspace.password(device, ENABLE)
    except VaultError as error:
        if not error.missing:
            raise
    return workspace.revealed(device, "factory_enable") or ""


def _keep_enable(workspace: Workspace, device: Device, given: str) -> None:
    """Put the secret of the privileged mode into the vault, now that the switch took it."""
    if secret := _enable(workspace, device, given):
        workspace.vault.set(device.site, device.name, ENABLE, secret)


def _own_interface(workspace: Workspace, device: Device, fingerprint: str) -> str:
    """Return the maker's own protocol where it is needed and a try is left, else "".

    Needed it is for what only it reaches, and where firmware is rolled: an upgrade may switch ONVIF off.
    """
    driver = workspace.registry.driver_of(device, device.vendor, device.model)
    firmware = next((e.value for e in workspace.expectations(device, ("firmware",))), None)
    rolled = getattr(firmware, "target", UNSET) is not UNSET
    for cell in driver.better if device.kind is Kind.CAMERA else ():
        expected = next((e.value for e in workspace.expectations(device, (cell.aspect,))), None)
        account = own_account(device.user, cell.protocol)
        if (rolled or asks(cell, expected)) and not workspace.store.may_try(device.name, account, fingerprint).barred:
            return cell.protocol
    return ""


def _record(device: Device, facts: Mapping[str, str]) -> None:
    """Write what the device said it is into the inventory file that names it."""
    told = {name: facts[name] for name in IDENTITY if facts.get(name)}
    if device.place is not None and told:
        edit.set_host_values(Path(device.place.file), device.name, told)
