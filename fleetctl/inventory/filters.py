"""Ansible's filters and tests beyond those of Jinja2 itself. Pure: no files, clock or chance."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import re
import shlex
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import yaml

_TRUE: Final = frozenset({"yes", "on", "true", "1"})


def _flags(ignorecase: bool, multiline: bool) -> int:
    return (re.IGNORECASE if ignorecase else 0) | (re.MULTILINE if multiline else 0)


def _bool(value: Any) -> bool:
    return str(value).lower() in _TRUE


def _regex_replace(
    value: Any = "",
    pattern: str = "",
    replacement: str = "",
    ignorecase: bool = False,
    multiline: bool = False,
    count: int = 0,
    mandatory_count: int = 0,
) -> str:
    text, times = re.subn(pattern, replacement, str(value), count=count, flags=_flags(ignorecase, multiline))
    if mandatory_count and times != mandatory_count:
        raise ValueError(f"{pattern!r} should match {mandatory_count} times, it matches {times} times")
    return text


def _regex_search(value: Any, regex: str, *args: str, ignorecase: bool = False, multiline: bool = False) -> Any:
    found = re.search(regex, str(value), _flags(ignorecase, multiline))
    if found is None:
        return None
    wanted: list[int | str] = []
    for arg in args:
        if arg.startswith("\\g<"):
            wanted.append(arg[3:-1])
        elif arg.startswith("\\"):
            wanted.append(int(arg[1:]))
        else:
            raise ValueError(f"regex_search takes \\1 or \\g<name>, not {arg!r}")
    return [found.group(each) for each in wanted] if wanted else found.group()


def _regex_findall(value: Any, regex: str, multiline: bool = False, ignorecase: bool = False) -> list[Any]:
    return re.findall(regex, str(value), _flags(ignorecase, multiline))


def _flatten(values: Iterable[Any], levels: int | None = None, skip_nulls: bool = True) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if skip_nulls and value in (None, "None", "null"):
            continue
        if isinstance(value, (list, tuple)) and (levels is None or levels >= 1):
            flat.extend(_flatten(value, None if levels is None else levels - 1, skip_nulls))
        else:
            flat.append(value)
    return flat


def _merged(weak: Mapping[Any, Any], strong: Mapping[Any, Any], recursive: bool, lists: str) -> dict[Any, Any]:
    result = dict(weak)
    for key, value in strong.items():
        before = result.get(key)
        if recursive and isinstance(before, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(before, value, recursive, lists)
        elif isinstance(before, list) and isinstance(value, list) and lists != "replace":
            result[key] = _lists(before, value, lists)
        else:
            result[key] = value
    return result


def _lists(before: list[Any], value: list[Any], how: str) -> list[Any]:
    match how:
        case "keep":
            return before
        case "append":
            return before + value
        case "prepend":
            return value + before
        case "append_rp":
            return [item for item in before if item not in value] + value
        case "prepend_rp":
            return value + [item for item in before if item not in value]
    raise ValueError(f"list_merge cannot be {how!r}")


def _combine(*terms: Any, recursive: bool = False, list_merge: str = "replace") -> Any:
    mappings = _flatten(terms, levels=1)
    for mapping in mappings:
        if not isinstance(mapping, Mapping):
            raise TypeError(f"combine takes mappings, not {mapping!r}")
    result: Any = mappings[0] if mappings else {}
    for mapping in mappings[1:]:
        result = _merged(result, mapping, recursive, list_merge)
    return result


def _dict2items(value: Any, key_name: str = "key", value_name: str = "value") -> list[dict[str, Any]]:
    if not isinstance(value, Mapping):
        raise TypeError("dict2items takes a mapping")
    return [{key_name: key, value_name: item} for key, item in value.items()]


def _items2dict(value: Any, key_name: str = "key", value_name: str = "value") -> dict[Any, Any]:
    return {item[key_name]: item[value_name] for item in value}


def _hash(value: Any, hashtype: str = "sha1") -> str:
    return hashlib.new(hashtype, str(value).encode(), usedforsecurity=False).hexdigest()


def _to_json(value: Any, **kwargs: Any) -> str:
    return json.dumps(value, **kwargs)


def _to_nice_json(value: Any, indent: int = 4, sort_keys: bool = True, **kwargs: Any) -> str:
    kwargs.pop("separators", None)
    return _to_json(value, indent=indent, sort_keys=sort_keys, separators=(",", ": "), **kwargs)


def _to_yaml(value: Any, default_flow_style: bool | None = None, **kwargs: Any) -> str:
    style = default_flow_style
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, allow_unicode=True, default_flow_style=style, **kwargs)
    return text


def _to_nice_yaml(value: Any, indent: int = 4, default_flow_style: bool = False, **kwargs: Any) -> str:
    return _to_yaml(value, indent=indent, default_flow_style=default_flow_style, **kwargs)


def _unique(values: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _b64encode(value: Any, encoding: str = "utf-8", urlsafe: bool = False) -> str:
    return (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(str(value).encode(encoding)).decode()


def _b64decode(value: Any, encoding: str = "utf-8", urlsafe: bool = False) -> str:
    return (base64.urlsafe_b64decode if urlsafe else base64.b64decode)(str(value)).decode(encoding)


def _extract(item: Any, container: Any, morekeys: Any = None) -> Any:
    keys = [item, *(morekeys if isinstance(morekeys, list) else [] if morekeys is None else [morekeys])]
    for key in keys:
        container = container[key]
    return container


def _log(value: Any, base: float = math.e) -> float:
    return math.log10(value) if base == 10 else math.log(value, base)


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "b64decode": _b64decode,
    "b64encode": _b64encode,
    "basename": lambda value: str(value).rpartition("/")[2],
    "bool": _bool,
    "checksum": _hash,
    "combine": _combine,
    "dict2items": _dict2items,
    "difference": lambda a, b: [item for item in _unique(a) if item not in b],
    "dirname": lambda value: str(value).rpartition("/")[0],
    "extract": _extract,
    "flatten": _flatten,
    "from_json": json.loads,
    "from_yaml": lambda value: yaml.safe_load(value) if isinstance(value, str) else value,
    "hash": _hash,
    "intersect": lambda a, b: [item for item in _unique(a) if item in b],
    "items2dict": _items2dict,
    "log": _log,
    "md5": lambda value: _hash(value, "md5"),
    "path_join": lambda value: "/".join(str(part).rstrip("/") for part in value) if isinstance(value, list) else value,
    "pow": math.pow,
    "product": lambda *values: [list(item) for item in itertools.product(*values)],
    "quote": lambda value: shlex.quote("" if value is None else str(value)),
    "regex_escape": lambda value: re.escape(str(value)),
    "regex_findall": _regex_findall,
    "regex_replace": _regex_replace,
    "regex_search": _regex_search,
    "sha1": _hash,
    "split": lambda value, *args: str(value).split(*args),
    "symmetric_difference": lambda a, b: [i for i in _unique([*a, *b]) if (i in a) != (i in b)],
    "to_json": _to_json,
    "to_nice_json": _to_nice_json,
    "to_nice_yaml": _to_nice_yaml,
    "to_yaml": _to_yaml,
    "type_debug": lambda value: type(value).__name__,
    "union": lambda a, b: _unique([*a, *b]),
    "urldecode": urllib.parse.unquote_plus,
    "zip": lambda *values: [list(item) for item in zip(*values, strict=False)],
}


def _matches(value: Any, pattern: str, ignorecase: bool = False, multiline: bool = False, how: str = "match") -> bool:
    return bool(getattr(re.compile(pattern, _flags(ignorecase, multiline)), how)(str(value)))


TESTS: Final[dict[str, Callable[..., bool]]] = {
    "all": all,
    "any": any,
    "contains": lambda value, item: item in value,
    "match": _matches,
    "regex": lambda value, pattern, match_type="search", **more: _matches(value, pattern, how=match_type, **more),
    "search": lambda value, pattern, **kwargs: _matches(value, pattern, how="search", **kwargs),
    "subset": lambda a, b: set(a) <= set(b),
    "superset": lambda a, b: set(a) >= set(b),
    "truthy": bool,
    "falsy": lambda value: not value,
}
