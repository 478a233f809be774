"""Edits of inventory files that keep every other byte: comments, line breaks, anchors, order.

An edit is carried out on the text and, apart from it, on what the file means; the new text is read again and
must mean just that, else nothing is written. Files are replaced whole (`fleetctl.files`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl import files
from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.finding import find_group, find_host, owner_of, ranges
from fleetctl.inventory.marked import Node, Text, marked, meaning
from fleetctl.inventory.splice import Splice, add, change, entry_of, fill, remove
from fleetctl.inventory.written import Template, words

__all__ = [
    "AddHost",
    "Edit",
    "RemoveEntry",
    "RemoveGroup",
    "RemoveGroupValue",
    "RemoveHost",
    "RemoveHostValue",
    "SetEntry",
    "SetGroupValue",
    "SetHostValue",
    "Template",
    "edit_file",
    "edited",
    "set_host_values",
]

_BOM: Final = b"\xef\xbb\xbf"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class SetHostValue:
    """Sets a variable of a host; text with `{{` in it is written `!unsafe` unless it is a `Template`."""

    host: str
    variable: str
    value: Any


@dataclass(frozen=True, slots=True)
class RemoveHostValue:
    """Removes a variable from a host's own line."""

    host: str
    variable: str


@dataclass(frozen=True, slots=True)
class SetGroupValue:
    """Sets a variable in a group's `vars`."""

    group: str
    variable: str
    value: Any


@dataclass(frozen=True, slots=True)
class RemoveGroupValue:
    """Removes a variable from a group's `vars`."""

    group: str
    variable: str


@dataclass(frozen=True, slots=True)
class AddHost:
    """Adds a host to a group, with its variables."""

    group: str
    host: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RemoveHost:
    """Removes a host, with its variables, from a group."""

    group: str
    host: str


@dataclass(frozen=True, slots=True)
class RemoveGroup:
    """Removes the definition of a group with all that is in it."""

    group: str


@dataclass(frozen=True, slots=True)
class SetEntry:
    """Sets an entry of a mapping that a variable of a host or group holds; the mapping is made if there is none."""

    owner: str
    variable: str
    key: str
    value: Any
    of_host: bool = False


@dataclass(frozen=True, slots=True)
class RemoveEntry:
    """Removes an entry from a mapping that a variable of a host or group holds."""

    owner: str
    variable: str
    key: str
    of_host: bool = False


Edit = (
    SetEntry
    | RemoveEntry
    | SetHostValue
    | RemoveHostValue
    | SetGroupValue
    | RemoveGroupValue
    | AddHost
    | RemoveHost
    | RemoveGroup
)


def set_host_values(path: Path, host: str, values: Mapping[str, Any]) -> None:
    """Set variables of a host in its file; see `edit_file`."""
    edit_file(path, [SetHostValue(host, variable, value) for variable, value in values.items()])


def edit_file(path: Path, edits: Sequence[Edit], *, seen: bytes | None = None) -> None:
    """Carry out edits on a file, all of them or none; permissions and symbolic links are kept.

    `seen` is the content the edits were thought out for. Raises InventoryError for an edit that cannot be carried
    out exactly or a file that is not as it was seen, Busy when another fleetctl writes there, OSError.
    """
    with files.locked(path.resolve().parent):
        before = path.read_bytes()
        if seen is not None and before != seen:
            raise _moved(path)
        after = edited(before, edits, file=str(path))
        if after == before:
            return
        if path.read_bytes() != before:
            raise _moved(path)
        files.replace(path, after)


def _moved(path: Path) -> InventoryError:
    reason = "the file was changed by somebody else since it was read; nothing was written"
    return InventoryError([Fault(file=str(path), line=1, column=1, reason=reason, mend="run the command again")])


def edited(content: bytes, edits: Sequence[Edit], *, file: str = "inventory") -> bytes:
    """Return a file's content with the edits carried out in their order; raises InventoryError."""
    bom = content.startswith(_BOM)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        reason = "not UTF-8 text"
        raise InventoryError([Fault(file=file, line=1, column=1, reason=reason, mend="save it as UTF-8")]) from None
    waiting = list(edits)
    told = marked(text, file)
    while waiting:
        told, waiting = _pass(told, waiting)
    return (_BOM if bom else b"") + told.text.encode("utf-8")


def _pass(told: Text, edits: list[Edit]) -> tuple[Text, list[Edit]]:
    """Carry out the first edit, with it edits of other hosts' values up to the next of groups; return what is left."""
    meant, meanings = meaning(told)
    now, later = _batch(edits)
    splices = [splice for edit in now if (splice := _splice(told, edit, meanings)) is not None]
    text = told.text
    for splice in sorted(splices, key=lambda s: s.start, reverse=True):
        text = text[: splice.start] + splice.words + text[splice.end :]
    return (_checked(told, text, meant) if splices else told), later


def _batch(edits: list[Edit]) -> tuple[list[Edit], list[Edit]]:
    now: dict[str, Edit] = {}
    later: list[Edit] = []
    for number, edit in enumerate(edits):
        if not isinstance(edit, SetHostValue | RemoveHostValue):
            later += edits[number:] if now else edits[1:]
            return (list(now.values()) or [edit]), later
        if edit.host in now:
            later.append(edit)
        else:
            now[edit.host] = edit
    return list(now.values()), later


def _checked(told: Text, text: str, meant: Any) -> Text:
    """Read the new text; refuse it unless it means what was intended."""
    try:
        text.encode("utf-8")
        after = marked(text, told.file)
        exact = meaning(after)[0] == meant
    except (InventoryError, UnicodeEncodeError):
        exact = False
    if not exact:
        told.refuse(0, "the edit cannot be made without changing something else", "edit the file by hand")
    return after


def _splice(told: Text, edit: Edit, meanings: Mapping[int, list[Any]]) -> Splice | None:
    _check_names(told, edit)
    match edit:
        case SetEntry() | RemoveEntry():
            return _entry(told, edit, meanings)
        case SetHostValue():
            return _set(told, find_host(told, edit.host, edit.variable), edit.variable, edit.value, meanings)
        case RemoveHostValue():
            return _remove(told, find_host(told, edit.host, edit.variable), edit.variable, meanings)
        case SetGroupValue():
            group = find_group(told, edit.group, "vars", edit.variable)
            return _set_in(told, group, "vars", edit.variable, edit.value, meanings)
        case RemoveGroupValue():
            group = find_group(told, edit.group, "vars", edit.variable)
            inner = entry_of(told, group[1], "vars") if group[1].kind == "map" else None
            return _remove(told, inner or group, edit.variable, meanings)
        case AddHost():
            return _add_host(told, edit, meanings)
        case RemoveHost():
            group = find_group(told, edit.group, "hosts", edit.host)
            inner = entry_of(told, group[1], "hosts") if group[1].kind == "map" else None
            return _remove(told, inner or group, edit.host, meanings)
        case RemoveGroup():
            return remove(told, owner_of(told, edit.group), edit.group, meanings)


def _entry(told: Text, edit: SetEntry | RemoveEntry, meanings: Mapping[int, list[Any]]) -> Splice | None:
    """Edit one entry of the mapping that a variable holds."""
    if edit.of_host:
        owner: tuple[Node, Node] | None = find_host(told, edit.owner, edit.variable)
    else:
        group = find_group(told, edit.owner, "vars", edit.variable)
        owner = entry_of(told, group[1], "vars") if group[1].kind == "map" else None
    inside = owner is not None and owner[1].kind == "map"
    held = entry_of(told, owner[1], edit.variable) if owner is not None and inside else None
    if isinstance(edit, RemoveEntry):
        if held is None:
            told.refuse(0, f"`{edit.owner}` has no `{edit.variable}` of its own here", "see fleetctl waiver list")
        return _remove(told, held, edit.key, meanings)
    if held is not None:
        return _set(told, held, edit.key, edit.value, meanings)
    whole = {edit.key: edit.value}
    if edit.of_host and owner is not None:
        return _set(told, owner, edit.variable, whole, meanings)
    return _set_in(told, group, "vars", edit.variable, whole, meanings)


def _check_names(told: Text, edit: Edit) -> None:
    """Refuse what would not be read as a plain name, or cannot be written."""
    variables = [*edit.values] if isinstance(edit, AddHost) else [getattr(edit, "variable", "x")]
    for variable in variables:
        if not _VARIABLE.fullmatch(variable):
            told.refuse(0, f"{variable!r} cannot be the name of a variable", "use letters, digits and _ only")
    host = getattr(edit, "host", "x")
    if not host or "[" in host or host != host.strip():
        told.refuse(0, f"{host!r} cannot be the name of one host", "name one host")
    try:
        words(edit.values if isinstance(edit, AddHost) else getattr(edit, "value", None))
    except TypeError as error:
        told.refuse(0, str(error), "use text, numbers, lists and mappings")


def _add_host(told: Text, edit: AddHost, meanings: Mapping[int, list[Any]]) -> Splice | None:
    group = find_group(told, edit.group, "hosts", edit.host)
    hosts = entry_of(told, group[1], "hosts") if group[1].kind == "map" else None
    if hosts is not None and hosts[1].kind == "map" and entry_of(told, hosts[1], edit.host):
        told.refuse(hosts[0].start, f"{edit.host} is in the group {edit.group} already", "choose another name")
    if any(edit.host in names for _, names in ranges(told)):
        told.refuse(group[0].start, f"{edit.host} is in a range already", "choose another name")
    return _set_in(told, group, "hosts", edit.host, dict(edit.values) or None, meanings)


def _set_in(
    told: Text, group: tuple[Node, Node], section: str, name: str, value: Any, meanings: Mapping[int, list[Any]]
) -> Splice | None:
    """Set an entry of a group's `vars` or `hosts`, which is made if there is none."""
    key, node = group
    if node.is_null:
        return fill(group, section, {name: value}, meanings)
    if node.kind != "map":
        told.refuse(key.start, f"the group `{key.value}` is not a mapping of its own", "edit it by hand")
    inner = entry_of(told, node, section)
    if inner is None:
        return add(told, node, section, {name: value}, meanings, block=not node.flow)
    return _set(told, inner, name, value, meanings)


def _set(
    told: Text, owner: tuple[Node, Node], name: str, value: Any, meanings: Mapping[int, list[Any]]
) -> Splice | None:
    key, node = owner
    if node.is_null:
        return fill(owner, name, value, meanings)
    if node.kind != "map":
        what = "an alias" if node.kind == "alias" else "not a mapping"
        told.refuse(key.start, f"what `{key.value}` holds is {what}", "write its variables out as a mapping")
    entry = entry_of(told, node, name)
    if entry is not None:
        return change(told, entry, value, meanings)
    last = next((v for _, v in reversed(node.pairs) if v.kind == "map"), None)
    block = isinstance(value, Mapping) and last is not None and not last.flow
    return add(told, node, name, value, meanings, block=block)


def _remove(told: Text, owner: tuple[Node, Node], name: str, meanings: Mapping[int, list[Any]]) -> Splice:
    key, node = owner
    if node.kind != "map" or entry_of(told, node, name) is None:
        told.refuse(key.start, f"`{key.value}` has no `{name}` of its own here", "see fleetctl inventory explain")
    return remove(told, node, name, meanings)
