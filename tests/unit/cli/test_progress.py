"""What a person sees of long work while it goes on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from rich.progress import Progress as Bar

from fleetctl.cli.progress import LINES, Own
from fleetctl.model import Progress, Stage
from fleetctl.reports.language import Language


def shown(bar: Bar) -> dict[str, tuple[Any, float, str]]:
    return {task.description: (task.started, task.completed, task.fields["told"]) for task in bar.tasks}


def test_each_device_at_long_work_has_a_line_of_its_own_until_it_ends() -> None:
    bar = Bar(disable=True)
    own = Own(SimpleNamespace(say=Language("en")), bar)  # type: ignore[arg-type]
    own.show(Progress(device="cam-1", stage=Stage.UPLOAD, percent=40))
    own.show(Progress(device="cam-2", stage=Stage.RESTART))
    own.show(Progress(device="cam-1", stage=Stage.UPLOAD, percent=100))
    assert shown(bar) == {"cam-1": (True, 100, "sending firmware 100 %"), "cam-2": (False, 0, "starting again")}
    own.show(Progress(device="cam-1", stage=Stage.FLASH))
    assert shown(bar)["cam-1"] == (False, 0, "writing firmware")
    own.end("cam-1")
    own.end("cam-1")
    assert list(shown(bar)) == ["cam-2"]


def test_a_screen_is_not_flooded_and_whoever_waits_has_a_line_once_another_ends() -> None:
    bar = Bar(disable=True)
    own = Own(SimpleNamespace(say=Language("en")), bar)  # type: ignore[arg-type]
    for number in range(LINES + 1):
        own.show(Progress(device=f"cam-{number}", stage=Stage.UPLOAD, percent=1))
    assert len(bar.tasks) == LINES
    own.end("cam-0")
    own.show(Progress(device=f"cam-{LINES}", stage=Stage.UPLOAD, percent=2))
    assert f"cam-{LINES}" in shown(bar)
