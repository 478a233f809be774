"""The folders group_vars and host_vars beside an inventory: which files count, in which order."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from yaml.nodes import MappingNode

from fleetctl.inventory.documents import Document, Entry, entries, parse
from fleetctl.inventory.tree import Group, Host, Tree
from fleetctl.inventory.values import Var

SUFFIXES: Final = ("", ".yml", ".yaml", ".json")  # in the order in which Ansible looks
_NO_MATTER: Final = (".md", ".txt", ".bak")


class Into(Protocol):
    """What the reader of an inventory offers: see `reader.Reader`."""

    tree: Tree

    def content(self, path: Path) -> bytes | None: ...

    def fault(self, path: Path, reason: str, mend: str) -> None: ...

    def assign(self, document: Document, owner: str, into: dict[str, Var], entry: Entry) -> None: ...


@dataclass(frozen=True, slots=True)
class VarsFolder:
    """One of the two folders; `kind` is group or host."""

    reader: Into
    folder: Path
    kind: str

    def read(self) -> None:
        """Read the files of every group or host there is; tell those that are never read."""
        if not self.folder.is_dir():
            return
        tree = self.reader.tree
        owners: Mapping[str, Group | Host] = tree.groups if self.kind == "group" else tree.hosts
        for stem, found in self._found(owners).items():
            owner = owners.get(stem)
            if owner is None:
                self._nobody(stem, found[0], owners)
                continue
            first, *others = [stem + suffix for suffix in SUFFIXES if stem + suffix in found]
            self._path(self.folder / first, stem, owner.file_vars)
            for name in others:
                self.reader.fault(self.folder / name, f"never read: Ansible takes {first}", "join the two")

    def _found(self, owners: Mapping[str, Group | Host]) -> dict[str, list[str]]:
        """Return the names in the folder by the group or host they are for."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.folder.iterdir()):
            stem = path.stem if path.suffix in SUFFIXES and path.name not in owners else path.name
            found.setdefault(stem, []).append(path.name)
        return found

    def _nobody(self, stem: str, name: str, owners: Mapping[str, Group | Host]) -> None:
        if stem.startswith(".") or stem.endswith(("~", *_NO_MATTER)):
            return
        near = difflib.get_close_matches(stem, list(owners), 1, 0.8)
        reason = f"there is no {self.kind} named {stem}"
        if near:
            self.reader.fault(self.folder / name, reason, f"did you mean {near[0]}?")
        else:
            self.reader.tree.warnings.append(f"{self.folder / name}: {reason}; it is never read")

    def _path(self, path: Path, owner: str, into: dict[str, Var]) -> None:
        for each in _files(path) if path.is_dir() else [path]:
            content = self.reader.content(each)
            if content is None:
                continue
            document = parse(content, str(each))
            if document.encrypted:
                self.reader.tree.sealed_files.setdefault(f"{self.kind} {owner}", []).append(str(each))
                self.reader.tree.warnings.append(
                    f"{each}: wholly encrypted: ansible-inventory needs the vault password even to list; "
                    "encrypt values with !vault instead"
                )
            elif isinstance(document.root, MappingNode):
                for entry in entries(document, document.root):
                    self._variable(document, owner, into, entry)
            elif document.root is not None:
                reason = f"a file of {self.kind}_vars holds a mapping"
                document.fault(document.root, reason, "write `variable: value` lines")
            self.reader.tree.faults.extend(document.faults)

    def _variable(self, document: Document, owner: str, into: dict[str, Var], entry: Entry) -> None:
        if entry.key == "ansible_group_priority":
            mend = "set it under `vars:` of the group in an inventory file"
            document.fault_at(entry, "ansible_group_priority has no effect in group_vars", mend)
        else:
            self.reader.assign(document, f"{self.kind}_vars {owner}", into, entry)


def _files(folder: Path) -> Iterator[Path]:
    for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names, in Ansible's order
        path = folder / name
        if name.startswith(".") or name.endswith("~"):
            continue
        if path.is_dir():
            if not path.suffix:
                yield from _files(path)
        elif path.suffix in SUFFIXES:
            yield path
