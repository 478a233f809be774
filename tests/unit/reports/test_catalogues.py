"""The catalogues have everything that people read, once and in order; what a merge left in them is told or mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.reports.catalogues import entries, place, read_po
from tests.unit.reports.catalogues import SOURCES, ordered

SAID = {name: dict(source()) for name, source in SOURCES.items()}
MEND = "run: make catalogues, then fill in the empty translations"


@pytest.mark.parametrize("name", SOURCES)
def test_every_text_has_a_translation_and_no_translation_is_left_over(name: str) -> None:
    known = {text for text, told in read_po(place("vi", name)) if all(told)}
    assert sorted(set(SAID[name]) - known) == [], MEND
    assert sorted(known - set(SAID[name])) == [], MEND


@pytest.mark.parametrize("name", SOURCES)
def test_a_catalogue_is_in_order_so_that_two_who_add_to_it_rarely_meet(name: str) -> None:
    path = place("vi", name)
    assert path.read_text(encoding="utf-8") == ordered(path, SAID[name]), MEND


def catalogue(folder: Path, text: str) -> Path:
    path = folder / "x.po"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_a_merge_glued_doubled_or_put_out_of_order_is_mended(tmp_path: Path) -> None:
    path = catalogue(
        tmp_path,
        '# head\n\nmsgid "b"\nmsgstr "2"\nmsgid "a \\"q\\""\nmsgstr ""\nmsgid "b"\nmsgstr "2"\n\n'
        'msgid "a \\"q\\""\nmsgstr "1"\n',
    )
    assert ordered(path) == '# head\n\nmsgid "a \\"q\\""\nmsgstr "1"\n\nmsgid "b"\nmsgstr "2"\n'


def test_a_catalogue_gets_what_is_new_and_loses_what_is_no_longer_said(tmp_path: Path) -> None:
    path = catalogue(tmp_path, 'msgid ""\nmsgstr ""\n"Language: vi\\n"\n"X: y\\n"\n\nmsgid "old"\nmsgstr "cũ"\n')
    assert ordered(path, {"{n} new": "{n} news", "a": ""}) == (
        'msgid ""\nmsgstr ""\n"Language: vi\\n"\n"X: y\\n"\n\n'
        'msgid "a"\nmsgstr ""\n\n'
        'msgid "{n} new"\nmsgid_plural "{n} news"\nmsgstr[0] ""\n'
    )


def test_two_translations_of_one_text_are_for_a_person_to_choose_from(tmp_path: Path) -> None:
    path = catalogue(tmp_path, 'msgid "a"\nmsgstr "1"\n\nmsgid "a"\nmsgstr "2"\n')
    with pytest.raises(ValueError, match="two translations, choose one"):
        ordered(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('msgid "a"\nmsgstr b\n', r"x\.po:2: not a line of a gettext catalogue"),
        ('msgid "a"\nmsgstr "b"c"\n', r"x\.po:2: not a string of a gettext catalogue"),
        ('msgid "a"\nmsgstr "1"\nmsgstr "2"\n', r"x\.po:3: this line belongs to no entry, or its entry has one"),
        ('msgid "a"\nmsgid "b"\nmsgstr "2"\n', r"x\.po:2: this line belongs to no entry, or its entry has one"),
        ('msgstr "1"\n', r"x\.po:1: this line belongs to no entry"),
        ('"1"\n', r"x\.po:1: this line belongs to no entry"),
        ('msgid "a"\nmsgstr "1"\n\nmsgid "b"\n', "its last text has no translation: b"),
    ],
)
def test_what_is_no_catalogue_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(entries(catalogue(tmp_path, text)))
