"""What the fields of an aspect's dataclass may hold, read once from its annotations."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.model import Absent, Aspect, FrozenMap, SecretRef, Setting, Unset, Untold, setting_of

LAYERS: Final = ("", "_area", "_site", "_host")  # of a keyed field, merged by key in this order
STATE: Final = "state"  # in an item of a keyed field: absent or present


class Sort(enum.Enum):
    """The sorts of value a field may have."""

    BOOL = enum.auto()
    INT = enum.auto()
    FLOAT = enum.auto()
    STR = enum.auto()
    CHOICE = enum.auto()
    STRINGS = enum.auto()
    KEYED = enum.auto()
    LIST = enum.auto()  # of a role: its items are the role's own affair
    MAPPING = enum.auto()
    SECRET = enum.auto()


_PLAIN: Final[dict[Any, Sort]] = {
    bool: Sort.BOOL,
    int: Sort.INT,
    float: Sort.FLOAT,
    str: Sort.STR,
    SecretRef: Sort.SECRET,
}
_STAND_INS: Final = (Unset, Absent, Untold, types.NoneType)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """One field of an aspect, or of an item of a keyed field. Equal only to itself: made once per process."""

    name: str
    sort: Sort
    setting: Setting
    choices: tuple[enum.StrEnum, ...] = ()
    item: type[Any] | None = None
    fields: tuple[Shape, ...] = ()  # of `item`


EXCLUSIVE: Final = Shape(
    name="exclusive", sort=Sort.BOOL, setting=Setting(doc="items of keyed fields that nobody named are removed")
)


def variables(aspect: Aspect) -> tuple[str, ...]:
    """Return the names of the inventory variables the aspect understands; measured fields have none."""
    return tuple(name for name, shape in settable(aspect) if not shape.setting.observed)


def settable(aspect: Aspect) -> Iterator[tuple[str, Shape]]:
    """Yield every variable that belongs to the aspect and its shape, measured fields too (to refuse them)."""
    has_keyed = False
    for shape in shapes(aspect.type):
        is_keyed = shape.sort is Sort.KEYED
        for layer in LAYERS if is_keyed else ("",):
            yield f"{aspect.name}_{shape.name}{layer}", shape
        has_keyed = has_keyed or (is_keyed and not shape.setting.observed)
    if has_keyed:
        yield f"{aspect.name}_{EXCLUSIVE.name}", EXCLUSIVE


_KNOWN: Final[dict[type[Any], tuple[Shape, ...]]] = {}


def shapes(of: type[Any]) -> tuple[Shape, ...]:
    """Return the shapes of a dataclass's fields; raises TypeError for an annotation the model does not allow."""
    if (known := _KNOWN.get(of)) is not None:
        return known
    hints = typing.get_type_hints(of)
    return _KNOWN.setdefault(of, tuple(_shape(of, field, hints[field.name]) for field in dataclasses.fields(of)))


def _shape(of: type[Any], field: dataclasses.Field[Any], hint: Any) -> Shape:
    kept = _without_stand_ins(hint)
    told = setting_of(field)
    if kept in _PLAIN:
        return Shape(name=field.name, sort=_PLAIN[kept], setting=told)
    if isinstance(kept, type) and issubclass(kept, enum.StrEnum):
        return Shape(name=field.name, sort=Sort.CHOICE, setting=told, choices=tuple(kept))
    origin, arguments = typing.get_origin(kept), typing.get_args(kept)
    if origin is tuple and arguments == (str, ...):
        return Shape(name=field.name, sort=Sort.STRINGS, setting=told)
    if origin in (Sequence, Mapping):
        return Shape(name=field.name, sort=Sort.LIST if origin is Sequence else Sort.MAPPING, setting=told)
    if origin is FrozenMap:
        item = _without_stand_ins(arguments[0])
        return Shape(name=field.name, sort=Sort.KEYED, setting=told, item=item, fields=shapes(item))
    raise TypeError(f"{of.__name__}.{field.name}: {hint} is not a type an aspect's field may have")


def _without_stand_ins(hint: Any) -> Any:
    """Return the one type of a union that is a value's, without UNSET, ABSENT and the like."""
    if typing.get_origin(hint) not in (types.UnionType, typing.Union):
        return hint
    kept = [argument for argument in typing.get_args(hint) if argument not in _STAND_INS]
    return kept[0] if len(kept) == 1 else hint
