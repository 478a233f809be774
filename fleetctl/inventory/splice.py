"""Where the text of a YAML mapping changes when one of its entries is set, added or removed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.inventory.marked import BREAK, NULL, Node, Text
from fleetctl.inventory.written import said, words

_GAP: Final = r"(?:\s|(?<=\s)#[^\n\r\x85\u2028\u2029]*)*"
_COMMA: Final = re.compile(_GAP + ",")
_HEADER_COMMENT: Final = re.compile(r"[^\n\r\x85\u2028\u2029]*?[ \t](#[^\n\r\x85\u2028\u2029]*)")


@dataclass(frozen=True, slots=True)
class Splice:
    """Replaces `text[start:end]` by `words`."""

    start: int
    end: int
    words: str


def entry_of(told: Text, owner: Node, name: str) -> tuple[Node, Node] | None:
    """Return the entry of a mapping by its key; refuses a key that stands there twice."""
    found = [pair for pair in owner.pairs if pair[0].kind == "scalar" and pair[0].value == name]
    if len(found) > 1:
        told.refuse(found[1][0].start, f"the key `{name}` stands twice in one mapping", "keep one of them")
    return found[0] if found else None


def change(told: Text, entry: tuple[Node, Node], value: Any, meanings: Mapping[int, list[Any]]) -> Splice | None:
    """Return how an entry gets another value, None where it has it already; the meaning changes with it."""
    key, node = entry
    meant = said(value)
    if meanings[id(node)] == meant:
        return None
    meanings[id(node)][:] = meant
    if node.kind in ("map", "seq") and not node.flow:
        return _over_block(told, key, node, words(value))
    if node.start == node.end:  # nothing is written there
        return _after_key(key, words(value))
    comment = ""
    if node.style in ("|", ">") and (header := _HEADER_COMMENT.match(told.text, node.start, node.end)):
        comment = f" {header.group(1)}"
    return Splice(node.start, node.end, words(value) + comment)


def _after_key(key: Node, told: str) -> Splice:
    at = key.colon or key.end
    return Splice(at, at, f" {told}" if key.colon else f": {told}")


def _over_block(told: Text, key: Node, node: Node, value: str) -> Splice:
    """Replace a block list or mapping below its key; a comment in the key's own line stays."""
    end, _ = told.line_end(key.colon)
    between = told.text[key.colon : end]
    if node.anchored or node.tag or (between.strip() and not between.lstrip().startswith("#")):
        told.refuse(key.start, f"the value of `{key.value}` has an anchor, a tag or an odd form", "edit it by hand")
    last, _ = told.line_end(node.end)
    return Splice(key.colon, last, f" {value}{between.rstrip()}")


def fill(entry: tuple[Node, Node], name: str, value: Any, meanings: Mapping[int, list[Any]]) -> Splice:
    """Return how an entry that has no value gets a mapping with one entry."""
    key, node = entry
    new = {name: value}
    meanings[id(node)][:] = said(new)
    if node.start == node.end:
        return _after_key(key, words(new))
    return Splice(node.start, node.end, words(new))


def add(
    told: Text, owner: Node, name: str, value: Any, meanings: Mapping[int, list[Any]], *, block: bool = False
) -> Splice:
    """Return how a mapping gets one more entry, after its last one; `block` gives each of its entries a line."""
    meanings[id(owner)][2].append([said(name), said(value)])
    if owner.flow:
        told_entry = f"{words(name)}: {words(value)}"
        if not owner.pairs:
            return Splice(owner.end - 1, owner.end - 1, told_entry)
        last_key, last = owner.pairs[-1]
        gap = " " if last.start == last.end and last_key.colon else ""
        return Splice(last.end, last.end, f"{gap}, {told_entry}")
    last = owner.pairs[-1][1]
    indent = _indent(told, owner)
    lines = [indent + line for line in _lines(name, value, _step(told, owner) if block else "")]
    end, after = told.line_end(last.end)
    newline = _newline(told, end, after)
    if end == after:  # the file ends without a line break, and so it shall
        return Splice(end, end, "".join(newline + line for line in lines))
    if _keeps_blank_lines(told, last):
        after = _after_blank_lines(told, after)
    return Splice(after, after, "".join(line + newline for line in lines))


def remove(told: Text, owner: Node, name: str, meanings: Mapping[int, list[Any]]) -> Splice:
    """Return how a mapping loses an entry; a block mapping that loses its only one leaves its key without value."""
    number = next(n for n, (key, _) in enumerate(owner.pairs) if key.kind == "scalar" and key.value == name)
    meant = meanings[id(owner)]
    del meant[2][number]
    if owner.flow:
        return _remove_flow(told, owner, number)
    if not meant[2]:
        meant[:] = [NULL, ""]
    key, value = owner.pairs[number]
    start = told.line_start(key.start)
    if told.text[start : key.start].strip():
        told.refuse(key.start, f"`{name}` does not begin its line", "edit it by hand")
    end, after = told.line_end(value.end)
    if end == after and start > 0:  # the last line, without a break: the one before becomes such a line
        start -= 2 if told.text[start - 2 : start] == "\r\n" else 1
    return Splice(start, after, "")


def _remove_flow(told: Text, owner: Node, number: int) -> Splice:
    key, value = owner.pairs[number]
    comma = _COMMA.match(told.text, value.end)
    following = owner.pairs[number + 1][0].start if number + 1 < len(owner.pairs) else 0
    if comma is None and number:
        before = owner.pairs[number - 1][1].end
        if BREAK.search(told.text, before, key.start) is None:
            return Splice(before, value.end, "")
    if comma is None:
        return Splice(key.start, value.end, "")
    if following and BREAK.search(told.text, value.end, following) is None:
        return Splice(key.start, following, "")
    start, after = told.line_start(key.start), told.line_end(comma.end())
    if not told.text[start : key.start].strip() and not told.text[comma.end() : after[0]].strip():
        return Splice(start, after[1], "")
    return Splice(key.start, comma.end(), "")


def _indent(told: Text, owner: Node) -> str:
    first = owner.pairs[0][0].start
    indent = told.text[told.line_start(first) : first]
    if indent.strip(" "):
        told.refuse(first, "this mapping does not begin its line", "edit it by hand")
    return indent


def _step(told: Text, owner: Node) -> str:
    """Return by how much a block mapping's nested ones are indented."""
    for _, value in owner.pairs:
        if value.kind == "map" and not value.flow:
            deeper = len(_indent(told, value)) - len(_indent(told, owner))
            return " " * max(deeper, 1)
    return "  "


def _lines(name: str, value: Any, step: str) -> list[str]:
    if value is None:
        return [f"{words(name)}:"]
    if isinstance(value, Mapping) and value and step:
        return [f"{words(name)}:", *(step + line for key, item in value.items() for line in _lines(key, item, ""))]
    return [f"{words(name)}: {words(value)}"]


def _keeps_blank_lines(told: Text, node: Node) -> bool:
    """Tell whether what ends here is a block scalar to which the blank lines after it belong."""
    while node.kind in ("map", "seq") and not node.flow:
        node = node.pairs[-1][1] if node.pairs else node.items[-1]
    return node.style in ("|", ">") and "+" in told.text[node.start : told.line_end(node.start)[0]]


def _newline(told: Text, end: int, after: int) -> str:
    """Return the line break in use: that of this line, else the file's first, else a line feed."""
    if after > end:
        return told.text[end:after]
    first = BREAK.search(told.text)
    return first.group() if first else "\n"


def _after_blank_lines(told: Text, at: int) -> int:
    """Return the end of the blank lines that follow: they may belong to a block scalar."""
    while at < len(told.text):
        end, after = told.line_end(at)
        if told.text[at:end].strip() or end == after:
            break
        at = after
    return at
