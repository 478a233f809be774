"""Everything people read has a Vietnamese translation with the same values in it."""

from __future__ import annotations

import string

import pytest

from fleetctl.errors import UsageError
from fleetctl.reports.catalogues import place, read_po
from fleetctl.reports.language import Language, choose


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize(
    ("text", "told"), list(read_po(place("vi", "fleetctl"))), ids=lambda v: v if isinstance(v, str) else ""
)
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
