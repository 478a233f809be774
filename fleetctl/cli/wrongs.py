"""What is wrong first with a device, as people read it: the layer, the likely cause, and the command that mends it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fleetctl.cli.context import Context

if TYPE_CHECKING:
    from fleetctl.operations.diagnosis.joining import Wrong

MOST = 6  # so many devices that are taken along are named; -v names all


def show(told: Context, wrongs: Iterable[Wrong]) -> None:
    """Print each as two or three lines: a command stands on a line of its own, to be copied."""
    from fleetctl.operations.diagnosis import CAUSES
    from fleetctl.reports import wording
    from fleetctl.reports.values import clean

    say, out = told.say, told.screen.out
    for wrong in wrongs:
        cause, values = CAUSES[wrong.told.cause], wording.said(say, wrong.told.values)
        text = clean(say(cause.text, **values))
        out(f"{wrong.told.device}: {say(wording.LAYERS[wrong.told.layer])}: {text}")
        if wrong.along:
            most = len(wrong.along) if told.verbose else MOST
            names = ", ".join(wrong.along[:most]) + (" …" if len(wrong.along) > most else "")
            along = say.many("takes {n} device along", "takes {n} devices along", len(wrong.along))
            out(f"  {along}: {names}")
        mend = clean(say(cause.mend, **values)) + ": " if cause.mend else ""
        out(f"  {say('Mend:')} {mend}{clean(wrong.command)}")


def fields(wrong: Wrong) -> dict[str, Any]:
    """Return one for JSON, in English."""
    from fleetctl.operations.diagnosis import CAUSES

    told = wrong.told
    return {
        "name": told.device,
        "site": told.site,
        "layer": told.layer.value,
        "cause": told.cause,
        "outcome": told.outcome.value,
        "reason": CAUSES[told.cause].text.format(**told.values),
        "mend": CAUSES[told.cause].mend.format(**told.values),
        "command": wrong.command,
        "along": list(wrong.along),
    }
