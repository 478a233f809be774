"""Why a device gets none of what a roll-out could give it: told when it is planned, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from fleetctl.drivers.switch.firmware import why_not
from fleetctl.flashing.look import same_words
from fleetctl.model import Device, DevicePlan, Driver, Image, Kind, Outcome, brand_of, older
from fleetctl.operations import wiring
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh import platforms

AUDIT_ONLY: Final = "audit_only in the inventory: fleetctl only looks at it"


def of(
    workspace: Workspace, device: Device, plan: DevicePlan, image: Image, driver: Driver, *, allow_reset: bool
) -> tuple[Outcome, str] | None:
    """Return why a device does not get an image, and as what that counts; None where nothing speaks against it."""
    if device.kind is Kind.SWITCH and (why := _of_console(device, plan, image, driver)) is not None:
        return why
    reasons = _reasons(workspace, device, plan, image, driver, allow_reset=allow_reset)
    return next(((Outcome.REFUSED, why) for why in reasons if why), None)


def _reasons(
    workspace: Workspace, device: Device, plan: DevicePlan, image: Image, driver: Driver, *, allow_reset: bool
) -> Iterator[str]:
    if device.audit_only:
        yield AUDIT_ONLY
    if not (device.serial_number or device.mac_address):
        yield no_identity(device)
    yield _not_for(workspace, device, plan, image)
    if image.needs_reset and not allow_reset:
        yield f"the maker of {image.key} asks for a factory reset after it: --allow-reset, then reset and adopt by hand"
    if image.min_from and older(plan.firmware, image.min_from, driver.release) is not False:
        yield f"reached from {image.min_from} on only; first a version between"


def _of_console(device: Device, plan: DevicePlan, image: Image, driver: Driver) -> tuple[Outcome, str] | None:
    console = platforms.of(device)
    if console.upgrade is None:
        return Outcome.UNSUPPORTED, why_not(console)
    if console.upgrade.newer_only and older(image.target, plan.firmware, driver.release):
        return Outcome.REFUSED, f"{console.name} switches take only what is newer than what they have"
    return None


def no_identity(device: Device) -> str:
    """Return what is said of a device that was never taken in."""
    return f"no identity on record: fleetctl adopt --limit {device.name}"


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


def together(workspace: Workspace, name: str, rolled: AbstractSet[str]) -> str:
    """Return why a device does not go with the others of a roll-out, "" if it may.

    A camera does not go with its recorder: the gap in its recordings would have no bound. Nothing goes with the switch
    that it hangs on, whose start takes its power in mid-flash; what the inventory wires to no port hangs on the
    switches of its site, for all that is known.
    """
    device = workspace.inventory.devices[name]
    there = [d for n in sorted(rolled - {name}) if (d := workspace.inventory.devices[n]).site == device.site]
    for other in there:
        if other.kind is Kind.NVR and device.name in _cameras_of(workspace, other):
            return f"not together with its recorder {other.name}: its cameras in the next window"
        if other.kind is Kind.SWITCH and device.kind is not Kind.SWITCH and _hangs_on(workspace, device, other):
            return f"not together with the switch {other.name} that it hangs on: in the next window"
    return ""


def _cameras_of(workspace: Workspace, recorder: Device) -> set[str]:
    from fleetctl.aspects.channels import BoundCamera, Channels

    expected = next((e.value for e in workspace.expectations(recorder, ("channels",))), None)
    cameras = expected.cameras if isinstance(expected, Channels) and expected.cameras else {}
    return {str(c.camera) for c in cameras.values() if isinstance(c, BoundCamera)}


def _hangs_on(workspace: Workspace, device: Device, switch: Device) -> bool:
    return wiring.switch_of(workspace.inventory.devices, device) in ("", switch.name)
