"""Which layer wins: Ansible's own order, weakest first.

`vars:` of all, `vars:` of the groups (depth, ansible_group_priority, name), group_vars of all, group_vars of the
groups, variables of the host, host_vars. Source: ansible-core 2.19, VARIABLE_PRECEDENCE and sort_groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from fleetctl.inventory.tree import Group, Host, Tree
from fleetctl.inventory.values import Var


class Source(NamedTuple):
    """One layer of a host's variables; `owner` is its key in the tree's history."""

    label: str
    owner: str
    vars: Mapping[str, Var]
    group: Group | None


def layers(tree: Tree, host: Host) -> list[Source]:
    """Return every layer of a host that holds something, weakest first."""
    groups = [tree.groups["all"], *tree.ranked(host)]
    found = [Source(f"group {group.name}", f"group {group.name}", group.vars, group) for group in groups]
    found += [
        Source(f"group {group.name} (group_vars)", f"group_vars {group.name}", group.file_vars, group)
        for group in groups
    ]
    found.append(Source(f"host {host.name}", f"host {host.name}", host.vars, None))
    found.append(Source(f"host {host.name} (host_vars)", f"host_vars {host.name}", host.file_vars, None))
    return [source for source in found if source.vars]


def merged(tree: Tree, host: Host) -> dict[str, Var]:
    """Return the winning variables of a host."""
    groups = [tree.groups["all"], *tree.ranked(host)]
    told: dict[str, Var] = {}
    for group in groups:
        told.update(group.vars)
    for group in groups:
        if group.file_vars:
            told.update(group.file_vars)
    told.update(host.vars)
    told.update(host.file_vars)
    return told
