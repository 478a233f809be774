"""One raw value of the inventory to the type of its field, or what is wrong with it. Nothing lossy is accepted."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from fleetctl.inventory.values import Sealed, Vaulted
from fleetctl.model import UNSET, FrozenMap
from fleetctl.standard.shapes import STATE, Shape, Sort

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Why a value cannot be taken; `path` leads to it within the variable: key, then field."""

    reason: str
    mend: str
    path: tuple[str, ...] = ()


class _WrongValue(ValueError):
    def __init__(self, reason: str, mend: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason, self.mend, self.path = reason, mend, path

    def told(self, *above: str) -> Wrong:
        return Wrong(reason=self.reason, mend=self.mend, path=(*above, *self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What a variable's value comes to; for a keyed field a mapping: key -> field -> value (None un-sets)."""

    value: Any = UNSET
    wrongs: tuple[Wrong, ...] = ()


class _Boxed:
    """A raw value made hashable by its text, which tells 1, 1.0, True and "1" apart."""

    __slots__ = ("text", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.text = repr(value)

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Boxed) and self.text == other.text


def convert(shape: Shape, value: Any) -> Converted:
    """Return the value as the field's type, or all that is wrong with it; null un-sets what an outer layer set.

    Whole numbers and decimals may be strings ("15"), as templates give them, but must be exact; yes, no, on
    and off are booleans as in Ansible. For numbers, minimum and maximum bound the value; for text its length
    in characters; for lists the number of items. The pattern of a keyed field is that of its keys.
    """
    return _converted(shape, _Boxed(value))


@lru_cache(maxsize=32768)
def _converted(shape: Shape, boxed: _Boxed) -> Converted:
    if boxed.value is None:
        return Converted()
    if isinstance(boxed.value, Sealed | Vaulted):
        mend = "write it openly; only passwords belong into the vault"
        return Converted(wrongs=(Wrong(reason="comes out of the vault, which settings cannot", mend=mend),))
    if shape.sort is Sort.KEYED:
        return _layer(shape, boxed.value)
    try:
        return Converted(value=_plain(shape, boxed.value))
    except _WrongValue as wrong:
        return Converted(wrongs=(wrong.told(),))


def _layer(shape: Shape, value: Any) -> Converted:
    """Convert one layer of a keyed field: every item's fields on their own, so that layers merge field by field."""
    if not isinstance(value, Mapping):
        mend = "write a mapping with a key for each item, {} for none"
        return Converted(wrongs=(Wrong(reason=f"is {shown(value)}, not a mapping", mend=mend),))
    items: dict[str, dict[str, Any] | None] = {}
    wrongs: list[Wrong] = []
    for key, item in value.items():
        if not isinstance(key, str):
            wrongs.append(Wrong(reason=f"has the key {key!r}, which is not text", mend=f'write it in quotes: "{key}"'))
        elif not key:
            wrongs.append(Wrong(reason="has an empty key", mend="name the item"))
        elif shape.setting.pattern and not re.fullmatch(shape.setting.pattern, key):
            reason = f"has the key {shown(key)}, which has not the form {shape.setting.pattern}"
            wrongs.append(Wrong(reason=reason, mend=f"expected is: {shape.setting.doc}"))
        elif item is None:
            items[key] = None
        elif shape.setting.short and isinstance(item, str) and not isinstance(item, Vaulted):
            items[key] = _item(shape, key, {shape.setting.short: item}, wrongs)
        elif not isinstance(item, Mapping):
            mend = "write the item's fields as a mapping, or state: absent"
            wrongs.append(Wrong(reason=f"is {shown(item)}, not a mapping", mend=mend, path=(key,)))
        else:
            items[key] = _item(shape, key, item, wrongs)
    return Converted(value=items, wrongs=tuple(wrongs))


def _item(shape: Shape, key: str, item: Mapping[Any, Any], wrongs: list[Wrong]) -> dict[str, Any]:
    known = {
        field.name: field for field in shape.fields if not field.setting.observed and field.sort is not Sort.SECRET
    }
    told: dict[str, Any] = {}
    for name, value in item.items():
        try:
            if name == STATE:
                told[STATE] = _state(value)
            elif name in known:
                told[name] = None if value is None else _plain(known[name], value)
            else:
                raise _unknown(shape, name, tuple(known))
        except _WrongValue as wrong:
            wrongs.append(wrong.told(key, str(name)))
    return told


def _state(value: Any) -> str:
    if value not in ("absent", "present"):
        raise _WrongValue(f"is {shown(value)}", "state is absent or present")
    return str(value)


def _unknown(shape: Shape, name: Any, known: tuple[str, ...]) -> _WrongValue:
    field = next((f for f in shape.fields if f.name == name), None)
    if field is not None and field.sort is Sort.SECRET:
        return _WrongValue("is a secret, which is never written here", "remove it; secrets are in the vault")
    if field is not None:
        return _WrongValue("is measured and cannot be set", "remove it")
    return _WrongValue("is not a field of this setting", _did_you_mean(str(name), (*known, STATE)))


def _plain(shape: Shape, value: Any) -> Any:
    match shape.sort:
        case Sort.BOOL:
            return _bool(value)
        case Sort.INT:
            return _bounded(shape, _int(value))
        case Sort.FLOAT:
            return _bounded(shape, _float(value))
        case Sort.CHOICE:
            return _choice(shape, value)
        case Sort.STRINGS:
            return _strings(shape, value)
        case Sort.LIST | Sort.MAPPING:
            return _whole(shape, value)
        case _:
            return _matching(shape, _str(value))


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise _WrongValue(f"is {shown(value)}, not true or false", "write true or false")


def _int(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    raise _WrongValue(f"is {shown(value)}, not a whole number", "write a whole number without unit, sign or spaces")


def _float(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    raise _WrongValue(f"is {shown(value)}, not a number", "write a number with a decimal point, without unit")


def _str(value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Vaulted):
        return str(value)
    if isinstance(value, bool | int | float):
        raise _WrongValue(
            f"is {shown(value)}, not text (YAML reads 007 as 7, 5.10 as 5.1, no as false)",
            "write it in quotes; in a template add | string",
        )
    raise _WrongValue(f"is {shown(value)}, not text", "write text")


def _choice(shape: Shape, value: Any) -> Any:
    possible = tuple(str(choice.value) for choice in shape.choices)
    if isinstance(value, str):
        for choice in shape.choices:
            if choice.value == value:
                return choice
    mend = _did_you_mean(str(value), possible)
    if isinstance(value, bool):
        words = [p for p in possible if _WORDS.get(p.lower()) is value]
        if words:
            mend = f"write it in quotes: {' or '.join(repr(w) for w in words)}"
    elif not isinstance(value, str) and str(value) in possible:
        mend = f"write it in quotes: '{value}'"
    raise _WrongValue(f"is {shown(value)}, not one of: {', '.join(possible)}", mend)


def _strings(shape: Shape, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise _WrongValue(f"is {shown(value)}, not a list", f"write a list: [{shown(value).strip(chr(39))}]")
    told = []
    for number, item in enumerate(value):
        try:
            told.append(_form(shape, _str(item)))
        except _WrongValue as wrong:
            raise _WrongValue(wrong.reason, wrong.mend, (str(number),)) from None
    _within(shape, len(told), "items")
    return tuple(told)


def _whole(shape: Shape, value: Any) -> Any:
    if shape.sort is Sort.LIST and not isinstance(value, list | tuple):
        raise _WrongValue(f"is {shown(value)}, not a list", f"write a list: [{shown(value).strip(chr(39))}]")
    if shape.sort is Sort.MAPPING and not isinstance(value, Mapping):
        raise _WrongValue(f"is {shown(value)}, not a mapping", "write a mapping, {} for none")
    return _frozen(value)


def _frozen(value: Any) -> Any:
    """Return a value that cannot change, as plain as it was written."""
    if isinstance(value, Mapping):
        return FrozenMap({str(key): _frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _matching(shape: Shape, value: str) -> str:
    _within(shape, len(value), "characters")
    return _form(shape, value)


def _form(shape: Shape, value: str) -> str:
    if shape.setting.pattern and not re.fullmatch(shape.setting.pattern, value):
        raise _WrongValue(
            f"is {shown(value)}, which has not the form {shape.setting.pattern}", f"expected is: {shape.setting.doc}"
        )
    return value


def _bounded(shape: Shape, value: Any) -> Any:
    _within(shape, value, shape.setting.unit)
    return value


def _within(shape: Shape, measure: float, unit: str) -> None:
    low, high = shape.setting.minimum, shape.setting.maximum
    if (low is None or measure >= low) and (high is None or measure <= high):
        return
    bounds = [f"{word} {bound:g}" for word, bound in (("at least", low), ("at most", high)) if bound is not None]
    told = f"{measure:g} {unit}".strip()
    raise _WrongValue(f"is {told}, out of range", f"possible is {' and '.join(bounds)} {unit}".strip())


def _did_you_mean(word: str, possible: tuple[str, ...]) -> str:
    folded = {p.casefold(): p for p in possible}
    close = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.5)
    return f"did you mean {folded[close[0]]}?" if close else f"possible is: {', '.join(possible)}"


def shown(value: Any) -> str:
    """Return a value as a short text for people."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    told = str(value).lower() if isinstance(value, bool) else repr(value)
    return told if len(told) <= _SHOWN else f"{told[: _SHOWN - 1]}…"
