"""What `fleetctl firmware` shows: images, steps, how far a roll-out is; for people and as lines of JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from fleetctl.cli.context import Context
from fleetctl.cli.screen import table
from fleetctl.codec import encode
from fleetctl.model import Image, Noted, Outcome
from fleetctl.reports import jsonlines, wording
from fleetctl.reports.tally import EXIT_OK

if TYPE_CHECKING:
    from fleetctl.operations.firmware.agreed import Rollout, Standing
    from fleetctl.operations.firmware.steps import Step


def images(told: Context, taken: Sequence[Image], command: str) -> None:
    """Show images of the catalogue."""
    if told.json:
        for image in taken:
            told.screen.out(jsonlines.line("image", asdict(image)))
        told.screen.out(jsonlines.summary(command, EXIT_OK))
        return
    if not taken:
        told.screen.out(told.say("No image yet: fleetctl firmware add FILE"))
        return
    say = told.say
    made = table(say("Image"), say("Vendor"), say("Version"), say("Models"), say("From"), say("Size"), say("Added"))
    for image in taken:
        size = f"{image.size / 1e6:.1f} MB"
        made.add_row(
            image.key, image.vendor, image.target, ", ".join(image.models), image.min_from, size, image.added[:10]
        )
    told.screen.table(made)


def steps(told: Context, found: Sequence[Step], code: int) -> None:
    """Show what a roll-out would do, and what is left out and why."""
    if told.json:
        for step in found:
            told.screen.out(jsonlines.line("step", _step(step)))
        told.screen.out(jsonlines.summary("firmware plan", code))
        return
    say = told.say
    made = table(say("Model"), say("From"), say("To"), say("Devices"))
    for (model, before, target), number in sorted(
        Counter((s.model, s.before, s.target) for s in found if s.active).items()
    ):
        made.add_row(model, before, target, str(number))
    if any(step.active for step in found):
        told.screen.table(made)
    for why, names in _reasons(found).items():
        more = f" (+{len(names) - 5})" if len(names) > 5 else ""
        itself = why.startswith((f"{names[0]} ", f"{names[0]}:"))  # a reason of one device's own names it
        told.screen.out(say.reason(why) if itself else f"{', '.join(names[:5])}{more}: {say.reason(why)}")


def _step(step: Step) -> dict[str, object]:
    return {
        "name": step.device,
        "model": step.model,
        "from": step.before,
        "to": step.target,
        "image": step.image,
        "outcome": step.outcome.value,
        "reason": step.refused,
    }


def _reasons(steps: Sequence[Step]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for step in steps:
        if step.refused:
            found.setdefault(step.refused, []).append(step.device)
    return found


def standing(told: Context, made: Rollout, code: int, command: str) -> None:
    """Show how far a roll-out is: each device before and after."""
    if told.json:
        for line in _standing_lines(made):
            told.screen.out(line)
        told.screen.out(jsonlines.summary(command, code, rollout=made.name, halted=made.halted))
        return
    say = told.say
    shown = table(say("Device"), say("Model"), say("From"), say("To"), say("Ring"), say("Outcome"), say("Reason"))
    for step in made.active:
        standing = made.standing[step.device]
        outcome = standing.outcome or Outcome.PENDING
        reason = "" if outcome is Outcome.UNCHANGED and standing.changed else standing.reason
        word = Outcome.CHANGED if outcome is Outcome.UNCHANGED and standing.changed else outcome
        shown.add_row(
            step.device,
            step.model,
            step.before,
            step.target,
            str(_ring(made, step)),
            wording.outcome_word(say, word),
            say.reason(reason),
        )
    told.screen.out(say("Roll-out {name}", name=made.name))
    told.screen.table(shown)
    for step in made.active:
        if line := _noted(told, step.device, made.standing[step.device]):
            told.screen.out(line)
    for lane, why in made.halted.items():
        told.screen.out(say("Halted: {lane}: {reason}", lane=lane, reason=say.reason(why)))


def _noted(told: Context, device: str, standing: Standing) -> str:
    """Return how a device stood before it was sent to, where nobody has judged it since; else the reason tells."""
    if standing.before is None or standing.after is not None or not standing.before.alive:
        return ""
    alive = standing.before.alive.values()
    values = {"device": device, "well": sum(each.well for each in alive), "n": len(alive)}
    if newest := max(each.newest for each in alive):
        return told.say("{device} before: {well} of {n} channels recorded, until {newest}", newest=newest, **values)
    return told.say("{device} before: {well} of {n} channels recorded, or ports with a link", **values)


def _standing_lines(made: Rollout) -> list[str]:
    lines = [jsonlines.line("step", _step(step)) for step in made.steps if not step.active]
    for step in made.active:
        standing = made.standing[step.device]
        fields = _step(step) | {
            "outcome": (standing.outcome or Outcome.PENDING).value,
            "reason": standing.reason,
            "ring": _ring(made, step),
            "changed": standing.changed,
            "uploads": standing.tried,
            "before": encode(standing.before, Noted) if standing.before is not None else None,
            "after": encode(standing.after, Noted) if standing.after is not None else None,
        }
        lines.append(jsonlines.line("step", fields))
    return lines


def _ring(made: Rollout, step: Step) -> int:
    """Return in which ring a device is; 0 is the canary."""
    return next(number for number, ring in enumerate(made.rings[step.lane]) if step.device in ring)
