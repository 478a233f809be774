"""What was edited in the inventory of a bundle, brought into home's; what both edited is a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl import inventory
from fleetctl.errors import InventoryError
from fleetctl.inventory.edit import (
    AddHost,
    Edit,
    RemoveEntry,
    RemoveGroupValue,
    RemoveHostValue,
    SetEntry,
    SetGroupValue,
    SetHostValue,
    Template,
    edited,
)
from fleetctl.inventory.tree import Tree
from fleetctl.inventory.values import Var, Vaulted
from fleetctl.operations.workspace import Workspace
from fleetctl.vault.sites import VARIABLE as VAULT

GONE: Final = None
"""Stands for a variable that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a variable stands: its file below the inventory's root, its owner, its name, and a key of what it holds."""

    file: str
    owner: str
    variable: str
    key: str = ""
    of_host: bool = True

    @property
    def name(self) -> str:
        """How a person names it."""
        return f"{self.owner}.{self.variable}" + (f".{self.key}" if self.key else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A variable that is another one in the bundle than when it went out; None where there is none."""

    spot: Spot
    before: Any
    bundle: Any
    home: Any

    @property
    def name(self) -> str:
        """How a person names it."""
        return self.spot.name

    @property
    def conflict(self) -> bool:
        """Whether home has changed it meanwhile, too, and otherwise."""
        return self.home not in (self.before, self.bundle)

    @property
    def done(self) -> bool:
        """Whether home has it as the bundle has."""
        return bool(self.home == self.bundle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What the inventory of a bundle has changed; `new` hosts by name with their file, group and variables."""

    differences: tuple[Difference, ...]
    new: Mapping[str, tuple[str, str, Mapping[str, Any]]]
    left: tuple[str, ...]  # files that were changed otherwise, and hosts that home has not any more


def compared(workspace: Workspace, bundle: Path, base: Path) -> Edits:
    """Compare the inventory of a bundle with how it went out, and with home's."""
    aspects = workspace.registry.aspects
    theirs, before = (inventory.load(root, aspects, strict=False) for root in (bundle, base))
    home = workspace.inventory
    now, was, here = _said(theirs.tree, bundle), _said(before.tree, base), _said(home.tree, home.root)
    new = {
        name: _host(theirs.tree, name, bundle)
        for name in theirs.tree.hosts
        if name not in before.tree.hosts and name not in home.tree.hosts
    }
    differences, left = [], []
    for spot in sorted({*now, *was}, key=lambda each: each.name):
        if now.get(spot) == was.get(spot) or spot.owner in new:
            continue
        if spot.of_host and spot.owner not in home.tree.hosts:
            left.append(f"{spot.name}: home has no {spot.owner} any more")
        elif isinstance(now.get(spot), Vaulted):
            left.append(f"{spot.name}: it is sealed; write it at home by hand")
        else:
            differences.append(
                Difference(spot=spot, before=was.get(spot), bundle=now.get(spot), home=_home(here, spot))
            )
    left += [f"{name}: it was edited in the bundle; edit it at home by hand" for name in _others(bundle, base)]
    return Edits(differences=tuple(differences), new=new, left=tuple(dict.fromkeys(left)))


def _others(bundle: Path, base: Path) -> Iterator[str]:
    """Yield the files of variables that were edited; fleetctl itself edits none of them but vaults."""
    for folder in ("group_vars", "host_vars"):
        for path in sorted((bundle / folder).rglob("*")):
            name = path.relative_to(bundle)
            was = (base / name).read_bytes() if (base / name).is_file() else None
            if path.is_file() and path.name != "vault.yml" and path.read_bytes() != was:
                yield name.as_posix()


def _home(here: Mapping[Spot, Any], spot: Spot) -> Any:
    """Return what home has at a spot, or at the same variable in another file of its own."""
    if spot in here:
        return here[spot]
    same = (value for each, value in here.items() if each.name == spot.name and each.of_host == spot.of_host)
    return next(same, GONE)


def _said(tree: Tree, root: Path) -> dict[Spot, Any]:
    """Return all that files of an inventory say, by where; mappings entry by entry."""
    found: dict[Spot, Any] = {}
    for kind, owners in (("host", tree.hosts), ("group", tree.groups)):
        for owner, told in owners.items():
            for name, winner in told.vars.items():
                for var in (*tree.history.get((f"{kind} {owner}", name), ()), winner):
                    if name != VAULT:
                        found.update(_entries(tree, root, var, owner, name, of_host=kind == "host"))
    return found


def _entries(tree: Tree, root: Path, var: Var, owner: str, name: str, *, of_host: bool) -> Iterator[tuple[Spot, Any]]:
    file = _below(tree.files[var.file], root)
    if isinstance(var.value, Mapping) and var.value:
        for key, value in var.value.items():
            yield Spot(file=file, owner=owner, variable=name, key=str(key), of_host=of_host), value
    else:
        value = Template(var.value) if var.templated and type(var.value) is str else var.value
        yield Spot(file=file, owner=owner, variable=name, of_host=of_host), value


def _below(file: str, root: Path) -> str:
    path = Path(file)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else file


def _host(tree: Tree, name: str, root: Path) -> tuple[str, str, Mapping[str, Any]]:
    host = tree.hosts[name]
    group, (file, _, _, _) = next(iter(host.homes.items()))
    return _below(tree.files[file], root), group, {key: var.value for key, var in host.vars.items()}


# --- into home's files ----------------------------------------------------------------------------


def contents(workspace: Workspace, edits: Edits, taken: Callable[[Difference], bool]) -> dict[Path, bytes]:
    """Return home's files with what was edited in the bundle; `taken` says of a conflict whether its side is.

    Raises InventoryError for what cannot be written there exactly.
    """
    root = workspace.inventory.root
    made: dict[Path, bytes] = {}
    for each in edits.differences:
        if not each.done and (not each.conflict or taken(each)):
            path = _file_of(workspace, each.spot)
            made[path] = edited(made.get(path) or path.read_bytes(), [_edit(each)], file=str(path))
    for name, (file, group, values) in edits.new.items():
        path = root / file
        made[path] = edited(made.get(path) or path.read_bytes(), [AddHost(group, name, values)], file=str(path))
    return {path: content for path, content in made.items() if content != path.read_bytes()}


def _file_of(workspace: Workspace, spot: Spot) -> Path:
    root = workspace.inventory.root
    if (root / spot.file).exists():
        return root / spot.file
    device = workspace.inventory.devices.get(spot.owner)
    if device is None or device.place is None:
        raise InventoryError([])
    return Path(device.place.file)


def _edit(each: Difference) -> Edit:
    spot, value, gone = each.spot, each.bundle, each.bundle is GONE
    owner, variable, of_host = spot.owner, spot.variable, spot.of_host
    if spot.key and gone:
        return RemoveEntry(owner, variable, spot.key, of_host=of_host)
    if spot.key:
        return SetEntry(owner, variable, spot.key, value, of_host=of_host)
    if of_host:
        return RemoveHostValue(owner, variable) if gone else SetHostValue(owner, variable, value)
    return RemoveGroupValue(owner, variable) if gone else SetGroupValue(owner, variable, value)
