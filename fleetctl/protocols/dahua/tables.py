"""Whole tables of the configuration, as JSON-RPC reads and takes them: a few values changed, all else kept.

Source: field facts, NVR and vendor protocols, 2.1 (keys of values), 2.2 (JSON-RPC).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.errors import BadAnswer, Unsupported

_STEP: Final = re.compile(r'\.?([^.\[\]"]+)|\[(\d{1,5})\]|\["([^"]+)"\]')
MASK: Final = "******"  # what stands where a password is


def by_table(values: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return values by the table their keys name: `ChannelTitle` of `ChannelTitle[0].Name`."""
    found: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        found.setdefault(re.split(r"[.\[]", key, maxsplit=1)[0], {})[key] = value
    return found


def changed(name: str, table: Any, values: Mapping[str, object]) -> Any:
    """Return a copy of a table with values set by their keys.

    Raises BadAnswer where the table has no such place, Unsupported for a table that holds passwords: it is told with
    stars in their stead, and they would be taken for the passwords.
    """
    if _masked(table):
        raise Unsupported(f"{name}: the table holds passwords that are not told, so that it is not written whole")
    made = {name: copy.deepcopy(table)}
    for key, value in values.items():
        steps = [int(number) if number else word or quoted for word, number, quoted in _STEP.findall(key)]
        here: Any = made
        try:
            for step in steps[:-1]:
                here = here[step]
            here[steps[-1]]  # never a new place: only what the device has
            here[steps[-1]] = value
        except (KeyError, IndexError, TypeError):
            raise BadAnswer(f"{name}: the device's table has no place for {key}") from None
    return made[name]


def _masked(table: Any) -> bool:
    if isinstance(table, dict):
        return any(_masked(value) for value in table.values())
    if isinstance(table, list):
        return any(_masked(value) for value in table)
    return bool(table == MASK)
