"""One device brought to its plan: what is written, and what an outcome is believed to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from fleetctl import catalog, converge
from fleetctl.converge import link, settle
from fleetctl.errors import BadAnswer, Refused, Rejected, Unreachable
from fleetctl.model import (
    Access,
    Aspect,
    Attempt,
    Cell,
    Device,
    DevicePlan,
    Disruption,
    Driver,
    Endpoint,
    Event,
    Expectation,
    Finished,
    Gap,
    Intent,
    Kind,
    LoginJudged,
    Outcome,
    Planned,
    Result,
    SecretRef,
    Unset,
    Waiver,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    colour: str | Unset = setting("colour")
    size: int | Unset = setting("size")


@dataclass
class FakeDevice:
    """A device on the wire: state by field; what it does with a write is up to `on_write`."""

    state: dict[str, Any] = field(default_factory=lambda: {"colour": "red", "size": 1})
    serial: str = "S-1"
    written: list[dict[str, Any]] = field(default_factory=list)
    on_write: Callable[[dict[str, Any]], None] | None = None
    on_read: Callable[[], None] | None = None
    login_is_good: bool = True
    logins: int = 0


class FakeSession:
    def __init__(self, device: FakeDevice, access: Access) -> None:
        self.device, self.access, self.credential_proven = device, access, False

    def identity(self) -> Any:
        self.device.logins += 1
        if not self.device.login_is_good:
            raise Refused("wrong password", credential=True)
        self.credential_proven = True
        return SimpleNamespace(
            manufacturer="Toy", model="T1", firmware="1", serial_number=self.device.serial, mac_address=""
        )

    def forget(self) -> None: ...
    def facts(self) -> dict[str, str]:
        return {}

    def close(self) -> None: ...


def read(session: FakeSession) -> Toy:
    if session.device.on_read is not None:
        session.device.on_read()
    return Toy(**session.device.state)


def write(session: FakeSession, wanted: Toy, secrets: Any) -> None:
    assert session.access is Access.WRITE
    told = {n: getattr(wanted, n) for n in ("colour", "size") if getattr(wanted, n)}
    session.device.written.append(told)
    if session.device.on_write is not None:
        session.device.on_write(told)
    else:
        session.device.state.update(told)


def limits(session: FakeSession, wanted: Toy) -> tuple[Gap, ...]:
    if wanted.size and wanted.size > 10:
        return (Gap(field="size", reason="at most 10", nearest="10"),)
    return ()


class Tape:
    """The run's channel: remembers the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def confirm(self, event: Event) -> None:
        assert event.durable
        self.events.append(event)

    def stopped(self) -> bool:
        return False

    def see_through(self) -> None: ...

    def of(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


DEVICE = Device(
    name="cam", kind=Kind.CAMERA, site="s", serial_number="S-1", user="fleetctl", endpoint=Endpoint(address="127.0.0.9")
)


class Secrets:
    def reveal(self, ref: SecretRef) -> str:
        return "never-told"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeDevice:
    device = FakeDevice()
    aspect = Aspect(name="toy", type=Toy, kinds=frozenset({Kind.CAMERA}), disruption=Disruption.NONE, doc="toy")
    cell = Cell(aspect="toy", protocol="onvif", read=read, write=write, limits=limits)
    driver = Driver(
        name="onvif", kinds=frozenset({Kind.CAMERA}), protocols=("onvif",), recognises=lambda manufacturer, model: True
    )
    registry = catalog.Registry(aspects={"toy": aspect}, drivers={"onvif": driver}, cells={("toy", "onvif"): cell})
    monkeypatch.setattr(catalog, "load", lambda: registry)

    def opener(protocol: str) -> Callable[..., FakeSession]:
        return lambda _device, *, access, **_more: FakeSession(device, access)

    monkeypatch.setattr(link, "opener", opener)
    monkeypatch.setattr(settle, "opener", opener)
    monkeypatch.setattr(settle, "SETTLE_S", (0.0, 0.0))
    return device


def job(want: Toy, plan: DevicePlan | None = None, device: Device = DEVICE, **more: Any) -> converge.Job:
    expectations = (Expectation(aspect="toy", value=want),)
    return converge.Job(device=device, expectations=expectations, secrets=Secrets(), plan=plan, **more)


def planned(want: Toy) -> DevicePlan:
    tape = Tape()
    converge.work("cam", job(want), tape)
    plan: DevicePlan = tape.of(Planned)[0].plan
    return plan


def applied(plan: DevicePlan, device: Device = DEVICE, **more: Any) -> Tape:
    tape = Tape()
    converge.work("cam", job(Toy(), plan, device, **more), tape)
    assert len(tape.of(Finished)) == 1
    return tape


def outcome(tape: Tape) -> Outcome:
    return tape.of(Result)[-1].outcome  # type: ignore[no-any-return]


def test_observing_writes_nothing_and_tells_what_differs(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))
    assert plan.aspects[0].outcome is Outcome.PENDING
    assert fake.written == []


def test_only_what_differs_is_written_after_the_intent_is_on_disk(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue", size=1))
    seen: list[int] = []
    tape = Tape()
    fake.on_write = lambda told: (seen.append(len(tape.of(Intent))), fake.state.update(told))  # type: ignore[func-returns-value]
    converge.work("cam", job(Toy(), plan), tape)
    assert outcome(tape) is Outcome.CHANGED
    assert fake.written == [{"colour": "blue"}]
    assert seen == [1]


def test_a_refusal_that_stands_is_a_failure_though_it_reads_back(
    fake: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(told: dict[str, Any]) -> None:
        fake.state.update(told)
        raise Rejected("% Invalid input", code="console")

    plan = planned(Toy(colour="blue"))
    fake.on_write = half
    assert outcome(applied(plan)) is Outcome.CHANGED, "what reads back is believed"
    fake.state["colour"] = "red"
    cell = replace(catalog.load().cells["toy", "onvif"], refusals_stand=True)
    registry = replace(catalog.load(), cells={("toy", "onvif"): cell})
    monkeypatch.setattr(catalog, "load", lambda: registry)
    tape = applied(plan)
    assert outcome(tape) is Outcome.FAILED
    assert "Invalid input" in tape.of(Result)[-1].reason


def test_what_nothing_undoes_is_in_the_plan(fake: FakeDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = replace(catalog.load().cells["toy", "onvif"], risks=lambda _session, wanted: f"may cut {wanted.colour}")
    registry = replace(catalog.load(), cells={("toy", "onvif"): cell})
    monkeypatch.setattr(catalog, "load", lambda: registry)
    assert planned(Toy(colour="blue")).aspects[0].risk == "may cut blue"
    assert planned(Toy(colour="red")).aspects[0].risk == "", "nothing changes"


def test_what_is_right_already_is_not_written(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))
    fake.state["colour"] = "blue"
    assert outcome(applied(plan)) is Outcome.UNCHANGED
    assert fake.written == []


def test_a_device_that_moved_since_the_plan_is_stale_and_untouched(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))
    fake.state["colour"] = "green"
    assert outcome(applied(plan)) is Outcome.STALE
    assert fake.written == []


def test_accepted_and_not_done_is_not_applied(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))
    fake.on_write = lambda told: None
    assert outcome(applied(plan)) is Outcome.NOT_APPLIED


def test_something_else_than_asked_for_is_a_failure_that_names_both_values(fake: FakeDevice) -> None:
    plan = planned(Toy(size=5))
    fake.on_write = lambda told: fake.state.update(size=4)
    tape = applied(plan)
    assert outcome(tape) is Outcome.FAILED
    assert "size is 4, expected 5" in tape.of(Result)[-1].reason


def test_an_error_for_a_write_that_was_done_all_the_same_counts_by_what_reads_back(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))

    def error(told: dict[str, Any]) -> None:
        fake.state.update(told)
        raise Rejected("busy", code="ter:Busy")

    fake.on_write = error
    assert outcome(applied(plan)) is Outcome.CHANGED


def test_a_refused_write_fails_with_the_devices_words(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))

    def error(told: dict[str, Any]) -> None:
        raise Rejected("no blue today", code="ter:X")

    fake.on_write = error
    tape = applied(plan)
    assert outcome(tape) is Outcome.FAILED
    assert "no blue today" in tape.of(Result)[-1].reason


def test_an_impossible_value_is_unsupported_with_the_nearest_and_the_rest_is_done(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue", size=99))
    tape = applied(plan)
    assert outcome(tape) is Outcome.UNSUPPORTED
    assert fake.written == [{"colour": "blue"}]
    assert "nearest possible: 10" in tape.of(Result)[-1].reason


def test_another_device_on_the_address_is_never_written_to(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))
    fake.serial = "S-2"
    assert outcome(applied(plan)) is Outcome.REFUSED
    assert fake.written == []


def test_a_device_with_no_identity_on_record_is_read_but_never_written_to(fake: FakeDevice) -> None:
    nameless = replace(DEVICE, serial_number="")
    tape = Tape()
    converge.work("cam", job(Toy(colour="blue"), device=nameless), tape)
    plan = tape.of(Planned)[0].plan
    assert plan.aspects[0].outcome is Outcome.PENDING
    done = applied(plan, nameless)
    assert outcome(done) is Outcome.REFUSED
    assert "adopt" in done.of(Result)[-1].reason
    assert fake.written == []


def test_a_device_that_does_not_tell_its_serial_is_not_written_to(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))
    fake.serial = ""
    assert outcome(applied(plan)) is Outcome.REFUSED


def test_a_login_never_proven_is_on_disk_before_it_is_tried_and_a_refusal_is_told_once(fake: FakeDevice) -> None:
    fake.login_is_good = False
    tape = Tape()
    converge.work("cam", job(Toy(colour="blue"), fingerprint="f"), tape)
    assert [type(e) for e in tape.events if isinstance(e, Attempt | LoginJudged)] == [Attempt, LoginJudged]
    assert tape.of(LoginJudged)[0].accepted is False
    assert fake.logins == 1


def test_a_login_that_is_barred_is_not_presented(fake: FakeDevice) -> None:
    tape = Tape()
    converge.work("cam", job(Toy(colour="blue"), barred="not tried again"), tape)
    assert (outcome(tape), fake.logins) == (Outcome.REFUSED, 0)


def test_nonsense_from_the_device_is_unknown_and_never_in_step(fake: FakeDevice) -> None:
    def nonsense() -> None:
        raise BadAnswer("month 0")

    fake.on_read = nonsense
    assert planned(Toy(colour="red")).aspects[0].outcome is Outcome.UNKNOWN


def test_a_device_that_goes_away_ends_as_unreachable_with_its_intent_left_open(fake: FakeDevice) -> None:
    plan = planned(Toy(colour="blue"))

    def gone(told: dict[str, Any]) -> None:
        raise Unreachable("no answer")

    fake.on_write = gone
    tape = applied(plan)
    assert outcome(tape) is Outcome.UNREACHABLE
    assert len(tape.of(Intent)) == 1
    assert [r for r in tape.of(Result) if r.aspect == "toy"] == []


def test_what_is_waived_is_left_as_it_is_while_the_rest_is_written(fake: FakeDevice) -> None:
    tape = Tape()
    agreed = Waiver(setting="toy.colour", owner="An", reason="paint ordered", until="2026-12-31")
    expectation = Expectation(aspect="toy", value=Toy(colour="blue", size=7), waivers=(agreed,))
    converge.work("cam", replace(job(Toy()), expectations=(expectation,)), tape)
    plan: DevicePlan = tape.of(Planned)[0].plan
    assert plan.aspects[0].outcome is Outcome.PENDING
    fake.state["colour"] = "green"  # the waived value may change, and the plan holds
    assert outcome(applied(plan)) is Outcome.WAIVED
    assert fake.written == [{"size": 7}]
    assert fake.state == {"colour": "green", "size": 7}
