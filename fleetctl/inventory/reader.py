"""Reads an Ansible inventory folder as Ansible does: which files, in which order, and what they say.

Source: ansible-core 2.19, inventory manager, YAML inventory plug-in, host_group_vars plug-in.
"""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any, Final

from yaml.nodes import MappingNode, Node, ScalarNode

from fleetctl.errors import Fault
from fleetctl.inventory.constructed import NAMES as CONSTRUCTED
from fleetctl.inventory.constructed import construct
from fleetctl.inventory.documents import Document, Entry, entries, parse, variable
from fleetctl.inventory.hostnames import expanded
from fleetctl.inventory.tree import Group, Tree
from fleetctl.inventory.values import Var
from fleetctl.inventory.varfiles import SUFFIXES, VarsFolder

_IGNORED: Final = re.compile(
    r"^\.|^host_vars$|^group_vars$|^vars_plugins$"
    r"|(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)$"
)
OVERLAY: Final = "zz_"
_SECTIONS: Final = ("vars", "children", "hosts")
_NAME: Final = re.compile(r"[^\W\d]\w*")


def ignored(name: str) -> bool:
    """Tell whether Ansible passes over a file or folder of this name inside an inventory folder."""
    return _IGNORED.search(name) is not None


def is_overlay(file: str) -> bool:
    """Return whether a file may set a host's variables over again: its name begins with `zz_` (the lab's does)."""
    return PurePath(file).name.startswith(OVERLAY)


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
        for kind in ("group", "host"):
            VarsFolder(self, beside / f"{kind}_vars", kind).read()

    # --- inventory files ---

    def _folder(self, folder: Path) -> None:
        for name in sorted(os.listdir(folder), key=os.fsencode):  # noqa: PTH208 - names, in Ansible's order
            path = folder / name
            if ignored(name):
                if folder != self.root and name in ("group_vars", "host_vars") and path.is_dir():
                    self.fault(path, f"Ansible never reads a {name} folder here", f"move it to {self.root / name}")
            elif path.is_dir():
                self._folder(path)
            else:
                self._file(path)

    def _file(self, path: Path) -> None:
        suffix = path.suffix
        if suffix not in SUFFIXES:
            self.foreign.append(str(path))
            return
        content = self.content(path)
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
            construct(self.tree, self.number(path), document, root)
        elif isinstance(root, MappingNode):
            for entry in entries(document, root):
                self._group(document, entry, None)
        elif root is not None:
            document.fault(root, "an inventory file begins with the name of a group", "write `group_name:` first")
        self.tree.faults.extend(document.faults)

    def _group(self, document: Document, entry: Entry, parent: str | None) -> None:
        name = entry.key
        if not isinstance(name, str) or not name:
            document.fault_at(entry, f"the name of a group must be a word, not {name!r}", f'put it in quotes: "{name}"')
            return
        if not isinstance(entry.node, MappingNode) and not _is_null(entry.node):
            mend = "write `children:`, `hosts:` or `vars:` below it"
            document.fault_at(entry, f"the group {name} must be a mapping of vars, children and hosts", mend)
            return
        group = self.tree.group(name)
        number = self.number(document.file)
        group.mentions.append((number, entry.line, entry.column))
        if parent is not None and not self.tree.relate(parent, name):
            document.fault_at(entry, f"the group {name} would be inside itself", "take it out of one of the groups")
            return
        if isinstance(entry.node, MappingNode):
            for section in entries(document, entry.node):
                self._section(document, group, section)

    def _section(self, document: Document, group: Group, section: Entry) -> None:
        if section.key not in _SECTIONS:
            near = difflib.get_close_matches(str(section.key), _SECTIONS, 1, 0.5)
            mend = f"did you mean `{near[0]}`?" if near else "only vars, children and hosts may stand here"
            document.fault_at(section, f"`{section.key}` in the group {group.name} means nothing to Ansible", mend)
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
            document.fault_at(section, f"`{section.key}` must be a mapping", "write `name:` lines, without dashes")
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
            self.assign(document, f"group {group.name}", group.vars, entry)
            return
        value = variable(document, entry, 0).value
        if isinstance(value, int) and not isinstance(value, bool):
            group.priority = value
        else:
            document.fault_at(entry, "ansible_group_priority must be a whole number", "write a number, without quotes")

    def _hosts(self, document: Document, group: Group, entry: Entry) -> None:
        if not isinstance(entry.key, str) or not entry.key:
            mend = f'put it in quotes: "{entry.key}"'
            document.fault_at(entry, f"the name of a host must be a word, not {entry.key!r}", mend)
            return
        if not isinstance(entry.node, MappingNode) and not _is_null(entry.node):
            document.fault_at(entry, f"what follows {entry.key} must be a mapping", "write `name: {variable: value}`")
            return
        try:
            names, port = expanded(entry.key)
        except ValueError as error:
            document.fault_at(entry, f"{entry.key}: {error}", "write a range as cam-[01:04]")
            return
        told = list(entries(document, entry.node)) if isinstance(entry.node, MappingNode) else []
        values = [(each, variable(document, each, self.number(document.file))) for each in told]
        if port is not None:
            number = self.number(document.file)
            var = Var(port, number, entry.line, entry.column, entry.line, entry.column, "", False, None)
            values.insert(0, (Entry("ansible_port", entry.line, entry.column, entry.node), var))
        place = (self.number(document.file), entry.line, entry.column, bool(told))
        for name in names:
            host = self.tree.host(name, document.file)
            self.tree.put(group.name, name)
            if not host.homes.get(group.name, (0, 0, 0, False))[3]:
                host.homes[group.name] = place
            for each, var in values:
                self.assign(document, f"host {name}", host.vars, each, var, conflict=True)

    # --- variables ---

    def assign(
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
            document.fault_at(entry, f"`{name}` cannot be the name of a variable", mend)
            return
        var = var or variable(document, entry, self.number(document.file))
        before = into.get(name)
        if before is not None:
            self.tree.history.setdefault((owner, name), []).append(before)
            if conflict and before.value != var.value and not is_overlay(document.file):
                first = f"{self.tree.files[before.file]}:{before.line}"
                reason = f"{owner} is listed twice, and {name} differs (first in {first})"
                document.fault_at(entry, reason, "list it with its variables once")
        into[name] = var

    # --- small things ---

    def content(self, path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except OSError as error:
            self.fault(path, f"cannot be read: {error.strerror}", "check the permissions, or remove the file")
            return None

    def number(self, path: Path | str) -> int:
        name = str(path)
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.tree.files)
            self.tree.files.append(name)
        return number

    def fault(self, path: Path, reason: str, mend: str) -> None:
        self.tree.faults.append(Fault(file=str(path), line=1, column=1, reason=reason, mend=mend))


def _plugin(root: Node | None) -> str:
    if isinstance(root, MappingNode):
        for key, value in root.value:
            if isinstance(key, ScalarNode) and key.value == "plugin" and isinstance(value, ScalarNode):
                return str(value.value)
    return ""


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag.endswith(":null")
