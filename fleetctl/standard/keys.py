"""Raw items of another aspect's keyed field, for an aspect whose items follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.errors import InventoryError
from fleetctl.model import Device
from fleetctl.standard.faults import Fleet
from fleetctl.standard.shapes import LAYERS, STATE


def keyed(device: Device, fleet: Fleet, variable: str, short: str) -> dict[str, Mapping[str, Any]]:
    """Return the items of `variable` from all its layers, unchecked: wrong ones are told where they are expected.

    A text stands for {short: text}; items that are absent are left out.
    """
    values = fleet.values(device.name)
    items: dict[str, dict[str, Any] | None] = {}
    for layer in LAYERS:
        try:
            told = values.get(variable + layer)
        except InventoryError:
            continue
        raw = told.value if told is not None else None
        for key, item in raw.items() if isinstance(raw, Mapping) else ():
            fields = {short: item} if isinstance(item, str) else item
            if isinstance(fields, Mapping):
                items[str(key)] = {**(items.get(str(key)) or {}), **fields}
            else:
                items[str(key)] = None
    return {key: item for key, item in items.items() if item is not None and item.get(STATE) != "absent"}
