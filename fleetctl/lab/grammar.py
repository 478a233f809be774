"""The light check of requests that is always on: names, namespaces, order, number and plain types.

A grammar is written as text, one type per line, close to how the specifications print them:

    Name @token! @fixed? = First:int Second?:string Third*:Other Fourth+:{a|b} *

`!` after an attribute: required. `?`, `*`, `+` after an element: how often. A lone `*` at the end: anything more.
Types that are not plain (`PLAIN`) or an enumeration name another line. Children of a type live in the namespace of
the grammar they are written in; types of one grammar may use those of another that is named when it is read.
Source: the tables that use it are ONVIF's WSDL and XSD of release 26.06, and a test holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fleetctl.lab.soap import Element, SoapFault

_INT: Final = re.compile(r"[+-]?\d{1,10}")
_FLOAT: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|INF|-INF|NaN")
_DURATION: Final = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_IPV4: Final = re.compile(r"((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}")

PLAIN: Final[dict[str, Callable[[str], bool]]] = {
    "string": lambda _told: True,
    "any": lambda _told: True,
    "anyURI": lambda _told: True,
    "token": lambda _told: True,
    "int": lambda told: bool(_INT.fullmatch(told)),
    "float": lambda told: bool(_FLOAT.fullmatch(told)),
    "boolean": lambda told: told in ("true", "false", "1", "0"),
    "duration": lambda told: bool(_DURATION.fullmatch(told)),
    "ReferenceToken": lambda told: len(told) <= 64,
    "Name": lambda told: len(told) <= 64,
    "IPv4Address": lambda told: bool(_IPV4.fullmatch(told)),
}


@dataclass(frozen=True, slots=True)
class _Part:
    name: str  # {namespace}Local
    least: int
    most: int  # 0: any number
    type: str


@dataclass(frozen=True, slots=True)
class _Type:
    parts: tuple[_Part, ...]
    required: tuple[str, ...]
    open: bool


class Grammar:
    """Types and operations of one namespace; `check` raises what the device answers to a request that is wrong."""

    def __init__(self, namespace: str, text: str, also: Mapping[str, _Type] | None = None) -> None:
        self.types: dict[str, _Type] = dict(also or {})
        for line in text.splitlines():
            if line.strip():
                name, told = _read(line, namespace)
                self.types[name] = told

    def check(self, operation: str, element: Element) -> None:
        """Raise SoapFault(ter:InvalidArgVal) for the first thing wrong; an operation not in the grammar passes."""
        told = self.types.get(operation)
        if told is not None:
            self._check(told, element)

    def _check(self, told: _Type, element: Element) -> None:
        for name in told.required:
            if name not in element.attrib:
                raise SoapFault("ter:InvalidArgVal", reason=f"{_local(element)}: the attribute {name} is missing")
        children = list(element)
        at = 0
        for part in told.parts:
            count = 0
            while at < len(children) and children[at].tag == part.name and (not part.most or count < part.most):
                self._value(part, children[at])
                at += 1
                count += 1
            if count < part.least:
                found = f", found {_local(children[at])}" if at < len(children) else ""
                raise SoapFault(
                    "ter:InvalidArgVal", reason=f"{_local(element)}: {part.name.rpartition('}')[2]} is expected{found}"
                )
        if at < len(children) and not told.open:
            raise SoapFault("ter:InvalidArgVal", reason=f"{_local(element)}: {_local(children[at])} is not expected")

    def _value(self, part: _Part, element: Element) -> None:
        if part.type.startswith("{"):
            right = (element.text or "").strip() in part.type[1:-1].split("|")
        elif part.type in PLAIN:
            right = PLAIN[part.type]((element.text or "").strip())
        else:
            self._check(self.types[part.type], element)
            return
        if not right or (len(element) and part.type != "any"):
            raise SoapFault("ter:InvalidArgVal", reason=f"{_local(element)}: {element.text!r} is not possible")


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _read(line: str, namespace: str) -> tuple[str, _Type]:
    left, _, right = line.partition("=")
    name, *attributes = left.split()
    required = tuple(a[1:-1] for a in attributes if a.endswith("!"))
    parts: list[_Part] = []
    is_open = False
    for word in right.split():
        if word == "*":
            is_open = True
            continue
        child, _, kind = word.partition(":")
        least, most = {"?": (0, 1), "*": (0, 0), "+": (1, 0)}.get(child[-1], (1, 1))
        parts.append(_Part(f"{{{namespace}}}{child.rstrip('?*+')}", least, most, kind or "string"))
    return name, _Type(tuple(parts), required, is_open)
