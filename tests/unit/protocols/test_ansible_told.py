"""What ansible-runner's events tell of a task: given these events, as real runs gave them, this is understood."""

from __future__ import annotations

from typing import Any

import pytest

from fleetctl.protocols.ansible.told import Diff, State, told


def event(kind: str, result: dict[str, Any] | None = None, stdout: str = "", **data: Any) -> dict[str, Any]:
    """Return an event as ansible-runner 2.4 makes it, with ansible-core 2.19."""
    of_task = {"host": "rec", "role": "time", "task": "time : Set the time zone", "task_args": "", "res": result}
    return {"event": kind, "stdout": stdout, "event_data": {**of_task, **data}}


@pytest.mark.parametrize("kind", ["playbook_on_start", "runner_on_start", "verbose", "playbook_on_stats"])
def test_events_that_end_no_task_tell_nothing(kind: str) -> None:
    assert told({"event": kind}) is None


def test_a_task_in_step_is_ok_and_one_that_is_not_meant_is_skipped() -> None:
    each = told(event("runner_on_ok", {"changed": False}))
    assert each is not None
    assert (each.state, each.host, each.role, each.task) == (State.OK, "rec", "time", "Set the time zone")
    skipped = told(event("runner_on_skipped", {"skip_reason": "Conditional result was False", "false_condition": "x"}))
    assert skipped is not None
    assert skipped.state is State.SKIPPED


def test_a_task_without_a_check_mode_is_unchecked_and_never_ok() -> None:
    why = "Command would have run if not in check mode"
    each = told(event("runner_on_skipped", None, stdout=f'skipping: [rec] => {{"changed": false, "msg": "{why}"}}'))
    assert each is not None
    assert each.state is State.UNCHECKED
    of_loop = told(event("runner_on_ok", {"changed": False, "results": [{"skipped": True, "msg": why}]}))
    assert of_loop is not None
    assert of_loop.state is State.UNCHECKED


def test_a_difference_names_its_file_also_where_the_file_is_not_there_yet() -> None:
    there = {
        "before": "a\n",
        "after": "b\n",
        "before_header": "/etc/chrony/chrony.conf",
        "after_header": "/x/.ansible/t",
    }
    each = told(event("runner_on_ok", {"changed": True, "diff": [there]}))
    assert each is not None
    assert each.diffs == (Diff(before="a\n", after="b\n", name="/etc/chrony/chrony.conf"),)
    absent = {"before": "", "after": "b\n", "after_header": "/t/ansible-local-1/chrony.conf.j2"}
    new = event(
        "runner_on_ok", {"changed": True, "diff": [absent]}, task_args="src=a.j2, dest=/etc/new.conf, mode=0644"
    )
    each = told(new)
    assert each is not None
    assert each.diffs == (Diff(before="", after="b\n", name="/etc/new.conf"),)


def test_differences_of_properties_are_reduced_to_those_that_differ() -> None:
    diff = {
        "before": {"path": "/etc/x", "mode": "0644", "owner": 0},
        "after": {"path": "/etc/x", "mode": "0600", "owner": 0},
    }
    each = told(event("runner_on_ok", {"changed": True, "diff": diff}))
    assert each is not None
    assert each.diffs == (Diff(before="mode: 0644", after="mode: 0600", name="/etc/x"),)


def test_each_item_of_a_loop_is_told_by_its_label() -> None:
    items = [
        {"changed": True, "_ansible_item_label": "cam-01", "diff": {"before": "none\n", "after": "recorded\n"}},
        {"changed": False, "_ansible_item_label": "cam-02"},
        {"changed": True, "_ansible_item_label": "cam-03"},
    ]
    each = told(event("runner_on_ok", {"changed": True, "results": items}))
    assert each is not None
    assert [(d.name, d.after) for d in each.diffs] == [("cam-01", "recorded\n"), ("cam-03", "")]


def test_a_service_tells_what_it_was_and_shall_be() -> None:
    status = {"ActiveState": "inactive", "UnitFileState": "disabled"}
    result = {"changed": True, "name": "chrony.service", "state": "started", "enabled": True, "status": status}
    each = told(event("runner_on_ok", result))
    assert each is not None
    assert each.diffs == (Diff(before="inactive, disabled", after="started, enabled", name="chrony.service"),)


def test_of_a_task_that_handles_secrets_only_that_it_changed_is_known() -> None:
    censored = {"censored": "the output has been hidden due to the fact that 'no_log: true' was specified"}
    each = told(event("runner_on_ok", censored, stdout="changed: [rec] => (censored due to no_log)"))
    assert each is not None
    assert (each.state, each.hidden, each.diffs) == (State.CHANGED, True, ())
    failed = told(event("runner_on_failed", censored))
    assert failed is not None
    assert failed.message == "it says no more, since it handles secrets"


@pytest.mark.parametrize(
    ("message", "state"),
    [
        (
            "Failed to connect to the host via ssh: ssh: connect to host 10.1.1.1 port 22: No route to host",
            State.UNREACHABLE,
        ),
        ("ssh: connect to host 10.1.1.1 port 22: Connection refused", State.UNREACHABLE),
        ("kex_exchange_identification: read: Connection reset by peer", State.UNREACHABLE),
        ("fleetctl@10.1.1.1: Permission denied (publickey,password).", State.LOGIN),
        ("Invalid/incorrect password: Permission denied, please try again.", State.LOGIN),
        ("No ED25519 host key is known for rec and you have requested strict checking.", State.KEY),
        ("@@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@@ Host key verification failed.", State.KEY),
    ],
)
def test_unreachable_refused_and_another_key_are_told_apart(message: str, state: State) -> None:
    each = told(event("runner_on_unreachable", {"unreachable": True, "msg": message}))
    assert each is not None
    assert each.state is state
    assert "@@@" not in each.message


@pytest.mark.parametrize(
    "message",
    [
        "Incorrect sudo password",
        "Missing sudo password",
        "sudo: a password is required",
        "fleetctl is not in the sudoers file.",
        "Sorry, user fleetctl is not allowed to execute '/bin/sh' as root on rec.",
    ],
)
def test_an_account_that_may_not_become_root_is_told_from_a_task_that_failed(message: str) -> None:
    for result in ({"msg": message}, {"msg": "MODULE FAILURE", "module_stderr": message}):
        each = told(event("runner_on_failed", result))
        assert each is not None
        assert each.state is State.SUDO
    other = told(event("runner_on_failed", {"msg": "No package matching 'nope' is available"}))
    assert other is not None
    assert (other.state, other.message) == (State.FAILED, "No package matching 'nope' is available")


def test_a_failure_that_the_role_ignores_is_none() -> None:
    each = told(event("runner_on_failed", {"msg": "no"}, ignore_errors=True))
    assert each is not None
    assert each.state is State.OK


def test_why_one_item_of_a_loop_failed_is_said() -> None:
    items = [{"changed": False}, {"failed": True, "msg": "Task failed: Action failed: cam-01 is not recorded"}]
    each = told(event("runner_on_failed", {"msg": "One or more items failed", "results": items}))
    assert each is not None
    assert each.message == "cam-01 is not recorded"


def test_secrets_are_cut_out_of_everything_that_came_from_the_host() -> None:
    diff = {"before": "old S3cret\n", "after": "x\n", "before_header": "/etc/S3cret"}
    each = told(event("runner_on_ok", {"changed": True, "diff": [diff]}))
    assert each is not None
    assert "S3cret" not in repr(each.mapped(lambda text: text.replace("S3cret", "***")))
