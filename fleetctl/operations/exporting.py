"""The inventory as the department's spreadsheet. Asks no device and opens no vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.inventory import sheets
from fleetctl.model import Device, Kind
from fleetctl.operations.matching import BINDINGS
from fleetctl.operations.workspace import Workspace


def exported(workspace: Workspace, limit: str) -> bytes:
    """Return the spreadsheet of the devices that a pattern selects, without any password. Raises UsageError."""
    known = workspace.inventory
    channels = {
        (entry.get("camera") if isinstance(entry, Mapping) else entry): (device.name, key)
        for device in known.devices.values()
        if device.kind is Kind.NVR and BINDINGS in known.values(device.name)
        for key, entry in dict(known.values(device.name)[BINDINGS].value or {}).items()
    }
    return sheets.written([_exported(workspace, device, channels) for device in known.select(limit or "all")])


def _exported(workspace: Workspace, device: Device, channels: Mapping[Any, tuple[str, str]]) -> Mapping[str, Any]:
    known = workspace.inventory
    values = known.values(device.name)
    site = known.sites()[device.site]
    row: dict[str, Any] = {
        column.field: values[column.variable].value
        for column in sheets.COLUMNS
        if column.variable and column.variable in values and values[column.variable].value is not None
    }
    row |= {"name": device.name, "site": site.name, "site_key": site.key}
    for field_name, variable in (("area", "area_name"), ("site_network", "site_network")):
        if variable in values:
            row[field_name] = values[variable].value
    if device.name in channels:
        row["recorder"], row["channel"] = channels[device.name]
    return row
