"""What the standard makes of inventory variables."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.values import SEALED, Unsafe, Value
from fleetctl.model import (
    ABSENT,
    UNSET,
    Absent,
    Aspect,
    Device,
    Disruption,
    Endpoint,
    FrozenMap,
    Kind,
    Place,
    SecretRef,
    Unset,
    setting,
)
from fleetctl.standard import expect, expectations, settings_faults, variables


class Codec(enum.StrEnum):
    H264 = "H264"
    H265 = "H265"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    level: Codec | Unset = setting("level")
    limit: int | Unset = setting("limit", minimum=1, maximum=9)
    password: SecretRef | Unset = setting("password")
    seen: int | Unset = setting("seen", observed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    servers: tuple[str, ...] | Unset = setting("addresses or names", pattern=r"[a-z0-9.]+", maximum=3)
    on: bool | Unset = setting("on or off")
    rate_fps: int | Unset = setting("rate", unit="fps", minimum=1, maximum=60)
    gain: float | Unset = setting("gain", minimum=0)
    text: str | Unset = setting("a text", maximum=12)
    codec: Codec | Unset = setting("codec")
    error_s: float | Unset = setting("error", observed=True)
    accounts: FrozenMap[Account | Absent] | Unset = setting("accounts by name", pattern=r"[a-z]*")


THINGS = Aspect(name="things", type=Things, kinds=frozenset({Kind.CAMERA}), disruption=Disruption.NONE, doc="things")


def placed(values: Mapping[str, Any]) -> dict[str, Value]:
    return {
        name: Value(value=value, raw=value, place=Place(file="standard.yml", line=number, column=5))
        for number, (name, value) in enumerate(values.items(), start=1)
    }


@dataclass
class Inventory:
    told: Mapping[str, Any]
    kind: Kind = Kind.CAMERA
    devices: dict[str, Device] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.devices = {"cam": Device(name="cam", kind=self.kind, site="s", endpoint=Endpoint(address="::1"))}

    def values(self, device_name: str) -> dict[str, Value]:
        return placed(self.told)


def of(**values: Any) -> Any:
    inventory = Inventory({f"things_{name}": value for name, value in values.items()})
    return expect(inventory.devices["cam"], inventory, THINGS)


def faults_of(**values: Any) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        of(**values)
    return [str(fault) for fault in caught.value.faults]


def test_every_sort_of_value_becomes_the_type_of_its_field() -> None:
    told = of(servers=["10.0.0.1"], on=True, rate_fps=15, gain=2, text="Quầy 1", codec="H265")
    assert told.value == Things(servers=("10.0.0.1",), on=True, rate_fps=15, gain=2.0, text="Quầy 1", codec=Codec.H265)
    assert told.places["servers"] == Place(file="standard.yml", line=1, column=5)
    assert isinstance(told.value.gain, float)


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("rate_fps", "15", 15),
        ("rate_fps", 15.0, 15),
        ("gain", "1.50", 1.5),
        ("gain", "2", 2.0),
        ("on", "yes", True),
        ("on", "False", False),
    ],
)
def test_what_a_template_gives_as_text_is_taken_when_it_is_exact(name: str, raw: Any, expected: Any) -> None:
    told = getattr(of(**{name: raw}).value, name)
    assert told == expected
    assert type(told) is type(expected)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("rate_fps", "015"),
        ("rate_fps", "15 "),
        ("rate_fps", "1e1"),
        ("rate_fps", "+5"),
        ("rate_fps", "١٥"),
        ("rate_fps", 15.5),
        ("rate_fps", float("inf")),
        ("rate_fps", float("nan")),
        ("rate_fps", True),
        ("rate_fps", [15]),
        ("gain", "1,5"),
        ("gain", "nan"),
        ("gain", False),
        ("on", 1),
        ("on", "maybe"),
        ("text", 7),
        ("text", 5.1),
        ("text", False),
        ("text", ["a"]),
        ("servers", "10.0.0.1"),
        ("servers", [10]),
        ("servers", {"a": 1}),
        ("codec", 264),
        ("text", SEALED),
        ("servers", [SEALED]),
        ("accounts", ["viewer"]),
        ("accounts", {"viewer": "operator"}),
        ("accounts", {1: {}}),
        ("accounts", {"": {}}),
        ("accounts", {"Hoàng": {}}),
        ("accounts", {"viewer": {"state": "gone"}}),
    ],
)
def test_nothing_lossy_is_taken(name: str, raw: Any) -> None:
    assert len(faults_of(**{name: raw})) == 1


def test_numbers_lengths_and_patterns_are_held_within_their_bounds() -> None:
    told = faults_of(rate_fps=0, gain=-1, text="a" * 13, servers=["Not a name"])
    assert told == [
        "standard.yml:4:5: things_servers.0 is 'Not a name', which has not the form [a-z0-9.]+."
        " Mend: expected is: addresses or names",
        "standard.yml:1:5: things_rate_fps is 0 fps, out of range. Mend: possible is at least 1 and at most 60 fps",
        "standard.yml:2:5: things_gain is -1, out of range. Mend: possible is at least 0",
        "standard.yml:3:5: things_text is 13 characters, out of range. Mend: possible is at most 12 characters",
    ]


def test_a_choice_that_does_not_exist_is_answered_with_the_nearest() -> None:
    assert faults_of(codec="h256") == [
        "standard.yml:1:5: things_codec is 'h256', not one of: H264, H265, off. Mend: did you mean H265?"
    ]


def test_off_that_yaml_read_as_false_is_told_to_be_quoted() -> None:
    assert faults_of(codec=False) == [
        "standard.yml:1:5: things_codec is false, not one of: H264, H265, off. Mend: write it in quotes: 'off'"
    ]


def test_a_measured_field_cannot_be_set() -> None:
    assert faults_of(error_s=1.0) == ["standard.yml:1:5: things_error_s is measured and cannot be set. Mend: remove it"]
    assert "is measured" in faults_of(accounts={"viewer": {"seen": 1}})[0]


def test_a_secret_is_named_and_never_written() -> None:
    told = of(accounts={"viewer": {"limit": 1}, "old": {"state": "absent"}})
    assert told.value.accounts["viewer"] == Account(limit=1, password=SecretRef(device="cam", account="viewer"))
    assert told.value.accounts["old"] is ABSENT
    message = faults_of(accounts={"viewer": {"password": "hunter2"}})[0]
    assert "vault" in message
    assert "hunter2" not in message


def test_keyed_fields_merge_by_key_and_field_from_fleet_to_host() -> None:
    told = of(
        accounts={"a": {"limit": 1, "level": "H264"}, "b": {"limit": 2}, "c": {}, "d": {"limit": 5}},
        accounts_area={"a": {"limit": 3}, "b": {"state": "absent"}},
        accounts_site={"c": {"limit": 4}, "d": None},
        accounts_host={"b": {"state": "present"}, "a": {"level": None}},
    )
    limits = {key: item.limit for key, item in told.value.accounts.items()}
    assert limits == {"a": 3, "b": 2, "c": 4}
    assert told.value.accounts["a"].level is UNSET
    lines = {key: place.line for key, place in told.places.items()}
    assert lines == {"accounts": 4, "accounts.a": 4, "accounts.b": 4, "accounts.c": 3}


def test_a_misspelt_field_of_an_item_is_answered_with_the_nearest() -> None:
    assert faults_of(accounts_site={"viewer": {"limt": 1}}) == [
        "standard.yml:1:5: things_accounts_site.viewer.limt is not a field of this setting. Mend: did you mean limit?"
    ]


def test_exclusive_names_the_keyed_fields_that_are_set() -> None:
    assert of(accounts={}, exclusive=True).exclusive == frozenset({"accounts"})
    assert of(accounts={}, exclusive=False).exclusive == frozenset()
    assert of(text="x", exclusive=True).exclusive == frozenset()
    assert "not true or false" in faults_of(accounts={}, exclusive="maybe")[0]


def test_null_unsets_what_an_outer_layer_set_and_nothing_set_is_no_expectation() -> None:
    assert of(text=None, accounts=None) is None
    assert of() is None
    assert of(text=None, on=True).value == Things(on=True)


def test_only_the_aspects_of_the_kind_are_expected() -> None:
    inventory = Inventory({"things_text": 7}, kind=Kind.NVR)
    assert expectations(inventory.devices["cam"], inventory, [THINGS]) == ()
    assert settings_faults(inventory, [THINGS]) == ()


def test_a_device_behind_a_recorder_needs_it() -> None:
    inventory = Inventory({"things_on": True})
    behind = Device(name="cam", kind=Kind.CAMERA, site="s", endpoint=Endpoint(address="::1"), behind="nvr")
    (told,) = expectations(behind, inventory, [THINGS])
    assert told.needs == ("nvr",)


def test_the_variables_of_an_aspect_are_its_fields_and_the_layers_of_its_keyed_ones() -> None:
    assert variables(THINGS) == (
        "things_servers",
        "things_on",
        "things_rate_fps",
        "things_gain",
        "things_text",
        "things_codec",
        "things_accounts",
        "things_accounts_area",
        "things_accounts_site",
        "things_accounts_host",
        "things_exclusive",
    )


def test_a_fault_of_the_standard_is_told_once_for_the_whole_fleet_and_fast() -> None:
    inventory = Inventory({"things_text": 7, "things_servers": ["10.0.0.1"], "things_accounts": {"a": {"limit": 1}}})
    inventory.devices = {
        f"cam-{n}": Device(name=f"cam-{n}", kind=Kind.CAMERA, site="s", endpoint=Endpoint(address="::1"))
        for n in range(5000)
    }
    started = time.process_time()
    assert len(settings_faults(inventory, [THINGS])) == 1
    assert time.process_time() - started < 3.0


def test_a_fault_in_something_nested_is_told_at_its_own_place() -> None:
    inner = Place(file="site.yml", line=9, column=22)
    raw = {"viewer": {"limit": 10}}
    given = Value(value=raw, raw=raw, place=Place(file="site.yml", line=7, column=9), places={"viewer.limit": inner})
    inventory = Inventory({})
    inventory.values = lambda device_name: {"things_accounts": given}  # type: ignore[method-assign]
    with pytest.raises(InventoryError) as caught:
        expect(inventory.devices["cam"], inventory, THINGS)
    assert str(caught.value).startswith("site.yml:9:22: things_accounts.viewer.limit is 10, out of range")


def test_a_value_of_a_dynamic_inventory_has_no_place_and_is_taken_all_the_same() -> None:
    inventory = Inventory({})
    given = Value(value=Unsafe("Quầy 1"), raw="Quầy 1", place=None)
    inventory.values = lambda device_name: {"things_text": given}  # type: ignore[method-assign]
    told = expect(inventory.devices["cam"], inventory, THINGS)
    assert told is not None
    assert (told.value.text, dict(told.places)) == ("Quầy 1", {})


class Broken(dict[str, Value]):
    """Variables of which one cannot be rendered."""

    def __getitem__(self, name: str) -> Value:
        if name == "things_text":
            raise InventoryError([Fault(file="site.yml", line=3, column=4, reason="things_text cannot be rendered")])
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            return default
        return self[name]


def test_a_template_that_fails_is_told_with_all_other_faults() -> None:
    inventory = Inventory({})
    broken = Broken(placed({"things_text": "{{ x }}", "things_on": "maybe"}))
    inventory.values = lambda device_name: broken  # type: ignore[method-assign]
    told = {fault.reason for fault in settings_faults(inventory, {"things": THINGS})}
    assert told == {"things_on is 'maybe', not true or false", "things_text cannot be rendered"}
    with pytest.raises(InventoryError) as caught:
        expectations(inventory.devices["cam"], inventory, {"things": THINGS})
    assert {fault.reason for fault in caught.value.faults} == told
