"""Inventory values as people may see them: what is secret stays covered, whoever wrote it where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.inventory import SEALED, Explanation, Layer, Vaulted
from fleetctl.reports.values import plain, shown

COVERED: Final = "(secret)"
_SECRET: Final = re.compile(
    r"pass(word|wd|phrase)?$|secrets?$|private_key$|token$|community$|webhook_key$", re.IGNORECASE
)


def value(name: str, told: Any) -> str:
    """Return a variable's value on one line."""
    return shown(safe(name, told))


def safe(name: str, told: Any) -> Any:
    """Return a variable's value with everything secret in it covered; templates that name a secret stay readable."""
    if told is SEALED or isinstance(told, Vaulted):
        return COVERED
    if _SECRET.search(name) and isinstance(told, str | int) and "{{" not in str(told):
        return COVERED
    if isinstance(told, Mapping):
        return {key: safe(str(key), item) for key, item in told.items()}
    if isinstance(told, list | tuple):
        return [safe("", item) for item in told]
    return told


def explanation(told: Explanation) -> dict[str, Any]:
    """Return an explanation for JSON."""
    return {
        "variable": told.name,
        "value": plain(safe(told.name, told.value)),
        "problem": told.problem,
        "set_by": _layer(told.name, told.winner),
        "outranked": [_layer(told.name, layer) for layer in told.outranked],
    }


def _layer(name: str, told: Layer) -> dict[str, Any]:
    return {
        "source": told.source,
        "value": plain(safe(name, told.raw)),
        "place": str(told.place) if told.place else None,
    }
