"""What goes between processes arrives as it was."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field

import pytest

from fleetctl.aspects.users import Account, Users
from fleetctl.model import (
    ABSENT,
    Change,
    Expectation,
    Finished,
    FrozenMap,
    Gap,
    Outcome,
    Place,
    Planned,
    SecretRef,
)
from fleetctl.model.plans import AspectPlan, DevicePlan
from fleetctl.model.values import Kind
from fleetctl.packing import packed, unpacked

PLACE = Place(file="site.yml", line=3, column=7)
USERS = Users(accounts=FrozenMap({"guest": ABSENT, "it": Account(password=SecretRef(device="cam", account="it"))}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Derives a field when it is made."""

    value: int
    derived: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "derived", self.value + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Says itself how it pickles."""

    value: int

    def __reduce__(self) -> tuple[object, ...]:
        return _own, (self.value,)


def _own(value: int) -> Own:
    return Own(value=value + 100)


@dataclass
class Loose:
    """Has no slots: may hold more than its fields."""

    value: int


class Special(str):
    """A text of a type of its own."""


@pytest.mark.parametrize(
    "value",
    [
        None,
        ("task", 1, {"a": [True, 2.5, b"x"]}, frozenset({"b"})),
        PLACE,
        USERS,
        Finished(device="cam", site="s", outcome=Outcome.UNCHANGED),  # a subclass with slots of its own
        Expectation(aspect="users", value=USERS, places=FrozenMap({"accounts": PLACE}), exclusive=frozenset({"x"})),
        [Gap(field="f", reason="r")] * 2,
        (Change, Outcome, len),  # classes and functions go by their names
        Counted(value=4),
        Loose(3),
    ],
)
def test_a_value_arrives_as_it_was(value: object) -> None:
    arrived = unpacked(packed(value))
    assert arrived == value
    assert type(arrived) is type(value)


def test_what_was_one_object_is_one_object_again_and_says_its_type() -> None:
    change = Change(device="cam", aspect="users", field="accounts", before=Special("a"), place=PLACE)
    plan = DevicePlan(
        device="cam",
        kind=Kind.CAMERA,
        site="s",
        aspects=(AspectPlan(aspect="users", outcome=Outcome.PENDING, changes=(change, change), expected=USERS),),
    )
    arrived = unpacked(packed(Planned(device="cam", plan=plan)))
    assert arrived.plan == plan
    first, second = arrived.plan.aspects[0].changes
    assert first is second
    assert type(first.before) is Special


def test_a_type_that_says_itself_how_it_pickles_is_asked() -> None:
    assert unpacked(packed(Own(value=1))) == Own(value=101)
    loose = Loose(3)
    loose.more = 4  # type: ignore[attr-defined]
    assert unpacked(packed(loose)).more == 4


def test_what_does_not_pickle_is_told_as_pickle_tells_it() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        packed(lambda: None)
