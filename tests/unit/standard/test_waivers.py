"""Waivers as the inventory has them: layers, what they must name, what is never waived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from fleetctl import catalog
from fleetctl.errors import InventoryError
from fleetctl.inventory.values import Value
from fleetctl.model import Device, Endpoint, Kind, Place, Waiver, covering
from fleetctl.standard import waiver_faults, waivers_of

ASPECTS = catalog.load().aspects
AGREED = {"owner": "Nguyễn Văn An", "reason": "slow uplink", "until": "2026-12-31"}


@dataclass
class Inventory:
    told: Mapping[str, Any]

    @property
    def devices(self) -> dict[str, Device]:
        return {"cam": Device(name="cam", kind=Kind.CAMERA, site="s", endpoint=Endpoint(address="::1"))}

    def values(self, device_name: str) -> dict[str, Value]:
        return {
            name: Value(value=value, raw=value, place=Place(file="site.yml", line=number, column=5))
            for number, (name, value) in enumerate(self.told.items(), start=1)
        }


def found(**told: Any) -> tuple[Waiver, ...]:
    return waivers_of("cam", Inventory(told), ASPECTS)


def reasons(told: Any) -> list[str]:
    return [fault.reason for fault in waiver_faults(Inventory({"waivers": told}), ASPECTS)]


def test_waivers_are_merged_by_key_and_a_later_layer_ends_an_earlier_one() -> None:
    later = {**AGREED, "reason": "this camera only"}
    told = found(
        waivers={"osd": AGREED, "time.zone": AGREED, "video": AGREED},
        waivers_site={"osd": None, "video": {"state": "absent"}},
        waivers_host={"time.zone": later},
    )
    assert [(w.setting, w.reason) for w in told] == [("time.zone", "this camera only")]


@pytest.mark.parametrize("missing", ["owner", "reason", "until"])
def test_a_waiver_names_its_owner_its_reason_and_its_last_day(missing: str) -> None:
    told = {"osd": {**AGREED, missing: ""}}
    assert any(f"waivers.osd.{missing} is missing" in reason for reason in reasons(told))
    with pytest.raises(InventoryError, match=missing):
        found(waivers=told)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("users", "cannot be waived"),
        ("users.accounts.admin", "cannot be waived"),
        ("services.telnet", "cannot be waived"),
        ("vidoe.main_codec", "begins with no aspect"),
        ("video.main_codek", "is no setting of the aspect video"),
        ("Hardening/x", "is no requirement"),
    ],
)
def test_what_cannot_be_waived_is_refused_with_its_reason(setting: str, reason: str) -> None:
    assert any(reason in told for told in reasons({setting: AGREED}))


def test_a_day_that_is_none_and_a_word_that_is_not_known_are_told() -> None:
    assert any("no date" in told for told in reasons({"osd": {**AGREED, "until": "31/12/2026"}}))
    assert any("is not known" in told for told in reasons({"osd": {**AGREED, "ownr": "x"}}))
    assert reasons(["osd"]) == ["waivers is not a mapping"]
    assert reasons({"osd": AGREED, "hardening/telnet": AGREED, "privacy.masks.desk": AGREED}) == []


def test_a_waiver_holds_to_the_end_of_its_last_day() -> None:
    (waiver,) = found(waivers={"osd": AGREED})
    assert waiver.holds("2026-12-31")
    assert not waiver.holds("2027-01-01")


def test_the_narrowest_waiver_covers_and_names_that_only_begin_alike_are_not_covered() -> None:
    wide, narrow = (Waiver(setting=s, owner="a", reason=s, until="2026-12-31") for s in ("osd", "osd.text"))
    assert covering([wide, narrow], "osd", "text") is narrow
    assert covering([wide, narrow], "osd", "text_position") is wide
    assert covering([narrow], "osd", "text_position") is None
    assert covering([narrow], "osd", "text", "2") is narrow
