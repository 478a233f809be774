"""Where the groups and hosts of an inventory file stand in its text. For edits."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.inventory.hostnames import expanded
from fleetctl.inventory.marked import Node, Text
from fleetctl.inventory.splice import entry_of


def groups(told: Text) -> Iterator[tuple[Node, Node]]:
    """Yield every definition of a group: its key and its value, outer ones first."""
    waiting = [told.root] if told.root is not None else []
    for level in waiting:
        if level.kind != "map":
            continue
        for key, node in level.pairs:
            if key.kind == "scalar" and key.value != "<<":
                yield key, node
                children = entry_of(told, node, "children") if node.kind == "map" else None
                if children is not None:
                    waiting.append(children[1])


def owner_of(told: Text, name: str) -> Node:
    """Return the mapping in which a group is defined: the file's own or its parent's `children`."""
    inner = (entry_of(told, node, "children") for _, node in groups(told) if node.kind == "map")
    levels = [told.root, *(entry[1] for entry in inner if entry is not None)]
    found = [level for level in levels if level is not None and level.kind == "map" and entry_of(told, level, name)]
    if not found:
        told.refuse(0, f"there is no group `{name}` in this file", "name a group that the file defines")
    if len(found) > 1:
        told.refuse(0, f"the group `{name}` is defined in several places of this file", "keep one of them")
    return found[0]


def find_group(told: Text, name: str, section: str, wanted: str) -> tuple[Node, Node]:
    """Return the definition of a group that holds what is wanted, else has the section, else any values."""
    found = [group for group in groups(told) if group[0].value == name]
    if not found:
        told.refuse(0, f"there is no group `{name}` in this file", "name a group that the file defines")

    def rank(group: tuple[Node, Node]) -> int:
        node = group[1]
        inner = entry_of(told, node, section) if node.kind == "map" else None
        if inner is None:
            return 1 if node.kind == "map" else 0
        return 3 if inner[1].kind == "map" and entry_of(told, inner[1], wanted) else 2

    return max(found, key=rank)


def hosts(told: Text) -> Iterator[tuple[Node, Node]]:
    """Yield every entry of a `hosts` mapping: its key and its value."""
    for _, node in groups(told):
        inner = entry_of(told, node, "hosts") if node.kind == "map" else None
        if inner is not None and inner[1].kind == "map":
            yield from ((key, value) for key, value in inner[1].pairs if key.kind == "scalar")


def ranges(told: Text) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Yield every range such as `cam-[01:04]` with the names it stands for."""
    for key, _ in hosts(told):
        if "[" in key.value:
            try:
                yield key, expanded(key.value)[0]
            except ValueError:
                continue


def find_host(told: Text, name: str, variable: str) -> tuple[Node, Node]:
    """Return the entry of a host that has the variable, else one that has any, else its first."""
    if told.hosts is None:
        told.hosts = {}
        for entry in hosts(told):
            told.hosts.setdefault(entry[0].value, []).append(entry)
    found = told.hosts.get(name, [])
    if not found:
        for key, names in ranges(told):
            if name in names:
                told.refuse(key.start, f"{name} is part of the range `{key.value}`", "write it as a host of its own")
        told.refuse(0, f"there is no host `{name}` in this file", "name a host that the file defines")
    having = [entry for entry in found if entry[1].kind == "map" and entry_of(told, entry[1], variable)]
    if len(having) > 1:
        told.refuse(having[1][0].start, f"{name} has `{variable}` in two groups of this file", "keep one of them")
    return max(having or found, key=lambda entry: entry[1].kind == "map")
