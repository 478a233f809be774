"""Flash one device: nothing is sent before it is journaled, nothing is sent twice, and its own word is no proof."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from fleetctl import catalog, converge
from fleetctl.errors import FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.flashing import alive
from fleetctl.flashing.gate import gate
from fleetctl.flashing.look import Look, allowed, asked, look, taken
from fleetctl.flashing.order import ASPECT, Flash
from fleetctl.flashing.updates import Update, Updating
from fleetctl.flashing.watch import Seen, watched
from fleetctl.model import (
    Access,
    Change,
    Channel,
    Finished,
    Intent,
    Noted,
    Order,
    Outcome,
    Progress,
    Result,
    Sent,
    Stage,
    Started,
    Verdict,
    verdict,
)
from fleetctl.protocols.upload import Upload


def work(name: str, payload: Any, channel: Channel) -> None:
    """Flash a device, or update a host (the executor's work): one Result of the aspect `firmware`, one Finished."""
    told: Flash | Update = payload
    begun = time.monotonic()
    device = told.job.device
    channel.emit(Started(device=name, site=device.site))
    steps = Updating(told, channel) if isinstance(told, Update) else _Work(told, channel)
    try:
        outcome, reason = steps.done()
    except FleetctlError as error:
        outcome, reason = converge.outcome_of(error), converge.told(error)
    duration_s = time.monotonic() - begun
    channel.emit(
        Result(
            device=name,
            kind=device.kind,
            site=device.site,
            aspect=ASPECT,
            outcome=outcome,
            reason=reason,
            changes=steps.changes if outcome is Outcome.CHANGED else (),
            duration_s=duration_s,
        )
    )
    channel.emit(Finished(device=name, site=device.site, outcome=outcome, reason=reason, duration_s=duration_s))


class _Work:
    """The steps, in their order; each returns an outcome and a reason, or raises what the device answers."""

    def __init__(self, flash: Flash, channel: Channel) -> None:
        self.flash, self.channel = flash, channel
        self.device = flash.job.device
        name, target = self.device.name, flash.image.target
        change = Change(device=name, aspect=ASPECT, field="version", before=flash.before, after=target)
        self.changes: tuple[Change, ...] = (change,)

    def done(self) -> tuple[Outcome, str]:
        """Take up an earlier try by what the device is now; else look, send, watch and judge."""
        if self.flash.again:
            return self._again()
        if (earlier := self.flash.earlier) is not None:
            seen = watched(self.flash, self.channel, earlier.began, resumed=True)
            if seen.verdict is Verdict.VERIFIED:
                return self._gate(None, seen)
            if earlier.sent or seen.outcome is not Outcome.NOT_APPLIED:
                return self._ended(seen, self.flash.noted)
        with converge.linked(self.flash.job, Access.READ, self.channel) as link:
            before = look(self.flash, link, self.channel)
            if self._there(before):
                return Outcome.UNCHANGED, f"has {before.identity.firmware} already"
            allowed(self.flash, before)
            percent = asked("flash_state", link, before.driver)
            self._ready(asked("room", link, before.driver), asked("uptime", link, before.driver))
            backup = taken(link, before)
        if percent is not None:
            raise Refused(f"{converge.where(self.device)} is being upgraded by somebody else ({percent} %). Untouched")
        if backup is not None:
            self.channel.confirm(backup)
        self.channel.confirm(before.noted())
        moment = time.time()
        self._send()
        seen = watched(self.flash, self.channel, moment)
        return self._gate(before, seen) if seen.verdict is Verdict.VERIFIED else self._ended(seen, before.noted())

    def _ready(self, free: int | None, up_s: float | None) -> None:
        """Raise Refused where it has no room, or has just started, as far as it tells; nothing was sent then."""
        size, least_s = self.flash.image.size, self.flash.timing.settled_s
        if up_s is not None and up_s < least_s and self.flash.earlier is None:
            raise Refused(
                f"{converge.where(self.device)} has been up for {up_s:.0f} s, less than {least_s:.0f}: what made "
                "it start may do so again. Untouched. Later, or --min-uptime"
            )
        if free is not None and free < size:
            raise Refused(
                f"{converge.where(self.device)} has {free / 1e6:.1f} MB free, the image takes {size / 1e6:.1f}. "
                "Untouched. Delete old images there first"
            )

    def _again(self) -> tuple[Outcome, str]:
        """Judge a device that was flashed a while ago by all that it does now; nothing is sent."""
        self.channel.see_through()  # what was flashed is judged to its end, Ctrl-C or not
        with converge.linked(self.flash.job, Access.READ, self.channel) as link:
            now = look(self.flash, link, self.channel)
        if not self._there(now):
            return Outcome.FAILED, f"has {now.identity.firmware} again, not {self.flash.image.target}"
        troubles, _ = gate(self.flash, self.channel, now, self.flash.noted or now.noted())
        if troubles:
            return Outcome.FAILED, f"was well after its upgrade, and is no longer: {'; '.join(troubles)}"
        return Outcome.UNCHANGED, ""

    def _there(self, before: Look) -> bool:
        found = verdict(self.flash.image.target, before.identity.firmware, before.driver.release)
        return found is Verdict.VERIFIED

    def _send(self) -> None:
        """Send the image; journaled before, and after. Raises Rejected, Unsupported, Unreachable, UsageError."""
        flash, name = self.flash, self.device.name
        uploads: list[Upload] = []

        def body(before: bytes = b"", after: bytes = b"") -> Upload:
            def progress(percent: int) -> None:
                self.channel.emit(Progress(device=name, stage=Stage.UPLOAD, percent=percent))

            image = flash.image
            made = Upload(Path(flash.path), image.size, image.sha256, before=before, after=after, progress=progress)
            uploads.append(made)
            return made

        with converge.linked(flash.job, Access.WRITE, self.channel) as link:
            driver, _ = converge.recognise(flash.job, link, catalog.load(), required=True)
            action = catalog.load().action(driver, "flash")
            if action is None:
                raise Unsupported(f"{name}: fleetctl cannot give firmware to {driver.name} devices")
            session = link.session(action.protocol)
            self.channel.confirm(Intent(device=name, aspect=ASPECT, changes=self.changes))
            self.channel.see_through()
            try:
                action.run(session, Order(image=flash.image, body=body))
            except Rejected as error:
                raise Rejected(f"{converge.where(self.device)} does not take the image: {error}") from error
            except Unreachable as error:
                if not uploads or not uploads[-1].gone:
                    raise
                raise Unreachable(
                    f"the link to {converge.where(self.device)} broke while the image was sent ({error}); "
                    "what it has of it is no whole image"
                ) from error
        self.channel.confirm(Sent(device=name, aspect=ASPECT, what=flash.image.sha256))
        self.channel.emit(Progress(device=name, stage=Stage.FLASH))  # many do not tell how far they are

    def _gate(self, before: Look | None, seen: Seen) -> tuple[Outcome, str]:
        """Judge a device that tells the wanted version by all that it does."""
        self.channel.see_through()  # after a kill too
        self.channel.emit(Progress(device=self.device.name, stage=Stage.CHECKS))
        noted = self.flash.noted if before is None else before.noted()
        troubles, notes = gate(self.flash, self.channel, before, noted)
        notes = [*filter(None, [seen.note]), *notes]
        if self.flash.image.needs_reset:
            notes.append(
                f"its maker asks for a factory reset now: do it, then fleetctl adopt --again --limit {self.device.name}"
            )
        if troubles:
            return Outcome.FAILED, f"has {seen.version}, but {'; '.join([*troubles, *notes])}"
        return Outcome.CHANGED, "; ".join(notes)

    def _ended(self, seen: Seen, noted: Noted | None) -> tuple[Outcome, str]:
        told = "; ".join([*filter(None, [seen.reason, seen.note]), *alive.told(self.device.kind, noted)])
        return seen.outcome, f"{converge.where(self.device)}: {told}"
