"""Model values to JSON and back, for the journal and for plan files. A secret goes as its name, never its value.

Where a field's type is known the JSON is plain: `{"device": "cam-01", "aspect": "time"}`. Where it is not
(`Any`, `Hashable`: the value of an aspect, a change's before and after) a value that JSON does not have
carries its kind under "$": `{"$": "absent"}`, `{"$": "Time", "zone": "Asia/Ho_Chi_Minh"}`. A list is always a
tuple, a StrEnum its text. Fields at their default (UNSET, mostly) are left out. A value that is not of its
field's declared type (an `Untold`, an `ABSENT` item) is written as if the type were not known.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
import types
import typing
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

from fleetctl import model
from fleetctl.model import ABSENT, UNSET, FrozenMap, Unset

T = TypeVar("T")
Encoder = Callable[[Any], Any]
Types = Mapping[str, type[Any]]

TAG: Final = "$"
_to_text: Final = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
_PLAIN: Final = (str, bool, int, type(None))
_MARKS: Final[Mapping[str, Any]] = {"unset": UNSET, "absent": ABSENT}
_MODEL: Final[Types] = {
    name: found for name, found in vars(model).items() if isinstance(found, type) and dataclasses.is_dataclass(found)
}


def text(value: Any) -> str:
    """Return what `encode` returned as JSON text on one line."""
    return _to_text(value)


def types_of(roots: Iterable[type[Any]]) -> dict[str, type[Any]]:
    """Return by name the dataclasses and enums that occur in `roots` (aspect types); `decode` needs them.

    Raises ValueError when two of them bear one name.
    """
    found: dict[str, type[Any]] = {}

    def visit(wanted: Any) -> None:
        for inner in typing.get_args(wanted):
            visit(inner)
        if not isinstance(wanted, type) or wanted.__module__.startswith(("builtins", model.__name__)):
            return
        if dataclasses.is_dataclass(wanted) or issubclass(wanted, enum.Enum):
            if found.setdefault(wanted.__name__, wanted) is not wanted:
                raise ValueError(f"two types are named {wanted.__name__}")
            for hint in _hints(typing.cast(Any, wanted)).values() if dataclasses.is_dataclass(wanted) else ():
                visit(hint)

    for root in roots:
        visit(root)
    return found


# --- encode ---------------------------------------------------------------------------------------


def encode(value: Any, as_type: Any = Any) -> Any:
    """Return what `json.dumps` takes. Raises TypeError for anything the model does not have."""
    return _encoder(as_type)(value)


def _encode_any(value: Any) -> Any:
    kind: Any = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return value if math.isfinite(value) else {TAG: "float", "value": repr(value)}
    if value is UNSET or value is ABSENT:
        return {TAG: value.value}
    if kind is tuple or kind is list:
        return [_encode_any(item) for item in value]
    if kind is frozenset:
        return {TAG: "set", "items": [_encode_any(item) for item in sorted(value)]}
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value, (str, int)) else {TAG: kind.__name__, "value": value.value}
    if dataclasses.is_dataclass(value):
        return {TAG: kind.__name__, **_encoder(kind)(value)}
    if isinstance(value, Mapping):
        return {TAG: "map", "items": {_text(key): _encode_any(item) for key, item in value.items()}}
    if isinstance(value, datetime):
        return {TAG: "datetime", "value": value.isoformat()}
    raise TypeError(f"{kind.__name__} cannot be written as JSON")


def _text(key: Any) -> str:
    if type(key) is not str:
        raise TypeError(f"a mapping's keys are texts, not {type(key).__name__}")
    return key


@cache
def _encoder(wanted: Hashable) -> Encoder:
    """Return the encoder of a declared type; made once per type, since a run encodes every event."""
    if (inner := _one_of(wanted)) is not None:
        return _encoder(inner)
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (tuple, frozenset) and origin is not None:
        each = _encoder(args[0])
        order = sorted if origin is frozenset else iter
        return lambda value: [each(one) for one in order(value)] if type(value) is origin else _encode_any(value)
    if origin in (FrozenMap, Mapping):
        return _mapping_encoder(_encoder(args[-1]))
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return lambda value: value.value if type(value) is wanted else _encode_any(value)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return _dataclass_encoder(wanted)
    if wanted is datetime:
        return lambda value: value.isoformat() if type(value) is datetime else _encode_any(value)
    return _encode_any


def _mapping_encoder(each: Encoder) -> Encoder:
    def encoder(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return _encode_any(value)
        items = {_text(key): each(one) for key, one in value.items()}
        return items if TAG not in items else {TAG: "items", "items": items}

    return encoder


def _dataclass_encoder(wanted: Any) -> Encoder:
    hints = _hints(wanted)
    parts = [(field.name, field.default, _encoder(hints[field.name])) for field in dataclasses.fields(wanted)]

    def encoder(value: Any) -> Any:
        if type(value) is not wanted:
            return _encode_any(value)
        done: dict[str, Any] = {}
        for name, default, part in parts:
            item = getattr(value, name)
            kind = type(item)
            if item is default or (kind is type(default) and item == default):
                continue
            done[name] = item if kind is str else part(item)
        return done

    return encoder


# --- decode ---------------------------------------------------------------------------------------


def decode(as_type: type[T], data: Any, types: Types | None = None) -> T:
    """Return the value that `encode(value, as_type)` wrote; `types` names the aspects' own types.

    Raises ValueError, telling where, when the data is not such a value (another version, an edited file).
    """
    try:
        value: T = _decode(as_type, data, types or {}, getattr(as_type, "__name__", "value"))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a {as_type} as this version writes it: {error!r}") from error
    return value


def _decode(wanted: Any, data: Any, known: Types, where: str) -> Any:
    if data is None or (isinstance(data, dict) and TAG in data):
        return _decode_mapping(wanted, data, known, where)
    if (inner := _one_of(wanted)) is not None:
        return _decode(inner, data, known, where)
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (tuple, frozenset):
        items = [_decode(args[0], one, known, f"{where}[{at}]") for at, one in enumerate(_is(list, data, where))]
        return tuple(items) if origin is tuple else frozenset(items)
    if origin in (FrozenMap, Mapping):
        return _decode_mapping(wanted, {TAG: "items", "items": data}, known, where)
    if wanted in (str, bool, int):
        return _is(wanted, data, where)
    if wanted is float:
        return _is((int, float), data, where)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return wanted(data)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return _decode_dataclass(wanted, _is(dict, data, where), known, where)
    if wanted is datetime:
        return datetime.fromisoformat(_is(str, data, where))
    return _decode_any(data, known, where)


def _decode_mapping(wanted: Any, data: Any, known: Types, where: str) -> Any:
    """Take a tagged value, or a mapping one of whose keys is the tag itself."""
    if data is None or data.get(TAG) != "items":
        return _decode_any(data, known, where)
    each = (typing.get_args(_one_of(wanted) or wanted) or (Any,))[-1]
    items = _is(dict, data.get("items"), where)
    return FrozenMap({key: _decode(each, one, known, f"{where}.{key}") for key, one in items.items()})


def _decode_any(data: Any, known: Types, where: str) -> Any:
    if isinstance(data, list):
        return tuple(_decode_any(one, known, f"{where}[{at}]") for at, one in enumerate(data))
    if not isinstance(data, dict):
        return data
    tag = _is(str, data.get(TAG), where)
    if tag in _MARKS:
        return _MARKS[tag]
    if tag == "float":
        return float(data["value"])
    if tag == "set":
        return frozenset(_decode_any(data["items"], known, where))
    if tag == "map":
        return FrozenMap({key: _decode_any(one, known, f"{where}.{key}") for key, one in data["items"].items()})
    if tag == "datetime":
        return datetime.fromisoformat(data["value"])
    found = known.get(tag) or _MODEL.get(tag)
    if found is None:
        raise ValueError(f"{where}: {tag!r} is no type this version knows")
    if issubclass(found, enum.Enum):
        return found(data["value"])
    return _decode_dataclass(found, {key: one for key, one in data.items() if key != TAG}, known, where)


def _decode_dataclass(wanted: Any, data: Mapping[str, Any], known: Types, where: str) -> Any:
    hints = _hints(wanted)
    for key in data:
        if key not in hints:
            raise ValueError(f"{where}: {wanted.__name__} has no field {key!r}")
    return wanted(**{key: _decode(hints[key], one, known, f"{where}.{key}") for key, one in data.items()})


def _is(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise ValueError(f"{where}: {data!r} is not of type {getattr(kind, '__name__', 'number')}")
    return data


@cache
def _hints(wanted: Hashable) -> dict[str, Any]:
    hints = typing.get_type_hints(typing.cast(type, wanted))
    return {field.name: hints[field.name] for field in dataclasses.fields(typing.cast(Any, wanted))}


@cache
def _one_of(wanted: Hashable) -> Any:
    """Return X of `X | None` and `X | Unset`, else None."""
    if typing.get_origin(wanted) not in (typing.Union, types.UnionType):
        return None
    left = [arg for arg in typing.get_args(wanted) if arg not in (type(None), Unset)]
    return left[0] if len(left) == 1 else Hashable


def decode_plan(data: Any, aspects: Types) -> model.DevicePlan:
    """Return the plan of a device that `encode` wrote; `aspects` are the aspects' types by name.

    Raises ValueError when it is not one.
    """
    plan = decode(model.DevicePlan, data, types_of(aspects.values()))
    if type(plan) is model.DevicePlan:
        return plan
    raise ValueError(f"a plan was expected, not a {type(plan).__name__}")
