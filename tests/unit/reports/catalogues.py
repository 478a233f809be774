"""Keeps the catalogues in order: `make catalogues`.

Each has what the source says and nothing else, once, sorted by its English text, one line for each string. What is new
comes in with an empty translation, to be filled in; what is no longer said goes out, and is printed. Two who add
entries rarely add them at the same place then; what a merge by union left glued or twice is mended. Where two
translations of one text differ nothing is chosen: that is an error, with the file and the text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from fleetctl.reports.catalogues import Entry, entries, place
from tests.unit.reports.helps import helps
from tests.unit.reports.sentences import sentences
from tests.unit.reports.texts import texts

SOURCES: Final[Mapping[str, Callable[[], Iterable[tuple[str, str]]]]] = {
    "fleetctl": texts,
    "help": helps,
    "reasons": lambda: ((text, "") for text in sentences()),
}


def ordered(path: Path, said: Mapping[str, str] | None = None) -> str:
    """Return a catalogue in order, with exactly the texts of `said` (each with its plural) where that is given.

    Raises ValueError where a text has two different translations.
    """
    comments = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        comments.append(line + "\n")
    known: dict[str, Entry] = {}
    doubtful: list[str] = []
    for entry in entries(path):
        before = known.setdefault(entry.text, entry)
        if any(before.told) and any(entry.told) and before != entry:
            doubtful.append(f"{entry.text}: {' | '.join((*before.told, *entry.told))}")
        if any(entry.told):
            known[entry.text] = entry
    if doubtful:
        raise ValueError(f"{path}: two translations, choose one and take the other out:\n" + "\n".join(doubtful))
    head = known.pop("", None)
    if said is not None:
        known = {text: known.get(text, Entry(text, many, ("",)))._replace(many=many) for text, many in said.items()}
    told = ([] if head is None else [_head(head)]) + [_written(known[text]) for text in sorted(known)]
    return "\n".join(["".join(comments), *told] if comments else told)


def _head(entry: Entry) -> str:
    lines = "".join(f"{quoted(line)}\n" for line in entry.told[0].splitlines(keepends=True))
    return f'msgid ""\nmsgstr ""\n{lines}'


def _written(entry: Entry) -> str:
    if not entry.many:
        return f"msgid {quoted(entry.text)}\nmsgstr {quoted(entry.told[0])}\n"
    forms = "".join(f"msgstr[{n}] {quoted(told)}\n" for n, told in enumerate(entry.told))
    return f"msgid {quoted(entry.text)}\nmsgid_plural {quoted(entry.many)}\n{forms}"


def quoted(text: str) -> str:
    """Return a text as a string of a catalogue."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def main() -> Iterator[str]:
    """Put every catalogue in order; yields what is to be done by hand."""
    for name, source in SOURCES.items():
        path, said = place("vi", name), dict(source())
        before = {entry.text: entry for entry in entries(path)}
        path.write_text(ordered(path, said), encoding="utf-8")
        yield from (f"{name}.po: to be translated: {text}" for text in said if not any(before.get(text, _NONE).told))
        gone = (entry for text, entry in before.items() if text and text not in said)
        yield from (f"{name}.po: nothing says this any more: {entry.text} | {entry.told}" for entry in gone)


_NONE: Final = Entry("", "", ())

if __name__ == "__main__":
    try:
        sys.stdout.write("".join(f"{line}\n" for line in main()))
    except ValueError as error:
        sys.exit(str(error))
