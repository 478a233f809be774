"""What a value in the inventory is: as it was written, where, and as Ansible would render it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from fleetctl.model import FrozenMap, Place


class Vaulted(str):
    """The text of an inline `!vault` block, still encrypted; never shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<in the vault>"


class Unsafe(str):
    """A string marked `!unsafe`: never a template."""

    __slots__ = ()


class Sealed:
    """Stands in for a value that comes out of the vault, which loading never opens."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<in the vault>"

    def __reduce__(self) -> str:
        return "SEALED"


SEALED: Final = Sealed()


class Mark(NamedTuple):
    """Where something nested stands; `word` is what was written, where the value is something else now."""

    line: int
    column: int
    word: str


class Var(NamedTuple):
    """One variable as one file has it. Lines and columns count from 1; `file` is an index into the tree's files."""

    value: Any
    file: int
    line: int
    column: int
    key_line: int
    key_column: int
    word: str  # what was written, where YAML made something else of it ("22:00", "no", "5.10")
    templated: bool
    marks: Mapping[tuple[str, ...], Mark] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One variable of one host.

    `value` is rendered natively, as Ansible would (`SEALED` where it comes out of the vault); it is shared, so
    do not change it. `raw` is as written. `place` is None for what came from a dynamic inventory. `places`
    holds the places of what is nested, by dotted path: "admin", "admin.level", "0".
    """

    value: Any
    raw: Any
    place: Place | None
    places: Mapping[str, Place] = FrozenMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One of the places that set a variable of a host; the last layer of an explanation wins."""

    source: str  # "group all", "group viet_hung (group_vars)", "host viet-hung-cam-01", ...
    raw: Any
    place: Place | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a variable of a host is what it is: the rendered value, the winner and the outranked, weakest first."""

    name: str
    value: Any
    winner: Layer
    outranked: tuple[Layer, ...] = ()
    problem: str = ""  # why it cannot be rendered
