"""The inventory: an Ansible inventory read natively, every value with its place, rendered as Ansible renders it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from fleetctl.errors import Fault, UsageError
from fleetctl.inventory import cache as kept
from fleetctl.inventory.fleet import Inventory, Node, Site, made, refuse
from fleetctl.inventory.foreign import fetched
from fleetctl.inventory.reader import Reader
from fleetctl.inventory.schema import schema_of
from fleetctl.inventory.values import SEALED, Explanation, Layer, Value, Vaulted
from fleetctl.inventory.variables import VARIABLES, Known
from fleetctl.model import Aspect

__all__ = [
    "SEALED",
    "VARIABLES",
    "Explanation",
    "Inventory",
    "Known",
    "Layer",
    "Node",
    "Site",
    "Value",
    "Vaulted",
    "load",
]


Check = Callable[[Inventory], Iterable[Fault]]
"""What finds more faults than the inventory knows of by itself: the standard, in the values of settings."""


def load(
    root: Path,
    aspects: Mapping[str, Aspect],
    *,
    cache: Path | None = None,
    strict: bool = True,
    checks: Sequence[Check] = (),
) -> Inventory:
    """Read an inventory folder (or file). `cache` is a folder of the user's own; nothing secret is kept in it.

    What stands in the cache had no fault, by `checks` neither, and is not checked again. Raises UsageError where
    there is no inventory, InventoryError with every fault at once; with strict=False the inventory comes back
    with its `faults`.
    """
    root = Path(root)
    if not root.exists():
        raise UsageError(f"there is no inventory at {root}; name one with -i, or make one: fleetctl init")
    schema = schema_of(aspects)
    key = kept.key_of(root, schema, aspects) if cache is not None else b""
    if cache is not None and (found := kept.read(cache, root, key)) is not None:
        return Inventory(root, found[0], schema, found[1])
    reader = Reader(root)
    reader.read()
    tree = reader.tree
    if reader.foreign and not tree.faults:
        tree = fetched(root, reader.foreign)
    inventory = made(root, tree, schema)
    inventory.faults = inventory.check(*checks)
    if cache is not None and not inventory.faults and not reader.foreign:
        kept.write(cache, root, key, tree, inventory.devices)
    return refuse(inventory) if strict else inventory
