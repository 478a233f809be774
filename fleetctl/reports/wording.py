"""The words that tables, pages and summaries share: outcomes, kinds, numbers of devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from fleetctl.model import Cause, Kind, Layer, Outcome, Progress, Stage, Trouble
from fleetctl.reports.language import N_, Language

OUTCOMES: Final = {
    Outcome.UNCHANGED: N_("in step"),
    Outcome.CHANGED: N_("changed"),
    Outcome.PENDING: N_("pending"),
    Outcome.NOT_APPLIED: N_("not applied"),
    Outcome.UNSUPPORTED: N_("unsupported"),
    Outcome.UNREACHABLE: N_("unreachable"),
    Outcome.REFUSED: N_("refused"),
    Outcome.UNKNOWN: N_("unknown"),
    Outcome.STALE: N_("stale"),
    Outcome.BLOCKED: N_("blocked"),
    Outcome.WAIVED: N_("waived"),
    Outcome.FAILED: N_("failed"),
    Outcome.INTERRUPTED: N_("interrupted"),
}
SPECIAL: Final = {
    ("audit", Outcome.PENDING): N_("drift"),
    ("adopt", Outcome.CHANGED): N_("adopted"),
}

CAUSES: Final = {
    Cause.DRIFT: N_("drift"),
    Cause.PENDING: N_("standard changed"),
    Cause.NEW: N_("never applied"),
}
TURNS: Final = {"began": N_("began"), "changed": N_("changed"), "ended": N_("ended")}

MEANINGS: Final = {
    Outcome.UNCHANGED: N_("The actual value is the expected one; nothing was sent."),
    Outcome.CHANGED: N_("Written, and it reads back as expected."),
    Outcome.PENDING: N_("Plan and audit: a difference that has not been written."),
    Outcome.NOT_APPLIED: N_("The device accepted the write and reads back as before."),
    Outcome.UNSUPPORTED: N_("The device does not offer this; the rest is done."),
    Outcome.UNREACHABLE: N_("No answer in time. It is pending, not failed: try again later."),
    Outcome.REFUSED: N_("The login was rejected, or it is not the device in the inventory. Never retried."),
    Outcome.UNKNOWN: N_("It answered, but not so that one can tell. Never counted as in step."),
    Outcome.STALE: N_("The device is no longer as the plan saw it. Plan again."),
    Outcome.BLOCKED: N_("Something it needs failed, so it was not begun."),
    Outcome.WAIVED: N_("Not as expected, by an agreed exception with an owner and an end date."),
    Outcome.FAILED: N_("The device said no, or something broke."),
    Outcome.INTERRUPTED: N_("The run was ended first, by a person or by the stop rule."),
}

TROUBLES: Final = {
    Trouble.MISSING: N_("no password"),
    Trouble.DEFAULT: N_("maker's default"),
    Trouble.SHARED: N_("shared"),
    Trouble.WEAK: N_("weak"),
    Trouble.PREPARED: N_("prepared, not in use"),
    Trouble.REFUSED: N_("refused"),
    Trouble.UNPROVEN: N_("not proven"),
    Trouble.OLD: N_("old"),
}


SEVERITIES: Final = {"high": N_("high"), "medium": N_("medium"), "low": N_("low")}
"""Of requirements."""

HEALTHS: Final = {
    "ok": N_("ok"),
    "unformatted": N_("unformatted"),
    "failed": N_("has failed"),
    "unknown": N_("unknown"),
}
"""Of disks."""

VERDICTS: Final = {
    "pass": N_("met"),
    "fail": N_("not met"),
    "waived": N_("waived"),
    "unsupported": N_("not told"),
    "unknown": N_("unknown"),
    "refused": N_("refused"),
    "unreachable": N_("unreachable"),
}

RULES: Final = {
    "equal": N_("equal to {value}"),
    "at_least": N_("at least {value}"),
    "at_most": N_("at most {value}"),
    "within": N_("within ±{value}"),
    "at_least_pixels": N_("at least {value}"),
    "among": N_("one of {value}"),
    "filled": N_("filled in"),
    "only": N_("only {value}"),
    "has": N_("has {value}"),
    "administrators_among": N_("administrators only {value}"),
    "attested": N_("attested by a person, with evidence"),
}
"""What a requirement demands, by its rule."""

PROOFS: Final = {
    "read": N_("read from the device"),
    "probed": N_("seen from outside"),
    "inventory": N_("counted in the inventory"),
    "attested": N_("attested"),
}

KINDS: Final = {
    Kind.CAMERA: N_("camera"),
    Kind.NVR: N_("recorder"),
    Kind.SWITCH: N_("switch"),
    Kind.KIOSK: N_("kiosk"),
    Kind.DESK: N_("desk PC"),
    Kind.OTHER: N_("device"),
}

ITEMS: Final = {
    **{kind.value: name for kind, name in KINDS.items() if kind is not Kind.OTHER},
    "disk": N_("disk"),
    "microphone": N_("microphone"),
    "barcode-reader": N_("barcode reader"),
}
"""What is bought, as a price list names it."""

LAYERS: Final = {
    Layer.LINK: N_("cable and port of the switch"),
    Layer.ADDRESS: N_("address"),
    Layer.PORT: N_("network port"),
    Layer.TLS: N_("certificate"),
    Layer.INTERFACE: N_("interface"),
    Layer.CLOCK: N_("clock"),
    Layer.LOGIN: N_("login"),
    Layer.IDENTITY: N_("identity"),
    Layer.STREAM: N_("video"),
    Layer.DISK: N_("disk"),
    Layer.RETENTION: N_("days kept"),
    Layer.VIEWING: N_("viewing account"),
    Layer.CHANNEL: N_("recorder's channel"),
    Layer.RECORDING: N_("recording"),
}

STEPS: Final = {
    "retire": N_("the old one is retired"),
    "adopt": N_("the new one is adopted"),
    "apply": N_("set as the inventory says"),
    "channel": N_("bound to its channel"),
    "recording": N_("proof of recording"),
    "firmware": N_("firmware"),
}
"""The steps of a replacement."""

STAGES: Final = {
    Stage.UPLOAD: N_("sending firmware"),
    Stage.FLASH: N_("writing firmware"),
    Stage.RESTART: N_("starting again"),
    Stage.CHECKS: N_("being looked at"),
}


def stage(say: Language, told: Progress) -> str:
    """Return what long work on a device is at: `sending firmware 40 %`."""
    return say(STAGES[told.stage]) + (f" {told.percent} %" if told.percent >= 0 else "")


def outcome_word(say: Language, outcome: Outcome, command: str = "") -> str:
    """Return an outcome in words: a difference that an audit finds is drift, a device that was taken in is adopted."""
    return say(SPECIAL.get((command, outcome), OUTCOMES[outcome]))


def said(say: Language, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values of a diagnosis with its reason, where it has one, in the reader's language."""
    return {name: say.reason(value) if name == "reason" else value for name, value in values.items()}


def health_word(say: Language, health: object) -> str:
    """Return how a disk is, in words."""
    told = str(health)
    return say(HEALTHS[told]) if told in HEALTHS else told


def several(say: Language, values: Sequence[tuple[str, int]], most: int = 3) -> str:
    """Return one value as it is, several with how often each occurs: `25 (12), 30 (5)`."""
    if len(values) == 1:
        return say.value(values[0][0])
    told = [f"{say.value(value)} ({n})" for value, n in values[:most]]
    if (more := len(values) - most) > 0:
        told.append(say.many("{n} other", "{n} others", more))
    return ", ".join(told)


def devices(say: Language, kinds: Iterable[Kind], n: int) -> str:
    """Return `12 cameras`, or `12 devices` when they are of several kinds."""
    told = set(kinds)
    match next(iter(told)) if len(told) == 1 else None:
        case Kind.CAMERA:
            return say.many("{n} camera", "{n} cameras", n)
        case Kind.NVR:
            return say.many("{n} recorder", "{n} recorders", n)
        case Kind.SWITCH:
            return say.many("{n} switch", "{n} switches", n)
        case Kind.KIOSK:
            return say.many("{n} kiosk", "{n} kiosks", n)
        case Kind.DESK:
            return say.many("{n} desk PC", "{n} desk PCs", n)
        case _:
            return say.many("{n} device", "{n} devices", n)


def counted(say: Language, counts: Mapping[Outcome, int], command: str = "") -> str:
    """Return `12 in step, 3 pending`, the best first."""
    ranked = sorted((outcome for outcome in counts if counts[outcome]), key=lambda outcome: outcome.rank)
    return ", ".join(f"{counts[outcome]} {outcome_word(say, outcome, command)}" for outcome in ranked)
