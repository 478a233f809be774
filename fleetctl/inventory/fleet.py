"""The inventory as the rest of fleetctl sees it: devices, values, sites, selections, explanations."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2.utils import missing

from fleetctl.errors import Fault, InventoryError, UsageError
from fleetctl.inventory import checks, patterns
from fleetctl.inventory.devices import Maker, behind, twice, wired
from fleetctl.inventory.hostvars import Board, HostValues, place_of
from fleetctl.inventory.markers import Locked, first_marker
from fleetctl.inventory.precedence import layers
from fleetctl.inventory.schema import Schema
from fleetctl.inventory.tree import Tree
from fleetctl.inventory.values import SEALED, Explanation, Layer, Value, Vaulted
from fleetctl.model import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A reception desk: its key, the name people use, its area's key ("" if none) and its devices' names."""

    key: str
    name: str
    area: str
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A group in the graph, with the hosts listed directly in it."""

    name: str
    children: tuple[Node, ...]
    hosts: tuple[str, ...]


class Inventory:
    """A loaded inventory. `faults` is empty unless it was loaded with strict=False."""

    def __init__(
        self, root: Path, tree: Tree, schema: Schema, devices: Mapping[str, Device], faults: Sequence[Fault] = ()
    ) -> None:
        self.root = root
        self.tree = tree
        self.schema = schema
        self.devices = devices
        self.faults = tuple(faults)
        self.warnings = tuple(tree.warnings)
        self._board = Board(tree)
        self._sites: dict[str, Site] | None = None

    def values(self, device_name: str) -> Mapping[str, Value]:
        """Return the variables of a device (or any host), rendered when asked for. Raises UsageError for no such host.

        Asking for a variable whose template fails raises InventoryError.
        """
        return self._view(device_name)

    def _view(self, name: str, opened: Callable[[str], str] | None = None) -> HostValues:
        if name not in self.tree.hosts:
            near = difflib.get_close_matches(name, list(self.tree.hosts), 1)
            raise UsageError(f"there is no device {name}{f'; did you mean {near[0]}?' if near else ''}")
        return self._board.view(name, opened)

    def select(self, pattern: str) -> tuple[Device, ...]:
        """Return the devices an Ansible host pattern means, in Ansible's order. Raises UsageError for none."""
        hosts = patterns.match(self.tree, pattern)
        found = tuple(self.devices[name] for name in hosts if name in self.devices)
        if not found:
            why = "hosts without a `kind` only" if hosts else "nothing"
            raise UsageError(f"the pattern `{pattern}` matches {why}; see: fleetctl inventory graph")
        return found

    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Return every group with the names of all hosts in it and below it."""
        return {name: self.tree.hosts_of(name) for name in self.tree.groups}

    def sites(self) -> Mapping[str, Site]:
        """Return the sites by key, in the order of the files."""
        if self._sites is None:
            members: dict[str, list[Device]] = {}
            for device in self.devices.values():
                members.setdefault(device.site, []).append(device)
            self._sites = {
                key: Site(
                    key=key,
                    name=str(self._title(told[0].name, "site_name") or key),
                    area=told[0].area,
                    devices=tuple(device.name for device in told),
                )
                for key, told in members.items()
            }
        return self._sites

    def areas(self) -> Mapping[str, tuple[str, ...]]:
        """Return the keys of the sites of each area, in the order of the files; sites without an area are left out."""
        found: dict[str, list[str]] = {}
        for site in self.sites().values():
            if site.area:
                found.setdefault(site.area, []).append(site.key)
        return {area: tuple(keys) for area, keys in found.items()}

    def _title(self, device: str, variable: str) -> Any:
        value = self._view(device).scope.get(variable)
        return "" if value is missing or first_marker(value) is not None else value

    def explain(self, device_name: str) -> tuple[Explanation, ...]:
        """Return for each variable of a device, by name, what it is, which line set it and which lines lost."""
        view = self._view(device_name)
        told: dict[str, list[Layer]] = {}
        for source in layers(self.tree, view.host):
            for name, var in source.vars.items():
                for each in (*self.tree.history.get((source.owner, name), ()), var):
                    layer = Layer(source=source.label, raw=each.value, place=place_of(self.tree, each))
                    told.setdefault(name, []).append(layer)
        return tuple(_explanation(view, name, told[name]) for name in sorted(told))

    def graph(self, group: str = "all") -> Node:
        """Return the tree of groups and hosts from a group down. Raises UsageError for no such group."""
        if group not in self.tree.groups:
            near = difflib.get_close_matches(group, list(self.tree.groups), 1)
            raise UsageError(f"there is no group {group}{f'; did you mean {near[0]}?' if near else ''}")
        found = self.tree.groups[group]
        children = tuple(self.graph(child) for child in sorted(found.children))
        return Node(name=group, children=children, hosts=tuple(sorted(found.hosts)))

    def secret_template(self, device: Device, account: str) -> str | Vaulted | None:
        """Return `ansible_password` as written if it is the account's: a template, a Vaulted text, or None."""
        var = self._view(device.name).vars.get("ansible_password")
        return var.value if var is not None and account == device.user else None

    def reveal(self, device_name: str, variable: str, decrypt: Callable[[str], str]) -> Any:
        """Render a variable with the vault open: `decrypt` turns the text of a `!vault` block into plaintext.

        Raises InventoryError for a template that fails, KeyError where the variable is not set, and what
        `decrypt` raises. Nothing of it is kept.
        """
        value = self._view(device_name, decrypt)[variable].value
        return None if value is SEALED else value

    def sealed_files(self, device_name: str) -> tuple[str, ...]:
        """Return the wholly encrypted variable files of a device, weakest first."""
        host = self._view(device_name).host
        owners = ["group all", *(f"group {group.name}" for group in self.tree.ranked(host)), f"host {host.name}"]
        return tuple(file for owner in owners for file in self.tree.sealed_files.get(owner, ()))

    def check(self, *more: Callable[[Inventory], Iterable[Fault]]) -> tuple[Fault, ...]:
        """Return every fault: those of loading and what `more` finds (the standard's), one for each place."""
        found = {(fault.file, fault.line, fault.column): fault for fault in reversed(self.faults)}
        for ask in more:
            for fault in ask(self):
                found.setdefault((fault.file, fault.line, fault.column), fault)
        return tuple(sorted(found.values(), key=lambda fault: (fault.file, fault.line, fault.column)))


def _explanation(view: HostValues, name: str, told: list[Layer]) -> Explanation:
    value = view.scope.get(name)
    marker = first_marker(value)
    problem = ""
    if isinstance(marker, Locked):
        value = SEALED
    elif marker is not None:
        value, problem = None, str(marker._undefined_message)
    return Explanation(name=name, value=value, winner=told[-1], outranked=tuple(told[:-1]), problem=problem)


def made(root: Path, tree: Tree, schema: Schema) -> Inventory:
    """Return the inventory of a tree: every device made, every fault found, sorted by place."""
    faults = list(tree.faults)
    devices: dict[str, Device] = {}
    board = Board(tree)
    maker = Maker(board, root if root.is_dir() else root.parent, faults)
    contested = checks.contested(tree)
    for name, host in tree.hosts.items():
        view = HostValues(board, host)
        device = maker.device(view)
        if device is not None:
            devices[name] = device
        elif "kind" not in view.vars or view.vars["kind"].value in (None, ""):
            tree.warnings.append(f"{name} has no kind; fleetctl leaves it alone")
        faults.extend(checks.templates(view, schema, device))
        if contested:
            faults.extend(checks.outranked(tree, view, contested & view.vars.keys()))
    if not tree.hosts and not faults:
        mend = "list a device under `hosts:` of a group, see: fleetctl init"
        faults.append(Fault(file=str(root), line=1, column=1, reason="the inventory holds no host", mend=mend))
    faults += [
        *checks.names(tree, schema),
        *checks.traps(tree, schema),
        *checks.plain_passwords(tree),
        *checks.structure(tree, devices),
    ]
    faults += [*twice(devices), *behind(devices), *wired(devices)]
    return Inventory(root, tree, schema, devices, _sorted(faults))


def _sorted(faults: Iterable[Fault]) -> list[Fault]:
    """Return the faults by place, the first of each place and reason; many hosts may share one line."""
    found: dict[tuple[str, int, int], Fault] = {}
    for fault in faults:
        found.setdefault((fault.file, fault.line, fault.column), fault)
    return sorted(found.values(), key=lambda fault: (fault.file, fault.line, fault.column))


def refuse(inventory: Inventory) -> Inventory:
    """Return the inventory if it has no fault; raises InventoryError with all of them."""
    if inventory.faults:
        raise InventoryError(inventory.faults)
    return inventory
