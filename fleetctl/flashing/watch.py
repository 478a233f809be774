"""Watch a device that has its image: it goes down, comes back, and tells its version."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

from fleetctl import converge
from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable, Unsupported
from fleetctl.flashing.look import asked, version
from fleetctl.flashing.order import Flash
from fleetctl.flashing.reopen import reopened
from fleetctl.model import Access, Channel, Driver, Outcome, Progress, Stage, Verdict, verdict

_SLACK_S: Final = 5.0  # by which an uptime and our own clock may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of it; `outcome` and `reason` where the version is not the wanted one."""

    verdict: Verdict
    version: str = ""
    outcome: Outcome = Outcome.FAILED
    reason: str = ""
    note: str = ""  # what was done meanwhile, to be told whatever comes of it


def watched(flash: Flash, channel: Channel, since: float, *, resumed: bool = False) -> Seen:
    """Watch until the device tells the wanted version, or its time has run out.

    `since` is when the image began to go there (seconds since 1970). `resumed`: whether it went down meanwhile nobody
    has seen, so its uptime tells, where it has one.
    """
    watch = _Watch(flash, channel, since, resumed=resumed)
    return watch.run()


class _Watch:
    def __init__(self, flash: Flash, channel: Channel, since: float, *, resumed: bool) -> None:
        self._flash, self._channel, self._since = flash, channel, since
        self._resumed = resumed
        self._went_down = False
        self._percent = -1
        self._note = ""

    def run(self) -> Seen:
        """Watch to the end; what had to be switched on again is told with it."""
        try:
            seen = self._run()
        except Refused as error:
            if not error.credential:
                raise
            seen = self._shut(error)
        return replace(seen, note=self._note) if self._note else seen

    def _shut(self, error: Refused) -> Seen:
        """The login that was good before the image was sent is refused: tried once, and never again."""
        name = self._flash.job.device.name
        return Seen(
            verdict=Verdict.INDETERMINATE,
            outcome=Outcome.REFUSED,
            reason=f"since its upgrade it refuses its login ({error}): it is factory-new, or lost its accounts; what "
            f"version it has cannot be read. Take it in again: fleetctl adopt --again --limit {name}",
        )

    def _run(self) -> Seen:
        timing = self._flash.timing
        now = time.time()  # whoever sent it is gone by now: what has not come by now does not come any more
        until = timing.flash_s + (min(now, self._since + timing.upload_s) if self._resumed else now)
        while not self._down():
            if self._resumed and (told := self._told()) is not None and told.verdict is Verdict.VERIFIED:
                return told
            if time.time() >= until:
                return self._stayed()
            time.sleep(timing.poll_s)
        self._channel.emit(Progress(device=self._flash.job.device.name, stage=Stage.RESTART))
        back = time.time() + timing.boot_s
        while not converge.answers(self._flash.job):
            if time.time() >= back:
                return Seen(
                    verdict=Verdict.FAILED,
                    reason=f"it went down to start with its new firmware and has not come back within "
                    f"{timing.boot_s:.0f} s; look at its power and its port; a technician may have to reset it",
                )
            time.sleep(timing.poll_s)
        return self._settled()

    def _down(self) -> bool:
        """Tell whether the device went down, seen or by its uptime; asks how far it is while it is up."""
        if not converge.answers(self._flash.job) or (
            (told := self._told()) is not None and told.outcome is Outcome.CHANGED
        ):
            self._went_down = True
        return self._went_down

    def _told(self) -> Seen | None:
        """Return what the device tells now, None where it tells nothing; outcome CHANGED: it has started since."""
        try:
            with converge.linked(self._flash.job, Access.READ, self._channel) as link:
                driver, found = version(self._flash, link)
                uptime_s = asked("uptime", link, driver)
                percent = asked("flash_state", link, driver)
        except (Unreachable, BadAnswer, Rejected, Unsupported):
            return None
        if percent is not None and percent != self._percent:
            self._percent = percent
            self._channel.emit(Progress(device=self._flash.job.device.name, stage=Stage.FLASH, percent=percent))
        how = verdict(self._flash.image.target, found, driver.release)
        started = uptime_s is not None and time.time() - uptime_s > self._since + _SLACK_S
        another = self._another(found, driver)
        return Seen(verdict=how, version=found, outcome=Outcome.CHANGED if started or another else Outcome.NOT_APPLIED)

    def _another(self, found: str, driver: Driver) -> bool:
        """Tell whether a version is not the one it had before: no device tells another without having started."""
        return verdict(self._flash.before, found, driver.release) is Verdict.FAILED

    def _settled(self) -> Seen:
        """Read the version until it is the wanted one: some tell the old one for a while after their start."""
        until, last = time.time() + self._flash.timing.late_s, None
        while True:
            told = self._told() or self._reopened()
            last = told or last
            if told is not None and told.verdict is Verdict.VERIFIED:
                return told
            if time.time() >= until:
                return self._not_it(last)
            time.sleep(self._flash.timing.poll_s)

    def _reopened(self) -> Seen | None:
        """Where it answers, but not so that its version can be read: switch ONVIF on again, and read once more."""
        if self._note or not reopened(self._flash, self._channel):
            return None
        self._note = "the upgrade switched ONVIF off: switched on again over its maker's interface"
        return self._told()

    def _not_it(self, last: Seen | None) -> Seen:
        wanted = self._flash.image.target
        if last is None:
            reason = "it answers after its start, but not so that its version can be read"
            return Seen(verdict=Verdict.INDETERMINATE, outcome=Outcome.UNKNOWN, reason=reason)
        if last.verdict is Verdict.INDETERMINATE:
            reason = f"it tells the version {last.version!r}, which may be {wanted} or not"
            return Seen(verdict=Verdict.INDETERMINATE, version=last.version, outcome=Outcome.UNKNOWN, reason=reason)
        reason = f"it has started again, and has {last.version}, not {wanted}"
        return Seen(verdict=Verdict.FAILED, version=last.version, reason=reason)

    def _stayed(self) -> Seen:
        """The device never went down: by what it tells, it has the version all the same, or nothing came of it."""
        told = self._told() or self._reopened()
        if told is not None and told.verdict is Verdict.VERIFIED:
            return told
        found = told.version if told is not None else "no version at all"
        return Seen(
            verdict=Verdict.FAILED,
            version=found,
            outcome=Outcome.NOT_APPLIED,
            reason=f"it took the image, has not started again in {self._flash.timing.flash_s:.0f} s and has {found}",
        )
