"""What is well before an upgrade, and what proves that it is so again."""

from __future__ import annotations

import pytest

from fleetctl.flashing import alive
from fleetctl.model import Alive, FrozenMap, Kind, Noted

OLD, NEW = Alive(well=True, newest="2026-11-26 10:00:00"), Alive(well=True, newest="2026-11-26 10:00:07")


@pytest.mark.parametrize(
    ("first", "now", "goes_on"),
    [
        (OLD, NEW, True),
        (OLD, OLD, False),  # young enough to count as recorded, and older than the upgrade
        (OLD, None, False),
        (OLD, Alive(well=False, newest=NEW.newest), False),
        (None, NEW, True),  # the channel was not there yet at the first look
        (Alive(well=False), Alive(well=True), True),  # a recorder that tells no footage, or a port
    ],
)
def test_a_channel_is_well_again_once_its_footage_goes_on_beyond_the_first_look(
    first: Alive | None, now: Alive | None, goes_on: bool
) -> None:
    assert alive.goes_on(first, now) is goes_on


def test_how_a_device_stood_is_told_before_and_after_and_nothing_of_those_that_record_nothing() -> None:
    def noted(**channels: Alive) -> Noted:
        return Noted(device="rec", aspect="firmware", version="V1", alive=FrozenMap(channels))

    before, after = noted(a=OLD, b=Alive(well=False)), noted(a=NEW, b=Alive(well=True))
    assert list(alive.told(Kind.NVR, before, after)) == [
        "before the upgrade: 1 of 2 channels recorded, newest 2026-11-26 10:00:00",
        "after the upgrade: 2 of 2 channels recorded, newest 2026-11-26 10:00:07",
    ]
    assert list(alive.told(Kind.SWITCH, noted(a=Alive(well=True)))) == ["before the upgrade: 1 of 1 ports with a link"]
    assert list(alive.told(Kind.CAMERA, noted(), None)) == []
