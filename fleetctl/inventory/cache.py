"""The second load of an unchanged inventory: the tree and its devices, kept as plain data in the user's own folder.

The data is `marshal`, which holds values only: nothing in it is ever run. What comes out of the vault is kept
as the ciphertext it was. A cache file that is not the user's own, that others may write, or whose key differs
is passed over. The key covers path, time and size of every file, fleetctl's and Python's versions, and the
names, forms and bounds of all settings.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import marshal
import os
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fleetctl import __version__, files
from fleetctl.inventory.schema import Schema
from fleetctl.inventory.tree import Group, Host, Tree
from fleetctl.inventory.values import Mark, Unsafe, Var, Vaulted
from fleetctl.model import Aspect, Device, Endpoint, Kind, Place

_FORMAT: Final = 1
_KEY_BYTES: Final = 32
MAX_BYTES: Final = 256 * 1024 * 1024


def key_of(root: Path, schema: Schema, aspects: Mapping[str, Aspect]) -> bytes:
    """Return what the cached tree depends on, as a digest. Raises OSError when the folder cannot be listed."""
    told = hashlib.sha256()
    told.update(repr((_FORMAT, __version__, sys.version, str(root), str(root.resolve()))).encode())
    told.update(repr(sorted((name, repr(setting)) for name, setting in schema.settings.items())).encode())
    told.update(repr(sorted((a.name, sorted(a.kinds), sorted(a.host_kinds)) for a in schema.aspects.values())).encode())
    for name, aspect in sorted(aspects.items()):
        told.update(
            repr((name, [(f.name, f.type, dict(f.metadata)) for f in dataclasses.fields(aspect.type)])).encode()
        )
    waiting = [str(root)]
    while waiting:
        path = waiting.pop()
        if not os.path.isdir(path):  # noqa: PTH112 - a Path for each of thousands of files is slow
            told.update(_line(path, os.stat(path)))  # noqa: PTH116
            continue
        with os.scandir(path) as found:
            for entry in sorted(found, key=lambda each: each.name):
                if entry.is_dir():
                    waiting.append(entry.path)
                    told.update(os.fsencode(f"{entry.path}/\n"))
                else:
                    told.update(_line(entry.path, entry.stat()))
    if not root.is_dir():
        for name in ("group_vars", "host_vars"):
            told.update(repr([str(path) for path in sorted((root.parent / name).rglob("*"))]).encode())
    return told.digest()


def _line(path: str, told: os.stat_result) -> bytes:
    return os.fsencode(f"{path}\t{told.st_mtime_ns}\t{told.st_size}\t{told.st_ino}\n")


def _file(folder: Path, root: Path) -> Path:
    return folder / f"inventory-{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]}.cache"


def read(folder: Path, root: Path, key: bytes) -> tuple[Tree, dict[str, Device]] | None:
    """Return the kept tree and devices, None where there is nothing fitting that is the user's own."""
    try:
        descriptor = os.open(_file(folder, root), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        told = os.fstat(file.fileno())
        mine = stat.S_ISREG(told.st_mode) and told.st_uid == os.geteuid() and not told.st_mode & 0o077
        if not mine or told.st_size > MAX_BYTES or file.read(_KEY_BYTES) != key:
            return None
        content = file.read()
    with suppress(EOFError, ValueError, TypeError, KeyError, IndexError):
        return _unpacked(marshal.loads(content))  # noqa: S302 - values only, from the user's own file
    return None


def write(folder: Path, root: Path, key: bytes, tree: Tree, devices: Mapping[str, Device]) -> None:
    """Keep a faultless tree; where that is not possible, nothing is kept and nothing is said."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(_file(folder, root), key + marshal.dumps(_packed(tree, devices)), mode=0o600)


# --- packing ---


def _packed(tree: Tree, devices: Mapping[str, Device]) -> dict[str, Any]:
    return {
        "files": tree.files,
        "warnings": tree.warnings,
        "groups": [
            (
                *(group.name, _vars(group.vars), _vars(group.file_vars), list(group.hosts), list(group.children)),
                *(list(group.parents), group.priority, group.depth, group.constructed, group.mentions),
            )
            for group in tree.groups.values()
        ],
        "hosts": [
            (host.name, _vars(host.vars), _vars(host.file_vars), list(host.groups), host.homes, host.source)
            for host in tree.hosts.values()
        ],
        "history": {owner: [_var(var) for var in told] for owner, told in tree.history.items()},
        "sealed": tree.sealed_files,
        "devices": [_device(device) for device in devices.values()],
    }


def _vars(told: Mapping[str, Var]) -> dict[str, Any]:
    return {name: _var(var) for name, var in told.items()}


def _var(var: Var) -> tuple[Any, ...]:
    value, special = _plain(var.value)
    marks = None if var.marks is None else [(path, tuple(mark)) for path, mark in var.marks.items()]
    return (special, value, *var[1:8], marks)


def _plain(value: Any) -> tuple[Any, bool]:
    """Return a value as marshal takes it, and whether something in it is not what it seems."""
    kind = type(value)
    if kind is dict:
        told = {key: _plain(item) for key, item in value.items()}
        special = any(flag for _, flag in told.values())
        return {key: item for key, (item, _) in told.items()}, special
    if kind is list:
        items = [_plain(item) for item in value]
        return [item for item, _ in items], any(flag for _, flag in items)
    if kind in (Vaulted, Unsafe):
        return (kind.__name__, str.__str__(value)), True
    if isinstance(value, datetime.datetime):
        return ("datetime", value.isoformat()), True
    if isinstance(value, datetime.date):
        return ("date", value.isoformat()), True
    return value, False


def _device(device: Device) -> tuple[Any, ...]:
    end, place = device.endpoint, device.place
    return (
        {name: getattr(device, name) for name in Device.__slots__ if name not in ("kind", "endpoint", "place")},
        device.kind.value,
        {name: getattr(end, name) for name in Endpoint.__slots__},
        None if place is None else (place.file, place.line, place.column),
    )


# --- unpacking ---


def _unpacked(told: dict[str, Any]) -> tuple[Tree, dict[str, Device]]:
    tree = Tree(files=told["files"], warnings=told["warnings"], sealed_files=told["sealed"])
    tree.groups.clear()
    for name, own, folder, hosts, children, parents, priority, depth, constructed, mentions in told["groups"]:
        tree.groups[name] = Group(
            name,
            _named(own),
            _named(folder),
            dict.fromkeys(hosts),
            dict.fromkeys(children),
            dict.fromkeys(parents),
            priority,
            depth,
            constructed,
            mentions,
        )
    for name, own, folder, groups, homes, source in told["hosts"]:
        tree.hosts[name] = Host(name, _named(own), _named(folder), dict.fromkeys(groups), homes, source)
    for owner, earlier in told["history"].items():
        tree.history[owner] = list(map(_back, earlier))
    devices: dict[str, Device] = {}
    for fields, kind, end, place in told["devices"]:
        located = None if place is None else Place(file=place[0], line=place[1], column=place[2])
        device = Device(kind=Kind(kind), endpoint=Endpoint(**end), place=located, **fields)
        devices[device.name] = device
    return tree, devices


def _named(told: dict[str, Any]) -> dict[str, Var]:
    return {name: _back(var) for name, var in told.items()} if told else {}


def _back(told: tuple[Any, ...]) -> Var:
    special, value, file, line, column, key_line, key_column, word, templated, marks = told
    if marks is not None:
        marks = {path: Mark(*mark) for path, mark in marks}
    value = _whole(value) if special else value
    return Var(value, file, line, column, key_line, key_column, word, templated, marks)


def _whole(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {key: _whole(item) for key, item in value.items()}
    if kind is list:
        return [_whole(item) for item in value]
    if kind is tuple:
        name, text = value
        makers: dict[str, Any] = {
            "Vaulted": Vaulted,
            "Unsafe": Unsafe,
            "datetime": datetime.datetime.fromisoformat,
            "date": datetime.date.fromisoformat,
        }
        return makers[name](text)
    return value
