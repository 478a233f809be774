"""The acceptance record: every letter of Vietnamese is in its font, and the same record gives the same bytes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from fleetctl.errors import BadAnswer
from fleetctl.operations.accepting import WIDE, kept
from fleetctl.reports import html
from fleetctl.reports.acceptance import document
from fleetctl.reports.acceptance_pdf import FONTS, pdf
from fleetctl.reports.catalogues import place, read_po
from fleetctl.reports.language import Language

HOSTILE = "<script>alert(1)</script>\u202e\x1b[31m"


def jpeg(width: int = 64, height: int = 36) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(out, "JPEG")
    return out.getvalue()


def told(**more: Any) -> dict[str, Any]:
    camera = {
        "name": "cam-1", "desk": "Quầy 1", "picture": "ab" * 32, "why_none": "", "clock_error_s": -0.25,
        "recorder": "nvr", "channel": "1", "online": True, "recording": True, "newest": "2026-11-25 10:00:00",
    }  # fmt: skip
    check = {
        "id": "p/fps", "clause": "c", "severity": "high", "text": {"vi": "Đủ số khung hình", "en": "Fluent"},
        "remedy": {"vi": "đặt lại", "en": "set it"}, "subject": "cam-1", "rule": "at_least", "value": 12,
        "proof": "read", "actual": 10, "verdict": "fail", "reason": "",
    }  # fmt: skip
    return {
        "run": 7, "site": "ward", "site_name": "Phường Việt Hưng", "area": "Long Biên",
        "begun": "2026-11-25T10:00:00+07:00", "operator": "minh", "fleetctl": "1",
        "packs": [{"name": "p", "version": 1, "title": {"vi": "Gói", "en": "Pack"}}],
        "equipment": [
            {
                "name": "cam-1", "kind": "camera", "desk": "Quầy 1", "address": "192.0.2.1", "manufacturer": HOSTILE,
                "model": "M", "serial_number": "S1", "mac_address": "", "firmware": "1.0", "seen": True,
            }
        ],
        "requirements": [check], "cameras": [camera], "recorders": [], "wrong": [], "waivers": [], **more,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["DejaVuSansCondensed.ttf", "DejaVuSansCondensed-Bold.ttf"])
def test_every_letter_that_is_said_in_vietnamese_is_in_the_font(name: str) -> None:
    letters = set(TTFont(FONTS / name).getBestCmap())
    said = {ord(letter) for _, texts in read_po(place("vi", "fleetctl")) for letter in "".join(texts) if letter >= " "}
    assert said - letters == set()


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_same_record_gives_the_same_bytes(lang: str) -> None:
    made = document(told(), "cd" * 32, {"cam-1": jpeg()}, [("nvr", "wrong", "mend")], Language(lang))
    assert pdf(made) == pdf(made)
    assert pdf(made).startswith(b"%PDF-")
    assert html.acceptance(made) == html.acceptance(made)


def test_what_a_device_says_stays_text_in_the_page() -> None:
    page = html.acceptance(document(told(), "cd" * 32, {}, [], Language("vi")))
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_a_requirement_that_is_not_met_is_an_open_point_with_what_to_do() -> None:
    made = document(told(), "cd" * 32, {}, [], Language("en"))
    (row,) = made.parts[-1].rows
    assert row.cells == ("cam-1", "Fluent: not met (p/fps)", "set it")
    met = [{**told()["requirements"][0], "verdict": "pass"}]
    assert document(told(requirements=met), "cd" * 32, {}, [], Language("en")).parts[-1].note == "None."


def test_a_picture_is_kept_small_and_what_is_none_is_refused() -> None:
    with Image.open(io.BytesIO(kept(jpeg(2560, 1440)))) as image:
        assert max(image.size) == WIDE
    for wrong in (b"", b"\xff\xd8\xff", b"<html>"):
        with pytest.raises(BadAnswer):
            kept(wrong)
