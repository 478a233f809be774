"""Values as words of YAML, for edits: plain where that is safe in YAML 1.1 and 1.2, else in double quotes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from yaml.nodes import ScalarNode

from fleetctl.inventory.marked import TAG, resolve
from fleetctl.inventory.values import Unsafe

_PLAIN: Final = re.compile(r"[^\W_](?:[\w ./@%+()=;-]|:(?=\S))*", re.UNICODE)
_TRAPS: Final = re.compile(  # strings here, something else to another reader (YAML 1.2, or PyYAML with other rules)
    r"[-+]?[0-9][0-9_,]*\.?[0-9_]*(?:e[-+]?[0-9]+)?|0[xob][0-9a-f_]+|[0-9]+(?::[0-9]+)+"
    r"|(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}|y|n|yes|no|on|off|true|false|null",
    re.IGNORECASE,
)
_TEMPLATE: Final = re.compile(r"\{\{|\{%|\{#")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


class Template(str):
    """A string meant as a Jinja2 template; any other string with `{{` in it is written as `!unsafe`."""

    __slots__ = ()


def words(value: Any) -> str:
    """Return a value as one line of YAML that may stand anywhere, within brackets too.

    Takes null, booleans, numbers, text, lists and mappings with text keys; raises TypeError for others.
    """
    if isinstance(value, Mapping):
        pairs = (f"{words(_key(key))}: {words(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(words(item) for item in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    raise TypeError(f"{type(value).__name__} cannot be written into an inventory")


def said(value: Any) -> list[Any]:
    """Return what a value means once it is read again, in the terms of `marked.meaning`."""
    if isinstance(value, Mapping):
        return ["map", "", [[said(_key(key)), said(item)] for key, item in value.items()]]
    if isinstance(value, list | tuple):
        return ["seq", "", [said(item) for item in value]]
    if isinstance(value, str):
        return ["!unsafe" if _is_unsafe(value) else f"{TAG}str", str(value)]
    if value is None:
        return [f"{TAG}null", ""]
    kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"
    return [f"{TAG}{kind}", repr(value)]


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not text")
    return key


def _is_unsafe(value: str) -> bool:
    return isinstance(value, Unsafe) or (not isinstance(value, Template) and bool(_TEMPLATE.search(value)))


def _text(value: str) -> str:
    if _is_unsafe(value):
        return f"!unsafe {_quoted(value)}"
    plain = _PLAIN.fullmatch(value) and not value.endswith((" ", ":")) and not _TRAPS.fullmatch(value)
    if plain and resolve(ScalarNode, value, (True, False)) == f"{TAG}str":
        return str(value)
    return _quoted(value)


def _quoted(value: str) -> str:
    return '"' + "".join(_escaped(letter) for letter in value) + '"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if letter == " " or letter.isprintable():
        return letter
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _float(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    told = repr(float(value))
    if "e" in told:
        mantissa, _, exponent = told.partition("e")
        told = (
            f"{mantissa if '.' in mantissa else mantissa + '.0'}e{exponent if exponent[0] in '+-' else '+' + exponent}"
        )
    return told
