"""The department's spreadsheet into the inventory: what would change, shown first, then all of it or nothing."""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from fleetctl import files, inventory, standard
from fleetctl.errors import Fault, InventoryError, UsageError
from fleetctl.inventory import Inventory, edit, sheets
from fleetctl.inventory.sheets import Listed
from fleetctl.inventory.sheets.rows import key_of
from fleetctl.inventory.written import words
from fleetctl.model import Device, Kind
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import Vault

_PREFIX: Final[Mapping[Kind, str]] = {
    Kind.CAMERA: "cam", Kind.NVR: "nvr", Kind.SWITCH: "sw", Kind.KIOSK: "kiosk", Kind.DESK: "desk", Kind.OTHER: "dev",
}  # fmt: skip
_NUMBERED: Final = frozenset({Kind.CAMERA, Kind.DESK, Kind.OTHER})
_BINDINGS: Final = "channels_cameras"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that the spreadsheet changes; `before` is None where there is none yet."""

    device: str
    site: str
    variable: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A login for the vault."""

    site: str
    device: str
    account: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import would do; nothing is written yet."""

    new: tuple[Listed, ...]  # with their names
    changed: tuple[Difference, ...]
    unchanged: int
    new_sites: tuple[str, ...]
    secrets: tuple[Secret, ...]
    contents: Mapping[Path, bytes] = field(repr=False)  # whole new contents of files
    seen: Mapping[Path, bytes | None] = field(repr=False)  # what they were, None for a new file

    @property
    def writes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.contents or self.secrets)


def planned(workspace: Workspace, path: Path) -> Import:
    """Compare a spreadsheet with the inventory. Devices are known again by serial number, MAC, name or address.

    An empty cell leaves what the inventory has. Raises InventoryError with every fault at once, UsageError.
    """
    settings = {f"{a.name}_{name}" for a in workspace.registry.aspects.values() for name in a.type.__dataclass_fields__}
    rows = sheets.listed(sheets.read(path), settings)
    if not rows:
        raise UsageError(f"{path} lists no device")
    known = _known(workspace)
    made = _Matching(known, workspace.vault, rows)
    result = made.result()
    if made.faults:
        raise InventoryError(made.faults)
    return _tried(workspace, _written(workspace.inventory_root, known, result))


def _known(workspace: Workspace) -> Inventory:
    """Return the inventory, which may be without any device yet; raises InventoryError for what is wrong in it."""
    aspects = workspace.registry.aspects
    check = partial(standard.settings_faults, aspects=aspects)
    found = inventory.load(workspace.inventory_root, aspects, strict=False, checks=(check,))
    if found.faults and found.tree.hosts:
        raise InventoryError(found.faults)
    return found


def carry_out(workspace: Workspace, made: Import) -> None:
    """Put the devices into the inventory's files, then the passwords into the vault, which asks the inventory.

    Raises InventoryError, with nothing written, when a file is not as it was seen; VaultError. What is cut off
    in between is taken up by importing the same spreadsheet again.
    """
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


class _Matching:
    """Finds for each row the device that it means; `faults` grows."""

    def __init__(self, known: Inventory, vault: Vault, rows: Sequence[Listed]) -> None:
        self._inventory, self._vault = known, vault
        self._rows = rows
        self.faults: list[Fault] = []
        devices = self._inventory.devices.values()
        self._serials = {(d.vendor, d.serial_number): d for d in devices if d.serial_number}
        self._macs = {d.mac_address: d for d in devices if d.mac_address}
        self._addresses = {(d.site, d.endpoint.address): d for d in devices if not d.behind}
        self._taken = {*self._inventory.tree.hosts, *(row.name for row in rows if row.name)}

    def result(self) -> Import:
        """Return what is new and what differs; meaningless where there are faults."""
        new: list[Listed] = []
        changed: list[Difference] = []
        secrets: list[Secret] = []
        unchanged = 0
        named: list[Listed] = []
        for row in self._rows:
            row = self._in_its_area(row)
            device = self._known(row)
            if device is None:
                row = row if row.name else replace(row, name=self._proposed(row))
                self._new_is_possible(row)
                new.append(row)
            else:
                row = replace(row, name=device.name)
                differences = list(self._differences(row, device))
                changed += differences
                unchanged += not differences
            named.append(row)
            if row.user and self._vault.entry(row.site, row.name, row.user).current != row.password:
                secrets.append(Secret(site=row.site, device=row.name, account=row.user, password=row.password))
        changed += self._bound(named, {row.name for row in new})
        known = self._inventory.sites()
        sites = tuple(dict.fromkeys(row.site for row in new if row.site not in known))
        return Import(
            new=tuple(new), changed=tuple(changed), unchanged=unchanged, new_sites=sites, secrets=tuple(secrets),
            contents={}, seen={},
        )  # fmt: skip

    def _wrong(self, row: Listed, column: str, reason: str, mend: str) -> None:
        self.faults.append(row.row.at(column).fault(reason, mend))

    def _in_its_area(self, row: Listed) -> Listed:
        site = self._inventory.sites().get(row.site)
        if site is None:
            if row.site in self._inventory.tree.groups or row.site in self._inventory.tree.hosts:
                what = "a host" if row.site in self._inventory.tree.hosts else "a group without devices, or an area"
                self._wrong(row, "site", f"{row.site} is {what} in the inventory already", "write another Mã điểm")
            return row
        if row.area and site.area and key_of(row.area) != site.area:
            reason = f"{site.key} is in the area {site.area}, not in {row.area}"
            self._wrong(row, "area", reason, f"fleetctl inventory move {site.key} --to AREA, or correct the cell")
        return row

    def _known(self, row: Listed) -> Device | None:
        """Return the device a row means, None for a new one."""
        values = row.values
        serial = self._serials.get((str(values.get("vendor", "")), str(values.get("serial_number", ""))))
        mac = self._macs.get(str(values.get("mac_address", "")))
        name = self._inventory.devices.get(row.name)
        if serial is not None and mac is not None and serial is not mac:
            reason = f"the serial number is {serial.name}'s, the MAC address {mac.name}'s"
            self._wrong(row, "mac_address", reason, "correct one of them")
        found = serial or mac or name or self._by_address(row)
        if found is None:
            return None
        if name is None and row.name:
            reason = f"this is {found.name} in the inventory, by its {'serial number' if serial else 'MAC address'}"
            self._wrong(row, "name", reason, f"write {found.name}, or rename it in its file first")
        elif name is not None and found is not name:
            self._wrong(row, "name", f"this is {found.name}, not {name.name}", "correct the name or the serial number")
        elif found.site != row.site:
            reason = f"{found.name} is at {found.site}, not at {row.site}"
            self._wrong(row, "site", reason, f"fleetctl inventory move {found.name} --to {row.site}")
        elif serial is None and mac is None and found.serial_number and values.get("serial_number"):
            reason = f"{found.name} has the serial number {found.serial_number}"
            mend = f"correct it; where a new one stands there: fleetctl adopt -l {found.name} --replace"
            self._wrong(row, "serial_number", reason, mend)
        return found

    def _by_address(self, row: Listed) -> Device | None:
        """Return the device of the same kind at a nameless row's address, unless row and device name other hardware."""
        found = self._addresses.get((row.site, row.values["ansible_host"]))
        if found is None or row.name or found.kind is not row.kind:
            return None
        told = {"serial_number": found.serial_number, "mac_address": found.mac_address}
        return None if any(own and row.values.get(key, own) != own for key, own in told.items()) else found

    def _new_is_possible(self, row: Listed) -> None:
        if row.name in self._inventory.tree.hosts or row.name in self._inventory.tree.groups:
            self._wrong(row, "name", f"{row.name} is something else in the inventory", "write another name")
        other = self._addresses.get((row.site, row.values["ansible_host"]))
        if other is not None and not row.values.get("behind"):
            reason = f"{row.values['ansible_host']} is {other.name}'s address already"
            self._wrong(row, "address", reason, f"correct it, or name the row {other.name}")

    def _proposed(self, row: Listed) -> str:
        """Return a free name: viet-hung-cam-01, viet-hung-nvr."""
        stem = f"{row.site.replace('_', '-')}-{_PREFIX[row.kind]}"
        numbers = (f"{stem}-{n:02}" for n in range(1, len(self._taken) + 3))
        names = numbers if row.kind in _NUMBERED else (f"{stem}{'' if n == 1 else f'-{n}'}" for n in range(1, 99))
        name = next(name for name in names if name not in self._taken)
        self._taken.add(name)
        return name

    def _differences(self, row: Listed, device: Device) -> Iterator[Difference]:
        told = self._inventory.values(device.name)
        told_values = {**row.values, **({"factory_user": row.user} if row.user else {})}
        for variable, after in told_values.items():
            before = told[variable].value if variable in told else None
            if variable == "mac_address":
                before = device.mac_address or None
            if before != after:
                yield Difference(device=device.name, site=device.site, variable=variable, before=before, after=after)

    def _bound(self, rows: Sequence[Listed], new: set[str]) -> Iterator[Difference]:
        """Yield the channels that the cameras' rows give to recorders; a channel is taken from no camera."""
        known = {row.name: (row.site, row.kind) for row in rows}
        known |= {d.name: (d.site, d.kind) for d in self._inventory.devices.values()}
        by_recorder: dict[str, list[Listed]] = {}
        for row in rows:
            if row.channel and (recorder := self._recorder(row, known)):
                by_recorder.setdefault(recorder, []).append(row)
        for recorder, cameras in by_recorder.items():
            before = self._bindings(recorder) if recorder not in new else {}
            after = dict(before)
            for row in cameras:
                key = str(row.channel)
                camera = after.get(key)
                holder = camera.get("camera") if isinstance(camera, Mapping) else camera
                if holder not in (None, row.name):
                    reason = f"channel {key} of {recorder} is {holder}'s"
                    self._wrong(row, "channel", reason, f"write another channel, or change it in {recorder}'s file")
                elif holder is None:
                    after[key] = row.name
            if after != before:
                yield Difference(
                    device=recorder,
                    site=known[recorder][0],
                    variable=_BINDINGS,
                    before=dict(before) or None,
                    after=after,
                )

    def _recorder(self, row: Listed, known: Mapping[str, tuple[str, Kind]]) -> str:
        """Return the recorder a camera's row means, "" where that is a fault."""
        own = [name for name, told in known.items() if told == (row.site, Kind.NVR)]
        if row.recorder in own or (not row.recorder and len(own) == 1):
            return row.recorder or own[0]
        near = difflib.get_close_matches(row.recorder, own, 1, 0.5) if row.recorder else []
        mend = (
            f"did you mean {near[0]}?" if near else f"write one of {', '.join(own)}" if own else "list the recorder too"
        )
        reason = (
            f"{row.recorder} is no recorder at {row.site}" if row.recorder else f"{row.site} has {len(own)} recorders"
        )
        self._wrong(row, "recorder", reason, mend)
        return ""

    def _bindings(self, recorder: str) -> Mapping[str, Any]:
        if recorder not in self._inventory.devices:
            return {}
        told = self._inventory.values(recorder)
        value = told[_BINDINGS].value if _BINDINGS in told else {}
        return value if isinstance(value, Mapping) else {}


def _written(root: Path, known: Inventory, made: Import) -> Import:
    """Add the new contents of the files."""
    bindings = {d.device: d.after for d in made.changed if d.variable == _BINDINGS}
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
        values[_BINDINGS] = bindings[row.name]
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


def _tried(workspace: Workspace, made: Import) -> Import:
    """Check the inventory as it would be, in a copy; raise InventoryError for what it would newly have wrong."""
    if not made.contents:
        return made
    root = workspace.inventory_root
    if root.is_file():
        raise UsageError(f"{root} is one file; an import needs an inventory folder")
    aspects = workspace.registry.aspects
    with tempfile.TemporaryDirectory(prefix="fleetctl-import-") as folder:
        copy = Path(folder) / root.name
        shutil.copytree(root, copy)
        for path, content in made.contents.items():
            there = copy / path.relative_to(root)
            there.parent.mkdir(parents=True, exist_ok=True)
            there.write_bytes(content)
        check = partial(standard.settings_faults, aspects=aspects)
        found = inventory.load(copy, aspects, strict=False, checks=(check,))
        if found.faults:
            own = [replace(f, file=f.file.replace(str(copy), str(root))) for f in found.faults]
            raise InventoryError(own)
    return made


def exported(workspace: Workspace, limit: str) -> bytes:
    """Return the spreadsheet of the devices that a pattern selects, without any password. Raises UsageError."""
    known = workspace.inventory
    channels = {
        (entry.get("camera") if isinstance(entry, Mapping) else entry): (device.name, key)
        for device in known.devices.values()
        if device.kind is Kind.NVR and _BINDINGS in known.values(device.name)
        for key, entry in dict(known.values(device.name)[_BINDINGS].value or {}).items()
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
