"""A bundle comes back: what was done with it becomes home's own record; nothing of either side is lost.

Every part of it does nothing where it is done already, so that a return that was cut off is gone on with by the same
command, and a file that is returned twice changes nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fleetctl import bundle as sealing
from fleetctl import files
from fleetctl.bundle import Container, HomeKeys, Issue, Lock, register
from fleetctl.bundle.keys import home_lock
from fleetctl.bundle.keys import opened as opened_with
from fleetctl.errors import UsageError
from fleetctl.operations.bundling import folders, merging, records
from fleetctl.operations.bundling.making import BASE, KEYS
from fleetctl.operations.bundling.merging import Difference, Edits
from fleetctl.operations.bundling.opening import fleet_word
from fleetctl.operations.trying import tried
from fleetctl.operations.workspace import Workspace
from fleetctl.store import Store
from fleetctl.vault import Entry, PasswordSource, Vault, cipher

KIND: Final = "site return"
KEPT: Final = "bundles"
BUNDLE, HOME = "bundle", "home"
_BACKUPS: Final = "backups"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Password:
    """The passwords of an account that are others in the bundle than when it went out."""

    device: str
    account: str
    before: Entry
    bundle: Entry
    home: Entry

    @property
    def name(self) -> str:
        """How a person names it."""
        return f"{self.device}:{self.account}"

    @property
    def done(self) -> bool:
        """Whether home has all that the bundle has."""
        return set(_words(self.bundle)) <= set(_words(self.home)) and self.bundle.current == self.home.current

    @property
    def conflict(self) -> bool:
        """Whether home has changed it meanwhile, too, and otherwise."""
        return not self.done and _words(self.home) != _words(self.before) and self.home.current != self.before.current


def _words(entry: Entry) -> tuple[str, ...]:
    return tuple(each for each in (entry.current, entry.prepared, entry.previous) if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What a return would do; nothing of it is done yet. `over`: this very file came back before."""

    container: Container
    root: Path
    edits: Edits
    passwords: tuple[Password, ...]
    again: bool
    over: bool

    @property
    def issue(self) -> Issue:
        """What home issued."""
        return self.container.issue

    @property
    def conflicts(self) -> tuple[Difference | Password, ...]:
        """What both sides changed."""
        return (*(d for d in self.edits.differences if d.conflict), *(p for p in self.passwords if p.conflict))


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What a return did."""

    runs: int
    entries: int
    settings: tuple[str, ...]
    passwords: tuple[str, ...]
    left: tuple[str, ...]


@contextmanager
def planned(workspace: Workspace, path: Path) -> Iterator[Return]:
    """Open a bundle that came back, and think its return out. Raises UsageError (altered, another fleet's)."""
    container = sealing.read(path)
    home = HomeKeys.of(workspace.state / KEYS)
    if container.issue.fleet != home.fleet:
        raise UsageError(
            f"{path} is a bundle of another fleet ({fleet_word(container.issue.fleet)}; this one is "
            f"{fleet_word(home.fleet)}). Nothing was opened. Return it where it was made: {container.issue.host}"
        )
    known = register.taken(workspace.store, container.issue.bundle)
    if not known:
        raise UsageError(
            f"{path}: home has no record of the bundle {container.issue.bundle}. Was its store put back from a backup?"
        )
    lock = home_lock(container.part("lock"), home.identity)
    with tempfile.TemporaryDirectory(dir=workspace.state, prefix="returning-") as folder:
        root = Path(folder)
        folders.unpacked(folders.swollen(opened_with(container.part("work"), home.identity)), root)
        for store in (root / folders.STATE / "store.db", root / BASE / "store.db"):
            Store(store).close()  # of an earlier version, it is brought to this one
        yield Return(
            container=container,
            root=root,
            edits=merging.compared(workspace, root / "inventory", root / BASE / "inventory"),
            passwords=tuple(_passwords(workspace, root, lock, container.issue.site)),
            again=known[0].generation > 0,
            over=known[0].generation >= container.state.generation and known[0].state == register.RETURNED,
        )


def _passwords(workspace: Workspace, root: Path, lock: Lock, site: str) -> Iterator[Password]:
    source = PasswordSource(ask=lambda _label: lock.vault_password)
    theirs, before = (Vault(folder / "inventory", source) for folder in (root, root / BASE))
    for name in workspace.inventory.sites()[site].devices if site in workspace.inventory.sites() else ():
        there, was = theirs.accounts(site, name), before.accounts(site, name)
        for account in sorted({*there, *was}):
            told, old = there.get(account, Entry()), was.get(account, Entry())
            if _words(told) != _words(old):
                here = workspace.vault.entry(site, name, account)
                yield Password(device=name, account=account, before=old, bundle=told, home=here)


# --- carried out ----------------------------------------------------------------------------------


def carry_out(workspace: Workspace, made: Return, take: Callable[[str], str]) -> Returned:
    """Carry a return out; `take` says of a conflict, by its name, which side is taken: bundle or home.

    What home does not take of a password stays beside it as the previous one. Raises InventoryError, VaultError.
    """
    issue = made.issue
    contents = merging.contents(workspace, made.edits, lambda each: take(each.spot.name) == BUNDLE)
    seen = {path: path.read_bytes() for path in contents}
    tried(workspace, contents)
    names = workspace.inventory.sites()[issue.site].devices
    arguments = {"site": issue.site, "bundle": issue.bundle, "holder": issue.holder, "file": str(made.container.path)}
    with workspace.journal.run(KIND, arguments):
        _keep(workspace, made.container)
        base = made.root / BASE / "store.db"
        there = made.root / folders.STATE / "store.db"
        merged = records.merge(workspace.store, there, base, names, issue.site, issue.bundle, again=made.again)
        changed = {
            (each.device, each.account): _numbered(_joined(each, take), merged.numbers)
            for each in made.passwords
            if not each.done
        }
        _unguarded(workspace).put(issue.site, changed)
        for path, content in contents.items():
            with files.locked(path.parent):
                if path.read_bytes() != seen[path]:
                    raise UsageError(f"{path} was changed by somebody else at this moment. Run the command again")
                files.replace(path, content)
        _host_keys(workspace, made.root)
        _backups(workspace, made)
        register.end(workspace.store, issue.bundle, register.RETURNED, generation=made.container.state.generation)
        workspace.journal.exit_code = 0
    workspace.reread()
    return Returned(
        runs=merged.runs,
        entries=merged.entries,
        settings=tuple(each.spot.name for each in made.edits.differences if not each.done),
        passwords=tuple(sorted(":".join(key) for key in changed)),
        left=made.edits.left,
    )


def _joined(each: Password, take: Callable[[str], str]) -> Entry:
    """Return the entry that keeps every password that may be live: of a conflict the other side's as the previous."""
    if not each.conflict:
        return each.bundle
    first, other = (each.bundle, each.home) if take(each.name) == BUNDLE else (each.home, each.bundle)
    spare = first.prepared or other.prepared
    prepared = first if first.prepared else other
    return replace(
        first,
        previous=other.current if other.current != first.current else first.previous,
        prepared=spare,
        prepared_at=prepared.prepared_at,
        prepared_run=prepared.prepared_run,
    )


def _numbered(entry: Entry, numbers: Mapping[int, int]) -> Entry:
    run, prepared_run = (numbers.get(run, run) for run in (entry.run, entry.prepared_run))
    return replace(entry, run=run, prepared_run=prepared_run)


def _unguarded(workspace: Workspace) -> Vault:
    """Return the vault as this one command may write it: the site is still out."""
    return Vault(workspace.inventory_root, workspace.vault.identities.sources, keep_days=workspace.keep_days)


def _keep(workspace: Workspace, container: Container) -> None:
    """Keep the file as it came back, sealed as it is: whatever is not taken of it is not lost."""
    folder = workspace.state / KEPT
    files.make_folder(folder, mode=0o700)
    target = folder / f"{container.issue.bundle}-{container.state.generation}.bundle"
    part = target.with_suffix(".part")
    shutil.copyfile(container.path, part)
    part.chmod(0o600)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    files.sync_folder(folder)


def _host_keys(workspace: Workspace, root: Path) -> None:
    """Take over the host keys that were accepted or dropped with the bundle."""
    home = Path(workspace.known_hosts)
    there, was, here = (
        path.read_text("utf-8").splitlines() if path.exists() else []
        for path in (root / folders.STATE / "known_hosts", root / BASE / "known_hosts", home)
    )
    gone, new = set(was) - set(there), [line for line in there if line not in was]
    names = {line.split(" ", 1)[0] for line in new}
    kept = [line for line in here if line not in gone and (line in new or line.split(" ", 1)[0] not in names)]
    lines = [*kept, *(line for line in new if line not in kept)]
    if lines != here:
        files.replace(home, "".join(f"{line}\n" for line in lines).encode("utf-8"), mode=0o600)


def _backups(workspace: Workspace, made: Return) -> None:
    """Take over the backups of devices that were made with the bundle, sealed with home's password."""
    source = made.root / _BACKUPS
    password = b""
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        target = workspace.root / _BACKUPS / path.relative_to(source)
        if not path.is_file() or (target.exists() and path.suffix == ".vault"):
            continue
        files.make_folder(target.parent, mode=0o700)
        content = path.read_bytes()
        if path.suffix == ".vault":
            password = password or workspace.vault.source.password()
            home = HomeKeys.of(workspace.state / KEYS)
            lock = home_lock(made.container.part("lock"), home.identity)
            plain = cipher.decrypt(content.decode("ascii"), lock.vault_password.encode())
            content = cipher.encrypt(plain, password, workspace.vault.source.label).encode("ascii")
        files.replace(target, content, mode=0o600)
