"""Hosts and groups carried from one file to another as they are written: comments, quotes, templates and all.

What was carried must mean at its new place just what it meant at the old one, and nothing beside it may change;
else it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.edit import AddHost, edited
from fleetctl.inventory.finding import find_group, find_host
from fleetctl.inventory.marked import BREAK, Node, Text, marked, meaning
from fleetctl.inventory.splice import entry_of

_STAND_IN: Final = {"carried_here": ""}


@dataclass(frozen=True, slots=True)
class Passage:
    """The entry of a host or group: its lines, without the indentation of the first, and what they mean."""

    name: str
    lines: tuple[str, ...]
    meant: Any


def host(content: bytes, group: str, name: str, file: str) -> Passage:
    """Return the entry of a host in a group's `hosts`. Raises InventoryError where it cannot be carried."""
    told = _read(content, file)
    inner = entry_of(told, find_group(told, group, "hosts", name)[1], "hosts")
    entry = entry_of(told, inner[1], name) if inner is not None and inner[1].kind == "map" else None
    if entry is None:
        told.refuse(0, f"{name} is not listed by itself under `hosts` of {group}", "write it as a host of its own")
    return _passage(told, entry)


def group(content: bytes, name: str, file: str) -> Passage:
    """Return the definition of a group. Raises InventoryError where it cannot be carried."""
    told = _read(content, file)
    return _passage(told, find_group(told, name, "hosts", ""))


def with_host(content: bytes, group_name: str, passage: Passage, file: str) -> bytes:
    """Return a file's content with the host in the group as well. Raises InventoryError."""
    held = edited(content, [AddHost(group_name, passage.name, _STAND_IN)], file=file)
    told = _read(held, file)
    key, node = find_host(told, passage.name, next(iter(_STAND_IN)))
    meant, by_node = meaning(told)
    by_node[id(node)][:] = passage.meant
    indent = " " * (key.start - told.line_start(key.start))
    text = told.text[: key.start] + _written(told, passage, indent) + told.text[node.end :]
    try:
        exact = meaning(marked(text, file))[0] == meant
    except InventoryError:
        exact = False
    if not exact:
        told.refuse(key.start, f"{passage.name} cannot be written here as it is elsewhere", "move it by hand")
    return _encoded(text, content)


def new_file(levels: Sequence[str], passages: Sequence[Passage], file: str, *, head: str, variables: str = "") -> bytes:
    """Return the content of a new file: a comment, the keys that lead down to the passages, the passages.

    `variables` is a line of the last level's group, beside the passages' own level. Raises InventoryError.
    """
    lines = [f"# {head}"]
    for depth, word in enumerate(levels):
        if variables and depth == len(levels) - 1:
            lines += ["  " * depth + "vars:", "  " * (depth + 1) + variables]
        lines.append("  " * depth + f"{word}:")
    indent = "  " * len(levels)
    lines += [indent + line if line else "" for passage in passages for line in passage.lines]
    text = "\n".join(lines) + "\n"
    told = marked(text, file)
    level = told.root
    for word in levels:
        entry = entry_of(told, level, word) if level is not None else None
        level = entry[1] if entry is not None else None
    _, by_node = meaning(told)
    found = [by_node[id(node)] for _, node in level.pairs] if level is not None else []
    if found != [passage.meant for passage in passages]:
        told.refuse(0, f"{passages[0].name} cannot be written into a new file as it is", "move it by hand")
    return text.encode("utf-8")


def is_bare(content: bytes, file: str) -> bool:
    """Tell whether a file says nothing any more: no host, no variable."""
    told = _read(content, file)

    def bare(node: Node) -> bool:
        if node.kind != "map":
            return node.is_null
        return all(value.is_null or (key.value not in ("hosts", "vars") and bare(value)) for key, value in node.pairs)

    return told.root is None or bare(told.root)


def _read(content: bytes, file: str) -> Text:
    try:
        return marked(content.decode("utf-8-sig"), file)
    except UnicodeDecodeError:
        fault = Fault(file=file, line=1, column=1, reason="not UTF-8 text", mend="save it as UTF-8")
        raise InventoryError([fault]) from None


def _encoded(text: str, like: bytes) -> bytes:
    return (b"\xef\xbb\xbf" if like.startswith(b"\xef\xbb\xbf") else b"") + text.encode("utf-8")


def _passage(told: Text, entry: tuple[Node, Node]) -> Passage:
    key, node = entry
    end = max(node.end, key.colon)
    rest = told.text[end : told.line_end(end)[0]]
    if rest.lstrip().startswith("#"):  # the comment of the entry's own line goes with it
        end += len(rest.rstrip())
    column = key.start - told.line_start(key.start)
    first, *others = BREAK.split(told.text[key.start : end])
    lines = (first, *(line[min(column, len(line) - len(line.lstrip(" "))) :] for line in others))
    _, by_node = meaning(told)
    return Passage(key.value, lines, by_node[id(node)])


def _written(told: Text, passage: Passage, indent: str) -> str:
    found = BREAK.search(told.text)
    newline = found.group() if found else "\n"
    first, *others = passage.lines
    return newline.join([first, *(indent + line if line else "" for line in others)])
