"""Read a device, compare it with what it should be, ask it what it can take. Writes nothing."""

from __future__ import annotations

import dataclasses
import time
from typing import Any, Final

from fleetctl import catalog
from fleetctl.converge.link import Job, Link, read, same_device, speaking, told, where
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import Aspect, AspectPlan, Cell, Channel, DevicePlan, Driver, Expectation, Outcome, Planned, Reading
from fleetctl.plan import Comparison, compare, overdue, plan_aspect, waive, wanted

OWN_APART: Final = "own_apart"  # the fact: that interface's protocol, where its account of the name is not ONVIF's
OWN_LOGIN: Final = "own_login"  # the fact: fingerprint of the password that is good in the maker's own interface too
AGAIN_S: Final = (2.0, 4.0)


def recognise(job: Job, link: Link, registry: catalog.Registry, *, required: bool) -> tuple[Driver, Any]:
    """Return the driver of what answers, and who it says it is: the device is asked, not the inventory believed.

    Of a camera behind a recorder both are asked: the recorder who it is, and which camera is on the channel.
    """
    device = link.device
    identity = greet(link, registry).identity()
    same_device(job.through or job.device, identity, required=required)
    driver = registry.driver_of(device, identity.manufacturer, identity.model)
    if job.through is None:
        known_there = bool(job.fingerprint) and job.facts.get(OWN_LOGIN) == job.fingerprint
        return driver if known_there or not driver.better else dataclasses.replace(driver, better=()), identity
    action = registry.action(driver, "camera")
    if action is None:
        raise Unsupported(f"{where(job.device)}: its recorder does not offer its cameras to others")
    camera = action.run(link.session(action.protocol), str(job.through.channel))
    same_device(job.device, camera, required=required)
    return dataclasses.replace(driver, cells=driver.behind, actions=()), camera


def greet(link: Link, registry: catalog.Registry) -> Any:
    """Return a session in the first protocol that the device speaks; finding out presents no login."""
    device = link.device
    if device.platform == "windows":
        raise Unsupported(
            f"{device.name}: Windows is listed only; what to do by hand: fleetctl device show {device.name}"
        )
    protocols = registry.greetings(device)
    if not protocols:
        raise Unsupported(f"{device.name}: fleetctl has no driver for kind {device.kind.value} yet")
    known = link.job.facts.get("protocol", "")
    order = sorted(protocols, key=lambda protocol: protocol != known)
    for protocol in order[:-1]:
        try:
            session = link.session(protocol)
        except (Unsupported, BadAnswer):
            continue
        link.learned["protocol"] = protocol
        with speaking(device, protocol):
            session.identity()
        return session
    with speaking(device, " or ".join(protocols)):
        session = link.session(order[-1])
        session.identity()
        return session


def observe(job: Job, link: Link, channel: Channel) -> list[Outcome]:
    registry = catalog.load()
    driver, identity = recognise(job, link, registry, required=False)
    expected = {e.aspect: e for e in job.expectations}
    plans = []
    for aspect in registry.aspects_of(job.device.kind):
        if (expectation := expected.get(aspect.name)) is not None:
            cell = registry.cell(driver, aspect.name, expectation.value)
            reading = read(cell, aspect.name, link)
            plans.append(_planned(job.device.name, aspect, expectation, reading, cell, link))
    channel.emit(
        Planned(
            device=job.device.name,
            plan=DevicePlan(
                device=job.device.name,
                kind=job.device.kind,
                site=job.device.site,
                aspects=tuple(plans),
                manufacturer=identity.manufacturer,
                model=identity.model,
                serial_number=identity.serial_number,
                firmware=identity.firmware,
                needs=tuple(sorted({n for e in job.expectations for n in e.needs})),
            ),
        )
    )
    return [plan.outcome for plan in plans]


def _planned(
    device: str, aspect: Aspect, expectation: Expectation, reading: Reading, cell: Cell | None, link: Link
) -> AspectPlan:
    if reading.outcome is not None or cell is None:
        return plan_aspect(aspect, expectation, reading, None)
    comparison = compared(device, expectation, reading.value, cell)
    for pause in AGAIN_S if failing(comparison) else ():
        time.sleep(pause)  # what has failed is looked at again: a recorder may be between two recordings
        link.session(cell.protocol).forget()
        again = read(cell, aspect.name, link)
        if again.outcome is None:
            reading = again
            comparison = compared(device, expectation, reading.value, cell)
        if not failing(comparison):
            break
    try:
        comparison = _possible(comparison, expectation.value, cell, link)
    except (BadAnswer, Rejected) as error:
        broken = Reading(aspect=aspect.name, outcome=Outcome.UNKNOWN, reason=told(error))
        return plan_aspect(aspect, expectation, broken, None)
    planned = plan_aspect(aspect, expectation, reading, comparison)
    if cell.risks is None or not planned.changes:
        return planned
    risk = cell.risks(link.session(cell.protocol), wanted(expectation.value, planned.changes))
    return dataclasses.replace(planned, risk=risk)


def compared(device: str, expectation: Expectation, actual: Any, cell: Cell) -> Comparison:
    """Return how a device differs, with the cell's own judgement and what is waived."""
    found = judged(compare(device, expectation, actual), cell, actual, expectation.value)
    return overdue(waive(found, expectation.aspect, expectation.waivers), expectation.ended)


def failing(comparison: Comparison) -> bool:
    """Tell whether something that no write mends has failed."""
    return any(gap.outcome is Outcome.FAILED for gap in comparison.gaps)


def judged(comparison: Comparison, cell: Cell, actual: Any, expected: Any) -> Comparison:
    """Add what is not as it should be and no write mends."""
    if cell.judge is None:
        return comparison
    return Comparison(changes=comparison.changes, gaps=comparison.gaps + cell.judge(actual, expected))


def _possible(comparison: Comparison, expected: Any, cell: Cell, link: Link) -> Comparison:
    """Ask the device which of the differing values it can take."""
    if not comparison.changes or cell.limits is None:
        return comparison
    try:
        return comparison.without(cell.limits(link.session(cell.protocol), wanted(expected, comparison.changes)))
    except Unsupported:
        return comparison  # it does not tell its options; the write and the read-back will
