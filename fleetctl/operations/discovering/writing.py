"""What was seen into the inventory: identities of devices that were listed, and strangers as new devices of a site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fleetctl.inventory.sheets import Listed, Row, Where
from fleetctl.model import Kind
from fleetctl.operations.discovering.joining import Standing, Stranger
from fleetctl.operations.importing import compared, listed_so_far
from fleetctl.operations.matching import Import, proposed
from fleetctl.operations.workspace import Workspace

UNPLACED: Final = "?"
"""The desk of a camera that was found and not placed yet: standards name it, and people see that it is missing."""

_SOURCE: Final = "discover"


def planned(workspace: Workspace, found: Iterable[Stranger], site: str) -> Import:
    """Return what writing a site would change; nothing is written yet.

    A device that was listed without an identity gets the one that was seen at its address, or on its port; a stranger
    becomes a new device. What belongs to other sites, has another's address or one that several have, or fits several
    places is left out.
    Raises InventoryError.
    """
    tree = listed_so_far(workspace).tree
    taken = {*tree.hosts, *tree.groups}
    found = tuple(found)
    there = [each.sighting.address for each in found]
    rows = []
    for number, each in enumerate((e for e in found if e.site in ("", site)), start=1):
        alone = there.count(each.sighting.address) == 1 or bool(each.slot)
        if alone and (row := _row(each, site, number, taken)) is not None:
            taken.add(row.name)
            rows.append(row)
    return compared(workspace, rows)


def _row(each: Stranger, site: str, number: int, taken: set[str]) -> Listed | None:
    seen = each.sighting
    identity = {"serial_number": seen.serial_number, "mac_address": seen.mac_address}
    values: dict[str, Any] = {key: value for key, value in identity.items() if value}
    if each.standing is Standing.EXPECTED or each.slot:
        return _listed(each, site, each.device or each.slot, values, number) if values else None
    if each.standing is not Standing.STRANGER or each.slots:
        return None
    told = {"ansible_host": seen.address, "kind": each.kind.value, "vendor": seen.vendor, "model": seen.model, **values}
    if each.kind is Kind.CAMERA:
        told["desk"] = UNPLACED
    if seen.switch_port:
        told |= {"switch": seen.switch, "switch_port": seen.switch_port}
    name = each.name if each.name and each.site == site else proposed(site, each.kind, taken)
    return _listed(each, site, name, {key: value for key, value in told.items() if value}, number)


def _listed(each: Stranger, site: str, name: str, values: Mapping[str, Any], number: int) -> Listed:
    where = Where(file=_SOURCE, sheet="", row=number, column=1)
    return Listed(
        where=where,
        row=Row(texts={}, places={}, where=where),
        kind=each.kind,
        area="",
        site=site,
        site_name="",
        site_values={},
        name=name,
        values=values,
        recorder="",
        channel=0,
        user="",
        password="",
    )
