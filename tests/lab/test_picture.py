"""The picture of a lab camera: texts where the settings put them, in letters that a person can read."""

from __future__ import annotations

import dataclasses
import io
import unicodedata
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageChops, ImageStat

from fleetctl.lab import picture
from fleetctl.lab.picture import Mask, Overlay, View

NOON = datetime(2026, 3, 9, 5, 4, 3, tzinfo=UTC).timestamp()
VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậbcdđeèéẻẽẹêềếểễệghiìíỉĩịklmnoòóỏõọôồốổỗộơờớởỡợpqrstuùúủũụưừứửữựvxyỳýỷỹỵ"
PLAIN = View(width=640, height=360, seed="SN-1")


def changed(before: View, after: View) -> tuple[int, int, int, int]:
    """Return the box of pixels in which two views differ."""
    box = ImageChops.difference(picture.draw(before, utc_s=NOON), picture.draw(after, utc_s=NOON)).getbbox()
    assert box is not None, "the two pictures are the same"
    return box


def with_text(**overlay: object) -> View:
    return dataclasses.replace(PLAIN, overlays=(Overlay(text="Quầy 1", **overlay),))  # type: ignore[arg-type]


@pytest.mark.parametrize("letters", [VIETNAMESE, VIETNAMESE.upper()])
def test_every_vietnamese_letter_has_its_own_glyph(letters: str) -> None:
    font = picture._font(40)
    drawn = {bytes(font.getmask(letter)) for letter in letters}
    assert len(drawn) == len(letters)
    assert bytes(font.getmask("\uffff")) not in drawn, "a letter is drawn as the box of a missing one"


def test_a_decomposed_name_is_drawn_like_a_composed_one() -> None:
    decomposed = dataclasses.replace(PLAIN, overlays=(Overlay(text=unicodedata.normalize("NFD", "Quầy Việt")),))
    composed = dataclasses.replace(PLAIN, overlays=(Overlay(text="Quầy Việt"),))
    assert picture.draw(decomposed, utc_s=NOON).tobytes() == picture.draw(composed, utc_s=NOON).tobytes()


@pytest.mark.parametrize(
    ("position", "left", "upper"),
    [
        ("UpperLeft", True, True),
        ("UpperRight", False, True),
        ("LowerLeft", True, False),
        ("LowerRight", False, False),
    ],
)
def test_a_text_stands_in_its_corner(position: str, left: bool, upper: bool) -> None:
    x1, y1, x2, y2 = changed(PLAIN, with_text(position=position))
    assert (x2 < 200) if left else (x1 > 440)
    assert (y2 < 40) if upper else (y1 > 320)


def test_a_custom_position_is_the_upper_left_corner_of_the_text() -> None:
    x1, y1, _, _ = changed(PLAIN, with_text(position="Custom", x=0.0, y=0.0))
    assert 316 <= x1 <= 326
    assert 176 <= y1 <= 188


def test_two_texts_at_one_corner_do_not_cover_each_other() -> None:
    one = with_text()
    two = dataclasses.replace(PLAIN, overlays=(*one.overlays, Overlay(text="Cửa vào")))
    assert changed(one, two)[1] >= changed(PLAIN, one)[3] - 4


def test_the_clock_shows_the_devices_local_time_in_the_format_asked_for() -> None:
    view = dataclasses.replace(PLAIN, clock_offset_s=7 * 3600 + 2)
    clock = Overlay(date_format="dddd, dd/M/yyyy", time_format="hh:mm:ss tt")
    assert picture.text_of(clock, view, NOON) == "Monday, 09/3/2026 12:04:05 PM"


def test_the_clock_runs() -> None:
    view = dataclasses.replace(PLAIN, overlays=(Overlay(date_format="yyyy-MM-dd", time_format="HH:mm:ss"),))
    now, later = picture.draw(view, utc_s=NOON), picture.draw(view, utc_s=NOON + 1)
    assert ImageChops.difference(now, later).getbbox() is not None


def test_a_mask_covers_its_polygon_and_nothing_else() -> None:
    quarter = Mask(points=((-1, 1), (0, 1), (0, 0), (-1, 0)), colour=(10, 200, 30))
    masked = picture.draw(dataclasses.replace(PLAIN, masks=(quarter,)), utc_s=NOON)
    assert masked.crop((0, 0, 319, 179)).getcolors() == [(319 * 179, (10, 200, 30))]
    open_part = (322, 182, 640, 360)
    assert masked.crop(open_part).tobytes() == picture.draw(PLAIN, utc_s=NOON).crop(open_part).tobytes()


@pytest.mark.parametrize("kind", ["Pixelated", "Blurred"])
def test_a_mask_may_hide_by_coarseness(kind: str) -> None:
    mask = Mask(points=((-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5)), kind=kind)
    x1, y1, x2, y2 = changed(PLAIN, dataclasses.replace(PLAIN, masks=(mask,)))
    assert (x1, y1) >= (158, 88)
    assert x2 <= 482
    assert y2 <= 272


def test_every_device_sees_another_room() -> None:
    rooms = {picture.draw(dataclasses.replace(PLAIN, seed=f"SN-{n}"), utc_s=NOON).tobytes() for n in range(8)}
    assert len(rooms) == 8


def test_imaging_settings_show() -> None:
    def mean(**settings: float) -> float:
        seen = picture.draw(dataclasses.replace(PLAIN, **settings), utc_s=NOON)
        return ImageStat.Stat(seen.convert("L")).mean[0]

    assert mean(brightness=0.2) < mean() < mean(brightness=0.8)
    night = picture.draw(dataclasses.replace(PLAIN, night=True), utc_s=NOON)
    red, green, blue = night.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_a_turned_camera_keeps_the_size_of_its_picture(rotate: int) -> None:
    assert picture.draw(dataclasses.replace(PLAIN, rotate=rotate, mirror=True), utc_s=NOON).size == (640, 360)


def test_a_snapshot_is_a_jpeg_of_the_views_size() -> None:
    with Image.open(io.BytesIO(picture.jpeg(PLAIN, utc_s=NOON))) as opened:
        assert (opened.format, opened.size) == ("JPEG", (640, 360))
