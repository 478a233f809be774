"""A bundle opened on whatever machine: into a private folder, worked in, put back into its file.

The folder is there only while a command works, or after one that was killed: then the next one goes on with it. What
was done is in the file, whole, before the folder goes. Its vault password is never in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fleetctl import bundle as sealing
from fleetctl import files
from fleetctl.bundle import Container, Lock
from fleetctl.bundle.keys import opened as opened_with
from fleetctl.errors import Busy, UsageError
from fleetctl.machine import this_process
from fleetctl.operations.bundling import folders, records
from fleetctl.operations.bundling.making import sealing_key
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import envelope

MARK: Final = "bundle.json"
FLEETS: Final = "fleets"
_SHOWN: Final = 16  # hexadecimal digits by which a fleet's key is known to people


def fleet_word(key: str) -> str:
    """Return how a fleet's key is shown to people and named by them."""
    return key[:_SHOWN]


def private_folder() -> Path:
    """Return where bundles are opened: of this user alone. Raises UsageError where there is no such place."""
    try:
        base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
        folder = base / "fleetctl" / "bundles"
        files.make_folder(folder, mode=0o700)
        folder.chmod(0o700)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"a bundle needs a private folder to be opened in ({error}). Name one: XDG_STATE_HOME=DIR"
        ) from None
    return folder


class Opened:
    """A bundle that is open. `close` puts what was done into its file; `news` is what a person should be told."""

    def __init__(self, container: Container, lock: Lock, root: Path, held: int) -> None:
        self.issue = container.issue
        self._container, self._lock, self._root, self._held = container, lock, root, held
        self._given: list[Workspace] = []
        self.news: list[str] = []

    def workspace(self, *, reading: bool = False) -> Workspace:
        """Return the site as a workspace of its own."""
        made = Workspace(
            root=self._root,
            inventory_root=self._root / "inventory",
            reading=reading,
            vault_ids=("fleet@prompt",),
            ask=lambda _label: self._lock.vault_password,
            bundle=self.issue,
            fetch=self._fetch,
        )
        self._given.append(made)
        return made

    def _fetch(self) -> None:
        """Unpack the firmware images, when they are first asked for."""
        target = self._root / folders.IMAGES
        if target.exists() or not self._container.state.images[0]:
            return
        with tempfile.TemporaryDirectory(dir=self._root) as folder, tempfile.TemporaryFile(dir=self._root) as plain:
            with self._container.path.open("rb") as file:
                envelope.unseal(self._container.reader("images", file), plain, self._lock.identity)
            plain.seek(0)
            with tarfile.open(fileobj=plain) as archive:
                archive.extractall(folder, filter="data")
            Path(folder).chmod(0o700)
            shutil.copytree(folder, target)

    # --- the end -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Put what was done into the file; the folder goes after that. Raises UsageError where it cannot be written."""
        try:
            for each in self._given:
                if "store" in each.__dict__:
                    each.store.close()
            records.homeless(self._root / folders.STATE / "store.db")
            content = folders.packed(self._root)
            if folders.digest(content) != _mark(self._root).get("plain"):
                self._save(content)
            _away(self._root)
        finally:
            os.close(self._held)

    def _save(self, content: bytes) -> None:
        try:
            write(self._container, self._lock, content, self._container.path, self._root)
        except OSError as error:
            raise UsageError(
                f"{self._container.path} cannot be written ({error.strerror or error}). What was done is safe in "
                f"{self._root}: make room there, or put the stick back, then run any command with --bundle again"
            ) from None


def write(container: Container, lock: Lock, content: bytes, path: Path, root: Path) -> None:
    """Write a folder's content into a bundle's file as its next generation. Raises OSError."""
    keys = (sealing_key(lock), container.issue.home)
    sealed = envelope.sealed(folders.squeezed(content), keys)
    told = _mark(root)
    _note(root, {**told, "packed": folders.digest(sealed)})
    with container.path.open("rb") as old:
        images = container.reader("images", old)

        def carried(file: Any) -> None:
            shutil.copyfileobj(images, file)

        sealing.write(
            path,
            container.head,
            {"lock": container.part("lock"), "images": carried, "work": sealed},
            lock.signing,
            generation=int(told["generation"]) + 1,
            written=datetime.now(UTC).isoformat(timespec="seconds"),
            host=this_process().host,
        )


def open_bundle(path: Path, ask: Callable[[Container], str], *, fleet: str = "") -> Opened:
    """Open a bundle; `ask` gives its passphrase or private key, `fleet` names one whose bundles are opened as well.

    Raises UsageError (altered, another fleet's, a key that does not open it), with nothing written; Busy.
    """
    container = sealing.read(path)
    folder = private_folder()
    new = _acquainted(folder, container, fleet)
    held = os.open(folder / f"{container.issue.bundle}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                f"{path} is being worked with by another command on this machine. Mend: wait until it has ended"
            ) from None
        lock = sealing.unlocked(container.part("lock"), ask(container))
        made = Opened(container, lock, folder / container.issue.bundle, held)
        if new:
            _remember(folder, container.issue.fleet)
            made.news.append(new)
        _unfolded(made, container, lock)
    except BaseException:
        os.close(held)
        raise
    return made


def _acquainted(folder: Path, container: Container, fleet: str) -> str:
    """Return what to tell of a fleet that is met for the first time, "" of one that is known; raises UsageError."""
    key, path = container.issue.fleet, folder / FLEETS
    known = path.read_text("ascii").split() if path.exists() else []
    word = fleet_word(key)
    if key in known:
        return ""
    if fleet and fleet != word:
        raise UsageError(f"{container.path} is of the fleet {word}, not of {fleet}. Nothing was opened")
    if known and not fleet:
        others = ", ".join(map(fleet_word, known))
        raise UsageError(
            f"{container.path} is of another fleet ({word}) than those whose bundles this machine opens ({others}). "
            f"Nothing was opened. Ask the office for the key of its fleet; where it is that one: --fleet {word}"
        )
    return f"first bundle of the fleet {word} on this machine; the office says its key when it makes a bundle"


def _remember(folder: Path, key: str) -> None:
    path = folder / FLEETS
    known = path.read_text("ascii") if path.exists() else ""
    files.replace(path, f"{known}{key}\n".encode("ascii"), mode=0o600)


def _unfolded(made: Opened, container: Container, lock: Lock) -> None:
    """Have the bundle's folder as the file says, or as a command that was killed left it."""
    root = made._root  # one module
    told = _mark(root) if root.exists() else {}
    if told.get("work") == container.state.work[1]:
        made.news.append("a command was cut off on this machine; what it did is taken up")
        return
    if told and told.get("packed") != container.state.work[1]:
        aside = _free(container.path, int(told["generation"]))
        records.homeless(root / folders.STATE / "store.db")
        write(container, lock, folders.packed(root), aside, root)
        made.news.append(
            f"work that a command left on this machine is of another copy of this bundle: it is in {aside}. "
            "Return that file as well"
        )
    _away(root)
    _unfold(container, lock, root)


def _free(path: Path, generation: int) -> Path:
    found = (path.with_name(f"{path.stem}-{generation}{letter}{path.suffix}") for letter in ("", *"abcdefgh"))
    return next(each for each in found if not each.exists())


def _unfold(container: Container, lock: Lock, root: Path) -> None:
    archive = folders.swollen(opened_with(container.part("work"), lock.identity))
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(root.with_suffix(".new"))
    new = root.with_suffix(".new")
    new.mkdir(mode=0o700)
    folders.unpacked(archive, new)
    records.homeless(new / folders.STATE / "store.db")
    plain = folders.digest(folders.packed(new))
    _note(new, {"generation": container.state.generation, "work": container.state.work[1], "plain": plain})
    new.rename(root)
    files.sync_folder(root.parent)


def _away(root: Path) -> None:
    """Take a folder away; one that is half gone is not mistaken for a whole one."""
    gone = root.with_suffix(".gone")
    shutil.rmtree(gone, ignore_errors=True)
    if root.exists():
        root.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _note(root: Path, told: Mapping[str, Any]) -> None:
    files.replace(root / MARK, json.dumps(told).encode("ascii"), mode=0o600)


def _mark(root: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((root / MARK).read_bytes())
    except (OSError, ValueError):
        return {}
    return told
