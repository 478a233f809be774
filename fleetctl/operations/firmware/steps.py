"""The catalogue of firmware, and what a roll-out would do: which device gets which image, and which none and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
    verdict,
)
from fleetctl.operations.firmware import refusals
from fleetctl.operations.firmware.hosts import in_words
from fleetctl.operations.runs import observed, select
from fleetctl.operations.workspace import Workspace


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
    yield from observed(
        workspace,
        devices,
        (ASPECT,),
        kind="plan",
        stop=stop or Stop(),
        policy=policy or Policy(per_site=8),
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
    if not any(gap.outcome is Outcome.PENDING for gap in aspect.gaps):
        good = aspect.outcome in (Outcome.UNCHANGED, Outcome.WAIVED)
        why = "has its packages as wanted already" if good else aspect.reason
        return _no(told, why, target=target, outcome=aspect.outcome)
    if device.audit_only:
        return _no(told, refusals.AUDIT_ONLY, target=target)
    if not device.serial_number:
        return _no(told, refusals.no_identity(device), target=target)
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
    why = {name: refusals.together(workspace, name, rolled) for name in sorted(rolled)}
    return tuple(_no(s, why[s.device], target=s.target) if why.get(s.device) else s for s in found)


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
    if (refused := refusals.of(workspace, device, plan, image, driver, allow_reset=allow_reset)) is not None:
        outcome, why = refused
        return _no(told, why, target=target, outcome=outcome)
    return Step(device=device.name, model=plan.model, before=plan.firmware, target=image.target, image=image.sha256)


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
