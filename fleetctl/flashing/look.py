"""What a device tells before and after: its version, and how it stands to what the inventory expects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fleetctl import catalog, converge
from fleetctl.errors import BadAnswer, Refused, Rejected, Stale, Unreachable, Unsupported
from fleetctl.flashing import alive
from fleetctl.flashing.order import ASPECT, Flash
from fleetctl.model import (
    Alive,
    AspectPlan,
    BackedUp,
    Channel,
    DevicePlan,
    Driver,
    Event,
    FrozenMap,
    Noted,
    Outcome,
    Planned,
    Verdict,
    older,
    verdict,
)

_READABLE = frozenset({Outcome.UNCHANGED, Outcome.PENDING, Outcome.CHANGED})


class Quiet:
    """A channel that keeps the plan that is made for this work's own use, and hands everything else on."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.plan: DevicePlan | None = None

    def emit(self, event: Event) -> None:
        """See Channel."""
        if isinstance(event, Planned):
            self.plan = event.plan
        else:
            self._channel.emit(event)

    def confirm(self, event: Event) -> None:
        """See Channel."""
        self._channel.confirm(event)

    def stopped(self) -> bool:
        """See Channel."""
        return self._channel.stopped()

    def see_through(self) -> None:
        """See Channel."""
        self._channel.see_through()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen of a device at one moment."""

    driver: Driver
    identity: Any
    plan: DevicePlan
    alive: FrozenMap[Alive]  # a recorder's channels, a switch's ports
    clock_error_s: float | None = None

    @property
    def drift(self) -> frozenset[tuple[str, str, str]]:
        """What is not as expected, by aspect, field and key."""
        return frozenset((a.aspect, c.field, c.key) for a in self.plan.aspects for c in a.changes)

    def noted(self, *, after: bool = False) -> Noted:
        """Return what is to be on record of it."""
        return Noted(
            device=self.plan.device, aspect=ASPECT, version=self.identity.firmware, after=after, alive=self.alive
        )

    @property
    def unread(self) -> frozenset[str]:
        """The aspects that could not be read."""
        return frozenset(a.aspect for a in self.plan.aspects if a.outcome not in _READABLE and a.actual is None)


def look(flash: Flash, link: converge.Link, channel: Channel) -> Look:
    """Read everything that the inventory expects of a device, and who it is; raises what the device answers."""
    registry = catalog.load()
    driver, identity = converge.recognise(flash.job, link, registry, required=True)
    quiet = Quiet(channel)
    expected = tuple(e for e in flash.job.expectations if e.aspect != ASPECT)
    converge.observe(replace(flash.job, expectations=expected, plan=None), link, quiet)
    assert quiet.plan is not None  # noqa: S101  # observing always tells
    return Look(
        driver=driver,
        identity=identity,
        plan=quiet.plan,
        alive=alive.read(registry, driver, link),
        clock_error_s=_clock_error_s(link, quiet.plan),
    )


def _clock_error_s(link: converge.Link, plan: DevicePlan) -> float | None:
    session = link.open_sessions[0]
    if hasattr(session, "clock_error_s"):
        told: float | None = session.clock_error_s()
        return told
    seen = next((getattr(a.actual, "clock_error_s", None) for a in plan.aspects if a.aspect == "time"), None)
    return seen if isinstance(seen, float) else None


def allowed(flash: Flash, seen: Look) -> None:
    """Raise Refused, Stale or Unsupported where a device is not to be flashed; nothing was sent then."""
    image, identity, parse = flash.image, seen.identity, seen.driver.release
    name = converge.where(flash.job.device)
    if not same_words(identity.model, image.models):
        models = ", ".join(image.models)
        raise Refused(f"{name} is a {identity.model}: the image {image.key} is for {models}. Untouched")
    if image.hardware and not same_words(identity.hardware_id, image.hardware):
        raise Refused(
            f"{name} is of the hardware line {identity.hardware_id or '(untold)'}: the image {image.key} is for "
            f"{', '.join(image.hardware)}. Untouched"
        )
    if verdict(flash.before, identity.firmware, parse) is Verdict.FAILED:
        raise Stale(
            f"{name} has {identity.firmware} by now, the roll-out was made for {flash.before}. Untouched. Plan again"
        )
    if image.min_from and older(identity.firmware, image.min_from, parse) is not False:
        raise Refused(
            f"{name} has {identity.firmware}: {image.target} is reached from {image.min_from} on only. Untouched. "
            f"First roll out a version in between"
        )
    if seen.clock_error_s is not None and abs(seen.clock_error_s) > flash.timing.clock_s:
        raise Refused(
            f"{name}: its clock is {seen.clock_error_s:+.0f} s off, so that nothing of it can be dated. Untouched. "
            f"First: fleetctl apply --aspect time --limit {flash.job.device.name}"
        )
    if sick := [a.aspect for a in seen.plan.aspects if a.aspect == "storage" and a.outcome is Outcome.FAILED]:
        raise Refused(f"{name}: its {sick[0]} is not well ({_reason(seen.plan, sick[0])}). Untouched")


def _reason(plan: DevicePlan, aspect: str) -> str:
    return next(a.reason for a in plan.aspects if a.aspect == aspect)


def same_words(told: str, listed: tuple[str, ...]) -> bool:
    """Return whether a name is one of those listed, whatever its case; nothing is guessed beyond that."""
    return bool(told.strip()) and told.strip().casefold() in {each.strip().casefold() for each in listed}


def version(flash: Flash, link: converge.Link) -> tuple[Driver, str]:
    """Return the driver and the version that the device tells now; raises what the device answers."""
    driver, identity = converge.recognise(flash.job, link, catalog.load(), required=True)
    return driver, str(identity.firmware)


def asked(name: str, link: converge.Link, driver: Driver) -> Any:
    """Return what a reading action of the driver tells (uptime, progress), None where it offers none or fails."""
    action = catalog.load().action(driver, name)
    if action is None:
        return None
    try:
        return action.run(link.session(action.protocol), None)
    except (Unsupported, Rejected, BadAnswer, Unreachable):
        return None


def taken(link: converge.Link, seen: Look) -> BackedUp | None:
    """Return the device's own backup, None where it offers none; raises what it answers where it does."""
    action = catalog.load().action(seen.driver, "backup")
    if action is None:
        return None
    try:
        backup = action.run(link.session(action.protocol), None)
    except Unsupported:
        return None
    told = seen.identity
    return BackedUp(
        device=link.device.name, backup=backup, serial_number=told.serial_number, mac_address=told.mac_address
    )


def new_drift(before: Look, after: Look) -> tuple[AspectPlan, ...]:
    """Return the aspects in which something is not as expected that was before, as plans that mend just that."""
    fresh = after.drift - before.drift
    plans = []
    for aspect in after.plan.aspects:
        changes = tuple(c for c in aspect.changes if (aspect.aspect, c.field, c.key) in fresh)
        if changes:
            plans.append(replace(aspect, changes=changes))
    return tuple(plans)
