"""The catalogue of firmware, and what a roll-out would do: which device gets which image, and which none and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from fleetctl.aspects.firmware import Firmware, named
from fleetctl.errors import UsageError
from fleetctl.executor import Policy, Stop
from fleetctl.flashing.look import same_words
from fleetctl.flashing.order import ASPECT
from fleetctl.images import Catalogue
from fleetctl.machine import operator
from fleetctl.model import (
    Device,
    DevicePlan,
    Driver,
    Event,
    Expectation,
    Image,
    Kind,
    Outcome,
    Verdict,
    brand_of,
    older,
    verdict,
)
from fleetctl.operations import wiring
from fleetctl.operations.firmware.hosts import in_words, packages
from fleetctl.operations.runs import observed, select
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh import platforms

_AUDIT_ONLY: Final = "audit_only in the inventory: fleetctl only looks at it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a roll-out does to one device: from which version to which image; or why it is left out (`refused`)."""

    device: str
    model: str = ""
    before: str = ""
    target: str = ""
    image: str = ""  # checksum
    refused: str = ""
    outcome: Outcome = Outcome.PENDING  # how it stands before: unchanged has it already
    packages: bool = False  # of a Linux host: its role brings it to `target`, there is no image

    @property
    def active(self) -> bool:
        """Whether something is done to the device."""
        return not self.refused and (self.packages or bool(self.image))

    @property
    def lane(self) -> str:
        """The devices that are judged together: of one model, from one version (a host's are many) to another."""
        return f"{self.model}: {self.target}" if self.packages else f"{self.model}: {self.before} -> {self.target}"


def catalogue(workspace: Workspace) -> Catalogue:
    """Return the workspace's images."""
    if workspace.fetch is not None:
        workspace.fetch()
    return Catalogue(workspace.state / "firmware")


def add(workspace: Workspace, source: Path, told: Mapping[str, Any], *, expected_sha256: str = "") -> Image:
    """Take an image in; raises UsageError (no file, no room, another checksum, nothing said of its models)."""
    if workspace.bundle is not None:
        raise UsageError("images are taken in at home: a bundle carries those that its site wants when it is made")
    if not told.get("models"):
        raise UsageError("for which models is it? Name each that its maker lists: --model DS-2CD2143G2-I")
    for name in ("vendor", "version"):
        if not told.get(name):
            raise UsageError(f"--{name} is missing: an image is not guessed from its file name")
    who = {"added_by": operator(), "added": datetime.now(UTC).isoformat(timespec="seconds")}
    return catalogue(workspace).add(source, {**told, **who}, expected_sha256=expected_sha256)


def wanted(workspace: Workspace, devices: Sequence[Device]) -> tuple[Image, ...]:
    """Return the images that are what the inventory wants on these devices, of the models that are known of them."""
    there, found = catalogue(workspace).images(), {}
    for device in devices:
        driver, model = workspace.driver(device), workspace.facts(device.name).get("model", device.model)
        target = "" if device.is_host or not there else _target(workspace, device, model)
        for image in there if target else ():
            if same_words(model, image.models) and verdict(target, image.target, driver.release) is Verdict.VERIFIED:
                found[image.sha256] = image
    return tuple(found.values())


def read(
    workspace: Workspace, limit: str, *, image: str = "", stop: Stop | None = None, policy: Policy | None = None
) -> Iterator[Event]:
    """Yield the events of reading which firmware devices have; gather them with `steps`. An `image` is for no host."""
    devices = chosen(workspace, limit, image)
    if not devices:
        what = "camera, recorder or switch" if image else "camera, recorder, switch or Linux host"
        raise UsageError(f"--limit {limit or 'all'}: there is no {what} among them")

    def expected(device: Device) -> tuple[Expectation, ...]:
        if not device.is_host:
            return workspace.expectations(device, (ASPECT,))
        wanted = packages(workspace, device)
        return () if wanted is None else (wanted,)

    yield from observed(
        workspace,
        devices,
        (ASPECT,),
        kind="plan",
        stop=stop or Stop(),
        policy=policy or Policy(per_site=8),
        expected=expected,
    )


def chosen(workspace: Workspace, limit: str, image: str = "") -> list[Device]:
    """Return the devices of a selection whose firmware fleetctl writes; with an `image` no hosts."""
    kinds = (Kind.CAMERA, Kind.NVR, Kind.SWITCH)
    return [d for d in select(workspace, limit) if (not image if d.is_host else d.kind in kinds)]


def _host_step(device: Device, plan: DevicePlan) -> Step:
    told = Step(device=device.name, model=device.model or f"Linux {device.kind.value}")
    aspect = next((a for a in plan.aspects if a.aspect == ASPECT), None)
    if aspect is None:
        why = "nothing says which packages it should have (firmware_packages, firmware_upgrade)"
        return _no(told, why, outcome=Outcome.UNCHANGED)
    target = in_words(Expectation(aspect=ASPECT, value=aspect.expected))
    if not aspect.changes:
        good = aspect.outcome in (Outcome.UNCHANGED, Outcome.WAIVED)
        why = "has its packages as wanted already" if good else aspect.reason
        return _no(told, why, target=target, outcome=aspect.outcome)
    if device.audit_only:
        return _no(told, _AUDIT_ONLY, target=target)
    if not device.serial_number:
        return _no(told, _no_identity(device), target=target)
    return replace(told, target=target, packages=True)


def steps(
    workspace: Workspace, plans: Sequence[DevicePlan], image: str = "", *, allow_reset: bool = False
) -> tuple[Step, ...]:
    """Return what each device that was read gets; `image` names one (by its checksum) instead of the standard's.

    `allow_reset`: also images after which their maker asks for a factory reset.
    """
    there = catalogue(workspace)
    images = (there.image(image),) if image else there.images()
    found = [_step(workspace, plan, images, chosen=bool(image), allow_reset=allow_reset) for plan in plans]
    rolled = {step.device for step in found if step.active}
    return tuple(_not_with(workspace, step, rolled) for step in found)


def _step(workspace: Workspace, plan: DevicePlan, images: Sequence[Image], *, chosen: bool, allow_reset: bool) -> Step:
    device = workspace.inventory.devices[plan.device]
    if plan.outcome is not None:
        return Step(device=device.name, refused=plan.reason, outcome=plan.outcome)
    if device.is_host:
        return _host_step(device, plan)
    driver = workspace.registry.driver_of(device, plan.manufacturer, plan.model)
    told = Step(device=device.name, model=plan.model, before=plan.firmware)
    target = images[0].target if chosen else _target(workspace, device, plan.model)
    if not target:
        why = f"nothing says what a {plan.model} should have (firmware_target)"
        return _no(told, why, outcome=Outcome.UNCHANGED)
    if verdict(target, plan.firmware, driver.release) is Verdict.VERIFIED:
        return _no(told, f"has {plan.firmware} already", target=target, outcome=Outcome.UNCHANGED)
    image, why = _image(images, plan, target, driver)
    if image is None:
        return _no(told, why, target=target)
    if device.kind is Kind.SWITCH and (console := platforms.of(device)).upgrade is None:
        why = f"fleetctl gives {console.name} switches no firmware: how they take it has not been looked up"
        return _no(told, why, target=target, outcome=Outcome.UNSUPPORTED)
    if device.audit_only:
        return _no(told, _AUDIT_ONLY, target=target)
    if not (device.serial_number or device.mac_address):
        return _no(told, _no_identity(device), target=target)
    if why := _not_for(workspace, device, plan, image):
        return _no(told, why, target=target)
    if image.needs_reset and not allow_reset:
        why = f"the maker of {image.key} asks for a factory reset after it: --allow-reset, then reset and adopt by hand"
        return _no(told, why, target=target)
    if image.min_from and older(plan.firmware, image.min_from, driver.release) is not False:
        return _no(told, f"reached from {image.min_from} on only; first a version between", target=target)
    return Step(device=device.name, model=plan.model, before=plan.firmware, target=image.target, image=image.sha256)


def _not_for(workspace: Workspace, device: Device, plan: DevicePlan, image: Image) -> str:
    """Return why an image is for another brand, region or language; what nobody tells is not taken as the same."""
    values = workspace.inventory.values(device.name)

    def said(name: str) -> str:
        return str(values[name].value) if name in values else ""

    for what, wanted, has, where in (
        ("brand code", image.oem, brand_of(plan.firmware) or said("device_oem"), "device_oem"),
        ("region", image.region, said("device_region"), "device_region"),
        ("language", image.language, said("device_language"), "device_language"),
    ):
        if wanted and not has:
            return f"the image {image.key} is for the {what} {wanted}; nothing says this device's: {where} (inventory)"
        if wanted and not same_words(has, (wanted,)):
            return f"the image {image.key} is for the {what} {wanted}, the device has {has}"
    return ""


def _no_identity(device: Device) -> str:
    return f"no identity on record: fleetctl adopt --limit {device.name}"


def _no(step: Step, why: str, *, target: str = "", outcome: Outcome = Outcome.REFUSED) -> Step:
    return Step(device=step.device, model=step.model, before=step.before, target=target, refused=why, outcome=outcome)


def _target(workspace: Workspace, device: Device, model: str) -> str:
    expected = next((e.value for e in workspace.expectations(device, ("firmware",))), None)
    return named(expected.target, model) if isinstance(expected, Firmware) else ""


def _image(images: Sequence[Image], plan: DevicePlan, target: str, driver: Driver) -> tuple[Image | None, str]:
    """Return the image for a model and a version, or why there is none; nothing is guessed."""
    own = [image for image in images if same_words(plan.model, image.models)]
    if not own:
        return None, f"no image in the catalogue is for {plan.model}: fleetctl firmware add"
    right = [image for image in own if verdict(target, image.target, driver.release) is Verdict.VERIFIED]
    if not right:
        return None, f"no image in the catalogue is {target} for {plan.model}: fleetctl firmware add"
    wrong = [i for i in right if not driver.recognises(i.vendor, "") and i.vendor.lower() != driver.name]
    right = [i for i in right if i not in wrong]
    if not right:
        return None, f"the image {wrong[0].key} is of {wrong[0].vendor}, the device of {plan.manufacturer}"
    if len(right) > 1:
        return None, f"{len(right)} images are {target} for {plan.model}; name one: --image {right[0].key}"
    return right[0], ""


def _not_with(workspace: Workspace, step: Step, rolled: set[str]) -> Step:
    """Leave out what is not to go together: a camera with its recorder, anything with the switch that it hangs on.

    The gap in a camera's recordings would have no bound, and a switch that starts takes the power of a device in
    mid-flash. What the inventory wires to no port hangs on the switches of its site, for all that is known.
    """
    if step.device not in rolled:
        return step
    device = workspace.inventory.devices[step.device]
    there = [d for n in sorted(rolled - {step.device}) if (d := workspace.inventory.devices[n]).site == device.site]
    for other in there:
        if other.kind is Kind.NVR and device.name in _cameras_of(workspace, other):
            why = f"not together with its recorder {other.name}: its cameras in the next window"
            return _no(step, why, target=step.target)
        if other.kind is Kind.SWITCH and device.kind is not Kind.SWITCH and _hangs_on(workspace, device, other):
            why = f"not together with the switch {other.name} that it hangs on: in the next window"
            return _no(step, why, target=step.target)
    return step


def _cameras_of(workspace: Workspace, recorder: Device) -> set[str]:
    from fleetctl.aspects.channels import BoundCamera, Channels

    expected = next((e.value for e in workspace.expectations(recorder, ("channels",))), None)
    cameras = expected.cameras if isinstance(expected, Channels) and expected.cameras else {}
    return {str(c.camera) for c in cameras.values() if isinstance(c, BoundCamera)}


def _hangs_on(workspace: Workspace, device: Device, switch: Device) -> bool:
    return wiring.switch_of(workspace.inventory.devices, device) in ("", switch.name)
