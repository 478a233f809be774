"""Learn: what a device that is set up already has becomes its own lines in the inventory, each with an end date.

Each line stands beside a waiver that is marked `learned`: the line says what is expected until then, the waiver who
answers for it and until when. When that day is over the setting is drift again; `raised` takes lines and waivers out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import UsageError
from fleetctl.inventory import edit
from fleetctl.model import ABSENT, Aspect, Change, Device, DevicePlan, Waiver
from fleetctl.operations.runs import select
from fleetctl.operations.trying import tried
from fleetctl.operations.waivers import HOST, checked
from fleetctl.operations.workspace import Workspace
from fleetctl.reports.values import plain
from fleetctl.standard.convert import convert
from fleetctl.standard.shapes import STATE, Shape, Sort, shapes
from fleetctl.standard.waivers import wrong_setting

REASON: Final = "as it was when it was taken in"
_LAYER: Final = "_host"  # of a keyed field: the layer that a device's own items have


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One setting that a device has otherwise than the standard.

    `variable` is its line in the device's part of the inventory, "" where what it has cannot be written there (then
    the waiver alone keeps it); `key` is the item of a keyed field, `value` what is written.
    """

    device: str
    site: str
    setting: str
    expected: Any
    actual: Any
    variable: str = ""
    key: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """A line that was learned, and its waiver; `variable` is "" where only the waiver is there."""

    device: str
    site: str
    waiver: Waiver
    variable: str = ""
    key: str = ""
    value: Any = None


def lessons(workspace: Workspace, plans: Iterable[DevicePlan]) -> tuple[Lesson, ...]:
    """Return what devices have otherwise than expected and may keep: never accounts, services or passwords.

    Linux hosts are left out, whose roles are carried out whole.
    """
    return tuple(
        lesson
        for plan in plans
        if not (device := workspace.inventory.devices[plan.device]).is_host
        for each in plan.aspects
        if (aspect := workspace.registry.of_devices.get(each.aspect)) is not None
        and aspect.waivable
        and aspect.applied_by == "apply"
        for change in each.changes
        if (lesson := _lesson(workspace, device, aspect, change)) is not None
    )


def _lesson(workspace: Workspace, device: Device, aspect: Aspect, change: Change) -> Lesson | None:
    setting = ".".join(part for part in (aspect.name, change.field, change.key) if part)
    if wrong_setting(setting, workspace.registry.aspects) is not None:
        return None
    shape = next(shape for shape in shapes(aspect.type) if shape.name == change.field)
    bare = Lesson(
        device=device.name, site=device.site, setting=setting, expected=change.after, actual=change.before
    )  # fmt: skip
    keyed = shape.sort is Sort.KEYED
    variable = f"{aspect.name}_{change.field}{_LAYER if keyed else ''}"
    value = _item(change) if keyed else plain(change.before)
    if value is None or aspect.complete is not None or _own(workspace, device, variable, change.key if keyed else ""):
        return bare
    if not _can_be_said(shape, {change.key: value} if keyed else value):
        return bare
    return Lesson(
        device=device.name, site=device.site, setting=setting, expected=change.after, actual=change.before,
        variable=variable, key=change.key if keyed else "", value=value,
    )  # fmt: skip


def _item(change: Change) -> Mapping[str, Any] | None:
    """Return an item of a keyed field as its line has it, None where it holds a secret."""
    if change.before is ABSENT:
        return {STATE: "absent"}
    told = plain(change.before)
    if not isinstance(told, Mapping) or any(isinstance(v, Mapping) for v in told.values()):
        return None
    return {STATE: "present", **told} if change.after is ABSENT else told


def _can_be_said(shape: Shape, value: Any) -> bool:
    """Return whether the inventory may hold what a device has: it may be out of the range that the setting has."""
    return not convert(shape, value).wrongs


def _own(workspace: Workspace, device: Device, variable: str, key: str) -> bool:
    """Return whether somebody gave the device a line of its own for this: that is not written over."""
    given = next((e for e in workspace.inventory.explain(device.name) if e.name == variable), None)
    if given is None or not given.winner.source.startswith("host "):
        return False
    return not key or (isinstance(given.value, Mapping) and key in given.value)


def learn(workspace: Workspace, found: Sequence[Lesson], *, owner: str, until: str) -> tuple[Path, ...]:
    """Write lessons into the devices' files, all or nothing; returns the files. Every other byte stays.

    Raises UsageError for a waiver that cannot be, InventoryError where a file cannot be edited so.
    """
    edits: dict[Path, list[edit.Edit]] = {}
    for lesson in found:
        learned = bool(lesson.variable)
        waiver = checked(workspace, Waiver(setting=lesson.setting, owner=owner, reason=REASON, until=until))
        told = {"owner": waiver.owner, "reason": waiver.reason, "until": waiver.until}
        own = edits.setdefault(_file(workspace, lesson.device), [])
        if learned and lesson.key:
            own.append(edit.SetEntry(lesson.device, lesson.variable, lesson.key, lesson.value, of_host=True))
        elif learned:
            own.append(edit.SetHostValue(lesson.device, lesson.variable, lesson.value))
        entry = {**told, **({"learned": True} if learned else {})}
        own.append(edit.SetEntry(lesson.device, HOST, lesson.setting, entry, of_host=True))
    return _written(workspace, edits)


def learned(workspace: Workspace, limit: str, aspects: Sequence[str]) -> tuple[Learned, ...]:
    """Return what was learned of these aspects and stands in the inventory still."""
    return tuple(
        each
        for device in select(workspace, limit)
        for each in _of(workspace, device)
        if each.waiver.setting.partition(".")[0] in aspects
    )


def _of(workspace: Workspace, device: Device) -> Iterator[Learned]:
    values = workspace.inventory.values(device.name)
    own = values[HOST].value if HOST in values and isinstance(values[HOST].value, Mapping) else {}
    for waiver in workspace.waivers(device):
        if waiver.setting not in own or waiver.reason != REASON:
            continue
        aspect, _, rest = waiver.setting.partition(".")
        field, _, key = rest.partition(".")
        variable = f"{aspect}_{field}{_LAYER if key else ''}"
        bare = Learned(device=device.name, site=device.site, waiver=waiver)
        if not waiver.learned or not _own(workspace, device, variable, key):
            yield bare
            continue
        value = values[variable].value
        yield Learned(
            device=device.name, site=device.site, waiver=waiver, variable=variable, key=key,
            value=value[key] if key else value,
        )  # fmt: skip


def raised(workspace: Workspace, found: Sequence[Learned]) -> tuple[Path, ...]:
    """Take what was learned out of the inventory: the standard is expected again. Returns the files."""
    edits: dict[Path, list[edit.Edit]] = {}
    for each in found:
        own = edits.setdefault(_file(workspace, each.device), [])
        if each.variable and each.key:
            own.append(edit.RemoveEntry(each.device, each.variable, each.key, of_host=True))
        elif each.variable:
            own.append(edit.RemoveHostValue(each.device, each.variable))
        own.append(edit.RemoveEntry(each.device, HOST, each.waiver.setting, of_host=True))
    _bare(workspace, found, edits)
    return _written(workspace, edits)


def _bare(workspace: Workspace, found: Sequence[Learned], edits: Mapping[Path, list[edit.Edit]]) -> None:
    """Take out the mappings of which nothing is left."""
    gone: dict[tuple[str, str], set[str]] = {}
    for each in found:
        gone.setdefault((each.device, HOST), set()).add(each.waiver.setting)
        if each.key:
            gone.setdefault((each.device, each.variable), set()).add(each.key)
    for (device, variable), keys in gone.items():
        if set(workspace.inventory.values(device)[variable].value) <= keys:
            edits[_file(workspace, device)].append(edit.RemoveHostValue(device, variable))


def _file(workspace: Workspace, name: str) -> Path:
    device = workspace.inventory.devices[name]
    if device.place is None:
        raise UsageError(f"{name} comes from a dynamic inventory: write there what it is to keep")
    return Path(device.place.file)


def _written(workspace: Workspace, edits: Mapping[Path, Sequence[edit.Edit]]) -> tuple[Path, ...]:
    """Try the edits in a copy of the inventory, then write the files."""
    seen = {path: path.read_bytes() for path in edits}
    tried(workspace, {path: edit.edited(seen[path], told, file=str(path)) for path, told in edits.items()})
    for path, told in edits.items():
        edit.edit_file(path, told, seen=seen[path])
    workspace.reread()
    return tuple(edits)
