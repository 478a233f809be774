"""Dahua's key=value text: written from nested values, read from a query as the device reads it.

Source: field facts on vendor protocols 2.1; captures dahua/aiodahua (numbers as floats with six decimals).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

TYPE: Final = "text/plain;charset=utf-8"
_STEP: Final = re.compile(r"\.?([^.\[\]\"]+(?::[^.\[\]\"]+)?)|\[\"([^\"]+)\"\]|\[([^\]\"]+)\]")


class Refused(Exception):
    """The device says no: `kind` is missing, argument, right, unknown, failed."""

    def __init__(self, kind: str, words: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.words = words


def _leaf(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}"
    return str(value)


def flat(value: Any, at: str) -> Iterator[tuple[str, str]]:
    """Yield key and text of every leaf of nested mappings and lists."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from flat(inner, f"{at}.{name}" if at else str(name))
    elif isinstance(value, (list, tuple)):
        for number, inner in enumerate(value):
            yield from flat(inner, f"{at}[{number}]")
    else:
        yield at, _leaf(value)


def lines(value: Any, at: str = "") -> str:
    """Return the lines of nested values."""
    return "".join(f"{key}={told}\r\n" for key, told in flat(value, at))


def pairs(query: str) -> list[tuple[str, str]]:
    """Read a query as the device does: it decodes first and splits then, so that what follows an & is lost."""
    found = [part.partition("=") for part in unquote_plus(query).split("&") if "=" in part]
    return [(name, value) for name, _, value in found]


def steps(key: str) -> list[str | int]:
    """Return the steps of a key: names and numbers; raises Refused for what is none."""
    found: list[str | int] = []
    at = 0
    while at < len(key):
        match = _STEP.match(key, at)
        if match is None:
            raise Refused("argument", key)
        name, quoted, bracket = match.groups()
        inside = quoted if quoted is not None else bracket
        found.append(name if name is not None else int(inside) if inside.isdigit() and quoted is None else inside)
        at = match.end()
    return found


def assign(tree: Any, path: list[str | int], told: str) -> None:
    """Set a leaf that is there, in its own type; an empty value is passed over. Raises Refused."""
    if not told:
        return
    try:
        for step in path[:-1]:
            tree = tree[step]
        old = tree[path[-1]]
        tree[path[-1]] = _typed(old, told)
    except (KeyError, IndexError, TypeError, ValueError):
        raise Refused("argument", ".".join(str(step) for step in path)) from None


def _typed(old: Any, told: str) -> Any:
    if isinstance(old, (Mapping, list)):
        raise TypeError
    if isinstance(old, bool):
        if told.lower() not in ("true", "false", "1", "0"):
            raise ValueError(told)
        return told.lower() in ("true", "1")
    if isinstance(old, int):
        return int(told)
    return told.strip() if told.isspace() else told
