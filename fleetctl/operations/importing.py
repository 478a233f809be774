"""The department's spreadsheet into the inventory: what would change, shown first, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from fleetctl import files, inventory, standard
from fleetctl.errors import Busy, Fault, InventoryError, UsageError
from fleetctl.inventory import Inventory, edit, sheets
from fleetctl.inventory.sheets import Listed
from fleetctl.inventory.sheets.rows import key_of
from fleetctl.inventory.written import words
from fleetctl.model import Device
from fleetctl.operations.matching import BINDINGS, Import, Matching
from fleetctl.operations.trying import tried
from fleetctl.operations.workspace import Workspace


def planned(workspace: Workspace, path: Path) -> Import:
    """Compare a spreadsheet with the inventory. Devices are known again by serial number, MAC, name or address.

    An empty cell leaves what the inventory has. Raises InventoryError with every fault at once, UsageError.
    """
    settings = {f"{a.name}_{name}" for a in workspace.registry.aspects.values() for name in a.type.__dataclass_fields__}
    rows = sheets.listed(sheets.read(path), settings)
    if not rows:
        raise UsageError(f"{path} lists no device")
    return compared(workspace, rows)


def compared(workspace: Workspace, rows: Sequence[Listed]) -> Import:
    """Compare listed devices with the inventory; raises InventoryError with every fault at once."""
    known = listed_so_far(workspace)
    made = Matching(known, workspace.vault, rows)
    result = made.result()
    if made.faults:
        raise InventoryError(made.faults)
    made_now = _written(workspace.inventory_root, known, result)
    tried(workspace, made_now.contents)
    return made_now


def listed_so_far(workspace: Workspace) -> Inventory:
    """Return the inventory, which may be without any device yet; raises InventoryError for what is wrong in it."""
    aspects = workspace.registry.aspects
    check = partial(standard.settings_faults, aspects=aspects)
    found = inventory.load(workspace.inventory_root, aspects, strict=False, checks=(check,))
    if found.faults and found.tree.hosts:
        raise InventoryError(found.faults)
    return found


def carry_out(workspace: Workspace, made: Import) -> None:
    """Put the devices into the inventory's files, then the passwords into the vault, which asks the inventory.

    Raises InventoryError, with nothing written, when a file is not as it was seen; Busy, where it brings passwords of
    a site that is out in a bundle; VaultError. What is cut off in between is taken up by importing the same
    spreadsheet again.
    """
    for site in dict.fromkeys(secret.site for secret in made.secrets):
        if reason := workspace.closed(site):
            raise Busy(reason)
    for path, before in made.seen.items():
        if (path.read_bytes() if path.exists() else None) != before:
            reason = "the file was changed by somebody else meanwhile; nothing was written"
            raise InventoryError([Fault(file=str(path), line=1, column=1, reason=reason, mend="import again")])
    for path, content in made.contents.items():
        files.make_folder(path.parent)
        with files.locked(path.parent):
            files.replace(path, content)
    for secret in made.secrets:
        workspace.vault.set(secret.site, secret.device, secret.account, secret.password)


def _written(root: Path, known: Inventory, made: Import) -> Import:
    """Add the new contents of the files."""
    bindings = {d.device: d.after for d in made.changed if d.variable == BINDINGS}
    new = {row.name for row in made.new}
    edits: dict[Path, list[edit.Edit]] = {}
    fresh: dict[str, list[Listed]] = {}
    for row in made.new:
        site = known.sites().get(row.site)
        if site is None:
            fresh.setdefault(row.site, []).append(row)
        else:
            file = _file_of(known.devices[site.devices[0]])
            edits.setdefault(file, []).append(edit.AddHost(row.site, row.name, _host_values(row, bindings)))
    for change in made.changed:
        if change.device not in new:
            file = _file_of(known.devices[change.device])
            edits.setdefault(file, []).append(edit.SetHostValue(change.device, change.variable, change.after))
    seen: dict[Path, bytes | None] = {path: path.read_bytes() for path in edits}
    contents = {path: edit.edited(seen[path] or b"", told, file=str(path)) for path, told in edits.items()}
    for site_key, rows in fresh.items():
        path = _new_file(root, known, rows[0])
        seen[path] = None
        area_known = key_of(rows[0].area) in known.tree.groups
        contents[path] = _site_file(site_key, rows, bindings, area_known=area_known).encode("utf-8")
    return replace(made, contents=contents, seen=seen)


def _file_of(device: Device) -> Path:
    if device.place is None:
        raise UsageError(f"{device.name} comes from no file of this inventory; change it where it comes from")
    return Path(device.place.file)


def _host_values(row: Listed, bindings: Mapping[str, Any]) -> Mapping[str, Any]:
    values = {"ansible_host": row.values["ansible_host"], **row.values}
    if row.user:
        values["factory_user"] = row.user
    if row.name in bindings:
        values[BINDINGS] = bindings[row.name]
    return values


def _new_file(root: Path, known: Inventory, row: Listed) -> Path:
    """Return where a new site's file goes: beside the sites of its area, else into a folder of the area's own."""
    area = key_of(row.area)
    beside = next((known.sites()[key].devices[0] for key in known.areas().get(area, ())), "")
    folder = _file_of(known.devices[beside]).parent if beside else root / area if area else root
    path = folder / f"{row.site}.yml"
    if path.exists():
        fault = row.row.at("site").fault(f"{path} is there already, without the site {row.site}", "rename the file")
        raise InventoryError([fault])
    return path


def _site_file(site: str, rows: Iterable[Listed], bindings: Mapping[str, Any], *, area_known: bool) -> str:
    """Return the file of a new site."""
    rows = list(rows)
    name = next((row.site_name for row in rows if row.site_name), site)
    area = next((row.area for row in rows if row.area), "")
    site_values = {key: value for row in rows for key, value in row.site_values.items()}
    hosts = [f"    {words(row.name)}: {words(_host_values(row, bindings))}" for row in rows]
    variables = [f"    {key}: {words(value)}" for key, value in {"site_name": name, **site_values}.items()]
    body = [f"{site}:", "  vars:", *variables, "  hosts:", *hosts]
    if area:
        head = [f"{key_of(area)}:"]
        if not area_known:
            head += ["  vars:", f"    area_name: {words(area)}"]
        body = [*head, "  children:", *(f"    {line}" for line in body)]
    title = f"# {name}, {area}" if area else f"# {name}"
    return "\n".join([title, *body]) + "\n"
