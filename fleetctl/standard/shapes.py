"""What the fields of an aspect's dataclass may hold, read once from its annotations."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
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


def variables(aspect: Aspect) -> tuple[str, ...]:
    """Return the names of the inventory variables the aspect understands; measured fields have none."""
    told = []
    for shape in shapes(aspect.type):
        if not shape.setting.observed:
            layers = LAYERS if shape.sort is Sort.KEYED else ("",)
            told += [f"{aspect.name}_{shape.name}{layer}" for layer in layers]
    if has_keyed(aspect):
        told.append(f"{aspect.name}_exclusive")
    return tuple(told)


def has_keyed(aspect: Aspect) -> bool:
    """Return whether the aspect has a keyed field that can be set."""
    return any(s.sort is Sort.KEYED and not s.setting.observed for s in shapes(aspect.type))


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
