"""Rotate passwords, and settle what an interrupted rotation left: runs of the executor, with the vault kept in step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fleetctl import converge
from fleetctl.errors import UsageError, VaultError
from fleetctl.executor import Policy, Stop, gate_on_share
from fleetctl.inventory import edit
from fleetctl.model import Device, Event, Finished, FrozenMap, Outcome, Result, Rotation, Step
from fleetctl.operations import rollout, windows
from fleetctl.operations.hostrecorders import IN_USE, RESTS, ROLE
from fleetctl.operations.rotation.chosen import Chosen, holders_of
from fleetctl.operations.rotation.turns import Holder, Job, Login, Patience, Turn
from fleetctl.operations.rotation.working import work
from fleetctl.operations.runs import execute, job, select, task
from fleetctl.operations.workspace import Workspace
from fleetctl.records import Unsettled

KIND = "password rotate"
RECOVER = "password recover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a rotation goes about it. `check_old`: see the old passwords refused, which costs one refused login each."""

    rollout: rollout.Options = field(default_factory=lambda: rollout.Options(per_site=1))
    patience: Patience = field(default_factory=Patience)
    check_old: bool = True


def rotate(
    workspace: Workspace, plan: Sequence[Chosen], options: Options | None = None, *, stop: Stop | None = None
) -> Iterator[Event]:
    """Rotate what was chosen and yield the events. One device of a site at a time: its recorders have one writer.

    Each new password is in the vault before it is sent; one that the device was seen to accept is the current one at
    once. Raises UsageError, Busy (another operator), VaultError; nothing was sent then.
    """
    options = options or Options()
    todo: dict[str, list[Chosen]] = {}
    for each in plan:
        if not each.reason:
            todo.setdefault(each.device.name, []).append(each)
    devices = {name: some[0].device for name, some in todo.items()}
    sites = {device.site for device in devices.values()}
    if options.rollout.now and len(sites) > 1:
        raise UsageError(f"--now is for one site at a time, these are {len(sites)}: narrow it with --limit SITE")
    for site in sorted(sites):
        workspace.vault.accounts(site, "")  # a wrong vault password ends it here, before anything is sent
    interrupting = [name for name, some in todo.items() if any(each.interrupts for each in some)]
    policy = Policy(
        per_site=1,
        waves=rollout.waves(workspace, list(todo), options.rollout),
        gate=gate_on_share(options.rollout.stop_share),
        stop_share=options.rollout.stop_share,
        window=None if options.rollout.now else windows.policy(workspace, interrupting),
        deadline=options.rollout.deadline,
        clock=options.rollout.clock,
    )
    books = _Books(workspace)

    def payload(name: str) -> Job:
        turns = tuple(_turn(workspace, each, books) for each in todo[name])
        return _job(workspace, devices[name], turns, options)

    first = [event for name in _untouched(plan, todo) for event in _left_alone(plan, name)]
    for event in execute(
        workspace,
        kind=KIND,
        arguments={"devices": ",".join(sorted(todo)), "accounts": ",".join(sorted({c.account for c in plan}))},
        tasks=[task(devices[name], together=False) for name in todo],
        payload=payload,
        policy=policy,
        stop=stop or Stop(),
        work=work,
        resumes=options.rollout.resumes,
        first=first,
    ):
        books.take(event)
        yield event


def _untouched(plan: Sequence[Chosen], todo: dict[str, list[Chosen]]) -> list[str]:
    return list(dict.fromkeys(each.device.name for each in plan if each.device.name not in todo))


def _left_alone(plan: Sequence[Chosen], name: str) -> Iterator[Event]:
    """Yield the results of a device of which nothing is rotated."""
    some = [each for each in plan if each.device.name == name]
    device, unsettled = some[0].device, any("not settled" in each.reason for each in some)
    outcome = Outcome.BLOCKED if unsettled else Outcome.UNSUPPORTED
    reason = "; ".join(dict.fromkeys(f"{each.account}: {each.reason}".removeprefix(": ") for each in some))
    yield Result(device=name, kind=device.kind, site=device.site, aspect="", outcome=outcome, reason=reason)
    yield Finished(device=name, site=device.site, outcome=outcome, reason=reason)


def recover(
    workspace: Workspace, limit: str = "", options: Options | None = None, *, stop: Stop | None = None
) -> Iterator[Event]:
    """Settle every rotation that was cut off, and yield the events; nothing where all is settled.

    Each device is asked which of its passwords it accepts, the likelier one first, within the login budget.
    """
    options = options or Options(check_old=False)
    devices = {device.name: device for device in select(workspace, limit)}
    left: dict[str, list[Unsettled]] = {}
    for each in workspace.store.unsettled():
        if each.device in devices:
            left.setdefault(each.device, []).append(each)
    books = _Books(workspace)

    def payload(name: str) -> Job:
        device = devices[name]
        ordered = sorted(left[name], key=lambda each: each.account != device.user)  # who acts is found out first
        return _job(workspace, device, tuple(_again(workspace, device, each, books) for each in ordered), options)

    for event in execute(
        workspace,
        kind=RECOVER,
        arguments={"devices": ",".join(sorted(left))},
        tasks=[task(devices[name], together=False) for name in left],
        payload=payload,
        policy=Policy(per_site=1, refused_in_a_row=0),
        stop=stop or Stop(),
        work=work,
    ):
        books.take(event)
        yield event


# --- what a worker is told ------------------------------------------------------------------------------


def _login(workspace: Workspace, device: Device, account: str, password: str, *, settling: bool = False) -> Login:
    mark, budget = workspace.budget(device, account, password, settling=settling)
    return Login(user=account, password=password, fingerprint=mark, barred=budget.barred)


def _turn(workspace: Workspace, each: Chosen, books: _Books) -> Turn:
    """Prepare a new password: it is in the vault when this returns."""
    device, vault = each.device, workspace.vault
    old = vault.entry(device.site, device.name, each.account).current
    new = vault.prepare(device.site, device.name, each.account)
    turn = Turn(
        old=_login(workspace, device, each.account, old),
        new=_login(workspace, device, each.account, new),
        instead=_instead(workspace, device, each.instead),
        holders=each.holders,
        tries=workspace.tries(device, each.account),
    )
    books.open(device, turn)
    return turn


def _instead(workspace: Workspace, device: Device, account: str) -> Login | None:
    if not account:
        return None
    return _login(workspace, device, account, workspace.vault.entry(device.site, device.name, account).current)


def _again(workspace: Workspace, device: Device, left: Unsettled, books: _Books) -> Turn:
    """Return a turn that was cut off: its new password is the one with the fingerprint on record."""
    entry = workspace.vault.entry(device.site, device.name, left.account)
    marks = {
        workspace.fingerprints.of(device.name, left.account, password): password
        for password in (entry.current, entry.previous, entry.prepared)
        if password
    }
    new, old = marks.get(left.fingerprint, ""), marks.get(left.former, "")
    if not old or (not new and entry.current != old):
        raise VaultError(
            f"{device.name}: the vault no longer has the passwords of {left.account} that the rotation of run "
            f"{left.run} was about. Put the vault file's last backup there, then: fleetctl password recover"
        )
    turn = Turn(
        old=_login(workspace, device, left.account, old, settling=True),
        new=_login(workspace, device, left.account, new, settling=True) if new else _dropped(left),
        instead=_instead(workspace, device, left.instead),
        holders=_holders(workspace, device, left),
        step=left.step,
        since=left.since.timestamp(),
        tries=workspace.tries(device, left.account),
    )
    books.open(device, turn)
    return turn


def _dropped(left: Unsettled) -> Login:
    """Return the new login of a turn that ended with the old one, killed before that was on record; never presented.

    The vault drops a new password once the old one was seen to be live.
    """
    return Login(user=left.account, password="", fingerprint=left.fingerprint, barred="the vault has dropped it")


def _holders(workspace: Workspace, device: Device, left: Unsettled) -> tuple[Holder, ...]:
    """Return the holders of a turn that was cut off, each with the port at which it asked before it was paused."""
    told = workspace.journal.entries(device=device.name, events=(Rotation.__name__,))
    notes = [each.payload for each in told]
    ports = {n["holder"]: n["port"] for n in notes if n["fingerprint"] == left.fingerprint and n.get("port")}
    found = holders_of(workspace, device, left.account, left.instead)
    return tuple(replace(holder, port=ports.get(str(holder), 0)) for holder in found)


def _job(workspace: Workspace, device: Device, turns: tuple[Turn, ...], options: Options) -> Job:
    names = {holder.recorder: holder for turn in turns for holder in turn.recorders}

    def holding(name: str) -> converge.Job:
        recorder = workspace.inventory.devices[name]
        told = workspace.expectations(recorder, (ROLE,)) if names[name].folder else ()
        return job(workspace, recorder, told)

    return Job(
        device=device,
        acting=job(workspace, device, settling=True),
        turns=turns,
        recorders=FrozenMap({name: holding(name) for name in sorted(names)}),
        patience=options.patience,
        check_old=options.check_old,
    )


# --- the vault in step ----------------------------------------------------------------------------------


class _Books:
    """Keeps the vault, and the inventory's word of who is in turn, in step with what the devices were seen to do.

    What is booked here is on disk before the worker that confirms the step goes on.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._turns: dict[tuple[str, str], tuple[Device, Turn]] = {}
        self._sent: set[tuple[str, str]] = set()  # whose new password the device may have been told

    def open(self, device: Device, turn: Turn) -> None:
        """Take a turn that is about to begin."""
        self._turns[device.name, turn.account] = device, turn
        if turn.step not in (None, Step.PAUSE):
            self._sent.add((device.name, turn.account))

    def take(self, event: Event) -> None:
        """Book one event. Raises VaultError where the vault cannot be written: the run then ends, nothing is sent."""
        if not isinstance(event, Rotation) or (event.device, event.account) not in self._turns:
            return
        device, turn = self._turns[event.device, event.account]
        vault, where = self._workspace.vault, (device.site, device.name, turn.account)
        if event.step in (Step.SET, Step.UNDO):
            self._sent.add((device.name, turn.account))
            vault.keep(*where, turn.new.password, turn.old.password)
        elif event.step is Step.LIVE:
            self._set(where, turn.new.password)
        elif event.step in (Step.PAUSE, Step.HAND):
            self._holder(event, device, turn)
        elif event.step is Step.TAKEN and turn.instead is not None and not all(h.folder for h in turn.recorders):
            self._say(device, edit.SetHostValue(device.name, "channels_user", turn.account))
        elif event.step is Step.OLD:
            self._set(where, turn.old.password)
            if turn.new.password:
                vault.discard(*where, turn.new.password, sent=(device.name, turn.account) in self._sent)

    def _holder(self, event: Rotation, device: Device, turn: Turn) -> None:
        """Say what the role of a Linux recorder goes by, before it is pushed: it reads the inventory and the vault."""
        if not any(holder.folder and str(holder) == event.holder for holder in turn.holders):
            return
        if not event.given:
            self._say(device, edit.SetHostValue(device.name, RESTS, True))
        elif turn.instead is not None:
            self._say(device, edit.SetHostValue(device.name, IN_USE, event.given))
        else:  # what is handed out is live, also where the old password was put back
            live = turn.old if event.mark == turn.old.fingerprint else turn.new
            self._set((device.site, device.name, turn.account), live.password)
            self._say(device, edit.SetHostValue(device.name, RESTS, False), edit.RemoveHostValue(device.name, RESTS))

    @staticmethod
    def _say(device: Device, *told: edit.Edit) -> None:
        """Say something of a camera in its line of the inventory."""
        if device.place is not None:
            edit.edit_file(Path(device.place.file), told)

    def _set(self, where: tuple[str, str, str], password: str) -> None:
        """Make a password that was seen to be live the current one, whoever edited the vault meanwhile."""
        self._workspace.vault.reread(where[0])
        self._workspace.vault.set(*where, password)
