"""Values go to JSON and come back the same: every aspect's type, every event, plans, and what is not a value."""

from __future__ import annotations

import dataclasses
import enum
import json
import string
import types
import typing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetctl import catalog, model
from fleetctl.codec import decode, decode_plan, encode, text, types_of
from fleetctl.model import (
    ABSENT,
    UNSET,
    Absent,
    AspectPlan,
    Change,
    DevicePlan,
    Expectation,
    FrozenMap,
    Gap,
    Intent,
    Outcome,
    Reading,
    Result,
    SecretRef,
    Unset,
    Untold,
)

ASPECTS = catalog.load().types
KNOWN = types_of(ASPECTS.values())
NAMES = st.text(string.ascii_letters + "$ .:-ệ", max_size=6)
FLOATS = st.floats(allow_nan=False)
PLAIN = st.none() | st.booleans() | st.integers() | FLOATS | st.text(max_size=6)
MARKS = st.sampled_from([UNSET, ABSENT]) | st.builds(SecretRef, device=NAMES, account=NAMES)
UNTOLD = st.builds(Untold, outcome=st.sampled_from(Outcome), reason=NAMES)
LOOSE = st.recursive(
    PLAIN | MARKS | UNTOLD,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(NAMES, inner, max_size=3).map(FrozenMap),
    max_leaves=6,
)


def values(wanted: Any) -> st.SearchStrategy[Any]:
    """Return values of a declared type, of the kinds that the model allows in its place."""
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (typing.Union, types.UnionType):
        settings_like = UNTOLD if Unset in args else st.nothing()
        return st.one_of(*[values(arg) for arg in args]) | settings_like
    if origin is tuple:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(args[0]), max_size=3)
    if origin in (FrozenMap, typing.get_origin(typing.Mapping[str, str])):
        item = values(args[-1]) | (st.just(ABSENT) if origin is FrozenMap else st.nothing())
        return st.dictionaries(NAMES, item, max_size=3).map(FrozenMap)
    simple = {str: NAMES, bool: st.booleans(), int: st.integers(), float: FLOATS, type(None): st.none()}
    if wanted in simple:
        return simple[wanted]
    if wanted is Unset or wanted is Absent:
        return st.just(UNSET if wanted is Unset else ABSENT)
    if isinstance(wanted, type) and issubclass(wanted, enum.Enum):
        return st.sampled_from(wanted)
    if isinstance(wanted, type) and dataclasses.is_dataclass(wanted):
        return instances(wanted)
    return LOOSE


def instances(wanted: type[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(wanted)
    return st.fixed_dictionaries({f.name: values(hints[f.name]) for f in dataclasses.fields(wanted)}).map(
        lambda fields: wanted(**fields)
    )


def round_trip(value: Any, as_type: Any) -> Any:
    return decode(as_type, json.loads(text(encode(value, as_type))), KNOWN)


RELAXED = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("aspect", sorted(ASPECTS))
def test_every_aspects_values_come_back_whether_their_type_is_known_or_not(aspect: str) -> None:
    @RELAXED
    @given(instances(ASPECTS[aspect]))
    def check(value: Any) -> None:
        assert round_trip(value, ASPECTS[aspect]) == value
        assert round_trip(value, object) == value

    check()


@pytest.mark.parametrize(
    "wanted",
    [Change, Gap, Intent, Result, AspectPlan, DevicePlan, Expectation, Reading, model.Device, model.Finished,
     model.Started, model.Attempt, model.LoginJudged, model.Learned, model.Planned],
)  # fmt: skip
def test_the_models_values_come_back(wanted: type[Any]) -> None:
    @RELAXED
    @given(instances(wanted))
    def check(value: Any) -> None:
        assert round_trip(value, wanted) == value

    check()


@given(LOOSE)
def test_values_of_no_declared_type_come_back_with_their_types(value: Any) -> None:
    back = round_trip(value, object)
    assert back == value
    assert type(back) is type(value)


@settings(deadline=None, max_examples=40)
@given(instances(DevicePlan))
def test_a_plan_comes_back_from_a_plan_file(plan: DevicePlan) -> None:
    assert decode_plan(json.loads(text(encode(plan))), ASPECTS) == plan


def test_a_secret_is_written_as_its_name_and_nothing_is_written_that_is_unset() -> None:
    users = ASPECTS["Users"]
    value = Change(device="cam", aspect="users", field="x", after=SecretRef(device="cam", account="admin"))
    assert encode(value) == {
        "$": "Change",
        "device": "cam",
        "aspect": "users",
        "field": "x",
        "after": {"$": "SecretRef", "device": "cam", "account": "admin"},
    }
    assert encode(users()) == {"$": "Users"}


def test_a_secrets_value_cannot_be_written() -> None:
    class Bag:
        def reveal(self, ref: SecretRef) -> str:
            return "S3cret!"

    with pytest.raises(TypeError, match="Bag cannot be written as JSON"):
        encode({"secrets": Bag()})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"device": "cam", "kind": "toaster", "site": "s"}, "toaster"),
        ({"device": "cam", "kind": "camera", "site": "s", "colour": "red"}, "DevicePlan has no field 'colour'"),
        ({"device": 7, "kind": "camera", "site": "s"}, "DevicePlan.device: 7 is not of type str"),
        ({"device": "cam", "kind": "camera"}, "site"),
        ({"device": "cam", "kind": "camera", "site": "s", "aspects": {"a": 1}}, "is not of type list"),
        ({"$": "Device"}, "missing"),
        ({"$": "os.system"}, "no type this version knows"),
        ({"$": "SecretRef", "device": "a", "account": "b"}, "a plan was expected, not a SecretRef"),
        (None, "a plan was expected"),
        (["a"], "is not of type dict"),
    ],
)
def test_what_is_no_plan_is_told_with_the_place(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        decode_plan(data, ASPECTS)


def test_no_two_aspects_have_types_of_one_name() -> None:
    assert {t.__name__ for t in ASPECTS.values()} <= KNOWN.keys()

    @dataclasses.dataclass(frozen=True)
    class Time:
        zone: str

    with pytest.raises(ValueError, match="two types are named Time"):
        types_of([*ASPECTS.values(), Time])
