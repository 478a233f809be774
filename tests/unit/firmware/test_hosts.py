"""Packages of a Linux host: looked at, brought to their state by the role, judged by what is installed then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from fleetctl import catalog, flashing
from fleetctl.converge import Job, batch, hosts, link
from fleetctl.errors import Interrupted, Unreachable
from fleetctl.flashing import Earlier, Timing, Update
from fleetctl.model import (
    Change,
    Device,
    Endpoint,
    Event,
    Expectation,
    Finished,
    FrozenMap,
    Installed,
    Intent,
    Kind,
    Outcome,
    Result,
    SecretRef,
    Sent,
)
from fleetctl.protocols import packages
from fleetctl.protocols.ansible import Diff, State, Surroundings, Told
from fleetctl.protocols.ansible.runner import Ended
from fleetctl.protocols.identities import Identity

MACHINE = "0123456789abcdef0123456789abcdef"
FIRMWARE, TIME = (catalog.load().of_hosts[name].type for name in ("firmware", "time"))
WANTED = Expectation(aspect="firmware", value=FIRMWARE(packages=FrozenMap({"kiosk-app": "1.1"})))
ZONE = Expectation(aspect="time", value=TIME(zone="Asia/Ho_Chi_Minh"))
QUICK = Timing(boot_s=0.3, flash_s=0.3, settled_s=60)
OLD = Installed(
    packages={"kiosk-app": "1.0", "libc6": "2.36-9"},
    held=(),
    unfinished=(),
    failed=(),
    boot_id="one",
    reboot_asked=False,
    uptime_s=9000.0,
    clock_error_s=0.1,
    free_kb=4_000_000,
)
NEW = replace(OLD, packages={"kiosk-app": "1.1", "libc6": "2.36-9"}, boot_id="two")
HERE = Told(host="kiosk", state=State.OK, task=hosts.IDENTITY, output=MACHINE)
MOVES = Told(
    host="kiosk",
    state=State.CHANGED,
    role="firmware",
    task="Bring the named packages to their version",
    diffs=(Diff(before="kiosk-app 1.0", after="kiosk-app 1.1"),),
)
STAYS = replace(MOVES, state=State.OK, diffs=())
ZONE_WELL = Told(host="kiosk", state=State.OK, role="time", task="Set the time zone")
ZONE_OFF = replace(ZONE_WELL, state=State.CHANGED, diffs=(Diff(before="Etc/UTC", after="Asia/Ho_Chi_Minh"),))
DUE, DONE, WELL = (HERE, MOVES, ZONE_WELL), (HERE, STAYS, ZONE_WELL), (HERE, ZONE_WELL)


class Vault:
    def reveal(self, ref: SecretRef) -> str:
        return f"password of {ref.account}"


@dataclass
class Host:
    """A host at the wire: what Ansible tells of each run, what SSH tells of each look, and what was put on disk."""

    runs: list[Sequence[Told]]
    looks: list[Installed | Exception]
    order: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    stopped_after: str = ""
    through: bool = False

    # Ansible
    def run(self, _plays: Any, tell: Any, *, check: bool, stopped: Any, **_: Any) -> Ended:
        self.order.append("check" if check else "write")
        for each in self.runs.pop(0):
            tell(each)
        return Ended(began=True, complete=True, stopped=stopped())

    # SSH
    credential_proven = True

    def identity(self) -> Identity:
        return Identity(manufacturer="", model="", firmware="Debian", serial_number=MACHINE, mac_address="")

    def installed(self) -> Installed:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    def facts(self) -> Mapping[str, str]:
        return {}

    def close(self) -> None: ...

    # the run
    def emit(self, event: Event) -> None:
        self.events.append(event)

    def confirm(self, event: Event) -> None:
        assert event.durable
        if self.stopped():
            raise Interrupted("the run was ended before this was sent")
        self.order.append(type(event).__name__)
        self.events.append(event)

    def stopped(self) -> bool:
        return self.stopped_after in self.order and not self.through if self.stopped_after else False

    def see_through(self) -> None:
        self.through = True


@pytest.fixture(autouse=True)
def _wire(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def room(around: Any, _hosts: Any, **__: Any) -> Iterator[Any]:
        yield _there[around.inventory]

    monkeypatch.setattr(batch, "room", room)
    monkeypatch.setattr(hosts.hostkeys, "known", lambda _path, _name: "SHA256:x")
    monkeypatch.setattr(link, "opener", lambda _protocol: lambda device, **_: _there[device.desk])


_there: dict[str, Host] = {}


def updated(host: Host, *, wanted: Expectation = WANTED, **more: Any) -> Result:
    """Update a host; returns how it ended."""
    _there["here"] = host
    device = Device(
        name="kiosk",
        kind=Kind.KIOSK,
        site="s",
        platform="linux",
        user="fleetctl",
        serial_number=MACHINE,
        endpoint=Endpoint(address="10.1.1.1"),
        desk="here",
    )
    job = Job(
        device=device,
        expectations=(ZONE,),
        secrets=Vault(),
        fingerprint="f",
        proven=True,
        around=Surroundings(inventory="here", known_hosts="/known"),
    )
    flashing.work("kiosk", Update(job=job, wanted=wanted, target="kiosk-app 1.1", timing=QUICK, **more), host)
    (finished,) = (e for e in host.events if isinstance(e, Finished))
    (result,) = (e for e in host.events if isinstance(e, Result) and e.aspect == "firmware")
    assert finished.outcome is result.outcome
    return result


def test_a_host_is_checked_journaled_brought_there_and_judged_by_what_is_installed() -> None:
    host = Host([DUE, DUE, DONE, DONE, WELL], [OLD, NEW])
    result = updated(host)
    assert result.outcome is Outcome.CHANGED, result.reason
    assert host.order == ["check", "check", "Intent", "write", "check", "Sent", "check"]
    moved = Change(device="kiosk", aspect="firmware", field="packages", key="kiosk-app", before="1.0", after="1.1")
    assert result.changes == (moved,)
    assert "kiosk-app 1.0 -> 1.1" in result.reason
    assert "it has started again" in result.reason


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        (replace(NEW, packages=OLD.packages), "kiosk-app is 1.0, not 1.1"),
        (replace(NEW, reboot_asked=True), "still asks for a restart"),
        (replace(NEW, failed=("cups.service",)), "does not run any more: cups.service"),
        (replace(NEW, unfinished=("kiosk-app",)), "not wholly installed: kiosk-app"),
        (replace(NEW, clock_error_s=-7200.0), "-7200 s off"),
    ],
)
def test_the_roles_word_is_no_proof(after: Installed, reason: str) -> None:
    result = updated(Host([DUE, DUE, DONE, DONE, WELL], [OLD, after]))
    assert result.outcome is Outcome.FAILED
    assert reason in result.reason
    assert result.changes == ()


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (replace(OLD, clock_error_s=400.0), "+400 s off"),
        (replace(OLD, uptime_s=20.0), "has been up for 20 s"),
        (replace(OLD, free_kb=90_000), "87 MB free on /var"),
    ],
)
def test_a_host_that_is_not_fit_is_refused_before_anything_is_written(before: Installed, reason: str) -> None:
    host = Host([DUE], [before])
    result = updated(host)
    assert (result.outcome, host.order) == (Outcome.REFUSED, ["check"])
    assert reason in result.reason
    assert "Untouched" in result.reason


def test_a_host_whose_packages_are_as_wanted_is_left_alone() -> None:
    host = Host([DONE], [OLD])
    assert updated(host).outcome is Outcome.UNCHANGED
    assert host.order == ["check"]


def test_what_an_update_changed_is_put_back_and_told() -> None:
    mend = [(HERE, ZONE_OFF), (HERE, ZONE_OFF), (HERE, ZONE_OFF), WELL]
    host = Host([DUE, DUE, DONE, DONE, *mend], [OLD, NEW])
    result = updated(host)
    assert (result.outcome, host.runs) == (Outcome.CHANGED, []), result.reason
    assert "the update changed time.zone: put back" in result.reason
    assert [e.aspect for e in host.events if isinstance(e, Intent)] == ["firmware", "time"]


def test_what_was_not_as_expected_before_is_left_for_apply() -> None:
    off = (HERE, MOVES, ZONE_OFF)
    host = Host([off, off, DONE, DONE, (HERE, ZONE_OFF)], [OLD, NEW])
    result = updated(host)
    assert result.outcome is Outcome.CHANGED
    assert "time" not in result.reason


def test_a_run_that_is_ended_before_the_role_is_run_writes_nothing() -> None:
    host = Host([DUE, DUE], [OLD], stopped_after="check")
    assert updated(host).outcome is Outcome.INTERRUPTED
    assert "write" not in host.order


def test_a_run_that_is_ended_in_the_middle_sees_the_host_through() -> None:
    host = Host([DUE, DUE, DONE, DONE, WELL], [OLD, NEW], stopped_after="Intent")
    assert updated(host).outcome is Outcome.CHANGED
    assert host.order[-2:] == ["Sent", "check"]


def test_a_host_that_takes_its_time_to_let_us_in_again_is_waited_for() -> None:
    host = Host([DUE, DUE, DONE, DONE, WELL], [OLD, Unreachable("starting"), NEW])
    assert updated(host).outcome is Outcome.CHANGED
    gone = Host([DUE, DUE, DONE, DONE], [OLD, Unreachable("nobody answers")])
    assert updated(gone).outcome is Outcome.UNREACHABLE
    assert any(isinstance(event, Sent) for event in gone.events)


def test_after_a_kill_a_host_that_is_there_goes_through_the_gate_and_its_role_is_not_run_again() -> None:
    host = Host([DONE, WELL], [NEW])
    assert updated(host, earlier=Earlier(began=1.0, sent=False)).outcome is Outcome.CHANGED
    assert host.order == ["check", "check"]


def test_after_a_kill_in_the_middle_of_the_role_what_is_left_is_done() -> None:
    half = replace(OLD, unfinished=("libc6",), uptime_s=5.0)
    host = Host([DUE, DUE, DONE, DONE, WELL], [half, NEW])
    assert updated(host, earlier=Earlier(began=1.0, sent=False)).outcome is Outcome.CHANGED


def test_a_role_that_ran_to_its_end_is_not_run_again_whatever_is_left() -> None:
    host = Host([DUE], [OLD])
    result = updated(host, earlier=Earlier(began=1.0, sent=True))
    assert (result.outcome, host.order) == (Outcome.FAILED, ["check"])
    assert "there is still to do" in result.reason


def test_a_canary_is_judged_once_more_after_its_soak_and_nothing_is_sent() -> None:
    host = Host([DONE], [NEW])
    assert (updated(host, again=True).outcome, host.order) == (Outcome.UNCHANGED, ["check"])
    assert updated(Host([DUE], [OLD]), again=True).outcome is Outcome.FAILED


def test_what_is_printed_is_read_whole_or_not_at_all() -> None:
    told = (
        "== clock\n999.5\n== boot\nab-cd\n== uptime\n77.25\n== reboot\nyes\n== room\n"
        "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /\n== packages\n"
        "ii \tlibc6:amd64\t2.36-9\nhi \tnginx\t1.22\nrc \told\t1\niF \thalf\t2\nun \tnever\t\n"
        "== held\nnginx\n== failed\ncups.service loaded failed failed CUPS\n== clock\n1001.5\n== end\n"
    )
    assert packages.read(told, 1000.0) == Installed(
        packages={"libc6:amd64": "2.36-9", "nginx": "1.22"},
        held=("nginx",),
        unfinished=("half",),
        failed=("cups.service",),
        boot_id="ab-cd",
        reboot_asked=True,
        uptime_s=77.25,
        clock_error_s=0.5,
        free_kb=60,
    )
    with pytest.raises(ValueError, match="cut off"):
        packages.read(told.removesuffix("== end\n"), 1000.0)
