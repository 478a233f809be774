"""The room that a lab camera looks at: a reception desk with staff behind it and citizens before it.

Drawn on a canvas of 160 x 90 units; everything that differs from one device to the next follows from its seed.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_WALLS: Final[tuple[Colour, ...]] = (
    (226, 219, 200),
    (205, 217, 222),
    (214, 224, 208),
    (229, 210, 200),
    (212, 208, 222),
)
_COUNTERS: Final[tuple[Colour, ...]] = ((142, 92, 52), (104, 72, 50), (120, 124, 132), (164, 120, 72), (88, 98, 112))
_SHIRTS: Final[tuple[Colour, ...]] = (
    (64, 104, 168), (236, 236, 232), (150, 52, 60), (60, 128, 92), (210, 164, 60), (112, 84, 148), (74, 82, 94),
)  # fmt: skip
_SKINS: Final[tuple[Colour, ...]] = ((224, 182, 150), (206, 160, 126), (236, 198, 168))
_HAIR: Final[tuple[Colour, ...]] = ((38, 30, 28), (62, 46, 38), (120, 118, 116))
_FOLDERS: Final[tuple[Colour, ...]] = ((176, 58, 52), (52, 96, 150), (66, 132, 84), (212, 172, 66), (120, 120, 124))


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (max(0, min(255, round(part * factor))) for part in colour)
    return red, green, blue


class _Canvas:
    """Draws in units, so that one scene fits every resolution."""

    def __init__(self, image: Image.Image) -> None:
        self.draw = ImageDraw.Draw(image)
        self.across = image.width / 160
        self.down = image.height / 90

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0) -> None:
        corners = (left * self.across, top * self.down, right * self.across, bottom * self.down)
        if radius:
            self.draw.rounded_rectangle(corners, radius=radius * self.down, fill=fill)
        else:
            self.draw.rectangle(corners, fill=fill)

    def oval(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """Draw an ellipse about a centre."""
        left, right = (x - width / 2) * self.across, (x + width / 2) * self.across
        self.draw.ellipse((left, (y - height / 2) * self.down, right, (y + height / 2) * self.down), fill=fill)

    def shape(self, points: Sequence[tuple[float, float]], fill: Colour) -> None:
        self.draw.polygon([(x * self.across, y * self.down) for x, y in points], fill=fill)

    def line(self, x1: float, y1: float, x2: float, y2: float, fill: Colour, width: float) -> None:
        ends = (x1 * self.across, y1 * self.down, x2 * self.across, y2 * self.down)
        self.draw.line(ends, fill=fill, width=max(1, round(width * self.down)))

    def words(self, x: float, y: float, text: str, font: Font, fill: Colour) -> None:
        """Write text about a centre."""
        self.draw.text((x * self.across, y * self.down), text, font=font, fill=fill, anchor="mm")


def _room(canvas: _Canvas, chance: random.Random) -> None:
    wall, floor = chance.choice(_WALLS), (150, 144, 136)
    for step in range(24):
        canvas.box(0, step * 2.4, 160, (step + 1) * 2.4, _shade(wall, 1.05 - step * 0.007))
    canvas.box(0, 56, 160, 90, floor)
    for step in range(-14, 15):
        canvas.line(80 + step * 9, 56, 80 + step * 26, 90, _shade(floor, 0.93), 0.25)
    for y in (60, 65, 72, 81):
        canvas.line(0, y, 160, y, _shade(floor, 0.93), 0.25)
    door = chance.choice((8.0, 134.0))
    canvas.box(door - 1, 14, door + 19, 56, _shade(wall, 0.72))
    canvas.box(door, 15, door + 18, 56, (176, 200, 210))
    canvas.line(door + 9, 15, door + 9, 56, _shade(wall, 0.72), 0.6)
    canvas.oval(door + 7.6, 38, 0.9, 2.4, (90, 90, 92))
    canvas.oval(door + 10.4, 38, 0.9, 2.4, (90, 90, 92))


def _shelf(canvas: _Canvas, chance: random.Random) -> None:
    left = chance.choice((32.0, 104.0))
    canvas.box(left, 23, left + 24, 52, (124, 104, 84))
    for row in range(3):
        top = 24.2 + row * 9.6
        canvas.box(left + 1, top, left + 23, top + 8.4, (92, 76, 62))
        x = left + 1.6
        while x < left + 20:
            width = chance.uniform(1.5, 2.6)
            height = chance.uniform(5.6, 7.4)
            canvas.box(x, top + 8.4 - height, x + width, top + 8.4, chance.choice(_FOLDERS))
            canvas.box(x + 0.4, top + 10.4 - height, x + width - 0.4, top + 11.4 - height, (236, 234, 226))
            x += width + 0.3


def _sign(canvas: _Canvas, sign: str, font: Font) -> None:
    canvas.box(54, 11.2, 106, 19.8, (120, 26, 28), radius=0.8)
    canvas.box(54.7, 11.9, 105.3, 19.1, (172, 34, 36), radius=0.6)
    canvas.words(80, 15.5, sign, font, (250, 226, 120))


def _person(canvas: _Canvas, chance: random.Random, x: float, y: float, size: float, *, facing: bool) -> None:
    """Draw one person whose chin is at y; `facing` the camera, or seen from behind."""
    shirt, skin, hair = chance.choice(_SHIRTS), chance.choice(_SKINS), chance.choice(_HAIR)
    canvas.box(x - 1.3 * size, y - 2 * size, x + 1.3 * size, y + 2.4 * size, _shade(skin, 0.88))
    canvas.box(x - 6.2 * size, y + 1.6 * size, x + 6.2 * size, y + 22 * size, shirt, radius=3.4 * size)
    canvas.box(x - 6.2 * size, y + 6 * size, x - 4.4 * size, y + 22 * size, _shade(shirt, 0.86))
    canvas.box(x + 4.4 * size, y + 6 * size, x + 6.2 * size, y + 22 * size, _shade(shirt, 0.86))
    canvas.oval(x, y - 4.0 * size, 6.4 * size, 8.6 * size, hair)
    if not facing:
        canvas.oval(x, y - 0.6 * size, 3.6 * size, 2.6 * size, _shade(skin, 0.9))
        return
    canvas.oval(x, y - 3.2 * size, 5.4 * size, 7.2 * size, skin)
    canvas.box(x - 2.7 * size, y - 7.2 * size, x + 2.7 * size, y - 5.2 * size, hair, radius=0.8 * size)
    for side in (-1, 1):
        canvas.oval(x + side * 1.2 * size, y - 3.7 * size, 0.7 * size, 0.6 * size, (46, 36, 34))
    canvas.line(x - 0.9 * size, y - 1.5 * size, x + 0.9 * size, y - 1.5 * size, (168, 96, 88), 0.3 * size)
    canvas.shape(
        [(x - 1.6 * size, y + 1.7 * size), (x + 1.6 * size, y + 1.7 * size), (x, y + 5 * size)], _shade(shirt, 1.15)
    )


def _staff(canvas: _Canvas, chance: random.Random) -> None:
    for x in chance.choice(((48.0, 112.0), (52.0, 104.0), (44.0, 80.0, 116.0))):
        _person(canvas, chance, x + chance.uniform(-2, 2), 35 + chance.uniform(-1, 1), 1.0, facing=True)
        side = chance.choice((-9.0, 9.0))
        canvas.box(x + side - 6, 38.5, x + side + 6, 46.5, (34, 36, 40), radius=0.6)
        canvas.box(x + side - 0.9, 46.5, x + side + 0.9, 50, (60, 62, 66))
        canvas.box(x + side - 3, 49.4, x + side + 3, 50.2, (60, 62, 66))


def _counter(canvas: _Canvas, chance: random.Random, font: Font) -> None:
    wood = chance.choice(_COUNTERS)
    canvas.shape([(14, 50), (146, 50), (154, 56), (6, 56)], _shade(wood, 1.25))
    canvas.shape([(6, 56), (154, 56), (154, 57.4), (6, 57.4)], _shade(wood, 0.75))
    canvas.shape([(8, 57.4), (152, 57.4), (150, 78), (10, 78)], wood)
    for step in range(1, 8):
        seam = 8 + step * 18
        canvas.line(seam, 58, seam + (80 - seam) * 0.02, 78, _shade(wood, 0.85), 0.35)
    canvas.shape([(10, 76.4), (150, 76.4), (150, 78), (10, 78)], _shade(wood, 0.6))
    for number, x in enumerate((44.0, 80.0, 116.0), start=1):
        canvas.box(x - 4, 60, x + 4, 67, (238, 240, 242), radius=0.6)
        canvas.words(x, 63.5, str(number), font, (30, 66, 132))
    for _ in range(4):
        x = chance.uniform(24, 130)
        canvas.shape([(x, 52), (x + 5, 52), (x + 5.8, 54.4), (x - 0.4, 54.4)], (244, 244, 240))
    x = chance.uniform(60, 98)
    canvas.box(x, 48.8, x + 2.2, 54, (40, 42, 48), radius=0.4)  # the barcode reader on its stand
    canvas.shape([(x - 1, 47), (x + 3.6, 47), (x + 2.6, 49.6), (x - 0.2, 49.6)], (40, 42, 48))


def _citizens(canvas: _Canvas, chance: random.Random) -> None:
    for x in chance.sample((22.0, 50.0, 78.0, 106.0, 136.0), k=chance.choice((1, 2, 2, 3))):
        at, y = x + chance.uniform(-4, 4), 66 + chance.uniform(-3, 2)
        _person(canvas, chance, at, y, 1.55, facing=False)
        canvas.box(at - 9, 82, at + 9, 90, (52, 66, 88), radius=1.5)
        canvas.box(at - 8, 83.4, at + 8, 84.2, (74, 90, 114))


def _plant(canvas: _Canvas, chance: random.Random) -> None:
    x = chance.choice((5.0, 155.0))
    for step in range(9):
        lean = (step - 4) * 2.1
        green = _shade((58, 126, 66), chance.uniform(0.75, 1.2))
        canvas.shape([(x, 72), (x + lean - 0.8, 50 + abs(lean) * 0.9), (x + lean + 1.6, 52 + abs(lean))], green)
    canvas.shape([(x - 4.4, 71), (x + 4.4, 71), (x + 3.2, 82), (x - 3.2, 82)], (170, 96, 66))


def draw(width: int, height: int, seed: str, sign: str, sign_font: Font, number_font: Font) -> Image.Image:
    """Return the room as it is by day, without anything a camera adds."""
    image = Image.new("RGB", (width, height))
    canvas, chance = _Canvas(image), random.Random(seed)
    _room(canvas, chance)
    _shelf(canvas, chance)
    _sign(canvas, sign, sign_font)
    _staff(canvas, chance)
    _counter(canvas, chance, number_font)
    _plant(canvas, chance)
    _citizens(canvas, chance)
    return image
