"""Everything people read has a Vietnamese translation with the same values in it."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import fleetctl
from fleetctl.errors import UsageError
from fleetctl.reports.language import Language, choose, read_po
from fleetctl.resources import folder

PACKAGE = Path(fleetctl.__file__).parent
CATALOGUE = PACKAGE / "reports" / "locale" / "vi" / "LC_MESSAGES" / "fleetctl.po"


def texts() -> Iterator[str]:
    """Yield every text that the code hands to `say`, `say.many` or `N_`, and the page's template to `say`."""
    for room in ("cli", "operations", "reports"):
        for path in (PACKAGE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    if name in ("say", "N_", "many") and isinstance(node.args[0].value, str):
                        yield node.args[0].value
    for path in (folder("templates") / "reports").iterdir():
        yield from re.findall(r'say\("([^"]*)"[,)]', path.read_text(encoding="utf-8"))


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_a_translation_and_no_translation_is_left_over() -> None:
    assert {text for text, told in read_po(CATALOGUE) if all(told)} == set(texts())


@pytest.mark.parametrize(("text", "told"), list(read_po(CATALOGUE)), ids=lambda v: v if isinstance(v, str) else "")
def test_a_translation_has_the_values_of_its_text(text: str, told: tuple[str, ...]) -> None:
    assert all(values(each) == values(text) for each in told)


def test_the_language_is_the_one_asked_for_else_the_locales_else_english() -> None:
    assert choose("vi", {"LANG": "en_US.UTF-8"}) == "vi"
    assert choose("", {"LC_ALL": "vi_VN.UTF-8", "LANG": "en_US"}) == "vi"
    assert choose("", {"LC_ALL": "", "LANG": "vi"}) == "vi"
    assert choose("", {"LANG": "fr_FR.UTF-8"}) == "en"
    assert choose("", {}) == "en"
    with pytest.raises(UsageError, match="fleetctl speaks en and vi"):
        choose("fr", {})


def test_numbers_are_filled_in_and_english_tells_one_from_many() -> None:
    english, vietnamese = Language("en"), Language("vi")
    assert [english.many("{n} camera", "{n} cameras", n) for n in (1, 2)] == ["1 camera", "2 cameras"]
    assert [vietnamese.many("{n} site", "{n} sites", n) for n in (1, 2)] == ["1 điểm", "2 điểm"]


def test_a_line_that_is_not_of_a_catalogue_is_told_with_its_place(tmp_path: Path) -> None:
    broken = tmp_path / "x.po"
    broken.write_text('msgid "a"\nmsgstr b\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.po:2"):
        list(read_po(broken))
