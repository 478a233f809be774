"""Finds every text that the source hands to `say` or `N_`, those of the templates, and what the lab can break."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fleetctl.lab.faults import KNOWN
from fleetctl.resources import folder
from tests.unit.reports.sentences import PACKAGE


def texts() -> Iterator[tuple[str, str]]:
    """Yield each text with its plural, "" where it has none."""
    for room in ("cli", "operations", "reports"):
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in _NAMES:
                    one, many = [*(_text(argument) for argument in node.args[:2]), "", ""][:2]
                    if one:
                        yield one, many if getattr(node.func, "attr", "") == "many" else ""
    yield from ((doc, "") for doc, _ in KNOWN.values())  # the lab knows no language, its command does
    for path in sorted((folder("templates") / "reports").iterdir()):
        yield from ((text, "") for text in re.findall(r'say\("([^"]*)"[,)]', path.read_text(encoding="utf-8")))


_NAMES = ("say", "N_", "many")


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
