"""Reads an Ansible inventory folder as Ansible does: which files, in which order, and what they say.

Source: ansible-core 2.19, inventory manager, YAML inventory plug-in, host_group_vars plug-in.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode

from fleetctl.errors import Fault
from fleetctl.inventory.constructed import NAMES as CONSTRUCTED
from fleetctl.inventory.constructed import construct
from fleetctl.inventory.documents import Document, Entry, entries, parse, variable
from fleetctl.inventory.hostnames import expanded
from fleetctl.inventory.tree import Group, Host, Tree
from fleetctl.inventory.values import Var

_IGNORED: Final = re.compile(
    r"^\.|^host_vars$|^group_vars$|^vars_plugins$|(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$"
)
_YAML: Final = ("", ".yml", ".yaml", ".json")
_SECTIONS: Final = ("vars", "children", "hosts")
_NAME: Final = re.compile(r"[^\W\d]\w*")


def ignored(name: str) -> bool:
    """Tell whether Ansible passes over a file or folder of this name inside an inventory folder."""
    return _IGNORED.search(name) is not None


@dataclass(slots=True)
class Reader:
    """Reads one inventory into `tree`; `foreign` names the files that only Ansible itself can read."""

    root: Path
    tree: Tree = field(default_factory=Tree)
    foreign: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def read(self) -> None:
        """Read everything below the root. Faults are collected in the tree; raises OSError only for the root itself."""
        if self.root.is_dir():
            self._folder(self.root)
        else:
            self._file(self.root)
        self.tree.settle()
        beside = self.root if self.root.is_dir() else self.root.parent
        self._vars_folder(beside / "group_vars", "group")
        self._vars_folder(beside / "host_vars", "host")

    # --- inventory files ---

    def _folder(self, folder: Path) -> None:
        for name in sorted(os.listdir(folder), key=os.fsencode):
            path = folder / name
            if ignored(name):
                if folder != self.root and name in ("group_vars", "host_vars") and path.is_dir():
                    self._fault(path, f"Ansible never reads a {name} folder here", f"move it to {self.root / name}")
            elif path.is_dir():
                self._folder(path)
            else:
                self._file(path)

    def _file(self, path: Path) -> None:
        suffix = path.suffix
        if suffix not in _YAML:
            self.foreign.append(str(path))
            return
        content = self._content(path)
        if content is None:
            return
        if content.startswith(b"#!"):
            self.foreign.append(str(path))
            return
        document = parse(content, str(path))
        root = document.root
        if suffix == "" and not isinstance(root, MappingNode):
            self.foreign.append(str(path))
            return
        plugin = _plugin(root)
        if plugin and plugin not in CONSTRUCTED:
            self.foreign.append(str(path))
            return
        if document.encrypted:
            document.fault(None, "an inventory file cannot be wholly encrypted", "encrypt single values with !vault")
        elif root is None and not document.faults:
            document.fault(None, "the file is empty", "write a group into it, or remove it")
        elif plugin and isinstance(root, MappingNode):
            construct(self.tree, self._number(path), document, root, self.root)
        elif isinstance(root, MappingNode):
            for entry in entries(document, root):
                self._group(document, entry, None)
        elif root is not None:
            document.fault(root, "an inventory file begins with the name of a group", "write `group_name:` first")
        self.tree.faults.extend(document.faults)

    def _group(self, document: Document, entry: Entry, parent: str | None) -> None:
        name = entry.key
        if not isinstance(name, str) or not name:
            _at(document, entry, f"the name of a group must be a word, not {name!r}", f'put it in quotes: "{name}"')
            return
        if not isinstance(entry.node, MappingNode) and not _is_null(entry.node):
            mend = "write `children:`, `hosts:` or `vars:` below it"
            _at(document, entry, f"the group {name} must be a mapping of vars, children and hosts", mend)
            return
        group = self.tree.group(name)
        group.constructed = False
        number = self._number(document.file)
        group.mentions.append((number, entry.line, entry.column))
        if parent is not None and not self.tree.relate(parent, name):
            _at(document, entry, f"the group {name} would be inside itself", "take it out of one of the groups")
            return
        if isinstance(entry.node, MappingNode):
            for section in entries(document, entry.node):
                self._section(document, group, section)

    def _section(self, document: Document, group: Group, section: Entry) -> None:
        if section.key not in _SECTIONS:
            near = difflib.get_close_matches(str(section.key), _SECTIONS, 1, 0.5)
            mend = f"did you mean `{near[0]}`?" if near else "only vars, children and hosts may stand here"
            _at(document, section, f"`{section.key}` in the group {group.name} means nothing to Ansible", mend)
            return
        node = section.node
        if _is_null(node):
            return
        if isinstance(node, ScalarNode) and node.tag.endswith(":str"):
            place = (node.start_mark.line + 1, node.start_mark.column + 1)
            told = [Entry(node.value, *place, ScalarNode("tag:yaml.org,2002:null", "", node.start_mark, node.end_mark))]
        elif isinstance(node, MappingNode):
            told = list(entries(document, node))
        else:
            _at(document, section, f"`{section.key}` must be a mapping", "write `name:` lines, without dashes")
            return
        for entry in told:
            if section.key == "vars":
                self._group_var(document, group, entry)
            elif section.key == "children":
                self._group(document, entry, group.name)
            else:
                self._hosts(document, group, entry)

    def _group_var(self, document: Document, group: Group, entry: Entry) -> None:
        if entry.key != "ansible_group_priority":
            self._set(document, f"group {group.name}", group.vars, entry)
            return
        value = variable(document, entry, 0).value
        if isinstance(value, int) and not isinstance(value, bool):
            group.priority = value
        else:
            _at(document, entry, "ansible_group_priority must be a whole number", "write a number, without quotes")

    def _hosts(self, document: Document, group: Group, entry: Entry) -> None:
        if not isinstance(entry.key, str) or not entry.key:
            mend = f'put it in quotes: "{entry.key}"'
            _at(document, entry, f"the name of a host must be a word, not {entry.key!r}", mend)
            return
        if not isinstance(entry.node, MappingNode) and not _is_null(entry.node):
            _at(document, entry, f"what follows {entry.key} must be a mapping", "write `name: {variable: value}`")
            return
        try:
            names, port = expanded(entry.key)
        except ValueError as error:
            _at(document, entry, f"{entry.key}: {error}", "write a range as cam-[01:04]")
            return
        told = list(entries(document, entry.node)) if isinstance(entry.node, MappingNode) else []
        values = [(each, variable(document, each, self._number(document.file))) for each in told]
        if port is not None:
            number = self._number(document.file)
            var = Var(port, number, entry.line, entry.column, entry.line, entry.column, "", False, None)
            values.insert(0, (Entry("ansible_port", entry.line, entry.column, entry.node), var))
        place = (self._number(document.file), entry.line, entry.column, bool(told))
        for name in names:
            host = self.tree.host(name, document.file)
            self.tree.put(group.name, name)
            if not host.homes.get(group.name, (0, 0, 0, False))[3]:
                host.homes[group.name] = place
            for each, var in values:
                self._set(document, f"host {name}", host.vars, each, var, conflict=True)

    # --- variables ---

    def _set(
        self,
        document: Document,
        owner: str,
        into: dict[str, Var],
        entry: Entry,
        var: Var | None = None,
        *,
        conflict: bool = False,
    ) -> None:
        name: Any = entry.key
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            mend = "use letters, digits and _, and begin with a letter"
            _at(document, entry, f"`{name}` cannot be the name of a variable", mend)
            return
        var = var or variable(document, entry, self._number(document.file))
        before = into.get(name)
        if before is not None:
            self.tree.history.setdefault((owner, name), []).append(before)
            if conflict and before.value != var.value:
                first = f"{self.tree.files[before.file]}:{before.line}"
                reason = f"{owner} is listed twice, and {name} differs (first in {first})"
                _at(document, entry, reason, "list it with its variables once")
        into[name] = var

    def _vars_folder(self, folder: Path, kind: str) -> None:
        if not folder.is_dir():
            return
        owners: dict[str, Group] | dict[str, Host] = self.tree.groups if kind == "group" else self.tree.hosts
        names: dict[str, list[str]] = {}
        for name in sorted(os.listdir(folder), key=os.fsencode):
            stem, suffix = os.path.splitext(name)
            known = stem if suffix in _YAML else name
            if name in owners:
                known = name
            names.setdefault(known, []).append(name)
        for stem, found in names.items():
            owner = owners.get(stem)
            if owner is None:
                self._nobody(folder, kind, stem, found, owners)
                continue
            candidates = [stem + suffix for suffix in _YAML if stem + suffix in found]
            for number, name in enumerate(candidates):
                if number:
                    self._fault(folder / name, f"never read: Ansible takes {candidates[0]}", "join the two")
                else:
                    self._vars_path(folder / name, kind, stem, owner.file_vars)

    def _nobody(self, folder: Path, kind: str, stem: str, found: list[str], owners: Any) -> None:
        if stem.startswith(".") or stem.endswith("~") or os.path.splitext(stem)[1] in (".md", ".txt", ".bak"):
            return
        near = difflib.get_close_matches(stem, list(owners), 1, 0.8)
        if near:
            self._fault(folder / found[0], f"there is no {kind} named {stem}", f"did you mean {near[0]}?")
        else:
            self.tree.warnings.append(f"{folder / found[0]}: there is no {kind} named {stem}; the file is never read")

    def _vars_path(self, path: Path, kind: str, owner: str, into: dict[str, Var]) -> None:
        for each in _vars_files(path) if path.is_dir() else [path]:
            content = self._content(each)
            if content is None:
                continue
            document = parse(content, str(each))
            if document.encrypted:
                self.tree.sealed_files.setdefault(f"{kind} {owner}", []).append(str(each))
                self.tree.warnings.append(
                    f"{each}: wholly encrypted: ansible-inventory needs the vault password even to list; "
                    "encrypt values with !vault instead"
                )
            elif isinstance(document.root, MappingNode):
                for entry in entries(document, document.root):
                    if entry.key == "ansible_group_priority":
                        mend = "set it under `vars:` of the group in an inventory file"
                        _at(document, entry, "ansible_group_priority has no effect in group_vars", mend)
                    else:
                        self._set(document, f"{kind}_vars {owner}", into, entry)
            elif document.root is not None:
                document.fault(document.root, f"a file of {kind}_vars holds a mapping", "write `variable: value` lines")
            self.tree.faults.extend(document.faults)

    # --- small things ---

    def _content(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except OSError as error:
            self._fault(path, f"cannot be read: {error.strerror}", "check the permissions, or remove the file")
            return None

    def _number(self, path: Path | str) -> int:
        name = str(path)
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.tree.files)
            self.tree.files.append(name)
        return number

    def _fault(self, path: Path, reason: str, mend: str) -> None:
        self.tree.faults.append(Fault(file=str(path), line=1, column=1, reason=reason, mend=mend))


def _vars_files(folder: Path) -> Iterator[Path]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        suffix = os.path.splitext(name)[1]
        if name.startswith(".") or name.endswith("~"):
            continue
        if path.is_dir():
            if not suffix:
                yield from _vars_files(path)
        elif suffix in _YAML:
            yield path


def _plugin(root: Node | None) -> str:
    if isinstance(root, MappingNode):
        for key, value in root.value:
            if isinstance(key, ScalarNode) and key.value == "plugin" and isinstance(value, ScalarNode):
                return str(value.value)
    return ""


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag.endswith(":null")


def _at(document: Document, entry: Entry, reason: str, mend: str) -> None:
    document.faults.append(
        Fault(file=document.file, line=entry.line, column=entry.column, reason=reason, mend=mend)
    )
