"""Ansible's `constructed` plug-in, as far as groups and variables made from variables need it.

Known: compose, groups, keyed_groups (key, prefix, separator, default_value, trailing_separator, parent_group),
leading_separator, use_vars_plugins is not. Source: ansible-core 2.19, Constructable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from jinja2.utils import missing
from yaml.nodes import MappingNode

from fleetctl.inventory.documents import Document, Entry, entries, variable
from fleetctl.inventory.markers import Missing, first_marker
from fleetctl.inventory.templates import Scope
from fleetctl.inventory.tree import Host, Tree
from fleetctl.inventory.values import Var

NAMES: Final = ("constructed", "ansible.builtin.constructed", "ansible.legacy.constructed")
_KNOWN: Final = ("plugin", "strict", "compose", "groups", "keyed_groups", "leading_separator", "use_extra_vars")
_KEYED: Final = ("key", "prefix", "separator", "default_value", "trailing_separator", "parent_group")
_UNSAFE: Final = re.compile(r"^[\d\W]|\W")


def construct(tree: Tree, file: int, document: Document, root: MappingNode) -> None:
    """Add the groups and variables one plug-in file asks for, from what was read before it."""
    options: dict[str, Any] = {}
    places: dict[str, Entry] = {}
    for entry in entries(document, root):
        options[str(entry.key)] = variable(document, entry, file).value
        places[str(entry.key)] = entry
    for name, entry in places.items():
        if name not in _KNOWN:
            document.fault(entry.node, f"`{name}` of the constructed plug-in is not known here", "remove it")
    keyed = options.get("keyed_groups") or []
    if not isinstance(keyed, list) or not all(isinstance(item, dict) and "key" in item for item in keyed):
        reason = "keyed_groups is a list of mappings with `key`"
        document.fault(places["keyed_groups"].node, reason, "write `- key: kind`")
        return
    tree.measure()
    for host in tree.hosts.values():
        look = _lookup(tree, host)
        _compose(host, options.get("compose") or {}, Scope(look), file, places)
        scope = Scope(_lookup(tree, host))
        for name, condition in (options.get("groups") or {}).items():
            if _holds(scope, condition):
                _join(tree, safe_name(str(name)), host.name)
        for item in keyed:
            _key(tree, host, scope, item, options.get("leading_separator", True))


def _lookup(tree: Tree, host: Host) -> Callable[[str], Any]:
    """Return how a template of this file sees the host: what inventory files said so far, no group_vars folders."""
    ranked: list[Any] | None = None

    def find(name: str) -> Any:
        nonlocal ranked
        if name == "inventory_hostname":
            return host.name
        if name in host.vars:
            return host.vars[name].value
        if name == "group_names":
            return sorted(tree.groups_of(host) - {"all"})
        if ranked is None:
            ranked = tree.ranked(host)[::-1]
            ranked += [tree.groups["all"]] if "all" in tree.groups_of(host) else []
        for group in ranked:
            if name in group.vars:
                return group.vars[name].value
        return missing

    return find


def _evaluated(scope: Scope, expression: Any) -> Any:
    if isinstance(expression, str) and expression.isidentifier():
        value = scope.get(expression)
        return Missing(name=expression) if value is missing else value
    return scope.evaluated(str(expression))


def _compose(host: Host, compose: Any, scope: Scope, file: int, places: dict[str, Entry]) -> None:
    for name, expression in compose.items():
        value = scope.evaluated(str(expression))
        if first_marker(value) is None:
            entry = places["compose"]
            host.vars[str(name)] = Var(value, file, entry.line, entry.column, entry.line, entry.column, "", False, None)


def _holds(scope: Scope, condition: Any) -> bool:
    if isinstance(condition, bool):
        return condition
    value = scope.evaluated(str(condition).strip())
    return value is True


def _key(tree: Tree, host: Host, scope: Scope, item: dict[str, Any], leading: Any) -> None:
    value = _evaluated(scope, item["key"])
    if first_marker(value) is not None:
        return
    default, prefix, separator = item.get("default_value"), item.get("prefix", ""), item.get("separator", "_")
    if not value and not (value in (None, "") and default is not None):
        return
    for bare in _bare_names(value, default, separator, item.get("trailing_separator")):
        between = "" if prefix == "" and leading is False else separator
        name = safe_name(f"{prefix}{between}{bare}")
        _join(tree, name, host.name)
        if parent := item.get("parent_group"):
            tree.group(safe_name(str(parent)))
            tree.relate(safe_name(str(parent)), name)


def _bare_names(value: Any, default: Any, separator: str, trailing: Any) -> Iterable[Any]:
    if value in (None, ""):
        return [default]
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [default if item in (None, "") and default is not None else item for item in value]
    if isinstance(value, dict):
        return [_pair(key, item, default, separator, trailing) for key, item in value.items()]
    return []


def _pair(key: Any, value: Any, default: Any, separator: str, trailing: Any) -> str:
    if value in (None, "") and default is not None:
        return f"{key}{separator}{default}"
    if value in (None, "") and trailing is False:
        return str(key)
    return f"{key}{separator}{value}"


def _join(tree: Tree, group: str, host: str) -> None:
    tree.group(group).constructed = True
    tree.put(group, host)


def safe_name(name: str) -> str:
    """Return the name Ansible gives a constructed group: what a variable's name may not hold becomes `_`."""
    return _UNSAFE.sub("_", name)
