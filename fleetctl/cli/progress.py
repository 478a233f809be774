"""A live bar on stderr with the counts per outcome, and one for each device at long work; only on a terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from fleetctl.model import Event, Finished, Outcome, Progress, Started
from fleetctl.reports import wording

LINES: Final = 12

if TYPE_CHECKING:
    from fleetctl.cli.context import Context


class Own:
    """The lines of devices at long work (firmware): what each is at, and how far; the first few of them."""

    def __init__(self, context: Context, bar: Any) -> None:
        self._context, self._bar = context, bar
        self._tasks: dict[str, Any] = {}

    def show(self, event: Progress) -> None:
        """Show how far a device is."""
        told, percent = wording.stage(self._context.say, event), event.percent
        if (task := self._tasks.get(event.device)) is None:
            if len(self._tasks) >= LINES:
                return
            task = self._tasks[event.device] = self._bar.add_task(event.device, total=100, start=False, told="")
        if percent < 0:
            self._bar.reset(task, start=False, told=told)  # a bar that has not started moves to and fro
        else:
            self._bar.start_task(task)
            self._bar.update(task, completed=percent, told=told)

    def end(self, device: str) -> None:
        """Take a device's line away."""
        if (task := self._tasks.pop(device, None)) is not None:
            self._bar.remove_task(task)


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
    own = Own(context, bar)
    with bar:
        task = bar.add_task(title, total=total or None, told="")
        for event in events:
            if isinstance(event, Started):
                busy[event.device] = None
            elif isinstance(event, Progress):
                own.show(event)
            elif isinstance(event, Finished):
                busy.pop(event.device, None)
                own.end(event.device)
                counts[standing(event.device)] += 1
                told = wording.counted(context.say, counts, command)
                bar.update(task, advance=1, told=told or next(iter(busy), ""))
            yield event
