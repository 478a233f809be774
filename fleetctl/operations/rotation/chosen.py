"""Which passwords are rotated: the accounts that the vault has of each device, and who holds them. Asks no device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fleetctl.aspects.channels import BoundCamera, Channels, takes_turns
from fleetctl.errors import UsageError, VaultError
from fleetctl.model import Device, Kind, Unset
from fleetctl.operations.rotation import consumers, hosts
from fleetctl.operations.rotation.consumers import Consumer
from fleetctl.operations.rotation.turns import Holder
from fleetctl.operations.runs import logs_in_by_password
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh import ENABLE, platforms

_UNCONFIRMED: Final = (
    "{} logs in with it, too, past fleetctl (password_consumers), and would be locked out. "
    "When it can be given the new one at once: --confirm-consumer '{}'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One password to rotate, or why it is left alone (`reason`).

    `instead` is the account that the holders use now, where this one is idle and takes over from it.
    """

    device: Device
    account: str
    instead: str = ""
    holders: tuple[Holder, ...] = ()
    waits_for: str = ""  # the account that takes over from it first: the holders have it until then
    consumers: tuple[str, ...] = ()  # who else logs in with it, and is given the new password by hand
    changed: datetime | None = None  # when its password became what it is
    reason: str = ""

    @property
    def interrupts(self) -> bool:
        """Whether a recorder connects anew: recording has a gap of seconds."""
        return any(not holder.command for holder in self.holders)


def chosen(
    workspace: Workspace,
    devices: Sequence[Device],
    accounts: Sequence[str] = (),
    older_than_days: float | None = None,
    confirmed: Sequence[str] = (),
) -> tuple[Chosen, ...]:
    """Return the passwords to rotate, those that stay with a reason. Opens the vaults of the devices' sites.

    `confirmed` are consumers who are given new passwords by hand. Raises VaultError, UsageError when an account or a
    consumer named is none of any device's, or consumers are not told as they should be.
    """
    held = _held(workspace, devices)
    found: list[Chosen] = []
    past = {device.name: consumers.told(workspace, device) for device in devices}
    named = {each.name for some in past.values() for each in some}
    if unknown := [name for name in confirmed if name not in named]:
        raise UsageError(f"--confirm-consumer {unknown[0]}: no device names it here. There are: {_list(named)}")
    for device in devices:
        found += _of_device(workspace, device, held, past[device.name], confirmed)
    if accounts:
        known = {c.account for c in found}
        for name in accounts:
            if name not in known:
                raise UsageError(f"--account {name}: the vault has none of that name here. There are: {_list(known)}")
        found = [c for c in found if c.account in accounts or (c.instead and c.instead in accounts)]
    if older_than_days is not None:
        edge = datetime.now(UTC) - timedelta(days=older_than_days)
        old = {(c.device.name, c.account) for c in found if c.changed is None or c.changed < edge}
        found = [c for c in found if {(c.device.name, c.account), (c.device.name, c.instead)} & old]
    return tuple(_held_back(found))


def _held_back(found: Sequence[Chosen]) -> Iterator[Chosen]:
    """Yield what was found; an account that recorders have stays where the other one does not take over from it."""
    taken = {(c.device.name, c.instead) for c in found if not c.reason}
    for each in found:
        if each.waits_for and not each.reason and (each.device.name, each.account) not in taken:
            reason = f"its recorder logs in with it, and {each.waits_for} does not take over"
            yield replace(each, reason=reason)
        else:
            yield each


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _of_device(
    workspace: Workspace,
    device: Device,
    held: _Held,
    past: Sequence[Consumer],
    confirmed: Sequence[str],
) -> Iterator[Chosen]:
    """Yield a device's accounts, in the order in which they are turned: the one that fleetctl logs in with last.

    Of two that take turns the idle one comes first, and takes over; then the other one loses its password.
    """
    unsettled = {u.account for u in workspace.store.unsettled(device.name)}
    accounts = workspace.vault.accounts(device.site, device.name) if device.site else {}
    active, idle = held.turns.get(device.name, ("", ""))
    if device.behind and not accounts:
        yield Chosen(device=device, account="", reason=_why_not(workspace, device, "", unsettled))
    order = {name: (name == device.user, name == active, name) for name in accounts}
    for account in sorted(accounts, key=order.__getitem__):
        entry = accounts[account]
        if not entry.current:
            continue
        taking_over = account == idle and active in accounts
        left = account == active and idle in accounts  # the other one takes over from it
        who = tuple(each.name for each in past if account in each.accounts and not each.command)
        holders = held.holders.get((device.name, active if taking_over else account), ())
        holders += _by_command(past, (active, idle) if taking_over or left else (account,))
        yield Chosen(
            device=device,
            account=account,
            instead=active if taking_over else "",
            holders=() if left else holders,
            waits_for=idle if left else "",
            consumers=who,
            changed=_moment(entry.changed),
            reason=_why_not(workspace, device, account, unsettled)
            or _audit_only(workspace, holders)
            or next((_UNCONFIRMED.format(name, name) for name in who if name not in confirmed), ""),
        )


def _why_not(workspace: Workspace, device: Device, account: str, unsettled: set[str]) -> str:
    """Return why an account's password stays as it is, "" where it may be rotated."""
    if unsettled:
        return f"an earlier rotation is not settled. Run: fleetctl password recover --limit {device.name}"
    if device.audit_only:
        return "audit_only in the inventory: fleetctl only looks at it"
    if device.behind:
        return (
            f"only its recorder {device.behind} reaches it, and no recorder is known that gives a camera's account "
            f"another password by itself. Do it at the recorder's own screen: channel {device.channel}"
        )
    if device.platform == "windows":
        return "Windows is looked after by hand"
    if not (device.serial_number or device.mac_address):
        return f"it has no identity on record. Run: fleetctl adopt --limit {device.name}"
    if account == ENABLE and device.kind is Kind.SWITCH and "enable_secret" not in platforms.of(device).templates:
        return (
            f"fleetctl does not set the secret of the privileged mode of {platforms.of(device).manufacturer} switches"
        )
    if account == device.user and not logs_in_by_password(workspace, device):
        return "fleetctl logs in with a key"
    try:
        same = workspace.password(device, account) == workspace.vault.entry(device.site, device.name, account).current
    except VaultError:
        same = False
    return "" if same else "the inventory's ansible_password is another than the vault's: correct one of them"


def _audit_only(workspace: Workspace, holders: Sequence[Holder]) -> str:
    """Return why the recorders that log in with a password may not be given another one, "" where they may."""
    found = [h.recorder for h in holders if not h.command and workspace.inventory.devices[h.recorder].audit_only]
    return f"its recorder {found[0]} is audit_only in the inventory: fleetctl only looks at it" if found else ""


def _by_command(past: Sequence[Consumer], accounts: Sequence[str]) -> tuple[Holder, ...]:
    """Return the consumers of one of these accounts that are given a login by their command."""
    return tuple(each.holder for each in past if each.command and set(accounts) & set(each.accounts))


def _moment(told: str) -> datetime | None:
    try:
        return datetime.fromisoformat(told) if told else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """Who logs in to cameras: by camera and account the channels, and by camera the accounts that take turns."""

    holders: Mapping[tuple[str, str], tuple[Holder, ...]]
    turns: Mapping[str, tuple[str, str]]  # camera -> account in use, idle account


def _held(workspace: Workspace, devices: Sequence[Device]) -> _Held:
    """Return who logs in to the cameras among the devices, as the inventory has it."""
    sites = {device.site for device in devices if device.kind is Kind.CAMERA}
    holders: dict[tuple[str, str], list[Holder]] = {}
    turns: dict[str, set[tuple[str, str]]] = {}
    for recorder in workspace.inventory.devices.values():
        if recorder.kind is Kind.NVR and recorder.site in sites:
            found = hosts.held(workspace, recorder) if recorder.is_host else _bound(workspace, recorder)
            for camera, pair, holder in found:
                holders.setdefault((camera, pair[0]), []).append(holder)
                turns.setdefault(camera, set()).add(pair)
    taking = {camera: tuple(pair for pair in pairs if pair[1]) for camera, pairs in turns.items()}
    one = {
        camera: pairs[0]
        for camera, pairs in taking.items()
        if len(pairs) == 1 and not any(other[0] in pairs[0] for other in turns[camera] - {pairs[0]})
    }
    return _Held(
        holders={key: tuple(sorted(every)) for key, every in holders.items()},
        turns=one,
    )


def _bound(workspace: Workspace, recorder: Device) -> Iterator[tuple[str, tuple[str, str], Holder]]:
    """Yield the cameras that a recorder logs in to: the account in use and the idle one ("": none), and the channel."""
    told: Any = next((e.value for e in workspace.expectations(recorder, ("channels",))), None)
    for channel, item in _channels(told):
        if isinstance(item.camera, str) and isinstance(item.user, str):
            pair = item.user, _idle(workspace, told, item)
            yield item.camera, pair, Holder(recorder=recorder.name, channel=channel)


def _idle(workspace: Workspace, told: Channels, item: BoundCamera) -> str:
    """Return the account that is idle on a channel's camera, "" where none takes turns."""
    camera = workspace.inventory.devices[str(item.camera)]
    pair = [name for name in (told.user, told.standby_user) if isinstance(name, str)]
    if not takes_turns(told, camera) or item.user not in pair:
        return ""
    return next(name for name in pair if name != item.user)


def holders_of(workspace: Workspace, device: Device, account: str, instead: str) -> tuple[Holder, ...]:
    """Return the channels that log in to a device with an account, or with the one it takes over from."""
    found, names = _held(workspace, (device,)).holders, [name for name in (account, instead) if name]
    recorders = sorted({holder for name in names for holder in found.get((device.name, name), ())})
    return (*recorders, *_by_command(consumers.told(workspace, device), names))


def _channels(told: Any) -> Iterator[tuple[str, BoundCamera]]:
    cameras = told.cameras if isinstance(told, Channels) and not isinstance(told.cameras, Unset) else {}
    for channel, item in cameras.items():
        if isinstance(item, BoundCamera):
            yield channel, item


__all__ = ["Chosen", "chosen", "holders_of"]
