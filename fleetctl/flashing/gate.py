"""Whether a device with new firmware is well: login, clock, picture, recordings, and nothing else has changed.

Source: field facts, NVR and vendor protocols, 5.6; ONVIF, quirk 28 (upgrades switch services off, change the login).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from fleetctl import catalog, converge
from fleetctl.errors import FleetctlError, Refused
from fleetctl.flashing import alive
from fleetctl.flashing.look import Look, look, new_drift
from fleetctl.flashing.order import Flash
from fleetctl.model import Access, Alive, Channel, Driver, FrozenMap, Kind, Noted, Outcome, SecretRef
from fleetctl.protocols import rtsp

_GOOD: Final = frozenset({Outcome.CHANGED, Outcome.UNCHANGED, Outcome.UNSUPPORTED, Outcome.WAIVED})


def gate(flash: Flash, channel: Channel, before: Look | None, noted: Noted | None) -> tuple[list[str], list[str]]:
    """Return what is wrong with a device after its upgrade, and what is to be told besides.

    What the upgrade changed is put back where the inventory says how it should be. `before` None: nobody looked at it
    (the run was killed): then all that is not as expected is put back. `noted` is how it stood before, from the record
    if need be.
    """
    troubles: list[str] = []
    notes: list[str] = []
    try:
        with converge.linked(flash.job, Access.READ, channel) as link:
            after = look(flash, link, channel)
        _clock(flash, channel, after, troubles)
        _put_back(flash, channel, before, after, troubles, notes)
        with converge.linked(flash.job, Access.READ, channel) as link:
            driver, _ = converge.recognise(flash.job, link, catalog.load(), required=True)
            after = replace(after, alive=_alive(flash, noted, after, driver, link, troubles))
            _picture(flash, driver, link, troubles)
        channel.confirm(found := after.noted(after=True))
        notes += alive.told(flash.job.device.kind, noted, found)
        action = catalog.load().action(driver, "keep_firmware")
        if action is not None and troubles:
            notes.append("it was not told to keep the new firmware, so that it takes its old one back by itself")
        elif action is not None:
            with converge.linked(flash.job, Access.WRITE, channel) as link:
                converge.recognise(flash.job, link, catalog.load(), required=True)
                notes += filter(None, [action.run(link.session(action.protocol), None)])
    except FleetctlError as error:
        troubles.append(converge.told(error))
    return troubles, notes


def _clock(flash: Flash, channel: Channel, after: Look, troubles: list[str]) -> None:
    """Wait for a right clock: many have none until a time server has answered them."""
    error_s, until = after.clock_error_s, time.monotonic() + flash.timing.late_s
    while error_s is not None and abs(error_s) > flash.timing.clock_s and time.monotonic() < until:
        time.sleep(flash.timing.poll_s)
        with converge.linked(flash.job, Access.READ, channel) as link:
            converge.recognise(flash.job, link, catalog.load(), required=True)
            error_s = link.open_sessions[0].clock_error_s()
    if error_s is not None and abs(error_s) > flash.timing.clock_s:
        troubles.append(f"its clock is {error_s:+.0f} s off")


def _put_back(
    flash: Flash, channel: Channel, before: Look | None, after: Look, troubles: list[str], notes: list[str]
) -> None:
    """Write what drifted by the upgrade, and tell it; what can no longer be read is a trouble."""
    empty = replace(after, plan=replace(after.plan, aspects=()))
    drifted = new_drift(before or empty, after)
    lost = after.unread - (before.unread if before is not None else frozenset())
    if before is not None:
        troubles += [f"{name} can no longer be read" for name in sorted(lost)]
    if not drifted:
        return
    plan = replace(after.plan, aspects=drifted)
    names = ", ".join(f"{a.aspect}.{c.field}{f'.{c.key}' if c.key else ''}" for a in drifted for c in a.changes)
    with converge.linked(flash.job, Access.WRITE, channel) as link:
        outcomes = converge.converge(replace(flash.job, plan=plan), link, channel)
    if all(outcome in _GOOD for outcome in outcomes):
        notes.append(f"the upgrade changed {names}: put back" if before is not None else f"put back: {names}")
    elif before is None:
        notes.append(f"{names} is not as expected and could not be put back; whether it was so before, nobody saw")
    else:
        troubles.append(f"the upgrade changed {names}, and it could not be put back")


def _alive(
    flash: Flash, noted: Noted | None, after: Look, driver: Driver, link: converge.Link, troubles: list[str]
) -> FrozenMap[Alive]:
    """Wait until all that was well before is so again: that takes its time. Returns what was seen last.

    A channel is well when it is online and its footage goes on beyond what the first look found: newer than the flash.
    """
    registry, until = catalog.load(), time.monotonic() + flash.timing.alive_s
    wanted = {key for key, told in (noted.alive if noted is not None else {}).items() if told.well}
    while True:
        now = alive.read(registry, driver, link)
        missing = sorted(key for key in wanted if not alive.goes_on(after.alive.get(key), now.get(key)))
        if not missing or time.monotonic() > until:
            break
        time.sleep(flash.timing.poll_s)
    if missing:
        names, seconds = ", ".join(missing), f"{flash.timing.alive_s:.0f}"
        if flash.job.device.kind is Kind.SWITCH:
            troubles.append(f"port {names} had a link before and has none within {seconds} s")
        else:
            troubles.append(f"channel {names} was recorded before and is not within {seconds} s")
    return now


def _picture(flash: Flash, driver: Driver, link: converge.Link, troubles: list[str]) -> None:
    """Play a stream until its first packet; a camera that has just started may take its time until it gives one."""
    registry, device = catalog.load(), flash.job.device
    action = registry.action(driver, "stream_path")
    if action is None or not device.user:
        return
    until = time.monotonic() + flash.timing.late_s
    while True:
        try:
            path = str(action.run(link.session(action.protocol), None))
            if path:
                password = flash.job.secrets.reveal(SecretRef(device=device.name, account=device.user))
                rtsp.plays(device, path, password, flash.job.known_hosts)
        except FleetctlError as error:
            if isinstance(error, Refused) or time.monotonic() >= until:
                troubles.append(f"its stream does not play: {error}")
                return
            time.sleep(flash.timing.poll_s)
        else:
            return
