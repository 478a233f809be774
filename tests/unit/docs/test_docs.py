"""The documentation says what the code says, and leaves nothing out."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fleetctl import catalog, errors
from fleetctl.cli.main import command_tree
from fleetctl.model import Outcome
from fleetctl.reports import tally

DOCS = Path(__file__).parents[3] / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE, ROLES = script("generate"), script("roles")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GENERATE.PAGES)
def test_a_generated_page_is_what_the_code_says_now(name: str) -> None:
    assert page(name) == GENERATE.PAGES[name](), "run: python docs/generate.py"


@pytest.mark.parametrize("role", ROLES.roles(), ids=lambda path: path.name)
def test_what_a_role_says_of_itself_is_what_its_specification_says(role: Path) -> None:
    for path, text in ROLES.files(role):
        assert path.read_text(encoding="utf-8") == text, "run: python docs/roles.py"


def commands(group: object, path: str) -> Iterator[tuple[str, object]]:
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(command_tree(), "fleetctl"))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_is_in_the_docs_with_a_help_of_its_own(path: str) -> None:
    section = page("commands.md").partition(f"## {path}\n")[2].partition("\n## ")[0]
    assert section
    command = COMMANDS[path]
    assert getattr(command, "help", "")
    for param in getattr(command, "params", ()):
        assert param.help, f"{path}: {param.name} has no help"
        assert param.help.endswith("."), f"{path}: {param.help}"
        for option in param.opts if param.param_type_name == "option" else ():
            assert f"`{option}" in section


def test_every_aspect_and_setting_is_in_the_docs() -> None:
    from fleetctl.standard import variables

    told = page("aspects.md")
    for name, aspect in catalog.load().aspects.items():
        assert f"\n## {name}\n" in told
        assert all(f"`{variable}`" in told for variable in variables(aspect))


def test_every_outcome_and_exit_code_is_in_the_docs() -> None:
    told = page("outcomes-and-exit-codes.md")
    assert all(f"| `{outcome.value}` |" in told for outcome in Outcome)
    codes = {value for name, value in vars(tally).items() if name.startswith("EXIT_")}
    assert all(f"| `{code}` |" in told for code in codes)


def test_every_error_is_in_the_docs() -> None:
    told = page("errors.md")
    kinds = [n for n, k in vars(errors).items() if isinstance(k, type) and issubclass(k, errors.FleetctlError)]
    assert all(name in told for name in kinds)


@pytest.mark.parametrize("path", sorted([*DOCS.rglob("*.md"), DOCS.parent / "README.md"]), ids=lambda p: p.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", prose):
        if not target.startswith(("http:", "https:")):
            assert (path.parent / target).exists(), f"{path}: {target}"


@pytest.mark.parametrize("path", sorted([*DOCS.rglob("*.md"), DOCS.parent / "README.md"]), ids=lambda p: p.name)
def test_commands_in_the_documents_exist(path: Path) -> None:
    known = {tuple(name.split()[1:]) for name in COMMANDS} | {("lab",), ("inventory",), ("device",)}
    examples = "".join(re.findall(r"^```sh\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    for line in re.findall(r"^fleetctl ([^\n#]*)", examples, re.MULTILINE):
        words = [
            w
            for w in re.sub(r"(-i|--inventory|--workspace|--lang|--bundle|--bundle-key) \S+", "", line).split()
            if w[0] != "-"
        ]
        if words:
            assert tuple(words[:1]) in known or tuple(words[:2]) in known, f"{path}: fleetctl {line}"
