"""Errors and reasons in the reader's language: what was made in English is recognised and said anew.

Errors, outcomes and what the store keeps are English text, made where the cause is known. The catalogue has the
sentences that they are made of, with `{0}`, `{1}` … where values stand; here a text is taken apart by these, and what
stood in the holes is put into the translation. See docs/decisions/0011-language-of-reasons.md.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_JOINT: Final = re.compile(r"[;:.,]? ")
_MEND: Final = " Mend: "
_MOST: Final = 60  # so many joints of a text are looked at: what a device says may be long
_DEEP: Final = 6
_NAMED: Final = "{0}: "  # so begins a sentence that names a device first
_HOLE: Final = re.compile(r"(?<!\{)\{(\d+)\}(?!\})")


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of the catalogue: its fixed parts, with a hole between each two, and its translation."""

    parts: tuple[str, ...]
    rarest: str  # the longest part: a text that lacks it is another
    weight: int
    told: str

    def values(self, text: str) -> list[str] | None:
        """Return what stands in the holes, None where the text is not this sentence."""
        first, last = self.parts[0], self.parts[-1]
        if len(self.parts) == 1:
            return [] if text == first else None
        end = len(text) - len(last)
        if end < len(first) or not (text.startswith(first) and text.endswith(last)):
            return None
        found, at = [], len(first)
        for part in self.parts[1:-1]:
            next_at = text.find(part, at, end)
            if next_at < 0:
                return None
            found.append(text[at:next_at])
            at = next_at + len(part)
        return [*found, text[at:end]]


def _sentence(text: str, told: str) -> _Sentence:
    parts = [""]
    for literal, name, _, _ in string.Formatter().parse(text):
        parts[-1] += literal
        if name is not None:
            parts.append("")
    return _Sentence(tuple(parts), max(parts, key=len), sum(map(len, parts)), told)


def _with_impersonal(told: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the sentences; those that begin with a name also without it, since it may stand beside them already."""
    for text, said in told.items():
        yield text, said
        if text.startswith(_NAMED) and said.startswith(_NAMED):
            short = _shifted(text.removeprefix(_NAMED))
            if short not in told:
                yield short, _shifted(said.removeprefix(_NAMED))


def _shifted(text: str) -> str:
    """Return a text whose first value is gone: the second is its first."""
    return _HOLE.sub(lambda hole: f"{{{int(hole[1]) - 1}}}", text)


class Reasons:
    """Says English reasons in another language; what it does not recognise stays as it is."""

    def __init__(self, told: Iterable[tuple[str, str]], words: Mapping[str, str]) -> None:
        """Take the sentences with their translations; `words` are those that may stand alone in a hole."""
        made = [_sentence(*each) for each in _with_impersonal(dict(told))]
        whole = {each.parts[0]: each.told.format() for each in made if len(each.parts) == 1}
        self._whole = {**words, **whole}
        self._holed = sorted((each for each in made if len(each.parts) > 1), key=lambda each: -each.weight)

    def __call__(self, text: str) -> str:
        """Return the text, line by line, as far as its sentences are known."""
        return "\n".join(self._said(line, _DEEP) for line in text.split("\n"))

    def _said(self, text: str, deep: int) -> str:
        if not deep or not text.strip():
            return text
        if (told := self._known(text, deep)) is not None:
            return told
        if text.endswith(".") and (inner := self._said(text[:-1], deep - 1)) != text[:-1]:
            return f"{inner}."
        reason, mend, what = text.partition(_MEND)
        if mend:
            return f"{self._said(reason, deep)} {self._whole.get(mend.strip(), mend.strip())} {self._said(what, deep)}"
        for joint in self._joints(text):
            if joint[0] and (head := self._known(text[: joint.start()], deep)) is not None:
                return head + joint[0] + self._said(text[joint.end() :], deep - 1)
        for joint in self._joints(text):
            for at in (joint.start(), joint.end()):
                if (tail := self._known(text[at:], deep)) is not None:
                    return self._said(text[:at], deep - 1) + tail
        return text

    @staticmethod
    def _joints(text: str) -> Iterator[re.Match[str]]:
        for joint, _ in zip(_JOINT.finditer(text), range(_MOST), strict=False):
            yield joint

    def _known(self, text: str, deep: int) -> str | None:
        """Return a sentence of the catalogue, filled in; the one with most fixed letters counts."""
        if (told := self._whole.get(text)) is not None:
            return told
        for each in self._holed:
            if each.rarest in text and (values := each.values(text)) is not None:
                return each.told.format(*(self._said(value, deep - 1) for value in values))
        return None
