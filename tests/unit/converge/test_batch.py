"""A batch of hosts: what Ansible tells of their tasks becomes plans and outcomes, each host's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fleetctl import catalog, converge
from fleetctl.converge import Job, batch, hosts
from fleetctl.errors import BadAnswer
from fleetctl.model import (
    Attempt,
    Device,
    DevicePlan,
    Endpoint,
    Event,
    Expectation,
    Finished,
    Intent,
    Kind,
    LoginJudged,
    Outcome,
    Planned,
    Result,
    SecretRef,
)
from fleetctl.protocols.ansible import Diff, Host, State, Surroundings, Told
from fleetctl.protocols.ansible.runner import Ended

MACHINE = "0123456789abcdef0123456789abcdef"
TYPE = catalog.load().of_hosts["time"].type
EXPECTED = Expectation(aspect="time", value=TYPE(zone="Asia/Ho_Chi_Minh"))
PARIS = Diff(before="Europe/Paris\n", after="Asia/Ho_Chi_Minh\n")
Telling = Callable[[Callable[[Told], None]], None]


class Vault:
    def reveal(self, ref: SecretRef) -> str:
        return f"password of {ref.account}"


def host(name: str, machine: str = MACHINE) -> Device:
    endpoint = Endpoint(address="10.1.1.1")
    return Device(
        name=name, kind=Kind.DESK, site="s", platform="linux", user="fleetctl", serial_number=machine, endpoint=endpoint
    )


def job(name: str, **more: Any) -> Job:
    around = Surroundings(inventory="/inventory", known_hosts="/known")
    told = {"expectations": (EXPECTED,), "secrets": Vault(), "fingerprint": "f", "around": around}
    return Job(device=host(name), **(told | more))


def came(name: str, state: State = State.OK, **more: Any) -> Told:
    """The first play: who it is, and whether the account may become root."""
    return Told(host=name, state=state, task=hosts.IDENTITY, **({"output": MACHINE} | more))


def task(name: str, state: State = State.OK, **more: Any) -> Told:
    return Told(host=name, state=state, role="time", **({"task": "Set the time zone"} | more))


@dataclass
class Tape:
    events: list[Event] = field(default_factory=list)
    ending: bool = False
    order: list[str] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)

    def confirm(self, event: Event) -> None:
        assert event.durable
        self.order.append(type(event).__name__)
        self.events.append(event)

    def stopped(self) -> bool:
        return self.ending

    def see_through(self) -> None: ...

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def ended(self) -> dict[str, Outcome]:
        return {event.device: event.outcome for event in self.of(Finished) if event.device != "hosts"}


@dataclass
class Ansible:
    """Stands in for a room: each run tells what the next of `answers` holds."""

    answers: list[Sequence[Told]]
    checks: list[bool] = field(default_factory=list)
    plays: list[Any] = field(default_factory=list)
    error: Exception | None = None
    end: Ended = field(default_factory=lambda: Ended(began=True, complete=True))
    order: list[str] = field(default_factory=list)  # of runs and of what is put on disk
    hosts: Sequence[Host] = ()

    def run(self, plays: Any, tell: Callable[[Told], None], *, check: bool, **_: Any) -> Ended:
        if self.error is not None:
            raise self.error
        self.checks.append(check)
        self.order.append("check" if check else "write")
        self.plays.append(plays)
        for each in self.answers.pop(0):
            tell(each)
        return self.end


@pytest.fixture
def carry_out(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tape]:
    def carrying_out(ansible: Ansible, jobs: Mapping[str, Job]) -> Tape:
        @contextmanager
        def room(_: Surroundings, hosts: Sequence[Host], **__: Any) -> Iterator[Ansible]:
            ansible.hosts = hosts
            yield ansible

        monkeypatch.setattr(batch, "room", room)
        monkeypatch.setattr(hosts.hostkeys, "known", lambda _path, name: "" if name == "stranger" else "SHA256:x")
        tape = Tape(ending=ansible.end.stopped, order=ansible.order)
        converge.work("hosts", jobs, tape)
        return tape

    return carrying_out


def observed(carry_out: Callable[..., Tape], *told: Told, **more: Any) -> tuple[Tape, DevicePlan]:
    tape = carry_out(Ansible([told]), {"a": job("a", **more)})
    return tape, tape.of(Planned)[0].plan


def test_ssh_is_given_the_password_of_the_account_and_none_where_a_key_does(carry_out: Callable[..., Tape]) -> None:
    ansible = Ansible([(came("a"), came("b"))])
    carry_out(ansible, {"a": job("a"), "b": job("b", fingerprint="")})
    assert [(each.name, each.password) for each in ansible.hosts] == [("a", "password of fleetctl"), ("b", "")]
    assert "password of" not in repr(ansible.hosts)


# --- plan and audit ---------------------------------------------------------------------------------


def test_what_a_task_would_change_is_a_change_of_the_setting_it_names(carry_out: Callable[..., Tape]) -> None:
    tape, plan = observed(carry_out, came("a"), task("a", State.CHANGED, diffs=(PARIS,)), task("a", task="Keep chrony"))
    (aspect,) = plan.aspects
    assert (aspect.outcome, plan.serial_number) == (Outcome.PENDING, MACHINE)
    (change,) = aspect.changes
    assert (change.field, change.before, change.after) == ("zone", "Europe/Paris", "Asia/Ho_Chi_Minh")
    assert tape.ended() == {"a": Outcome.PENDING}
    assert tape.of(Intent) == []


def test_what_another_command_writes_is_told_and_there_is_nothing_for_apply_to_write(
    carry_out: Callable[..., Tape],
) -> None:
    packages = Expectation(
        aspect="firmware",
        value=catalog.load().of_hosts["firmware"].type(upgrade="safe"),
        left_to="fleetctl firmware roll",
    )
    moves = Told(
        host="a",
        state=State.CHANGED,
        role="firmware",
        task="Bring the others up to date",
        diffs=(Diff(before="libc6 1", after="libc6 2"),),
    )
    ansible = Ansible([(came("a"), moves)])
    tape = carry_out(ansible, {"a": job("a", expectations=(packages,))})
    (aspect,) = tape.of(Planned)[0].plan.aspects
    assert (aspect.outcome, aspect.changes) == (Outcome.PENDING, ())
    assert "not by apply: fleetctl firmware roll" in aspect.reason
    (gap,) = aspect.gaps
    assert (gap.before, gap.after) == ("libc6 1", "libc6 2")
    assert all("serial" not in play for play in ansible.plays[0]), "a check waits for no other host"


def test_a_host_whose_tasks_change_nothing_is_in_step(carry_out: Callable[..., Tape]) -> None:
    _, plan = observed(carry_out, came("a"), task("a"), task("a", State.SKIPPED))
    assert plan.aspects[0].outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("told", "outcome", "reason"),
    [
        ((task("a", State.UNCHECKED),), Outcome.UNKNOWN, "no check mode"),
        ((), Outcome.UNKNOWN, "told nothing"),
        ((task("a", State.FAILED, message="No space left on device"),), Outcome.FAILED, "No space left on device"),
        ((task("a", State.SUDO, message="not allowed"),), Outcome.REFUSED, "not allowed"),
    ],
)
def test_what_cannot_be_told_is_never_in_step(
    carry_out: Callable[..., Tape], told: Sequence[Told], outcome: Outcome, reason: str
) -> None:
    _, plan = observed(carry_out, came("a"), *told)
    assert plan.aspects[0].outcome is outcome
    assert reason in plan.aspects[0].reason


@pytest.mark.parametrize(
    ("told", "outcome", "reason", "accepted"),
    [
        (came("a", State.UNREACHABLE, message="No route to host"), Outcome.UNREACHABLE, "No route to host", None),
        (came("a", State.LOGIN, message="Permission denied"), Outcome.REFUSED, "Not retried", False),
        (came("a", State.KEY, message="HAS CHANGED"), Outcome.REFUSED, "another SSH host key", None),
        (came("a", State.SUDO, message="sorry"), Outcome.REFUSED, "may not become root", True),
        (came("a", State.FAILED, output="f" * 32), Outcome.REFUSED, "another machine answers here", True),
        (came("a", State.FAILED, output="", code=1), Outcome.REFUSED, "may not become root", True),
        (came("a", State.FAILED, output="", code=0), Outcome.UNKNOWN, "is no id", True),
        (came("a", State.FAILED, output="", code=-15), Outcome.UNREACHABLE, "cut off", None),
    ],
)
def test_a_host_that_cannot_be_looked_at_ends_as_a_whole_and_says_why(
    carry_out: Callable[..., Tape], told: Told, outcome: Outcome, reason: str, accepted: bool | None
) -> None:
    tape = carry_out(Ansible([[told, came("b"), task("b")]]), {"a": job("a"), "b": job("b", proven=True)})
    assert tape.ended() == {"a": outcome, "b": Outcome.UNCHANGED}
    (result,) = [r for r in tape.of(Result) if r.device == "a"]
    assert (result.aspect, result.outcome) == ("", outcome)
    assert reason in result.reason
    judged = [e.accepted for e in tape.of(LoginJudged) if e.device == "a"]
    assert judged == ([] if accepted is None else [accepted])


def test_a_host_whose_key_is_not_on_record_is_not_asked(carry_out: Callable[..., Tape]) -> None:
    ansible = Ansible([[came("b"), task("b")]])
    tape = carry_out(ansible, {"stranger": job("stranger"), "b": job("b")})
    assert tape.ended() == {"stranger": Outcome.REFUSED, "b": Outcome.UNCHANGED}
    assert "no SSH host key on record" in tape.of(Result)[0].reason
    assert [e.device for e in tape.of(Attempt)] == ["b"]


def test_a_login_that_is_barred_is_not_presented(carry_out: Callable[..., Tape]) -> None:
    ansible = Ansible([[came("b"), task("b")]])
    tape = carry_out(ansible, {"a": job("a", barred="a: refused before"), "b": job("b")})
    assert tape.ended() == {"a": Outcome.REFUSED, "b": Outcome.UNCHANGED}
    assert [e.device for e in tape.of(Attempt)] == ["b"]
    assert all("a" not in play["hosts"] for play in ansible.plays[0])


def test_hosts_that_nothing_asked_for_concerns_are_left_alone(carry_out: Callable[..., Tape]) -> None:
    ansible = Ansible([])
    tape = carry_out(ansible, {"a": job("a", expectations=())})
    assert ansible.checks == []
    assert tape.ended() == {"a": Outcome.UNCHANGED}
    assert tape.of(Planned)[0].plan.aspects == ()


def test_ansible_that_cannot_begin_leaves_every_host_unknown(carry_out: Callable[..., Tape]) -> None:
    tape = carry_out(Ansible([], error=BadAnswer("Ansible could not begin: bad vault")), {"a": job("a"), "b": job("b")})
    assert set(tape.ended().values()) == {Outcome.UNKNOWN}


# --- apply --------------------------------------------------------------------------------------------


def planned(carry_out: Callable[..., Tape]) -> DevicePlan:
    return observed(carry_out, came("a"), task("a", State.CHANGED, diffs=(PARIS,)))[1]


@pytest.mark.parametrize(
    ("check", "write", "again", "outcome", "runs"),
    [
        ([task("a", State.CHANGED, diffs=(PARIS,))], [task("a")], [task("a")], Outcome.CHANGED, [True, False, True]),
        ([task("a")], None, None, Outcome.UNCHANGED, [True]),
        (
            [task("a", State.CHANGED, diffs=(replace(PARIS, before="Asia/Tokyo\n"),))],
            None,
            None,
            Outcome.STALE,
            [True],
        ),
        (
            [task("a", State.CHANGED, diffs=(PARIS,))],
            [task("a")],
            [task("a", State.CHANGED, diffs=(PARIS,))],
            Outcome.NOT_APPLIED,
            [True, False, True],
        ),
        (
            [task("a", State.CHANGED, diffs=(PARIS,))],
            [task("a", State.FAILED, message="read-only file system")],
            [task("a")],
            Outcome.FAILED,
            [True, False, True],
        ),
    ],
)
def test_an_apply_checks_writes_and_is_judged_by_what_reads_back(
    carry_out: Callable[..., Tape],
    check: Sequence[Told],
    write: Sequence[Told] | None,
    again: Sequence[Told] | None,
    outcome: Outcome,
    runs: list[bool],
) -> None:
    plan = planned(carry_out)
    ansible = Ansible([[came("a"), *told] for told in (check, write, again) if told is not None])
    tape = carry_out(ansible, {"a": job("a", plan=plan)})
    assert tape.ended() == {"a": outcome}
    assert ansible.checks == runs
    assert [e.aspect for e in tape.of(Intent)] == (["time"] if len(runs) > 1 else [])


def test_nothing_is_written_before_every_intent_is_on_disk(carry_out: Callable[..., Tape]) -> None:
    plan = planned(carry_out)
    differs = [came("a"), task("a", State.CHANGED, diffs=(PARIS,))]
    ansible = Ansible([differs, [came("a"), task("a")], [came("a"), task("a")]])
    tape = carry_out(ansible, {"a": job("a", plan=plan)})
    assert tape.order == ["Attempt", "check", "Intent", "write", "check"]
    assert tape.ended() == {"a": Outcome.CHANGED}


def test_a_run_that_is_stopped_leaves_its_hosts_interrupted(carry_out: Callable[..., Tape]) -> None:
    plan = planned(carry_out)
    ansible = Ansible([[came("a")]], end=Ended(began=True, complete=False, stopped=True))
    tape = carry_out(ansible, {"a": job("a", plan=plan)})
    assert tape.ended() == {"a": Outcome.INTERRUPTED}
