"""One YAML file, read as Ansible reads it, with the place of every value and every trap of YAML 1.1 told.

The file is composed by libyaml and built here, so that a value keeps its line, its column and the word that
stood in the file. Values are what PyYAML's safe constructor gives (which Ansible uses); `!vault` and
`!unsafe` become `Vaulted` and `Unsafe`. Nothing is decrypted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import Resolver

from fleetctl.errors import Fault
from fleetctl.inventory import scalars
from fleetctl.inventory.scalars import STR, is_template
from fleetctl.inventory.values import Mark, Unsafe, Var

_MERGE, _MAP, _SEQ = (scalars.TAG + name for name in ("merge", "map", "seq"))
_Path = tuple[str, ...]
_Marks = dict[_Path, Mark]
MAX_DEPTH: Final = 40
MAX_NODES: Final = 200_000  # a file that unfolds to more through aliases is an alias bomb


class Entry(NamedTuple):
    """One key of a mapping in a file: the key, where it stands, and its value not yet built."""

    key: Any
    line: int
    column: int
    node: Node


@dataclass(slots=True)
class Document:
    """What a file holds: `root` is None where it is empty or broken; faults are complete either way."""

    file: str
    root: Node | None = None
    faults: list[Fault] = field(default_factory=list)
    encrypted: bool = False
    nodes: int = 0

    def fault(self, node: Node | None, reason: str, mend: str = "") -> None:
        """Note what is wrong at a node (at the top of the file, if there is none)."""
        line, column = (node.start_mark.line + 1, node.start_mark.column + 1) if node else (1, 1)
        self.faults.append(Fault(file=self.file, line=line, column=column, reason=reason, mend=mend))

    def fault_at(self, entry: Entry, reason: str, mend: str = "") -> None:
        """Note what is wrong with a key."""
        self.faults.append(Fault(file=self.file, line=entry.line, column=entry.column, reason=reason, mend=mend))


class _Composer(CParser):
    """libyaml's parser with YAML 1.1's implicit types, remembered by word: fleets repeat themselves."""

    _resolver: Final = Resolver()
    _known: Final[dict[str, str]] = {}

    def resolve(self, kind: type[Node], value: str, implicit: Any) -> str:
        if kind is not ScalarNode:
            return _MAP if kind is MappingNode else _SEQ
        if not implicit[0]:
            return STR
        tag = self._known.get(value)
        if tag is None:
            tag = str(self._resolver.resolve(ScalarNode, value, (True, False)))  # type: ignore[no-untyped-call]
            if len(self._known) < 100_000:
                self._known[value] = tag
        return tag

    def descend_resolver(self, parent: Any, index: Any) -> None:
        """Path resolvers are not used."""

    def ascend_resolver(self) -> None:
        """Path resolvers are not used."""


def parse(content: bytes, file: str) -> Document:
    """Compose a file; what is not YAML becomes a fault with its place. Raises nothing."""
    document = Document(file=file)
    if content.startswith(b"$ANSIBLE_VAULT;"):
        document.encrypted = True
        return document
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        document.faults.append(
            Fault(file=file, line=line, column=column, reason="not UTF-8 text", mend="save the file as UTF-8")
        )
        return document
    try:
        document.root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = f"not YAML: {error.problem or error.context}"
        document.faults.append(Fault(file=file, line=line, column=column, reason=reason, mend=_syntax_mend(text, line)))
    except yaml.YAMLError as error:
        document.faults.append(Fault(file=file, line=1, column=1, reason=f"not YAML: {str(error).splitlines()[0]}"))
    return document


def _syntax_mend(text: str, line: int) -> str:
    lines = text.splitlines()
    told = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in told:
        return "indent with spaces, not tabs"
    if re.search(r":\s*\{\{", told):
        return 'put a value that begins with {{ in quotes: "{{ ... }}"'
    return "check indentation, colons and quotes of this line and the one above"


def entries(document: Document, node: Node) -> Iterator[Entry]:
    """Yield the keys of a mapping node in order, later duplicates replacing earlier ones as in Ansible.

    Duplicate keys are faults; `<<` merges are unfolded.
    """
    told: dict[Any, Entry] = {}
    for key_node, value_node in _pairs(document, node, 0):
        if key_node.tag == STR:
            key: Any = key_node.value
        else:
            key = _key(document, key_node)
        entry = Entry(key, key_node.start_mark.line + 1, key_node.start_mark.column + 1, value_node)
        told[key] = entry
    return iter(told.values())


def _key(document: Document, node: Node) -> Any:
    if not isinstance(node, ScalarNode):
        mend = "use a word as the key"
        if isinstance(node, MappingNode) and node.flow_style:
            mend = 'if a template is meant, put it in quotes: "{{ ... }}"'
        document.fault(node, "a mapping or list cannot be a key", mend)
        return str(node.start_mark)
    value, _ = _scalar(document, node, as_key=True)
    return value


def _pairs(document: Document, node: Node, depth: int) -> list[tuple[Node, Node]]:
    """Return the pairs of a mapping with merges unfolded: merged ones first, so that own keys win."""
    if not any(key.tag == _MERGE for key, _ in node.value):
        _tell_duplicates(document, node.value)
        return list(node.value)
    own = [pair for pair in node.value if pair[0].tag != _MERGE]
    _tell_duplicates(document, own)
    merged: list[tuple[Node, Node]] = []
    for key, value in node.value:
        if key.tag != _MERGE:
            continue
        sources = list(reversed(value.value)) if isinstance(value, SequenceNode) else [value]
        for source in sources:
            if isinstance(source, MappingNode) and depth < MAX_DEPTH:
                merged.extend(_pairs(document, source, depth + 1))
            else:
                document.fault(value, "`<<` merges a mapping only", "name a mapping (an alias such as *name)")
    return merged + own


def _tell_duplicates(document: Document, pairs: list[tuple[Node, Node]]) -> None:
    seen: dict[tuple[str, str], Node] = {}
    for key, _ in pairs:
        if not isinstance(key, ScalarNode):
            continue
        first = seen.setdefault((key.tag, key.value), key)
        if first is not key:
            reason = f"the key `{key.value}` stands twice in one mapping (first in line {first.start_mark.line + 1})"
            document.fault(key, reason, "keep one of them; Ansible would silently take the last")


def variable(document: Document, entry: Entry, file: int) -> Var:
    """Build the value of one variable, with the marks of what is nested in it."""
    node = entry.node
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, ScalarNode):
        value, word = _scalar(document, node)
        templated = type(value) is str and is_template(value)
        return Var(value, file, line, column, entry.line, entry.column, word, templated, None)
    marks: _Marks = {}
    value = _build(document, node, (), marks, 0)
    return Var(value, file, line, column, entry.line, entry.column, "", _holds_template(value), marks)


def _holds_template(value: Any) -> bool:
    if type(value) is str:
        return is_template(value)
    if type(value) is dict:
        return any(_holds_template(item) for item in value.values())
    return type(value) is list and any(_holds_template(item) for item in value)


def _build(document: Document, node: Node, path: _Path, marks: _Marks, depth: int) -> Any:
    document.nodes += 1
    if depth > MAX_DEPTH or document.nodes > MAX_NODES:
        if document.nodes <= MAX_NODES + 1 or depth == MAX_DEPTH + 1:
            document.fault(node, "nested too deeply, or too large", "no setting needs this; check the aliases")
        document.nodes += MAX_NODES
        return None
    word = ""
    value: Any
    if isinstance(node, ScalarNode):
        value, word = _scalar(document, node)
    elif node.tag not in (_MAP, _SEQ):
        value = _tagged(document, node, path, marks, depth)
    elif isinstance(node, MappingNode):
        value = {
            entry.key: _build(document, entry.node, (*path, str(entry.key)), marks, depth + 1)
            for entry in entries(document, node)
        }
    else:
        value = [
            _build(document, item, (*path, str(number)), marks, depth + 1) for number, item in enumerate(node.value)
        ]
    if path:
        marks[path] = Mark(node.start_mark.line + 1, node.start_mark.column + 1, word)
    return value


def _tagged(document: Document, node: Node, path: _Path, marks: _Marks, depth: int) -> Any:
    if node.tag == "!unsafe":
        node.tag = _MAP if isinstance(node, MappingNode) else _SEQ
        return _unsafe(_build(document, node, path, marks, depth))
    document.fault(node, f"the tag {scalars.short(node.tag)} is not known to Ansible", "remove the tag")
    return None


def _unsafe(value: Any) -> Any:
    if isinstance(value, str):
        return Unsafe(value)
    if isinstance(value, dict):
        return {key: _unsafe(item) for key, item in value.items()}
    return [_unsafe(item) for item in value] if isinstance(value, list) else value


def _scalar(document: Document, node: ScalarNode, *, as_key: bool = False) -> tuple[Any, str]:
    """Return the value and, where the value is no longer what was written, the word in the file."""
    told = scalars.read(node, as_key=as_key)
    if told.reason:
        document.fault(node, told.reason, told.mend)
    return told.value, told.word
