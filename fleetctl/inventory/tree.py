"""Groups and hosts with their variables, related and ranked as Ansible relates and ranks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fleetctl.errors import Fault
from fleetctl.inventory.values import Var


@dataclass(slots=True)
class Group:
    """A group; `vars` are those of inventory files, `file_vars` those of the group_vars folder, which outrank them."""

    name: str
    vars: dict[str, Var] = field(default_factory=dict)
    file_vars: dict[str, Var] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    priority: int = 1
    depth: int = 0
    constructed: bool = False  # the constructed plug-in put hosts into it
    mentions: list[tuple[int, int, int]] = field(default_factory=list)  # (file, line, column) of each definition


@dataclass(slots=True)
class Host:
    """A host; `homes` are the groups whose `hosts:` names it, each with the place and whether it carries variables."""

    name: str
    vars: dict[str, Var] = field(default_factory=dict)
    file_vars: dict[str, Var] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)  # direct ones
    homes: dict[str, tuple[int, int, int, bool]] = field(default_factory=dict)
    source: str = ""  # the file that named it first


@dataclass(slots=True)
class Tree:
    """An inventory as read: what `Inventory` is built on, and what the cache keeps."""

    files: list[str] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    history: dict[tuple[str, str], list[Var]] = field(default_factory=dict)  # (owner, name): replaced by later files
    sealed_files: dict[str, list[str]] = field(default_factory=dict)  # "group x" or "host y": wholly encrypted files

    def __post_init__(self) -> None:
        for name in ("all", "ungrouped"):
            self.group(name)
        self.relate("all", "ungrouped")

    def group(self, name: str) -> Group:
        """Return the group of that name, made if there is none."""
        found = self.groups.get(name)
        if found is None:
            found = self.groups[name] = Group(name)
        return found

    def host(self, name: str, source: str) -> Host:
        """Return the host of that name, made if there is none."""
        found = self.hosts.get(name)
        if found is None:
            found = self.hosts[name] = Host(name, source=source)
        return found

    def relate(self, parent: str, child: str) -> bool:
        """Make one group the child of another; False (and nothing done) if that would close a loop."""
        if parent == child or child in self.ancestors([parent]):
            return False
        self.groups[parent].children[child] = None
        self.groups[child].parents[parent] = None
        return True

    def put(self, group: str, host: str) -> None:
        """Put a host directly into a group."""
        self.groups[group].hosts[host] = None
        self.hosts[host].groups[group] = None

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """Return the groups above the named ones, without these."""
        found: set[str] = set()
        waiting = [parent for name in names for parent in self.groups[name].parents]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(self.groups[name].parents)
        return found

    def groups_of(self, host: Host) -> set[str]:
        """Return every group of a host, direct or not."""
        return self.ancestors(host.groups) | set(host.groups)

    def descendants(self, name: str) -> Iterator[Group]:
        """Yield a group and what is below it, nearest first, each once, in the order of the files."""
        seen = {name}
        level = [name]
        while level:
            below: list[str] = []
            for each in level:
                yield self.groups[each]
                for child in self.groups[each].children:
                    if child not in seen:
                        seen.add(child)
                        below.append(child)
            level = below

    def hosts_of(self, group: str) -> tuple[str, ...]:
        """Return the names of the hosts of a group and of all below it, in the order Ansible lists them."""
        found: dict[str, None] = {}
        for each in self.descendants(group):
            found.update(each.hosts)
        return tuple(found)

    def settle(self) -> None:
        """Finish as Ansible does once everything is read: what has no parent is below `all`; depths; `ungrouped`."""
        for group in self.groups.values():
            if group.name != "all" and not group.parents:
                self.relate("all", group.name)
        ungrouped = self.groups["ungrouped"]
        for host in self.hosts.values():
            direct = set(host.groups)
            if "ungrouped" in direct and self.groups_of(host) - {"all", "ungrouped"}:
                ungrouped.hosts.pop(host.name, None)
                host.groups.pop("ungrouped", None)
            elif direct <= {"all"}:
                self.put("ungrouped", host.name)
        self.measure()

    def measure(self) -> None:
        """Set the depth of every group: the longest way down to it."""
        depths: dict[str, int] = {}

        def depth(name: str) -> int:
            if name not in depths:
                depths[name] = 1 + max((depth(parent) for parent in self.groups[name].parents), default=-1)
            return depths[name]

        for group in self.groups.values():
            group.depth = depth(group.name)

    def ranked(self, host: Host) -> list[Group]:
        """Return a host's groups without `all`, weakest first: depth, then ansible_group_priority, then name."""
        groups = [self.groups[name] for name in self.groups_of(host) if name != "all"]
        return sorted(groups, key=lambda group: (group.depth, group.priority, group.name))
