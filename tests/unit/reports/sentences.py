"""Finds every sentence in the source that may reach a reader as an error or as the reason of an outcome.

A sentence is a text of two words or more, with a hole where a value goes. Found is every one but those that other
means translate (`say`, `N_`), that are for machines (SQL, documents, patterns), or that only the published pages show
(`doc`). `make catalogues` adds those that the catalogue lacks, to be filled in.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Final

import fleetctl

PACKAGE: Final = Path(fleetctl.__file__).parent

_HOLE: Final = "\0"
_SENTENCE: Final = re.compile(r"[A-Za-z]{2,}[,:;.)]? [a-z`]")
_MACHINE: Final = re.compile(
    r"^<|^# |\n|=\"[{\0]?|; (charset|boundary)=|^import |^[A-Z][a-z]+-?[A-Z]?[a-z]*: [a-z-]+$"
    r"|\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|FROM|WHERE|VALUES|ORDER BY)\b|default\((1\)|'', )"
)
# Whole files: SQL; what only a programmer sees; written in both languages; pages of the docs; what a monitor reads;
# what has a catalogue of its own.
_FILES: Final = (
    "migrations.py",
    "codec.py",
    "catalog/__init__.py",
    "inventory/sheets/columns.py",
    "inventory/variables.py",
    "model/settings.py",
    "cli/helping.py",
    "reports/catalogues.py",
    "reports/prometheus.py",
    "operations/diagnosis/causes.py",
)
_TRANSLATED: Final = frozenset({"say", "many", "N_"})
_UNSHOWN: Final = frozenset(
    {
        "setting",
        "Setting",
        "Option",
        "Argument",
        "command",
        "Typer",
        "compile",
        "execute",
        "rows",
        "fullmatch",
        "search",
        "sub",
        "run",
        "Run",
    }
)
_KEYWORDS: Final = frozenset({"doc", "help", "epilog", "metavar", "source", "command"})
# Words in a row that are no sentence: the names of things, on the wire or on a command line.
_NAMES: Final = frozenset(
    {
        "bold red",
        "dynamically generated",
        "non-zero return code",
        "hh:mm:ss tt",
        "login to ",
        "samsung techwin",
        "ssh telnet",
        "telnet ssh",
        "another device answers here: ",  # looked for in a reason
        "Login to ",
        "Hướng dẫn",
        "no crontab for",  # looked for in what crontab says
        "Look which machine answers, and whether it lets us become root",  # a task's name
        "Takes the vault password from the keyring, as Ansible and fleetctl ask for it.",
        "ONVIF Media2 26.06, AddConfiguration (else Media, AddAudioEncoderConfiguration); there is no off switch",
        "field facts, nvr 1.5 (durationEnabled, Duration) and 2.3 (FileHoldTime)",
    }
)
_COMMAND: Final = re.compile(r"^(fleetctl )?[a-z]+( [a-z-]+){0,2}( --?[a-z-]+( \0)?)*( \0)*$")


def sentences() -> Iterator[str]:
    """Yield every sentence of the source once, in the order of files: its values are `{0}`, `{1}` …"""
    commands = set(_commands())
    told: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith("lab/") or name in _FILES:
            continue
        for text in _of(ast.parse(path.read_text(encoding="utf-8"))):
            plain = text.removeprefix("fleetctl ").split(" -")[0].rstrip(_HOLE + " ")
            if text in told or text in _NAMES or _MACHINE.search(text):
                continue
            if not _SENTENCE.search(text.replace(_HOLE, "X")) or (_COMMAND.match(text) and plain in commands):
                continue
            told.add(text)
            yield numbered(text)
    yield from (numbered(text) for text in sorted(set(_descriptions()) - told))


def _descriptions() -> Iterator[str]:
    """Yield what is said of each setting that has a form: a mend tells it (`expected is: ...`)."""
    from fleetctl import catalog
    from fleetctl.standard.shapes import Shape, shapes

    def of(told: Iterable[Shape]) -> Iterator[str]:
        for shape in told:
            if shape.setting.pattern:
                yield shape.setting.doc
            yield from of(shape.fields)

    for aspect in catalog.load().aspects.values():
        yield from of(shapes(aspect.type))


def numbered(text: str) -> str:
    """Return a text with its holes numbered, as a catalogue has it; braces of its own are doubled."""
    head, *rest = text.replace("{", "{{").replace("}", "}}").split(_HOLE)
    return head + "".join(f"{{{n}}}{part}" for n, part in enumerate(rest))


def _of(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.Call):
            name = getattr(child.func, "id", getattr(child.func, "attr", ""))
            if name in _TRANSLATED | _UNSHOWN:
                for keyword in child.keywords if name in _TRANSLATED else ():
                    yield from _of(keyword)
                continue
        if isinstance(child, ast.keyword) and child.arg in _KEYWORDS:
            continue
        if isinstance(child, ast.Constant | ast.JoinedStr):
            yield from _texts(child)
        if not isinstance(child, ast.JoinedStr):
            yield from _of(child)
            continue
        for part in child.values:
            if isinstance(part, ast.FormattedValue):
                yield from _of(part)


def _texts(node: ast.expr) -> list[str]:
    """Return the texts that a string literal may be: one for each way that a choice inside it may go."""
    if isinstance(node, ast.Constant):
        return [node.value.replace("{}", _HOLE)] if isinstance(node.value, str) else []
    if not isinstance(node, ast.JoinedStr):
        return [_HOLE]
    parts: list[list[str]] = []
    for part in node.values:
        match part:
            case ast.FormattedValue(value=ast.IfExp(body=body, orelse=orelse), conversion=-1):
                parts.append([*_texts(body), *_texts(orelse)])
            case ast.FormattedValue(value=ast.BoolOp(values=[*_, ast.Constant(value=str(last))]), conversion=-1) if (
                last.strip("-")
            ):
                parts.append([_HOLE, last])
            case ast.FormattedValue():
                parts.append([_HOLE])
            case _:
                parts.append(_texts(part))
    return [re.sub(f"{_HOLE}+", _HOLE, "".join(way)) for way in product(*parts)]


def _commands() -> Iterator[str]:
    """Yield the names of the commands: `audit`, `device show`."""

    from fleetctl.cli.main import command_tree

    def under(command: object, before: str) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield f"{before}{name}"
            yield from under(inner, f"{before}{name} ")

    yield from under(command_tree(), "")
