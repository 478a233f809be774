"""Random inventory files and random edits: the data is as asked, and no line of anything else moves."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from fleetctl.errors import InventoryError
from fleetctl.inventory import edit
from fleetctl.inventory.edit import (
    AddHost,
    RemoveGroupValue,
    RemoveHost,
    RemoveHostValue,
    SetGroupValue,
    SetHostValue,
    edited,
)

VARIABLES = ["kind", "desk", "serial_number", "time_zone", "n"]
HOSTS = ["cam-01", "cam-02", "nvr", "máy-1"]
GROUPS = ["long_bien", "viet_hung", "gia_thuy"]


def load(text: str | bytes, loader: Any = None) -> Any:
    """Read as Ansible's safe loader does."""
    return yaml.load(text, Loader=loader or Loader)  # noqa: S506  # both are safe loaders that know one more tag


class Loader(yaml.SafeLoader):
    """PyYAML, with the tag that marks text which is no template."""


def _unsafe(loader: Loader, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


Loader.add_constructor("!unsafe", _unsafe)

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ["22:00", "no", "5.10", "0123", "1e3", "~", "{{ x }}", "Phường Việt Hưng", "aa:bb:cc:dd:ee:ff", "a: b", "a #b", "-"]
)
scalars = st.none() | st.booleans() | st.integers(-99, 10**9) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)
comments = st.sampled_from(["", "", "  # ghi chú", " # it's: {odd"])
written = st.sampled_from(
    [
        "1", "'it''s'", '"a \\" b"', "plain words", "Quầy 1", "[a, {b: c}]", "{x: 1, 'y': [2]}", "~", "0x1F", "22:00",
        "!unsafe '{{ x }}'", "|\n{i}  line\n{i}  # no comment\n\n", ">-\n{i}  folded\n{i}  text\n",
        "\n{i}- one  # first\n{i}- two\n", "\n{i}  deep: 1\n{i}  deeper: {{a: b}}\n",
    ]
)  # fmt: skip


@dataclass
class Draft:
    """A file in the making: lines, each with whom it belongs to."""

    lines: list[tuple[str, tuple[str, str]]] = field(default_factory=list)

    def put(self, text: str, group: str = "", name: str = "") -> None:
        for line in text.split("\n"):
            self.lines.append((line, (group, name)))


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    draft = Draft()
    draft.put("# đầu tệp")
    for group in draw(st.lists(st.sampled_from(GROUPS), unique=True, min_size=1)):
        draft.put(f"{group}:{draw(comments)}")
        step = " " * draw(st.integers(1, 4))
        if draw(st.booleans()):
            _block(draw, draft, group, "vars", "", step, f"{step}vars:")
        draft.put(f"{step}hosts:{draw(comments)}", group, "hosts:")
        for host in draw(st.lists(st.sampled_from(HOSTS), unique=True, min_size=1)):
            _host(draw, draft, group, host, step)
        if draw(st.booleans()):
            draft.put(f"{step}# end of {group}")
            draft.put("")
    return draft


def _host(draw: st.DrawFn, draft: Draft, group: str, host: str, step: str) -> None:
    style = draw(st.sampled_from(["null", "flow", "block", "long"]))
    variables = draw(st.lists(st.sampled_from(VARIABLES), unique=True, min_size=1))
    if style == "null":
        draft.put(f"{step * 2}{host}:{draw(st.sampled_from(['', ' ~', ' {}']))}{draw(comments)}", group, host)
    elif style == "flow":
        inner = ", ".join(f"{v}: {draw(st.sampled_from(['a', '1', '[x, y]', chr(39) * 2]))}" for v in variables)
        draft.put(f"{step * 2}{host}: {{{inner}}}{draw(comments)}", group, host)
    elif style == "long":
        inner = ",  # sau\n".join(f"{step * 3}{v}: a" for v in variables)
        draft.put(f"{step * 2}{host}: {{\n{inner}\n{step * 3}}}{draw(comments)}", group, host)
    else:
        _block(draw, draft, group, host, host, step * 2, f"{step * 2}{host}:", variables)


def _block(
    draw: st.DrawFn,
    draft: Draft,
    group: str,
    owner: str,
    host: str,
    step: str,
    head: str,
    names: list[str] | None = None,
) -> None:
    variables = names or draw(st.lists(st.sampled_from(VARIABLES), unique=True, min_size=1))
    draft.put(f"{head}{draw(comments)}", group, f"{owner}:")
    indent = step + draw(st.sampled_from([" ", "  "]))
    for variable in variables:
        if draw(st.booleans()):
            draft.put(f"{indent}# về {variable}", group, f"{owner}.#")
        told = draw(written).replace("{i}", indent).replace("{{", "{").replace("}}", "}")
        told = told.replace("'{ x }'", "'{{ x }}'")
        ends = told.endswith("\n")
        said = f"{indent}{variable}:{'' if told.startswith(chr(10)) else ' '}{told.rstrip(chr(10))}"
        draft.put(said + ("" if ends or told.startswith("\n") else draw(comments)), group, f"{owner}.{variable}")


@st.composite
def edits(draw: st.DrawFn) -> edit.Edit:
    group, host = draw(st.sampled_from(GROUPS)), draw(st.sampled_from([*HOSTS, "cam-99"]))
    variable, value = draw(st.sampled_from([*VARIABLES, "channel"])), draw(values)
    return draw(
        st.sampled_from(
            [
                SetHostValue(host, variable, value),
                SetHostValue(host, variable, value),
                RemoveHostValue(host, variable),
                SetGroupValue(group, variable, value),
                RemoveGroupValue(group, variable),
                AddHost(group, host, {variable: value}),
                AddHost(group, host, {}),
                RemoveHost(group, host),
            ]
        )
    )


def intended(data: dict[str, Any], asked: edit.Edit) -> list[dict[str, Any]]:
    """Return what the data may be after an edit (a host in several groups: in one of them)."""
    told = copy.deepcopy(data)
    match asked:
        case SetHostValue(host, variable, value):
            possible = []
            for group in told:
                if host in (told[group].get("hosts") or {}):
                    one = copy.deepcopy(data)
                    one[group]["hosts"][host] = {**(one[group]["hosts"][host] or {}), variable: value}
                    possible.append(one)
            return possible
        case RemoveHostValue(host, variable):
            for group in told.values():
                if variable in ((group.get("hosts") or {}).get(host) or {}):
                    del group["hosts"][host][variable]
        case SetGroupValue(group, variable, value):
            told[group]["vars"] = {**(told[group].get("vars") or {}), variable: value}
        case RemoveGroupValue(group, variable):
            del told[group]["vars"][variable]
        case AddHost(group, host, values):
            told[group]["hosts"] = {**(told[group].get("hosts") or {}), host: dict(values)}
        case RemoveHost(group, host):
            del told[group]["hosts"][host]
    return [told]


def without_nothing(data: Any) -> Any:
    """Empty mappings and null are the same to an inventory."""
    if isinstance(data, dict):
        return {key: without_nothing(value) for key, value in data.items()} or None
    return data


def touches(asked: edit.Edit, group: str, name: str) -> bool:
    """Tell whether a line that belongs to `name` of `group` may change (`name:` is the head of a block)."""
    match asked:
        case RemoveHostValue(host, _) if name == f"{host}:":
            return True  # the line stays; but when nothing is left below it, a later edit may fill it
        case RemoveGroupValue() if name == "vars:":
            return True
        case SetHostValue(host, variable, _) | RemoveHostValue(host, variable):
            return name in (host, f"{host}.{variable}")
        case SetGroupValue(_, variable, _) | RemoveGroupValue(_, variable):
            return name == f"vars.{variable}"
        case RemoveHost(_, host):
            return name in (host, f"{host}:", "hosts:") or name.startswith(f"{host}.")
        case _:
            return False


@settings(max_examples=120, deadline=None)
@given(
    drafts(), st.lists(edits(), min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans()
)
def test_only_what_is_asked_for_changes(
    draft: Draft, asked: list[edit.Edit], ending: str, bom: bool, last: bool
) -> None:
    text = ending.join(line for line, _ in draft.lines) + (ending if last else "")
    content = (b"\xef\xbb\xbf" if bom else b"") + text.encode()
    possible = [load(text)]
    done = []
    for one in asked:
        try:
            content = edited(content, [one])
        except InventoryError as error:
            event("refused: " + str(error).split(": ", 1)[1][:30] if "cannot be made" in str(error) else "impossible")
            inexact = "cannot be made" in str(error)
            assert not (inexact and last), str(error)  # noqa: PT017  # most edits are impossible, and may be
            continue
        event("done")
        done.append(one)
        possible = [after for before in possible for after in _tried(before, one)]
    after = content.decode("utf-8-sig")
    assert content.startswith(b"\xef\xbb\xbf") == bom
    now = without_nothing(load(after))
    assert any(now == without_nothing(data) for data in possible)
    kept = [line for line, owner in draft.lines if not any(touches(one, *owner) for one in done)]
    rest = iter(after.split(ending))
    assert all(any(line == other for other in rest) for line in kept if line.strip())


def _tried(data: dict[str, Any], asked: edit.Edit) -> list[dict[str, Any]]:
    try:
        return intended(data, asked)
    except KeyError:
        return []


@settings(max_examples=50, deadline=None)
@given(drafts(), st.lists(edits(), min_size=2, max_size=6))
def test_edits_in_one_go_are_the_same_as_one_after_the_other(draft: Draft, asked: list[edit.Edit]) -> None:
    content = "\n".join(line for line, _ in draft.lines).encode() + b"\n"
    single, failed = content, ""
    for one in asked:
        try:
            single = edited(single, [one])
        except InventoryError as error:
            failed = str(error)
            break
    try:
        at_once = edited(content, asked)
    except InventoryError:
        assert failed
    else:
        assert not failed
        assert at_once == single


@settings(max_examples=120, deadline=None)
@given(values)
def test_every_value_reads_back_as_it_was(value: Any) -> None:
    for text in ("g: {hosts: {a: {b: 1}}}", "g:\n  hosts:\n    a:\n      b: 1\n"):
        after = edited(text.encode(), [SetHostValue("a", "v", value)])
        for loader in (Loader, _CLoader):
            told = load(after, loader)["g"]["hosts"]["a"]["v"]
            assert told == value
            assert type(told) is type(value)


class _CLoader(yaml.CSafeLoader):
    """libyaml, with the same tag."""


_CLoader.add_constructor("!unsafe", _unsafe)
