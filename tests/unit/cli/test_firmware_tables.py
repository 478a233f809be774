"""What `firmware status` says of a recorder that nobody has judged since it was sent to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fleetctl.cli.firmware_tables import _noted
from fleetctl.model import Alive, FrozenMap, Noted
from fleetctl.operations.firmware.agreed import Standing
from fleetctl.reports.language import Language


def noted(**alive: Alive) -> Noted:
    return Noted(device="rec", aspect="firmware", version="V1", alive=FrozenMap(alive))


def test_how_a_recorder_stood_is_told_until_it_was_judged() -> None:
    told: Any = SimpleNamespace(say=Language("en"))
    before = noted(a=Alive(well=True, newest="2026-11-26 10:00:00"), b=Alive(well=False))
    line = _noted(told, "rec", Standing(before=before))
    assert line == "rec before: 1 of 2 channels recorded, until 2026-11-26 10:00:00"
    assert _noted(told, "rec", Standing(before=before, after=before)) == "", "its reason tells both"
    assert _noted(told, "cam", Standing(before=noted())) == ""
    assert _noted(told, "cam", Standing()) == ""
    assert _noted(told, "sw", Standing(before=noted(p=Alive(well=True)))).startswith("sw before: 1 of 1")
