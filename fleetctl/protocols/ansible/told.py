"""What a task did on a host, made of ansible-runner's events."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_TOLD: Final = re.compile(r"^(\w+): \[[^\]]*\](?: => (.*))?", re.DOTALL | re.MULTILINE)
_CHECK_MODE: Final = re.compile(r"check mode", re.IGNORECASE)
_KEY: Final = re.compile(
    r"host key verification failed|remote host identification has changed|no \S+ host key is known|"
    r"because host key checking is enabled",  # all that Ansible says of it where sshpass gives the password
    re.IGNORECASE,
)
_LOGIN: Final = re.compile(
    r"permission denied|authentication failure|invalid/incorrect password|too many authentication failures",
    re.IGNORECASE,
)
_SUDO: Final = re.compile(
    r"(incorrect|missing|invalid) (sudo|become|su) password|is not in the sudoers file|is not allowed to execute|"
    r"sorry, (you must have a tty|try again|user )|sudo: a password is required|sudo: .*not allowed|"
    r"waiting for become success",
    re.IGNORECASE,
)
_DEST: Final = re.compile(r"(?:^|, )(?:dest|path)=(/[^,{}]+)(?:,|$)")
_NOISE: Final = re.compile(r"^(Task failed|Action failed|Module failed|Failed to connect to the host via ssh): ")
_RULE: Final = re.compile(r"^[@*#\s]+|\s*@{3,}\s*")


class State(enum.StrEnum):
    """How a task ended on a host."""

    OK = "ok"
    CHANGED = "changed"  # or would, in check mode
    UNCHECKED = "unchecked"  # skipped since it has no check mode
    SKIPPED = "skipped"  # not meant for this host
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    LOGIN = "login"  # the host rejected the login
    KEY = "key"  # its host key is not the one on record, or none is
    SUDO = "sudo"  # logged in, but not allowed to become root


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What one file or thing is and shall be; `name` is how the task heads it, "" where it does not."""

    before: str
    after: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one task did on one host. `hidden`: it said no_log, so that no values are known.

    `code`: how its command ended there (below 0: the signal that ended our end of it), None where it says nothing.
    """

    host: str
    state: State
    role: str = ""
    task: str = ""
    module: str = ""
    message: str = ""
    diffs: tuple[Diff, ...] = ()
    hidden: bool = False
    output: str = ""
    code: int | None = None

    def mapped(self, change: Callable[[str], str]) -> Told:
        """Return it with every text that came from the host changed."""
        diffs = (Diff(before=change(d.before), after=change(d.after), name=change(d.name)) for d in self.diffs)
        return replace(self, message=change(self.message), diffs=tuple(diffs), output=change(self.output))


_STATES: Final[Mapping[str, State]] = {
    "runner_on_ok": State.OK,
    "runner_on_failed": State.FAILED,
    "runner_on_unreachable": State.UNREACHABLE,
    "runner_on_skipped": State.SKIPPED,
}


def told(event: Mapping[str, Any]) -> Told | None:
    """Return what an event of ansible-runner tells of a task's end on a host, None for any other event."""
    state = _STATES.get(event.get("event", ""))
    data = event.get("event_data", {})
    if state is None or "host" not in data:
        return None
    word, printed = _printed(event.get("stdout", ""))
    result: Mapping[str, Any] = data.get("res") or printed
    hidden = "censored" in result
    state = _state(state, word, result, ignored=bool(data.get("ignore_errors")))
    return Told(
        host=data["host"],
        state=state,
        role=data.get("role", ""),
        task=data.get("task", "").partition(" : ")[2] or data.get("task", ""),
        module=data.get("resolved_action", data.get("task_action", "")).rpartition(".")[2],
        message="" if state in (State.OK, State.CHANGED, State.SKIPPED) else _message(result, hidden=hidden),
        diffs=tuple(_named(_diffs(result), data.get("task_args", ""))) if state is State.CHANGED else (),
        hidden=hidden,
        output=str(result.get("stdout", "")) if not data.get("role") else "",
        code=code if isinstance(code := result.get("rc"), int) else None,
    )


def _named(diffs: Iterator[Diff], arguments: str) -> Iterator[Diff]:
    """Give a diff that names nothing (of a file that is not there yet) the `dest` that the task writes down."""
    found = _DEST.search(arguments)
    for each in diffs:
        yield each if each.name or found is None else replace(each, name=found[1])


def plain(text: str) -> str:
    """Return what was printed without its colours."""
    return _COLOUR.sub("", text)


def _printed(stdout: str) -> tuple[str, Mapping[str, Any]]:
    """Return the word before the host's name, and the result as printed: of skipped tasks the event has no other."""
    found = _TOLD.search(plain(stdout))
    if found is None:
        return "", {}
    word, text = found.groups()
    try:
        result = json.loads(text.strip()) if text else {}
    except ValueError:
        result = {}
    return word, result if isinstance(result, Mapping) else {}


def _state(state: State, word: str, result: Mapping[str, Any], *, ignored: bool) -> State:
    items = [item for item in result.get("results", ()) if isinstance(item, Mapping)]
    if state is State.OK:
        if result.get("changed") or word == "changed":
            return State.CHANGED
        return State.UNCHECKED if any(item.get("skipped") and _unchecked(item) for item in items) else State.OK
    if state is State.SKIPPED:
        return State.UNCHECKED if any(map(_unchecked, items or [result])) else State.SKIPPED
    if state is State.FAILED and ignored:
        return State.OK
    text = _text(result)
    if state is State.UNREACHABLE:
        if _KEY.search(text):
            return State.KEY
        return State.LOGIN if _LOGIN.search(text) else State.UNREACHABLE
    if _KEY.search(text):
        return State.KEY
    return State.SUDO if _SUDO.search(text) else State.FAILED


def _unchecked(result: Mapping[str, Any]) -> bool:
    """Tell whether a task was skipped since its module cannot tell what it would do."""
    return "false_condition" not in result and bool(_CHECK_MODE.search(_text(result)))


def _text(result: Mapping[str, Any]) -> str:
    return " ".join(str(result.get(name, "")) for name in ("msg", "module_stderr", "stderr", "module_stdout", "stdout"))


def _message(result: Mapping[str, Any], *, hidden: bool) -> str:
    """Return why a task failed, on one line."""
    if hidden:
        return "it says no more, since it handles secrets"
    failed = [item for item in result.get("results", ()) if isinstance(item, Mapping) and item.get("failed")]
    text = str((failed or [result])[0].get("msg", "") or "").strip()
    errors = result.get("argument_errors")
    if isinstance(errors, list) and errors:
        text = "; ".join(str(error) for error in errors)
    elif not text or text.startswith(("MODULE FAILURE", "non-zero return code")):
        one = (failed or [result])[0]
        said = one.get("stderr") or one.get("module_stderr") or one.get("stdout", "")
        text = f"{text} {said}".strip()
    while (shorter := _NOISE.sub("", text)) != text:
        text = shorter
    return " ".join(_RULE.sub(" ", text).split())[:600]


def _diffs(result: Mapping[str, Any]) -> Iterator[Diff]:
    """Yield the differences a result tells, those of a loop's items too, and those of services, which tell none."""
    for item in result.get("results", ()):
        if isinstance(item, Mapping) and item.get("changed"):
            label = item.get("_ansible_item_label", item.get("item"))
            name = label if isinstance(label, str) else ""
            found = [*_own_diffs(item)]
            yield from (each if each.name else Diff(before=each.before, after=each.after, name=name) for each in found)
            if not found and name:
                yield Diff(before="", after="", name=name)
    yield from _own_diffs(result)


def _own_diffs(result: Mapping[str, Any]) -> Iterator[Diff]:
    listed = result.get("diff") or ()
    for diff in listed if isinstance(listed, list | tuple) else (listed,):
        if not isinstance(diff, Mapping) or not diff:
            continue
        before, after = diff.get("before", ""), diff.get("after", "")
        name = str(result.get("dest") or diff.get("before_header") or diff.get("after_header") or "")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            name = name or str(after.get("path", before.get("path", "")))
            keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
            before, after = (", ".join(f"{k}: {side[k]}" for k in keys if k in side) for side in (before, after))
        if prepared := diff.get("prepared"):
            after = str(prepared)
        if before != after:
            yield Diff(before=str(before), after=str(after), name=_file(name))
    status = result.get("status")
    if isinstance(status, Mapping) and "ActiveState" in status:
        was = f"{status.get('ActiveState', '')}, {status.get('UnitFileState', '')}".strip(", ")
        enabled = "" if result.get("enabled") is None else "enabled" if result["enabled"] else "disabled"
        shall = ", ".join(part for part in (str(result.get("state") or ""), enabled) if part)
        yield Diff(before=was, after=shall, name=str(result.get("name", "")))


def _file(header: str) -> str:
    """Return a diff's header without what copy adds to it: `/etc/motd (content)`, a temporary file's name."""
    name = header.partition(" (content)")[0]
    return "" if "/.ansible" in name or "/ansible-local-" in name or name == "dynamically generated" else name
