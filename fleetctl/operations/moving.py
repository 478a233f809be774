"""Devices and sites to another place in the inventory: communes merge, sites change their area.

What a device says of itself goes with it as it is written; its history, by name, and its passwords do too. What it
had from its old site or area is no longer so: that is shown, and what is to stay is written down at the device.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import Busy, InventoryError, UsageError
from fleetctl.inventory import SEALED, Inventory, passage
from fleetctl.inventory.edit import Edit, RemoveGroup, RemoveHost, SetEntry, SetHostValue, edited
from fleetctl.inventory.sheets.rows import key_of
from fleetctl.inventory.written import words
from fleetctl.model import Kind
from fleetctl.operations.trying import tried
from fleetctl.operations.waivers import HOST, SITE
from fleetctl.operations.wiring import switch_of
from fleetctl.operations.workspace import Workspace
from fleetctl.vault.sites import VARIABLE as VAULT

EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A variable that is another one at the new place; None where there is none."""

    device: str
    variable: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a move would do. Nothing of it is done yet."""

    places: Mapping[str, tuple[str, str]]  # device: its site before and after
    area: str = ""  # where whole sites go, "" where devices do
    ending: tuple[str, ...] = ()  # sites that are no more
    effects: tuple[Effect, ...] = ()
    kept: tuple[Effect, ...] = ()  # what is written down at the device, `after` being what it would be else
    waivers: tuple[tuple[str, str], ...] = ()  # device and setting: its site's, written down at the device
    wired: tuple[tuple[str, str], ...] = ()  # device and its switch, which is no longer its site's only one
    contents: Mapping[Path, bytes | None] = field(default_factory=dict)  # None: the file goes
    seen: Mapping[Path, bytes | None] = field(default_factory=dict)
    left: tuple[Path, ...] = ()  # files of variables of sites that are no more


def planned(
    workspace: Workspace, names: Sequence[str], to: str, *, keep: Sequence[str] = (), title: str = "", area: str = ""
) -> Move:
    """Think a move out: devices or whole sites to a site, or whole sites to an area.

    `title` makes a new site of that name, in the sources' area or in `area`. `keep` names variables that stay as they
    are, or `all`. Raises UsageError, InventoryError for what would be wrong then, Busy for a site that is out in a
    bundle; nothing is written.
    """
    known = workspace.inventory
    sites, devices = _named(known, names)
    for site in dict.fromkeys((*(known.devices[name].site for name in devices), to)):
        if reason := workspace.closed(site):
            raise Busy(reason)
    desk = _Desk(known)
    if to in known.areas() and to not in known.sites():
        return _to_area(workspace, desk, names, sites, to)
    target = _target(desk, devices, to, title=title, area=area)
    if already := [name for name in devices if known.devices[name].site == to]:
        raise UsageError(f"{already[0]} is at {to} already")
    ending = [key for key, site in known.sites().items() if key != to and set(site.devices) <= set(devices)]
    desk.carry(devices, target)
    desk.end(ending)
    waivers = _waivers(desk, devices, to)
    wired = _wired(desk, devices, to)
    effects = _effects(workspace, desk, devices, strict=not keep)
    wanted = [e for e in effects if EVERYTHING in keep or e.variable in keep]
    if unknown := set(keep) - {EVERYTHING} - {e.variable for e in effects}:
        raise UsageError(f"--keep {min(unknown)}: nothing changes in that. What does: see without --keep")
    kept = tuple(e for e in wanted if e.before is not None)
    if keep:
        for each in kept:
            desk.edit(desk.at[each.device], SetHostValue(each.device, each.variable, each.before))
        effects = _effects(workspace, desk, devices)
    return Move(
        places={name: (known.devices[name].site, to) for name in devices},
        ending=tuple(ending),
        effects=tuple(effects),
        kept=kept,
        waivers=waivers,
        wired=wired,
        contents=desk.contents,
        seen=desk.seen,
        left=tuple(_left(workspace, ending)),
    )


def _named(known: Inventory, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the sites that are named, and all devices of theirs and by themselves, in the inventory's order."""
    sites = tuple(name for name in names if name in known.sites())
    chosen = {device for key in sites for device in known.sites()[key].devices}
    for name in names:
        if name not in known.sites():
            if name not in known.devices:
                near = difflib.get_close_matches(name, [*known.sites(), *known.devices], 1)
                raise UsageError(f"there is no site or device {name}{f'; did you mean {near[0]}?' if near else ''}")
            chosen.add(name)
    return sites, tuple(name for name in known.devices if name in chosen)


class _Desk:
    """The files of the inventory with what has been changed in them so far."""

    def __init__(self, known: Inventory) -> None:
        self.known = known
        self.contents: dict[Path, bytes | None] = {}
        self.seen: dict[Path, bytes | None] = {}
        self.at: dict[str, Path] = {}  # devices that were carried: the file they are in now

    def content(self, path: Path) -> bytes:
        if path not in self.contents:
            self.contents[path] = self.seen[path] = path.read_bytes()
        return self.contents[path] or b""

    def edit(self, path: Path, *edits: Edit) -> None:
        self.contents[path] = edited(self.content(path), edits, file=str(path))

    def new(self, path: Path, content: bytes) -> None:
        self.seen[path], self.contents[path] = None, content

    def file_of(self, name: str) -> Path:
        place = self.known.devices[name].place
        if place is None:
            raise UsageError(f"{name} comes from no file of this inventory; move it where it comes from")
        return Path(place.file)

    def folder(self, area: str) -> Path:
        """Return where the files of an area's sites are."""
        beside = next((self.known.sites()[key].devices[0] for key in self.known.areas().get(area, ())), "")
        return self.file_of(beside).parent if beside else self.known.root / area if area else self.known.root

    def free(self, area: str, site: str) -> Path:
        path = self.folder(area) / f"{site}.yml"
        if path.exists():
            raise UsageError(f"{path} is there already; rename that file first")
        return path

    def carry(self, devices: Sequence[str], target: _Target) -> None:
        """Take devices out of their sites' files, and put them into the target's."""
        carried = []
        for name in devices:
            path, site = self.file_of(name), self.known.devices[name].site
            carried.append(passage.host(self.content(path), site, name, str(path)))
            self.edit(path, RemoveHost(site, name))
            self.at[name] = target.path
        if target.title:
            levels = (target.area, "children", target.site, "hosts") if target.area else (target.site, "hosts")
            variables = f"site_name: {words(target.title)}"
            content = passage.new_file(levels, carried, str(target.path), head=target.title, variables=variables)
            self.new(target.path, content)
            return
        for each in carried:
            content = passage.with_host(self.content(target.path), target.site, each, str(target.path))
            self.contents[target.path] = content

    def end(self, sites: Iterable[str]) -> None:
        """Take sites without devices out of their files, and files that say nothing any more away."""
        for key in sites:
            path = self.file_of(self.known.sites()[key].devices[0])
            self.edit(path, RemoveGroup(key))
            self.clear(path)

    def clear(self, path: Path) -> None:
        if passage.is_bare(self.content(path), str(path)):
            self.contents[path] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    site: str
    area: str
    path: Path
    title: str = ""  # of a site that is new


def _target(desk: _Desk, devices: Sequence[str], to: str, *, title: str, area: str) -> _Target:
    sites = desk.known.sites()
    if to in sites:
        if title:
            raise UsageError(f"{to} is there already; leave --name out")
        return _Target(site=to, area=sites[to].area, path=desk.file_of(sites[to].devices[0]))
    if not title:
        near = difflib.get_close_matches(to, [*sites, *desk.known.areas()], 1)
        mean = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no site or area {to}; {mean}A new site: --to {to} --name 'Phường …'")
    if key_of(to) != to:
        raise UsageError(f"{to} cannot be the key of a site: write it as {key_of(to)}")
    if to in desk.known.tree.groups or to in desk.known.tree.hosts:
        raise UsageError(f"{to} is a group or host of the inventory already; choose another key")
    areas = {desk.known.devices[name].area for name in devices}
    if not area and len(areas) > 1:
        raise UsageError(f"the devices are of several areas ({', '.join(sorted(areas))}): say which with --area")
    area = area or min(areas)
    if area and area not in desk.known.areas():
        raise UsageError(f"there is no area {area}; there are {', '.join(desk.known.areas())}")
    return _Target(site=to, area=area, path=desk.free(area, to), title=title)


def _to_area(workspace: Workspace, desk: _Desk, names: Sequence[str], sites: Sequence[str], to: str) -> Move:
    """Think out how whole sites go to another area: their keys, and so their vaults, stay."""
    known = desk.known
    if len(sites) < len(names):
        raise UsageError(f"{to} is an area: name whole sites, or a site to put devices into")
    for key in sites:
        site = known.sites()[key]
        if site.area == to:
            raise UsageError(f"{key} is in {to} already")
        path = desk.file_of(site.devices[0])
        carried = passage.group(desk.content(path), key, str(path))
        desk.edit(path, RemoveGroup(key))
        desk.clear(path)
        new = desk.free(to, key)
        desk.new(new, passage.new_file((to, "children"), [carried], str(new), head=site.name))
    devices = [name for key in sites for name in known.sites()[key].devices]
    effects = _effects(workspace, desk, devices)
    places = {name: (known.devices[name].site,) * 2 for name in devices}
    return Move(places=places, area=to, effects=tuple(effects), contents=desk.contents, seen=desk.seen)


def _waivers(desk: _Desk, devices: Sequence[str], to: str) -> tuple[tuple[str, str], ...]:
    """Write down at each device the waivers it had from its site and has no more."""
    known, carried = desk.known, []
    there = known.sites().get(to)
    agreed = _mapping(known, there.devices[0], SITE) if there is not None else {}
    for name in devices:
        own = _mapping(known, name, HOST)
        for setting, waiver in _mapping(known, name, SITE).items():
            if setting not in own and agreed.get(setting) != waiver:
                desk.edit(desk.at[name], SetEntry(name, HOST, setting, dict(waiver), of_host=True))
                carried.append((name, setting))
    return tuple(carried)


def _wired(desk: _Desk, devices: Sequence[str], to: str) -> tuple[tuple[str, str], ...]:
    """Write down which switch a device is on, where its site had one only and now has several."""
    there = [d for d in desk.known.devices.values() if d.site == to or d.name in devices]
    if sum(device.kind is Kind.SWITCH for device in there) < 2:
        return ()
    told = [(device.name, switch_of(desk.known.devices, device)) for device in there if not device.switch]
    named = tuple((name, switch) for name, switch in told if switch)
    for name, switch in named:
        desk.edit(desk.at.get(name) or desk.file_of(name), SetHostValue(name, "switch", switch))
    return named


def _mapping(known: Inventory, device: str, variable: str) -> Mapping[str, Any]:
    told = known.values(device).get(variable)
    return told.value if told is not None and isinstance(told.value, Mapping) else {}


def _effects(workspace: Workspace, desk: _Desk, devices: Sequence[str], *, strict: bool = True) -> list[Effect]:
    """Try the inventory as it would be; return what is another value then. Raises where others would change, too."""
    then = tried(workspace, desk.contents, strict=strict)
    if then is None:
        return []
    _others_stay(desk.known, then, set(devices))
    return [effect for name in devices for effect in _differences(desk.known, then, name)]


def _differences(known: Inventory, then: Inventory, device: str) -> Iterator[Effect]:
    """Yield the variables that are others then, without settings of aspects that the device has not."""
    before, after = known.values(device), then.values(device)
    for variable in sorted(set(before) | set(after)):
        setting = known.schema.settings.get(variable)
        foreign = setting is not None and not known.schema.aspects[setting.aspect].of(known.devices[device])
        if foreign or variable in (SITE, HOST, VAULT, "switch"):
            continue
        old, new = _value(before, variable), _value(after, variable)
        if old != new and SEALED not in (old, new):
            yield Effect(device=device, variable=variable, before=old, after=new)


def _value(values: Mapping[str, Any], variable: str) -> Any:
    """Return a variable's value; None where there is none, or a template that renders to nothing here."""
    try:
        return values[variable].value if variable in values else None
    except InventoryError:
        return None


def _others_stay(known: Inventory, then: Inventory, moved: set[str]) -> None:
    """Raise UsageError where a move would change what is said of others."""
    for name, group in then.tree.groups.items():
        if name in known.tree.groups and _said(known.tree.groups[name].vars) != _said(group.vars):
            raise UsageError(f"the move would change the variables of the group {name}: edit its file by hand")
    gone = set(known.tree.hosts) - set(then.tree.hosts)
    if gone:
        raise UsageError(f"the move would lose {min(gone)}: edit its file by hand")
    for name, host in then.tree.hosts.items():
        told, was = ({**_said(each.vars), "switch": ""} for each in (host, known.tree.hosts[name]))
        if name not in moved and (told != was or set(known.tree.hosts[name].groups) != set(host.groups)):
            raise UsageError(f"the move would change {name}, which stays: edit its file by hand")


def _said(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: var.value for name, var in variables.items()}


def _left(workspace: Workspace, ending: Iterable[str]) -> Iterator[Path]:
    """Yield the files of variables of sites that are no more; their vaults go when they are empty."""
    for key in ending:
        for folder in (workspace.inventory_root / "group_vars" / key, workspace.inventory_root / "host_vars" / key):
            yield from (path for path in sorted(folder.glob("*")) if path.name != "vault.yml")
        single = workspace.inventory_root / "group_vars" / f"{key}.yml"
        if single.exists():
            yield single
