"""Gettext catalogues, read from their .po files as these are: nothing is compiled, nothing can be out of date."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "locale"
_STRING: Final = re.compile(r'^(?:(msgid|msgid_plural|msgstr(?:\[\d\])?)\s+)?"(.*)"$')


class Entry(NamedTuple):
    """A text with its plural ("" where it has none) and its translations, one for each plural form."""

    text: str
    many: str
    told: tuple[str, ...]


class Catalogue(gettext.NullTranslations):
    """A gettext catalogue read from a .po file."""

    def __init__(self, texts: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.texts = texts

    def gettext(self, message: str) -> str:
        """Return the translation, the message itself when there is none."""
        told = self.texts.get(message)
        return told[0] if told and told[0] else super().gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form for `n`; the languages here besides English have one form for all numbers."""
        told = self.texts.get(msgid1)
        return told[0] if told and told[0] else super().ngettext(msgid1, msgid2, n)


def place(code: str, name: str) -> Path:
    """Return where a language has a catalogue: `fleetctl`, `reasons` or `help`."""
    return FOLDER / code / "LC_MESSAGES" / f"{name}.po"


def read_po(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each text of a .po file with its translations (one per plural form). Raises ValueError."""
    return ((text, told) for text, _, told in entries(path) if text)


def entries(path: Path) -> Iterator[Entry]:
    """Yield each entry of a .po file, its head as the one of the text "". Raises ValueError.

    A text begins an entry, with an empty line before it or without: a merge may have lost that.
    """
    entry: dict[str, str] = {}
    current = ""
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if (found := _STRING.match(line)) is None:
            raise ValueError(f"{path}:{number}: not a line of a gettext catalogue: {line}")
        keyword = found[1]
        if keyword == "msgid" and current.startswith("msgstr"):
            yield _entry(entry)
            entry = {}
        elif keyword in entry or (keyword == "msgid") != (not entry):
            raise ValueError(f"{path}:{number}: this line belongs to no entry, or its entry has one already: {line}")
        current = keyword or current
        entry[current] = entry.get(current, "") + _unescaped(found[2], path, number)
    if entry and not current.startswith("msgstr"):
        raise ValueError(f"{path}: its last text has no translation: {entry['msgid']}")
    if entry:
        yield _entry(entry)


def _entry(parts: Mapping[str, str]) -> Entry:
    told = tuple(text for keyword, text in parts.items() if keyword.startswith("msgstr"))
    return Entry(parts["msgid"], parts.get("msgid_plural", ""), told)


def _unescaped(text: str, path: Path, number: int) -> str:
    if "\\" not in text and '"' not in text:
        return text
    try:
        return str(ast.literal_eval(f'"{text}"'))
    except SyntaxError:
        raise ValueError(f"{path}:{number}: not a string of a gettext catalogue: {text}") from None
