"""Comparing what is expected with what is."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import (
    ABSENT,
    Aspect,
    AspectPlan,
    Disruption,
    Expectation,
    FrozenMap,
    Gap,
    Kind,
    Outcome,
    Place,
    Reading,
    SecretRef,
    Unset,
    Untold,
    Waiver,
    setting,
)
from fleetctl.plan import compare, is_empty, moved, plan_aspect, waive, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    level: str | Unset = setting("level")
    size: int | Unset = setting("size")
    password: SecretRef | Unset = setting("secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    colour: str | Unset = setting("colour")
    servers: tuple[str, ...] | Unset = setting("servers")
    items: FrozenMap[Item] | Unset = setting("items")
    heat_c: float | Unset = setting("heat", observed=True)


ASPECT = Aspect(name="toy", type=Toy, kinds=frozenset({Kind.CAMERA}), disruption=Disruption.NONE, doc="toy")


def expected(value: Toy, **more: object) -> Expectation:
    return Expectation(aspect="toy", value=value, **more)  # type: ignore[arg-type]


def test_a_field_nobody_set_is_not_compared() -> None:
    assert compare("d", expected(Toy()), Toy(colour="red")).changes == ()
    assert is_empty(Toy())


def test_a_difference_names_before_after_and_where_it_is_written() -> None:
    place = Place(file="a.yml", line=3, column=5)
    (change,) = compare("d", expected(Toy(colour="blue"), places={"colour": place}), Toy(colour="red")).changes
    assert (change.before, change.after, change.place) == ("red", "blue", place)


def test_what_is_measured_is_never_a_difference() -> None:
    assert compare("d", expected(Toy(heat_c=20.0)), Toy(heat_c=90.0)).changes == ()


def test_an_expected_field_that_the_device_does_not_tell_is_a_gap_and_not_in_step() -> None:
    comparison = compare("d", expected(Toy(colour="blue")), Toy())
    assert comparison.changes == ()
    planned = plan_aspect(ASPECT, expected(Toy(colour="blue")), Reading(aspect="toy", value=Toy()), comparison)
    assert planned.outcome is Outcome.UNSUPPORTED


def test_a_field_that_could_not_be_read_is_unknown_and_worse_than_unsupported() -> None:
    actual = Toy(colour=Untold(outcome=Outcome.UNKNOWN, reason="month 0"))  # type: ignore[arg-type]
    expectation = expected(Toy(colour="blue", servers=("a",)))
    planned = plan_aspect(ASPECT, expectation, Reading(aspect="toy", value=actual), compare("d", expectation, actual))
    assert planned.outcome is Outcome.UNKNOWN


def test_an_aspect_that_could_not_be_read_keeps_its_outcome() -> None:
    reading = Reading(aspect="toy", outcome=Outcome.UNKNOWN, reason="nonsense")
    assert plan_aspect(ASPECT, expected(Toy(colour="blue")), reading, None).outcome is Outcome.UNKNOWN


def test_keyed_items_are_made_changed_and_removed_by_key() -> None:
    want = Toy(
        items=FrozenMap({"new": Item(level="high"), "other": Item(level="low"), "gone": ABSENT, "never": ABSENT})  # type: ignore[dict-item]
    )
    have = Toy(items=FrozenMap({"other": Item(level="high", size=3), "gone": Item(level="x"), "left": Item(size=1)}))
    changes = {c.key: (c.before, c.after) for c in compare("d", expected(want), have).changes}
    assert changes == {
        "new": (ABSENT, Item(level="high")),
        "other": (Item(level="high"), Item(level="low")),
        "gone": (Item(level="x"), ABSENT),
    }


def test_unnamed_items_go_only_where_the_field_is_exclusive() -> None:
    have = Toy(items=FrozenMap({"left": Item(size=1)}))
    expectation = expected(Toy(items=FrozenMap({})), exclusive=frozenset({"items"}))
    (change,) = compare("d", expectation, have).changes
    assert (change.key, change.after) == ("left", ABSENT)


def test_a_secret_is_never_compared_but_is_there_when_the_item_is_written() -> None:
    ref = SecretRef(device="d", account="viewer")
    want = Toy(items=FrozenMap({"viewer": Item(level="low", password=ref)}))
    assert compare("d", expected(want), Toy(items=FrozenMap({"viewer": Item(level="low")}))).changes == ()
    changes = compare("d", expected(want), Toy(items=FrozenMap({"viewer": Item(level="high")}))).changes
    assert wanted(want, changes).items["viewer"].password == ref


def test_only_what_differs_is_wanted() -> None:
    want = Toy(colour="blue", servers=("a",))
    changes = compare("d", expected(want), Toy(colour="blue", servers=())).changes
    assert wanted(want, changes) == Toy(servers=("a",))


def test_a_value_the_device_cannot_take_becomes_a_gap_and_the_rest_stays() -> None:
    comparison = compare("d", expected(Toy(colour="blue", servers=("a",))), Toy(colour="red", servers=()))
    left = comparison.without([Gap(field="colour", reason="not blue", nearest="navy")])
    assert [c.field for c in left.changes] == ["servers"]
    assert left.gaps[0].nearest == "navy"


def test_where_a_part_will_do_the_part_is_written_and_the_gap_stays() -> None:
    expectation = expected(Toy(servers=("a", "b")))
    gap = Gap(field="servers", reason="one only", instead=("a",))
    (change,) = compare("d", expectation, Toy(servers=())).without([gap]).changes
    assert (change.after, wanted(expectation.value, [change]).servers) == (("a",), ("a",))
    done = compare("d", expectation, Toy(servers=("a",))).without([gap])
    assert (done.changes, done.gaps) == ((), (gap,))


def planned(want: Toy, have: Toy) -> AspectPlan:
    expectation = expected(want)
    return plan_aspect(ASPECT, expectation, Reading(aspect="toy", value=have), compare("d", expectation, have))


def test_a_plan_is_stale_when_a_planned_field_is_neither_as_seen_nor_as_wanted() -> None:
    plan = planned(Toy(colour="blue"), Toy(colour="red"))
    assert moved(plan, compare("d", expected(Toy(colour="blue")), Toy(colour="green")))


def test_a_plan_is_stale_when_a_field_that_was_right_is_wrong_now() -> None:
    plan = planned(Toy(colour="blue", servers=("a",)), Toy(colour="red", servers=("a",)))
    assert "servers" in moved(
        plan, compare("d", expected(Toy(colour="blue", servers=("a",))), Toy(colour="red", servers=()))
    )


def test_a_planned_field_that_is_right_by_now_is_not_stale() -> None:
    plan = planned(Toy(colour="blue", servers=("a",)), Toy(colour="red", servers=()))
    now = compare("d", expected(Toy(colour="blue", servers=("a",))), Toy(colour="blue", servers=()))
    assert moved(plan, now) == ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    camera: str | Unset = setting("what is meant", instruction=True)
    address: str | Unset = setting("address")
    credential: str | Unset = setting("credential")


@dataclass(frozen=True, slots=True, kw_only=True)
class Boxed:
    least: int | Unset = setting("at least", instruction=True)
    channels: FrozenMap[Bound] | Unset = setting("channels")


def boxed(**channels: Bound) -> Boxed:
    return Boxed(channels=FrozenMap({key[1:]: item for key, item in channels.items()}))


def test_instructions_are_never_compared() -> None:
    expected = Boxed(least=3, channels=FrozenMap({"1": Bound(camera="cam", address="a")}))
    told = compare("nvr", Expectation(aspect="boxed", value=expected), boxed(_1=Bound(address="a")))
    assert (told.changes, told.gaps) == ((), ())


def test_a_part_of_an_item_that_is_not_told_is_a_gap_and_rules_no_change_out() -> None:
    offline = Untold(outcome=Outcome.UNREACHABLE, reason="offline")
    actual = boxed(_1=Bound(address="b", credential=offline))  # type: ignore[arg-type]
    wants = Expectation(aspect="boxed", value=boxed(_1=Bound(address="a", credential="accepted")))
    told = compare("nvr", wants, actual)
    assert [(c.key, c.after) for c in told.changes] == [("1", Bound(address="a"))]
    assert [(g.key, g.outcome) for g in told.gaps] == [("1.credential", Outcome.UNREACHABLE)]
    assert told.without(told.gaps).changes == told.changes
    untold = compare("nvr", wants, boxed(_1=Bound(address="a")))
    assert [(g.key, g.outcome) for g in untold.gaps] == [("1.credential", Outcome.UNSUPPORTED)]


AGREED = Waiver(setting="toy.colour", owner="An", reason="paint ordered", until="2026-12-31")


def waived(value: Toy, actual: Toy, *waivers: Waiver) -> AspectPlan:
    expectation = expected(value, waivers=waivers)
    found = waive(compare("d", expectation, actual), "toy", waivers)
    return plan_aspect(ASPECT, expectation, Reading(aspect="toy", value=actual), found)


def test_a_waived_difference_is_no_change_and_keeps_both_values() -> None:
    planned = waived(Toy(colour="blue"), Toy(colour="red"), AGREED)
    assert (planned.outcome, planned.changes) == (Outcome.WAIVED, ())
    (gap,) = planned.gaps
    assert (gap.before, gap.after, gap.reason) == ("red", "blue", "waived until 2026-12-31 by An: paint ordered")


def test_what_is_not_waived_is_still_to_be_changed() -> None:
    planned = waived(Toy(colour="blue", servers=("a",)), Toy(colour="red", servers=()), AGREED)
    assert planned.outcome is Outcome.PENDING
    assert [change.field for change in planned.changes] == ["servers"]


def test_a_waiver_that_nothing_needs_leaves_no_trace() -> None:
    planned = waived(Toy(colour="blue"), Toy(colour="blue"), AGREED)
    assert (planned.outcome, planned.gaps) == (Outcome.UNCHANGED, ())


def test_what_could_not_be_told_is_not_waived() -> None:
    actual = Toy(colour=Untold(outcome=Outcome.UNKNOWN, reason="month 0"))  # type: ignore[arg-type]
    assert waived(Toy(colour="blue"), actual, AGREED).outcome is Outcome.UNKNOWN
