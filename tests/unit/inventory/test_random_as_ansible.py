"""Random inventories, host patterns and templates: fleetctl and Ansible's own classes say the same."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager
from ansible_says import OWN, plain
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2.utils import missing

from fleetctl.errors import UsageError
from fleetctl.inventory import patterns
from fleetctl.inventory.hostnames import expanded
from fleetctl.inventory.markers import first_marker
from fleetctl.inventory.precedence import merged
from fleetctl.inventory.reader import Reader
from fleetctl.inventory.templates import Scope

GROUPS = ("alpha", "beta", "gamma", "delta", "eps")
HOSTS = ("h1", "h2", "web-01", "web-02", "db.example")
NAMES = ("x", "y", "z")
_number = itertools.count()

values = st.one_of(
    st.integers(0, 9), st.sampled_from(["a", "b"]), st.booleans(), st.lists(st.integers(0, 3), max_size=2)
)
variables = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
priorities = st.sampled_from([None, None, None, 0, 1, 5])


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, str]:
    """Up to three inventory files whose groups point down the alphabet (no loops), and variable folders."""
    files: dict[str, str] = {}
    for name in draw(st.sampled_from([("a.yml",), ("a.yml", "b.yml"), ("b.yml", "a/c.yml", "z.json")])):
        told: dict[str, Any] = {}
        for group in draw(
            st.lists(st.sampled_from(("all", "ungrouped", *GROUPS)), min_size=1, max_size=4, unique=True)
        ):
            told[group] = draw(group_bodies(group))
        files[name] = json.dumps(told)
    for folder, owners in (("group_vars", ("all", *GROUPS)), ("host_vars", HOSTS)):
        for owner in draw(st.lists(st.sampled_from(owners), max_size=2, unique=True)):
            files[f"{folder}/{owner}.yml"] = json.dumps(draw(variables))
    return files


@st.composite
def group_bodies(draw: st.DrawFn, group: str) -> dict[str, Any]:
    body: dict[str, Any] = {}
    own = draw(variables)
    priority = draw(priorities)
    if priority is not None:
        own["ansible_group_priority"] = priority
    if own:
        body["vars"] = own
    below = GROUPS[GROUPS.index(group) + 1 :] if group in GROUPS else GROUPS if group == "all" else ()
    if below:
        children = draw(st.lists(st.sampled_from(below), max_size=2, unique=True))
        if children:
            body["children"] = {child: {} for child in children}
    hosts = draw(st.lists(st.sampled_from(HOSTS), max_size=3, unique=True))
    if hosts:
        body["hosts"] = {host: draw(variables) for host in hosts}
    return body


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random")


def _both(folder: Path, files: dict[str, str]) -> tuple[Any, InventoryManager, VariableManager]:
    root = folder / f"{next(_number)}"  # Ansible remembers folders it has seen
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    reader = Reader(root)
    reader.read()
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(root)])
    told = reader.tree, manager, VariableManager(loader=loader, inventory=manager)
    shutil.rmtree(root / "a", ignore_errors=True)
    return told


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(files=inventories())
def test_groups_depths_and_winning_values_are_those_of_ansible(folder: Path, files: dict[str, str]) -> None:
    tree, manager, variables_of = _both(folder, files)
    assert {name: (group.depth, group.priority) for name, group in tree.groups.items()} == {
        name: (group.depth, group.priority) for name, group in manager.groups.items()
    }
    assert list(tree.hosts) == list(manager.hosts)
    for name, host in manager.hosts.items():
        assert sorted(tree.groups_of(tree.hosts[name])) == sorted(group.name for group in host.get_groups())
        theirs = {k: plain(v) for k, v in variables_of.get_vars(host=host).items() if k not in OWN}
        ours = {key: var.value for key, var in merged(tree, tree.hosts[name]).items()}
        assert repr(sorted(ours.items())) == repr(sorted(theirs.items()))


terms = st.one_of(
    st.sampled_from(
        [*GROUPS, *HOSTS, "all", "ungrouped", "*", "web*", "*a", "h?", "~h[12]", "~.*a$", "db.*", "[a-e]*"]
    ),
    st.builds(
        "{}[{}]".format, st.sampled_from(["web*", "beta", "h*"]), st.sampled_from(["0", "-1", "1", "0:1", "1:", "0:0"])
    ),
)
signed = st.builds("{}{}".format, st.sampled_from(["", "", "", "!", "&"]), terms)
host_patterns = st.builds(
    lambda told, sign: sign.join(told), st.lists(signed, min_size=1, max_size=4), st.sampled_from(":,")
)

FIXED = {
    "a.yml": json.dumps(
        {
            "alpha": {"children": {"beta": {}, "gamma": {}}, "hosts": {"h1": {}}},
            "beta": {"hosts": {"h2": {}, "web-01": {}, "web-02": {}}},
            "gamma": {"hosts": {"web-02": {}}},
            "delta": {"hosts": {"h1": {}, "web-01": {}}},
            "eps": {},
            "ungrouped": {"hosts": {"db.example": {}}},
        }
    )
}


@pytest.fixture(scope="module")
def fixed(folder: Path) -> tuple[Any, InventoryManager, VariableManager]:
    return _both(folder, FIXED)


@settings(max_examples=100, deadline=None)
@given(pattern=host_patterns)
def test_host_patterns_select_what_ansible_selects(fixed: Any, pattern: str) -> None:
    tree, manager, _ = fixed
    try:
        theirs = [host.name for host in manager.get_hosts(pattern)]
    except (AnsibleError, IndexError):
        theirs = None
    try:
        ours = list(patterns.match(tree, pattern))
    except UsageError as error:
        stricter = "names no" in str(error) or "there are only" in str(error)  # on purpose
        if theirs is not None and not stricter:
            raise
        return
    assert theirs is not None
    assert sorted(ours) == sorted(theirs)
    if "[" not in pattern:
        assert ours == theirs


ranges = st.from_regex(r"[a-c]{0,2}-?(\[([0-9]{1,2}:[0-9]{1,2}(:[1-3])?|[a-f]:[a-f])\])(-[a-z])?(:22)?", fullmatch=True)


@settings(max_examples=120, deadline=None)
@given(
    name=st.one_of(ranges, st.sampled_from(["a", "a:22", "a.b:x", "[::1]:22", "::1", "10.0.0.[1:3]", "10.0.0.1:80"]))
)
def test_ranges_of_hosts_unroll_as_in_ansible(name: str) -> None:
    from ansible.plugins.inventory import BaseInventoryPlugin

    class Plugin(BaseInventoryPlugin):
        def __init__(self) -> None:
            """Nothing of the base is needed."""

    try:
        theirs = Plugin()._expand_hostpattern(name)
    except (AnsibleError, ValueError):
        theirs = None
    try:
        names, port = expanded(name)
    except ValueError:
        # stricter on purpose: Ansible takes a range that runs backwards for no hosts at all
        assert theirs is None or theirs[0] == []
        return
    assert theirs is not None
    assert (list(names), port) == (theirs[0], theirs[1])


atoms = st.sampled_from(
    ["n", "s", "l", "d", "d.a", "d['b']", "l[0]", "nobody", "nobody.x", "none", "true", "1", "'q'", "d.nope", "l[9]"]
)
FILTERS = """default('D') default(n) upper lower string int length list join('-') to_json first bool sort unique
dict2items default('',true) reverse last trim float abs regex_replace('a','b') b64encode ternary('t','f')
combine({'z':1}) mandatory flatten min max sum count capitalize round to_yaml"""
filters = st.sampled_from(FILTERS.split())
expressions = st.one_of(
    st.builds(" | ".join, st.builds(lambda head, tail: [head, *tail], atoms, st.lists(filters, max_size=2))),
    st.builds("{} {} {}".format, atoms, st.sampled_from(["+", "==", "~", "and", "or", "in", "*", "!=", "<"]), atoms),
    st.builds(
        "{} is {}".format,
        atoms,
        st.sampled_from(["defined", "undefined", "none", "string", "mapping", "number", "truthy"]),
    ),
    st.builds("{} if {} else {}".format, atoms, atoms, atoms),
    st.builds("[{}, {}]".format, atoms, atoms),
)
pieces = st.one_of(
    st.builds("{{{{ {} }}}}".format, expressions),
    st.sampled_from(["text ", "{% if n %}yes{% endif %}", "{% for i in l %}{{ i }}{% endfor %}", "\n", "{# c #}"]),
)
BOARD = {"n": 3, "s": "Việt {{ n }}", "l": [1, "{{ n }}", "b"], "d": {"a": "{{ s }}", "b": [1, None]}}


@example(text="{{ d.nope | ternary('t','f') | default('D') }}")
@settings(max_examples=120, deadline=None)
@given(text=st.lists(pieces, min_size=1, max_size=3).map("".join))
def test_templates_render_as_in_ansible(text: str) -> None:
    def trusted(value: Any) -> Any:
        if isinstance(value, str):
            return trust_as_template(value)
        if isinstance(value, dict):
            return {key: trusted(item) for key, item in value.items()}
        return [trusted(item) for item in value] if isinstance(value, list) else value

    try:
        theirs = plain(Templar(loader=DataLoader(), variables=trusted(BOARD)).template(trust_as_template(text)))
    except Exception:  # noqa: BLE001 - whatever it is, Ansible could not render it
        theirs = "<error>"
    ours = Scope(lambda name: BOARD.get(name, missing)).rendered(text)
    ours = "<error>" if first_marker(ours) is not None else plain(ours)
    assert repr(ours) == repr(theirs)
