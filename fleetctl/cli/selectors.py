"""Which devices and which aspects: the options that many commands share."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Annotated

import typer

from fleetctl.errors import UsageError

Limit = Annotated[
    str,
    typer.Option(
        "--limit",
        "-l",
        metavar="PATTERN",
        help="Only these devices, as an Ansible host pattern: viet_hung, 'long_bien:&camera', '!x'.",
    ),
]
Aspects = Annotated[
    list[str] | None,
    typer.Option("--aspect", "-a", metavar="ASPECT", help="Only this aspect; repeat it or separate by commas."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Take up the devices that the last run of this command left undone.")
]
Now = Annotated[
    bool, typer.Option("--now", help="Do not wait for the maintenance window; one site only, with --reason.")
]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why --now; kept in the journal.")]
Canary = Annotated[int, typer.Option("--canary", min=0, help="Devices to do first, alone; 0: none.")]
StopAt = Annotated[
    int, typer.Option("--stop-at", min=1, max=100, metavar="PERCENT", help="Stop when more than this share failed.")
]
Name = Annotated[str, typer.Argument(metavar="DEVICE", help="The device's name in the inventory.")]
Site = Annotated[str, typer.Argument(metavar="SITE", help="The site's key in the inventory.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask; needed where there is no terminal.")]


def aspect_names(given: Sequence[str] | None) -> tuple[str, ...]:
    """Return the aspects that were named, once each; none given: (). Raises UsageError for one that is not known."""
    names = tuple(dict.fromkeys(name.strip() for part in given or () for name in part.split(",") if name.strip()))
    if not names:
        if given:
            raise UsageError("--aspect names no aspect. Give one, or leave the option out for all")
        return ()
    from fleetctl import catalog

    known = catalog.load().aspects
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            mend = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}"
            raise UsageError(f"--aspect {name}: there is no such aspect. {mend}")
    return names


def check_now(*, now: bool, reason: str, what: str) -> None:
    """Raise UsageError for --now without a reason, and for a reason without --now; `what` --now interrupts."""
    if now and not reason.strip():
        raise UsageError(f"--now interrupts {what} in reception hours: say why with --reason TEXT")
    if reason and not now:
        raise UsageError("--reason is the reason for --now; give both or none")
