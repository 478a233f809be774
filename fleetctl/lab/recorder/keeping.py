"""What becomes of a pulled picture: schedule, disks, retention, overwriting decide."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetctl.lab.device import SimDevice
from fleetctl.lab.recorder.grab import Picture
from fleetctl.lab.recorder.link import Link

if TYPE_CHECKING:
    from fleetctl.lab.world import World

DAY_S: Final = 86400
FILES_LEAST: Final = 8  # a full disk holds no fewer recordings
LEAP_S: Final = 2.0  # a clock that was set by more begins another recording
WHOLE_WEEK: Final = {str(day): [[0, DAY_S, ["timed"]]] for day in range(7)}
DEFAULT: Final[Mapping[str, Any]] = {
    "on": False,
    "mode": "schedule",
    "week": WHOLE_WEEK,
    "audio": False,
    "pre_s": 5,
    "post_s": 5,
    "days": 0,
    "stream": "main",
}


def settings(recorder: SimDevice, number: str) -> Mapping[str, Any]:
    """Return how a channel is recorded."""
    told = recorder.read("recording")
    return {**DEFAULT, **told.get("*", {}), **told.get(number, {})}


def link_of(recorder: SimDevice, number: str) -> Link:
    """Return how a channel stands; in a lab whose recorders stand still, as the factory state `standing` says."""
    found = (recorder.links or {}).get(number)
    if found is not None:
        return found
    told = recorder.read("standing")
    bound = bool(recorder.read("channels").get(number, {}).get("address"))
    return Link(**told) if told and bound else Link()


def disks(recorder: SimDevice) -> dict[str, dict[str, Any]]:
    """Return the disks as they are now, by number: their state is what a fault makes of it."""
    found = {number: dict(told) for number, told in recorder.read("disks").items()}
    for fault, state in (("disk-failure", "error"), ("disk-unformatted", "unformatted")):
        told = (recorder.faults or {}).get(fault)
        if told and str(told["disk"]) in found:
            found[str(told["disk"])]["state"] = state
    return found


def room_mb(recorder: SimDevice) -> float:
    """Return what the disks that can be written hold together."""
    return float(sum(told["mb"] for told in disks(recorder).values() if told["state"] == "ok"))


def used_mb(world: World, recorder: SimDevice) -> float:
    """Return how much is recorded; all there is room for while the disk is full."""
    if recorder.faults and "disk-full" in recorder.faults:
        return room_mb(recorder)
    return min(room_mb(recorder), world.footage.kb(recorder.name) / 1000)


def _scheduled(told: Mapping[str, Any], local_s: float) -> bool:
    """Tell whether the schedule has continuous recording now; there is no motion in the lab."""
    moment = time.gmtime(local_s)
    second = moment.tm_hour * 3600 + moment.tm_min * 60 + moment.tm_sec
    return any(
        start <= second < end and "timed" in kinds for start, end, kinds in told["week"].get(str(moment.tm_wday), ())
    )


def reason_not_to(recorder: SimDevice, number: str, local_s: float) -> str:
    """Return why a channel that is online is not recorded now: off, firmware, schedule, disk; "" if it is."""
    told = settings(recorder, number)
    if told["mode"] == "off" or not told["on"]:
        return "off"
    if recorder.read("info").get("no_footage"):
        return "firmware"
    if told["mode"] == "schedule" and not _scheduled(told, local_s):
        return "schedule"
    if not room_mb(recorder) or (recorder.faults and "disk-full" in recorder.faults):
        return "disk"
    return ""


def end(link: Link, why: str) -> None:
    """End the recording under way."""
    link.recording, link.why_not, link.span, link.number = False, why, None, 0


def keep(world: World, recorder: SimDevice, number: str, link: Link, picture: Picture) -> None:
    """Write a picture down, or not."""
    now = recorder.now(world.spec)
    told, footage = settings(recorder, number), world.footage
    if told["days"]:
        footage.drop_before(recorder.name, number, now - told["days"] * DAY_S)
    if why := reason_not_to(recorder, number, now + recorder.zone_offset_s()):
        end(link, why)
        return
    goes_on = link.span is not None and _steady(link, now)
    link.kept_at = time.monotonic()
    if link.span is None or not goes_on or _long(world, recorder, now - link.span[0], picture):
        if goes_on and link.span is not None:  # the old one reaches up to where the new one begins
            footage.extend(link.number, now, _kb(picture, now - link.span[0]))
        link.number = footage.begin(recorder.name, number, now, picture.data, picture.codec, "timed")
        link.span = (now, now)
    else:
        link.span = (link.span[0], now)
        footage.extend(link.number, now, _kb(picture, now - link.span[0]))
    while footage.kb(recorder.name) / 1000 > room_mb(recorder):
        if not recorder.read("storage").get("overwrite", True) or not footage.drop_oldest(recorder.name, link.number):
            end(link, "disk")
            return
    link.recording, link.why_not = True, ""


def _steady(link: Link, now: float) -> bool:
    """Tell whether the recorder's clock went on since the last picture as time did, not by a leap."""
    went = time.monotonic() - link.kept_at
    return link.span is not None and abs(now - link.span[1] - went) < LEAP_S


def _long(world: World, recorder: SimDevice, seconds: float, picture: Picture) -> bool:
    """Tell whether a recording has its length, or takes so much of the disk that another must begin."""
    return seconds > world.spec.segment_s or _kb(picture, seconds) > room_mb(recorder) * 1000 / FILES_LEAST


def _kb(picture: Picture, seconds: float) -> float:
    return picture.kbps / 8 * seconds


SECTIONS: Final = ("channels", "recording", "disks", "storage", "sync")


def recorder_state(world: World, recorder: SimDevice) -> dict[str, Any]:
    """Return what a recorder holds beside what every device does, for people and tests: passwords as they are."""
    held = {number: world.footage.span(recorder.name, number) for number in recorder.read("channels")}
    links = {
        number: {
            "state": link.state,
            "recording": link.recording,
            "why_not": link.why_not,
            "tries": link.tries,
            "since": link.since,
            "camera": link.camera,
        }
        for number, link in (recorder.links or {}).items()
    }
    told: dict[str, Any] = {name: recorder.read(name) for name in SECTIONS}
    now = {"links": links, "held": held, "used_mb": used_mb(world, recorder), "knocks": recorder.knocks}
    return {**told, **now, "disks": disks(recorder)}
