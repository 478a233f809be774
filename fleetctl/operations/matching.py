"""Which device of the inventory each row of a spreadsheet means, and what the two say differently."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import Fault
from fleetctl.inventory import Inventory
from fleetctl.inventory.sheets import Listed
from fleetctl.inventory.sheets.rows import key_of
from fleetctl.model import Device, Kind
from fleetctl.vault import Vault

_PREFIX: Final[Mapping[Kind, str]] = {
    Kind.CAMERA: "cam", Kind.NVR: "nvr", Kind.SWITCH: "sw", Kind.KIOSK: "kiosk", Kind.DESK: "desk", Kind.OTHER: "dev",
}  # fmt: skip
_NUMBERED: Final = frozenset({Kind.CAMERA, Kind.DESK, Kind.OTHER})
BINDINGS: Final = "channels_cameras"


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


def proposed(site: str, kind: Kind, taken: Collection[str]) -> str:
    """Return a free name as the house writes them: viet-hung-cam-01, viet-hung-nvr."""
    stem = f"{site.replace('_', '-')}-{_PREFIX[kind]}"
    numbers = (f"{stem}-{n:02}" for n in range(1, len(taken) + 3))
    names = numbers if kind in _NUMBERED else (f"{stem}{'' if n == 1 else f'-{n}'}" for n in range(1, len(taken) + 3))
    return next(name for name in names if name not in taken)


class Matching:
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
        name = proposed(row.site, row.kind, self._taken)
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
                    variable=BINDINGS,
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
        value = told[BINDINGS].value if BINDINGS in told else {}
        return value if isinstance(value, Mapping) else {}
