"""The variables of one host: merged, located, and rendered when asked for."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from jinja2.utils import missing

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.markers import Locked, first_marker
from fleetctl.inventory.precedence import merged
from fleetctl.inventory.templates import Scope
from fleetctl.inventory.tree import Host, Tree
from fleetctl.inventory.values import SEALED, Value, Var, Vaulted
from fleetctl.inventory.variables import LOGINS
from fleetctl.model import FrozenMap, Place


def place_of(tree: Tree, var: Var) -> Place | None:
    """Return where a variable's value stands, None if it came from a dynamic inventory."""
    return Place(file=tree.files[var.file], line=var.line, column=var.column) if var.line else None


class Board:
    """What all hosts of an inventory share: the tree, `groups`, `hostvars`, and values that need no rendering."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._constants: dict[int, tuple[Var, Value]] = {}
        self._views: dict[str, HostValues] = {}
        self._groups: dict[str, list[str]] | None = None
        self._hostvars = _HostVars(self)

    def view(self, name: str, opened: Callable[[str], str] | None = None) -> HostValues:
        """Return the variables of a host; the last few hundred are kept. Raises KeyError for no such host."""
        if opened is not None:
            return HostValues(self, self.tree.hosts[name], opened)
        found = self._views.get(name)
        if found is None:
            if len(self._views) >= 256:
                self._views.clear()
            found = self._views[name] = HostValues(self, self.tree.hosts[name])
        return found

    def constant(self, var: Var) -> Value:
        """Return the value of a variable without templates: one object for all hosts that share it."""
        known = self._constants.get(id(var))
        if known is not None:
            return known[1]
        value = self.value(var, Scope(lambda _name: missing).rendered(var.value))
        self._constants[id(var)] = (var, value)
        return value

    def value(self, var: Var, rendered: Any) -> Value:
        """Return the value of a variable with its places."""
        places: Mapping[str, Place] = FrozenMap()
        if var.marks:
            file = self.tree.files[var.file]
            places = FrozenMap(
                {
                    ".".join(path): Place(file=file, line=mark.line, column=mark.column)
                    for path, mark in var.marks.items()
                }
            )
        if isinstance(first_marker(rendered), Locked):
            rendered = SEALED
        return Value(value=rendered, raw=var.value, place=place_of(self.tree, var), places=places)

    def has_sealed_files(self, host: Host) -> bool:
        """Tell whether a wholly encrypted file of variables is the host's or one of its groups'."""
        sealed = self.tree.sealed_files
        return bool(sealed) and any(
            owner in sealed
            for owner in (f"host {host.name}", "group all", *(f"group {name}" for name in self.tree.groups_of(host)))
        )

    def magic(self, host: Host, name: str) -> Any:
        """Return what Ansible itself sets for every host, or jinja2's `missing`."""
        if name == "inventory_hostname":
            return host.name
        if name == "inventory_hostname_short":
            return _short(host.name)
        if name == "group_names":
            return sorted(self.tree.groups_of(host) - {"all"})
        if name == "groups":
            if self._groups is None:
                self._groups = {group: list(self.tree.hosts_of(group)) for group in self.tree.groups}
            return self._groups
        if name == "hostvars":
            return self._hostvars
        if name == "inventory_file":
            return host.source
        if name == "inventory_dir":
            return host.source.rpartition("/")[0]
        return missing


MAGIC: Final = (
    "inventory_hostname",
    "inventory_hostname_short",
    "group_names",
    "groups",
    "hostvars",
    "inventory_file",
    "inventory_dir",
)


class HostValues(Mapping[str, Value]):
    """The variables of one host by name. A template that fails raises InventoryError when it is asked for."""

    def __init__(self, board: Board, host: Host, opened: Callable[[str], str] | None = None) -> None:
        self._board = board
        self.host = host
        self.vars = merged(board.tree, host)
        self.scope = Scope(self._find, opened)

    def _find(self, name: str) -> Any:
        if name in MAGIC:
            return self._board.magic(self.host, name)
        var = self.vars.get(name)
        if var is None and name.startswith("vault_") and self._board.has_sealed_files(self.host):
            return Vaulted()  # it may be in there
        return missing if var is None else var.value

    def rendered(self, name: str) -> Any:
        """Return a variable rendered, with markers where it failed; jinja2's `missing` if there is none."""
        return self.scope.get(name)

    def __getitem__(self, name: str) -> Value:
        var = self.vars[name]
        if not var.templated and self.scope.opened is None:
            return self._board.constant(var)
        rendered = self.scope.get(name)
        marker = first_marker(rendered)
        if marker is not None and not isinstance(marker, Locked):
            if name in LOGINS and self.scope.opened is None:
                return self._board.value(var, SEALED)  # the vault may not be made yet
            raise InventoryError([self.fault(name, str(marker._undefined_message))])
        return self._board.value(var, rendered)

    def __contains__(self, name: object) -> bool:
        return name in self.vars

    def __iter__(self) -> Iterator[str]:
        return iter(self.vars)

    def __len__(self) -> int:
        return len(self.vars)

    def fault(self, name: str, reason: str) -> Fault:
        """Return the fault of a template of this host that cannot be rendered."""
        var = self.vars[name]
        told = f"{name} of {self.host.name} cannot be rendered: {reason}"
        mend = "define it for this host or its groups, or give it a default: {{ name | default('') }}"
        file = self._board.tree.files[var.file]
        return Fault(file=file, line=max(var.line, 1), column=max(var.column, 1), reason=told, mend=mend)


class _Attributes(Mapping[str, Any]):
    """One host's variables as a template sees them through `hostvars`."""

    def __init__(self, view: HostValues) -> None:
        self._view = view

    def __getitem__(self, name: str) -> Any:
        value = self._view.scope.get(name)
        if value is missing:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._view.vars, *MAGIC]))

    def __len__(self) -> int:
        return len(set(self._view.vars) | set(MAGIC))


class _HostVars(Mapping[str, Any]):
    """Ansible's `hostvars`."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def __getitem__(self, name: str) -> _Attributes:
        return _Attributes(self._board.view(name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._board.tree.hosts)

    def __len__(self) -> int:
        return len(self._board.tree.hosts)


def _short(name: str) -> str:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.split(".")[0]
    return name
