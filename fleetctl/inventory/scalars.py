"""A scalar of a YAML file: its value by YAML 1.1, and what was written where the two differ."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from yaml.constructor import ConstructorError, SafeConstructor

from fleetctl.inventory.values import Unsafe, Vaulted

TAG: Final = "tag:yaml.org,2002:"
STR: Final = TAG + "str"
_INT, _FLOAT, _BOOL, _TIME = (TAG + name for name in ("int", "float", "bool", "timestamp"))
_MAC: Final = re.compile(r"[0-9]{1,2}(:[0-9]{1,2}){5}")
_construct: Final = SafeConstructor()
_BUILDERS: Final[dict[str, Callable[[Any], Any]]] = {
    _INT: _construct.construct_yaml_int,
    _FLOAT: _construct.construct_yaml_float,
    _BOOL: _construct.construct_yaml_bool,
    _TIME: _construct.construct_yaml_timestamp,
    TAG + "null": _construct.construct_yaml_null,
    TAG + "value": _construct.construct_yaml_str,
    TAG + "binary": _construct.construct_yaml_binary,
}


class Scalar(NamedTuple):
    """`word` is what was written, where the value is something else; `reason` and `mend` where it is a fault."""

    value: Any
    word: str = ""
    reason: str = ""
    mend: str = ""


def read(node: Any, *, as_key: bool = False) -> Scalar:
    """Return what a scalar node means to Ansible. Raises nothing; what cannot be meant has a reason."""
    tag, word = node.tag, node.value
    if tag == STR:
        return Scalar(word)
    if tag in ("!vault", "!vault-encrypted"):
        return Scalar(Vaulted(word))
    if tag == "!unsafe":
        return Scalar(Unsafe(word))
    builder = _BUILDERS.get(tag)
    if builder is None:
        return Scalar(None, word, f"the tag {short(tag)} is not known to Ansible", "remove the tag")
    mend = f"put it in quotes: {quoted(word)}"
    try:
        value = builder(node)
    except (ConstructorError, ValueError, OverflowError):
        return Scalar(None, word, f"`{word}` cannot be read as {short(tag)}", mend)
    if ":" in word and tag in (_INT, _FLOAT):
        what = "a MAC address" if _MAC.fullmatch(word) else "a time or address"
        return Scalar(value, word, f"YAML 1.1 reads `{word}` as the number {value} (base 60), not as {what}", mend)
    if as_key and tag in (_BOOL, _TIME, _FLOAT):
        return Scalar(value, word, f"YAML 1.1 reads the key `{word}` as {value!r}", mend)
    return Scalar(value, word if _differs(value, word) else "")


def _differs(value: Any, word: str) -> bool:
    return value is None or isinstance(value, bool | float | datetime.date) or str(value) != word


def short(tag: str) -> str:
    """Return a tag as one writes it."""
    return "!!" + tag.removeprefix(TAG) if tag.startswith(TAG) else tag


def quoted(word: str) -> str:
    """Return a word as one would write it in quotes in YAML."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_template(text: str) -> bool:
    """Tell whether Ansible would hand this string to Jinja2."""
    return "{{" in text or "{%" in text or "{#" in text
