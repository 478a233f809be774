"""A YAML document as it stands in its text: what each key and value covers, aliases kept apart. For edits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from fleetctl.errors import Fault, InventoryError

BREAK: Final = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
TAG: Final = "tag:yaml.org,2002:"
NULL: Final = f"{TAG}null"
MAX_NODES: Final = 500_000  # what a file may unfold to through aliases
_COLON: Final = re.compile(r"\s*:")
resolve: Final[Callable[..., Any]] = Resolver().resolve
_construct: Final = SafeConstructor()
_TYPED: Final = {
    f"{TAG}int": _construct.construct_yaml_int,
    f"{TAG}float": _construct.construct_yaml_float,
    f"{TAG}bool": _construct.construct_yaml_bool,
}


@dataclass(slots=True, eq=False)
class Node:
    """One node: `text[start:end]` is what is written of it, without what follows (comments, line breaks)."""

    kind: str  # "scalar", "map", "seq", "alias"
    start: int
    end: int
    tag: str = ""
    value: str = ""
    style: str = ""
    flow: bool = False
    anchored: bool = False
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    items: list[Node] = field(default_factory=list)
    target: Node | None = None
    colon: int = 0  # of a key: where its colon ends; 0 where it has none

    @property
    def is_null(self) -> bool:
        """Tell whether it is an empty value, `~` or `null`."""
        return self.kind == "scalar" and self.tag == NULL


@dataclass(slots=True)
class Text:
    """A file's text (without its byte order mark) and its root node, None where it is empty."""

    file: str
    text: str
    root: Node | None
    hosts: dict[str, list[tuple[Node, Node]]] | None = None  # found by `finding`, by name

    def refuse(self, at: int, reason: str, mend: str) -> NoReturn:
        """Raise InventoryError for a place in the text."""
        raise InventoryError([self.fault(at, reason, mend)])

    def fault(self, at: int, reason: str, mend: str) -> Fault:
        """Return a fault at a place in the text."""
        begin = self.line_start(at)
        line = len(BREAK.findall(self.text, 0, begin)) + 1
        return Fault(file=self.file, line=line, column=at - begin + 1, reason=reason, mend=mend)

    def line_start(self, at: int) -> int:
        """Return where the line of a place begins."""
        begin = at
        while begin > 0 and self.text[begin - 1] not in "\n\r\x85\u2028\u2029":
            begin -= 1
        return begin

    def line_end(self, at: int) -> tuple[int, int]:
        """Return where the line of a place ends, before and after its break."""
        found = BREAK.search(self.text, at)
        return found.span() if found else (len(self.text), len(self.text))


def marked(text: str, file: str) -> Text:
    """Read a text; raises InventoryError where it is not one YAML document."""
    told = Text(file, text, None)
    try:
        events = list(yaml.parse(text, Loader=yaml.CSafeLoader))
        told.root = _Builder(told, iter(events)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = f"not YAML: {error.problem or error.context}"
        raise InventoryError(
            [Fault(file=file, line=line, column=column, reason=reason, mend="correct the file first")]
        ) from None
    except yaml.YAMLError as error:
        reason = f"not YAML: {str(error).splitlines()[0]}"
        raise InventoryError([Fault(file=file, line=1, column=1, reason=reason)]) from None
    return told


def _at(mark: Any) -> int:
    return int(mark.index)


class _Builder:
    def __init__(self, told: Text, events: Iterator[Any]) -> None:
        self.told, self.events = told, events
        self.anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self.told.refuse(_at(event.start_mark), "a second document in one file", "keep one document")
                root = self._node(next(self.events))
        return root

    def _node(self, event: Any) -> Node:
        start, end = _at(event.start_mark), _at(event.end_mark)
        if isinstance(event, yaml.AliasEvent):
            return Node("alias", start, end, target=self.anchors.get(str(event.anchor)))
        if isinstance(event, yaml.ScalarEvent):
            node = Node("scalar", start, end, value=event.value, style=event.style or "")
            node.tag = str(event.tag or resolve(ScalarNode, event.value, event.implicit))
            if event.style in ("|", ">"):
                node.end = start + len(self.told.text[start:end].rstrip())
        else:
            is_map = isinstance(event, yaml.MappingStartEvent)
            node = Node("map" if is_map else "seq", start, end, tag=event.tag or "", flow=bool(event.flow_style))
        if event.anchor:
            node.anchored = True
            self.anchors[str(event.anchor)] = node
        if node.kind == "map":
            self._pairs(node)
        elif node.kind == "seq":
            self._items(node)
        return node

    def _pairs(self, node: Node) -> None:
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self._node(event)
            found = _COLON.match(self.told.text, key.end)
            key.colon = found.end() if found else 0
            value = self._node(next(self.events))
            if value.kind == "scalar" and value.start == value.end:
                value.start = value.end = key.colon or key.end
            node.pairs.append((key, value))
        node.end = _at(event.end_mark) if node.flow else node.pairs[-1][1].end

    def _items(self, node: Node) -> None:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            node.items.append(self._node(event))
        node.end = _at(event.end_mark) if node.flow else node.items[-1].end


def meaning(told: Text) -> tuple[Any, dict[int, list[Any]]]:
    """Return what the document says, aliases unfolded into copies, and the same by the nodes' ids.

    Scalars are [tag, value], mappings ["map", tag, pairs] in order, lists ["seq", tag, items]; lists all, so that
    an edit can be carried out on them. Raises InventoryError for an alias bomb.
    """
    known: dict[int, list[Any]] = {}
    count = 0

    def mean(node: Node, *, copied: bool) -> list[Any]:
        nonlocal count
        count += 1
        if count > MAX_NODES:
            told.refuse(0, "unfolds to too much through its aliases", "write the values out")
        said: list[Any]
        if node.kind == "alias":
            said = mean(node.target, copied=True) if node.target else ["alias"]
        elif node.kind == "scalar":
            said = [node.tag, _typed(node.tag, node.value)]
        elif node.kind == "map":
            said = ["map", node.tag, [[mean(k, copied=copied), mean(v, copied=copied)] for k, v in node.pairs]]
        else:
            said = ["seq", node.tag, [mean(item, copied=copied) for item in node.items]]
        if not copied:
            known[id(node)] = said
        return said

    try:
        root = mean(told.root, copied=False) if told.root else None
    except RecursionError:
        told.refuse(0, "nested too deeply, or an alias that contains itself", "write the values out")
    return root, known


def _typed(tag: str, word: str) -> str:
    """Return a scalar's value so that 0x10 and 16 are the same, and 1 and 1.0 are not."""
    if tag == NULL:
        return ""
    build = _TYPED.get(tag)
    if build is None:
        return word
    try:
        return repr(build(ScalarNode(tag, word)))
    except (ValueError, KeyError):
        return word
