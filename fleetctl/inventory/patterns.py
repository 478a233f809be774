"""Ansible's host patterns, for `--limit`: `a:b`, `a,b`, `&a`, `!a`, wildcards, `~regex`, `[0]`, `[1:3]`.

Source: ansible-core 2.19, inventory manager. One thing is stricter: a term that names nothing is an error,
since a typing error after `!` would otherwise let through what was to be left out.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.inventory.hostnames import split_port
from fleetctl.inventory.tree import Tree

_SUBSCRIPT: Final = re.compile(r"(.+)\[(?:(-?[0-9]+)|([0-9]+)([:-])([0-9]*))\]")
_TERM: Final = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")


def terms(pattern: str) -> list[str]:
    """Split a pattern into its terms, at commas if there are any, else at colons that are no port or address."""
    if "," in pattern:
        found = pattern.split(",")
    elif split_port(pattern) is not None:
        found = [pattern]
    else:
        found = _TERM.findall(pattern)
        if _TERM.sub("", pattern).strip(": \t\n"):
            raise UsageError(f"the pattern `{pattern}` has a bracket that is not closed")
    told: list[str] = []
    for term in (each.strip() for each in found):
        if term.startswith("@"):
            told += _from_file(term[1:])
        elif term:
            told.append(term)
    return told


def _from_file(path: str) -> list[str]:
    try:
        return [line.strip() for line in Path(path).read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise UsageError(f"the limit file {path} cannot be read: {error.strerror}") from None


def match(tree: Tree, pattern: str) -> tuple[str, ...]:
    """Return the names of the hosts a pattern means, in Ansible's order. Raises UsageError for what names nothing."""
    told = terms(pattern)
    if not told:
        raise UsageError("the pattern is empty; write a site, an area, a kind or a device, or `all`")
    regular = [term for term in told if term[0] not in "&!"] or ["all"]
    hosts: dict[str, None] = {}
    for term in regular:
        hosts.update(dict.fromkeys(_one(tree, term)))
    for term in (term for term in told if term[0] == "&"):
        kept = set(_one(tree, term[1:]))
        hosts = {name: None for name in hosts if name in kept}
    for term in (term for term in told if term[0] == "!"):
        dropped = set(_one(tree, term[1:]))
        hosts = {name: None for name in hosts if name not in dropped}
    return tuple(hosts)


def _one(tree: Tree, term: str) -> tuple[str, ...]:
    """Return the hosts of one term without its `&` or `!`."""
    if term in tree.hosts:
        return (term,)
    expression, subscript = term, None
    if not term.startswith("~") and (found := _SUBSCRIPT.fullmatch(term)):
        expression, subscript = found.group(1), found.groups()[1:]
    groups, hosts = _named(tree, expression)
    if not groups and not hosts:
        raise UsageError(f"`{term}` names no device, site, area or kind{_near(tree, expression)}")
    found_hosts = tuple(dict.fromkeys([*(name for group in groups for name in tree.hosts_of(group)), *hosts]))
    return _sliced(found_hosts, subscript, term) if subscript and found_hosts else found_hosts


def _named(tree: Tree, expression: str) -> tuple[list[str], list[str]]:
    """Return the groups an expression matches, and the hosts (asked only where Ansible asks)."""
    if not expression:
        return [], []
    try:
        regex = re.compile(expression[1:] if expression[0] == "~" else fnmatch.translate(expression))
    except re.error as error:
        raise UsageError(f"`{expression}` is not a regular expression: {error}") from None
    groups = [name for name in tree.groups if regex.match(name)]
    if groups and expression[0] != "~" and not any(sign in expression for sign in ".?*["):
        return groups, []
    return groups, [name for name in tree.hosts if regex.match(name)]


def _sliced(hosts: tuple[str, ...], subscript: tuple[str | None, ...], term: str) -> tuple[str, ...]:
    index, start, _separator, end = subscript
    if index is not None:
        try:
            return (hosts[int(index)],)
        except IndexError:
            raise UsageError(f"`{term}`: there are only {len(hosts)} of them, counted from 0") from None
    first = int(start or 0)
    last = int(end) if end else len(hosts) - 1
    return hosts[first : last + 1] if last else (hosts[first],) if first < len(hosts) else ()


def _near(tree: Tree, word: str) -> str:
    found = difflib.get_close_matches(word, [*tree.groups, *tree.hosts], 3, 0.6)
    return f"; did you mean {' or '.join(found)}?" if found else ""
