"""A switch's configuration as its console keeps it: lines, and blocks of lines; what a line replaces is its rule's."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One sort of setting. Group `k` of `pattern` is what it is about: a line replaces the one with the same `k`.

    `flag`: taking it back is itself kept as a line (`no ip http server`). `take_back` says what may be taken back by
    how much of it, as an expression of its own; `hidden` is kept and never shown as a secret in plain text.
    """

    pattern: str
    flag: bool = False
    take_back: str = ""
    repeat: bool = False  # several of a kind stand beside each other

    def match(self, text: str) -> str | None:
        """Return what a line is about, None where it is none of this sort."""
        found = re.fullmatch(self.pattern, text)
        if found is None:
            return None
        return text if self.repeat else found["k"]


@dataclass(frozen=True, slots=True)
class Block:
    """One sort of block: its header, what may stand in it, and how the prompt looks there."""

    pattern: str
    lines: tuple[Line, ...]
    mode: str
    fixed: bool = False  # there by itself (a port); else made by being entered


@dataclass
class Tree:
    """The lines in force, in the order in which they came."""

    top: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, dict[str, str]] = field(default_factory=dict)

    def copy(self) -> Tree:
        """Return one of its own."""
        return copy.deepcopy(self)

    def plain(self) -> dict[str, Any]:
        """Return it as plain values, for the disk."""
        return {"top": self.top, "blocks": self.blocks}

    @staticmethod
    def of(told: Mapping[str, Any]) -> Tree:
        """Return what `plain` gave."""
        return Tree(dict(told["top"]), {name: dict(lines) for name, lines in told["blocks"].items()})

    def put(self, rules: tuple[Line, ...], where: dict[str, str], text: str) -> bool:
        """Keep a line; False where no rule knows it."""
        for rule in rules:
            if (about := rule.match(text)) is not None:
                where.pop(about, None)
                where[about] = text
                return True
        return False

    def take_back(self, rules: tuple[Line, ...], where: dict[str, str], text: str, word: str) -> bool:
        """Take a line back by its beginning; False where no rule knows it."""
        for rule in rules:
            if rule.flag and re.fullmatch(rule.pattern, text):
                where[text] = f"{word} {text}"
                return True
            if re.fullmatch(rule.take_back or rule.pattern, text) or (not rule.take_back and _begins(rule, text)):
                for about in [a for a, line in where.items() if line == text or line.startswith(f"{text} ")]:
                    del where[about]
                return True
        return False

    def find(self, pattern: str, block: str = "") -> re.Match[str] | None:
        """Return the first line that matches, at the top or in a block."""
        return next(self.all(pattern, block), None)

    def all(self, pattern: str, block: str = "") -> Iterator[re.Match[str]]:
        """Yield every line that matches."""
        lines = self.blocks.get(block, {}) if block else self.top
        for line in lines.values():
            if (found := re.fullmatch(pattern, line)) is not None:
                yield found


def _begins(rule: Line, text: str) -> bool:
    """Return whether a text is the fixed beginning of a sort of line."""
    literal = re.match(r"(?:\(\?P<k>)?([a-z][a-z0-9 -]*[a-z0-9])", rule.pattern)
    return literal is not None and text == literal[1]
