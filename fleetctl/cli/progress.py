"""A live bar on stderr with the counts per outcome; silent where stderr is no terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from fleetctl.model import Event, Finished, Outcome, Progress, Started
from fleetctl.reports import wording

if TYPE_CHECKING:
    from fleetctl.cli.context import Context


def watched(
    context: Context,
    events: Iterable[Event],
    total: int,
    title: str,
    command: str,
    standing: Callable[[str], Outcome],
) -> Iterator[Event]:
    """Yield the events as they come; show on a terminal how far the run is.

    `standing` tells how a device stands once its Finished has come.
    """
    if not sys.stderr.isatty():
        yield from events
        return
    from rich import progress as shown
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = shown.Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        console=context.screen.console(sys.stderr),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    counts: Counter[Outcome] = Counter()
    busy: dict[str, None] = {}
    with bar:
        task = bar.add_task(title, total=total or None, told="")
        for event in events:
            if isinstance(event, Started):
                busy[event.device] = None
            elif isinstance(event, Progress):
                bar.update(task, told=wording.progress(context.say, event))
            elif isinstance(event, Finished):
                busy.pop(event.device, None)
                counts[standing(event.device)] += 1
                told = wording.counted(context.say, counts, command)
                bar.update(task, advance=1, told=told or next(iter(busy), ""))
            yield event
