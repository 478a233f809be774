"""What is wrong with an inventory as a whole; every check yields all its faults."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fleetctl.errors import Fault
from fleetctl.inventory.devices import areas_of, at_var
from fleetctl.inventory.environment import names_in
from fleetctl.inventory.hostvars import HostValues
from fleetctl.inventory.markers import Locked, first_marker
from fleetctl.inventory.precedence import layers
from fleetctl.inventory.scalars import quoted
from fleetctl.inventory.schema import LEVELS, Schema, Setting
from fleetctl.inventory.tree import Group, Host, Tree
from fleetctl.inventory.values import Mark, Var, Vaulted
from fleetctl.inventory.variables import BY_NAME, INSTEAD, LOGINS, MAGIC, RESERVED
from fleetctl.model import Device


def every_var(tree: Tree) -> Iterator[tuple[str, Var]]:
    """Yield each variable of each group and host that is in force, ranges of hosts only once."""
    seen: set[int] = set()
    owners: list[Group | Host] = [*tree.groups.values(), *tree.hosts.values()]
    for owner in owners:
        for told in (owner.vars, owner.file_vars):
            for name, var in told.items():
                if id(var) not in seen:
                    seen.add(id(var))
                    yield name, var


def names(tree: Tree, schema: Schema) -> Iterator[Fault]:
    """Yield faults for names that are reserved, unknown settings, or misspelt."""
    verdicts: dict[str, tuple[str, str]] = {}
    used: frozenset[str] | None = None
    for name, var in every_var(tree):
        if name in schema.settings or name in BY_NAME:
            continue
        if name not in verdicts:
            if used is None:
                used = _used(tree)
            verdicts[name] = _verdict(name, schema, used)
        reason, mend = verdicts[name]
        if reason:
            file = tree.files[var.file]
            yield Fault(file=file, line=max(var.key_line, 1), column=max(var.key_column, 1), reason=reason, mend=mend)


def _used(tree: Tree) -> frozenset[str]:
    """Return the names that templates refer to: what somebody uses is no typing error."""
    texts = {text for _, var in every_var(tree) if var.templated for text in _texts(var.value)}
    return frozenset(name for text in texts for name in names_in(text))


def _texts(value: Any) -> Iterator[str]:
    if type(value) is str:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def _verdict(name: str, schema: Schema, used: frozenset[str]) -> tuple[str, str]:
    if name in RESERVED:
        instead = INSTEAD.get(name)
        return f"`{name}` is a word of Ansible's own", f"use {instead}" if instead else "choose another name"
    if name in MAGIC:
        return f"Ansible sets `{name}` itself; this line has no effect", "remove it"
    aspect = schema.aspect_of(name)
    near = schema.near(name)
    if aspect:
        for level in LEVELS:
            if name.endswith(level) and name.removesuffix(level) in schema.settings:
                whole = name.removesuffix(level)
                reason = f"`{name}` is no setting: {whole} is one value, not a mapping to be merged"
                return reason, f"set {whole} itself"
        mend = f"did you mean {near}?" if near else f"see the settings of the aspect {aspect}"
        return f"`{name}` is no setting of the aspect {aspect}", mend
    if near and name not in used and difflib.SequenceMatcher(None, name, near).ratio() >= 0.88:
        return f"`{name}` is not known and no template uses it", f"did you mean {near}?"
    return "", ""


def plain_passwords(tree: Tree) -> Iterator[Fault]:
    """Yield faults for passwords that stand readable in a file."""
    for name, var in every_var(tree):
        if name.startswith("ansible_") and name.endswith(("_password", "_pass")) and not var.templated:
            if isinstance(var.value, Vaulted) or var.value in (None, ""):
                continue
            reason = f"{name} stands here in plain text"
            yield at_var(tree, var, reason, "keep it in the vault: fleetctl password rotate, or ansible-vault")


# --- traps of YAML 1.1 ---


def traps(tree: Tree, schema: Schema) -> Iterator[Fault]:
    """Yield faults for settings that YAML 1.1 turned into something else than was written."""
    for name, var in every_var(tree):
        setting = schema.settings.get(name)
        if setting is None or not (var.word or var.marks):
            continue
        for path, value, mark in _marked(var):
            form = _form_at(setting, path)
            mend = _trap(form, value, mark.word)
            if mend:
                told = ".".join((name, *path))
                what = "a text" if form == "text" else "a whole number"
                reason = f"YAML 1.1 reads `{mark.word}` as {_as_yaml(value)}, but {told} is {what}"
                yield Fault(file=tree.files[var.file], line=mark.line, column=mark.column, reason=reason, mend=mend)


def _marked(var: Var) -> Iterator[tuple[tuple[str, ...], Any, Mark]]:
    if var.word:
        yield (), var.value, Mark(var.line, var.column, var.word)
    for path, mark in (var.marks or {}).items():
        if mark.word:
            yield path, _within(var.value, path), mark


def _within(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if isinstance(value, list):
            value = value[int(step)]
        else:
            value = next((item for key, item in value.items() if str(key) == step), None)
    return value


def _form_at(setting: Setting, path: tuple[str, ...]) -> str:
    """Return the form of what stands at a path within a setting."""
    if setting.form == "keyed":
        if len(path) < 2:
            return "other"
        form = setting.items.get(path[1], "other")
        return "text" if form == "list" and len(path) == 3 else form
    if setting.form == "list":
        return "text" if len(path) == 1 else "other"
    return setting.form if not path else "other"


def _trap(form: str, value: Any, word: str) -> str:
    if ":" in word and isinstance(value, int | float) and not isinstance(value, bool):
        return ""  # told when the file was read
    if form == "text" and value is not None:
        return f"put it in quotes: {quoted(word)}"
    if form == "whole" and isinstance(value, int) and not isinstance(value, bool):
        return f"write {word.lstrip('0') or '0'}" if word.lstrip("0").isdecimal() else "write a plain number"
    return ""


def _as_yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.date):
        return f"the date {value}"
    return f"the number {value}"


# --- places in the tree ---


def structure(tree: Tree, devices: Mapping[str, Device]) -> Iterator[Fault]:
    """Yield faults of sites and areas: listed twice, one key for two things, no site at all."""
    sites: dict[str, list[Device]] = {}
    for device in devices.values():
        sites.setdefault(device.site, []).append(device)
        if not device.site and device.place is not None:
            yield _of(device, f"{device.name} belongs to no site", "list it under `hosts:` of a group for its site")
        yield from _listed_twice(tree, device)
    areas = {area for site in sites if site for area in areas_of(tree, site)}
    for site, members in sites.items():
        if not site:
            continue
        group, first = tree.groups[site], members[0]
        if site in areas:
            yield _of(first, f"{site} is both a site and an area", "give the site a key of its own")
        if group.constructed:
            yield _of(first, f"the site {site} bears the name of a group made of kinds or vendors", "rename the site")
        if len(parents := areas_of(tree, site)) > 1:
            told = _mention(tree, tree.groups[site], 1)
            reason = f"the site {site} is in two areas, {parents[0]} and {parents[1]}; Ansible would merge them"
            mend = "give one of the sites another key"
            yield Fault(file=told[0], line=told[1], column=told[2], reason=reason, mend=mend)
            continue
        for other in members:
            if other.place and first.place and other.place.file != first.place.file:
                reason = f"the site {site} is in two files (first in {first.place.file}); Ansible would merge them"
                yield _of(other, reason, "keep each site in one file, or give one of them another key")
                break
    for name in tree.groups.keys() & tree.hosts.keys():
        told = _mention(tree, tree.groups[name], 0)
        reason = f"{name} is both a group and a host"
        yield Fault(file=told[0], line=told[1], column=told[2], reason=reason, mend="rename one of them")


def _listed_twice(tree: Tree, device: Device) -> Iterator[Fault]:
    homes = [(group, told) for group, told in tree.hosts[device.name].homes.items() if told[3]]
    for group, (file, line, column, _) in homes:
        if group != device.site and group not in ("all", "ungrouped"):
            reason = f"{device.name} is listed with variables in two groups, {device.site} and {group}"
            mend = f"write only its name here: `{device.name}:`"
            yield Fault(file=tree.files[file], line=line, column=column, reason=reason, mend=mend)


def _of(device: Device, reason: str, mend: str) -> Fault:
    place = device.place
    return Fault(
        file=place.file if place else "",
        line=place.line if place else 1,
        column=place.column if place else 1,
        reason=reason,
        mend=mend,
    )


def _mention(tree: Tree, group: Group, number: int) -> tuple[str, int, int]:
    if not group.mentions:
        return tree.files[0] if tree.files else "", 1, 1
    file, line, column = group.mentions[min(number, len(group.mentions) - 1)]
    return tree.files[file], line, column


# --- what is silently outranked ---


def contested(tree: Tree) -> frozenset[str]:
    """Return the names that could be silently outranked, so that only these are looked at for each host."""
    in_files = {name for group in tree.groups.values() for name in group.vars}
    in_folders = {name for group in tree.groups.values() for name in group.file_vars}
    made = {name for group in tree.groups.values() if group.constructed for name in group.vars}
    return frozenset((in_files & in_folders) | made)


def outranked(tree: Tree, view: HostValues, names_: Iterable[str]) -> Iterator[Fault]:
    """Yield faults for lines of a narrower group that a wider or made group outranks for this host."""
    told = layers(tree, view.host)
    for name in names_:
        setting = [layer for layer in told if name in layer.vars]
        for index, loser in enumerate(setting):
            if loser.group is None:
                break
            winner = next((w for w in setting[index + 1 :] if w.group and _beats(w.label, w.group, loser.group)), None)
            if winner is not None:
                strong, weak = winner.vars[name], loser.vars[name]
                where = f"{tree.files[strong.file]}:{strong.line}:{strong.column}"
                reason = f"{name} here is outranked by {winner.label} ({where})"
                yield at_var(tree, weak, reason, _mend_rank(winner.label, winner.group))
                break


def _beats(label: str, winner: Group | None, loser: Group) -> bool:
    if winner is None or winner.name == loser.name:
        return False
    if label.endswith("(group_vars)"):
        return winner.depth < loser.depth
    return winner.constructed and not loser.constructed and loser.name != "all" and winner.priority > 0


def _mend_rank(label: str, group: Group | None) -> str:
    if label.endswith("(group_vars)"):
        return "Ansible ranks group_vars folders above `vars:` of inventory files: keep both in one kind of place"
    return f"set `ansible_group_priority: 0` under `vars:` of {group.name if group else 'that group'}"


# --- templates ---


def templates(view: HostValues, schema: Schema, device: Device | None) -> Iterator[Fault]:
    """Yield faults for the templates of a device that cannot be rendered; only settings of its kind are asked."""
    for name, var in view.vars.items():
        if not var.templated:
            continue
        setting = schema.settings.get(name)
        if setting is not None:
            if device is None or not schema.aspects[setting.aspect].of(device):
                continue
        elif name not in BY_NAME or name in LOGINS:
            continue  # a password is judged when it is needed: the vault may not be made yet
        marker = first_marker(view.scope.get(name))
        if marker is not None and not isinstance(marker, Locked):
            yield view.fault(name, str(marker._undefined_message))
