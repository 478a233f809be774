"""What a lab camera sees: the room, as its imaging settings make it, with masks, texts and the running clock."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Final

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from fleetctl.lab import scene

DEFAULT_SIGN: Final = "BỘ PHẬN MỘT CỬA"
_FONT: Final = (files("fleetctl.lab") / "data" / "DejaVuSans-Bold.subset.ttf").read_bytes()
_DRAWN_AT_MOST: Final = 1920  # wider pictures are scaled up: a room of plain areas loses nothing by it
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One on-screen text: a clock where a format is given, then `text`.

    `position` is the word of ONVIF's OSDPosConfiguration; x and y (-1..1, y upwards) count for `Custom` only and
    are the upper left corner of the text. Formats are those of OSDTextConfiguration ("yyyy-MM-dd", "HH:mm:ss").
    """

    text: str = ""
    position: str = "UpperLeft"
    x: float = 0.0
    y: float = 0.0
    date_format: str = ""
    time_format: str = ""
    size_px: int = 0  # 0: follows from the picture's height
    colour: tuple[int, int, int] = (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One privacy mask: a polygon in -1..1 (y upwards); `kind` is Color, Pixelated or Blurred."""

    points: tuple[tuple[float, float], ...]
    kind: str = "Color"
    colour: tuple[int, int, int] = (128, 128, 128)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that decides how one picture looks, apart from the moment it is taken.

    brightness, contrast, saturation, sharpness: 0..1, neutral at 0.5. `clock_offset_s` is the device's local time
    minus true UTC (its zone and its error). `rotate`: 0, 90, 180 or 270 degrees clockwise. `seed` decides the room.
    """

    width: int
    height: int
    seed: str
    overlays: tuple[Overlay, ...] = ()
    masks: tuple[Mask, ...] = ()
    clock_offset_s: float = 0.0
    brightness: float = 0.5
    contrast: float = 0.5
    saturation: float = 0.5
    sharpness: float = 0.5
    night: bool = False
    rotate: int = 0
    mirror: bool = False
    sign: str = ""


@lru_cache(maxsize=16)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(_FONT), size_px)


def _room(view: View) -> Image.Image:
    """Draw the room with twice the wanted fineness where that is affordable, then bring it to size."""
    turned = view.rotate % 180 == 90
    width, height = (view.height, view.width) if turned else (view.width, view.height)
    across = min(width * 2, _DRAWN_AT_MOST)
    down = max(1, round(height * across / width))
    sign = unicodedata.normalize("NFC", view.sign or DEFAULT_SIGN)
    sign_px = max(6, round(min(down / 90 * 4.2, across / 160 * 66 / max(len(sign), 1))))
    image = scene.draw(across, down, view.seed, sign, _font(sign_px), _font(max(6, round(down / 90 * 5))))
    image = image.resize((width, height), Image.Resampling.LANCZOS)
    if view.mirror:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image.rotate(-view.rotate, expand=True) if view.rotate % 360 else image


def _as_set(image: Image.Image, view: View) -> Image.Image:
    """Apply the imaging settings."""
    if view.night:
        image = ImageEnhance.Brightness(ImageEnhance.Color(image).enhance(0)).enhance(0.55)
    for setting, enhancer in (
        (view.saturation, ImageEnhance.Color),
        (view.contrast, ImageEnhance.Contrast),
        (view.sharpness, ImageEnhance.Sharpness),
    ):
        if setting != 0.5:
            image = enhancer(image).enhance(max(0.05, setting * 2))
    if view.brightness != 0.5:
        image = ImageEnhance.Brightness(image).enhance(0.5 + view.brightness)
    return image


def _corner_px(view: View, x: float, y: float) -> tuple[float, float]:
    return (x + 1) / 2 * view.width, (1 - y) / 2 * view.height


def _cover(image: Image.Image, view: View, mask: Mask) -> None:
    if len(mask.points) < 3:
        return
    stencil = Image.new("L", image.size, 0)
    ImageDraw.Draw(stencil).polygon([_corner_px(view, x, y) for x, y in mask.points], fill=255)
    if mask.kind == "Pixelated":
        coarse = image.resize((max(1, view.width // 40), max(1, view.height // 40)), Image.Resampling.BOX)
        cover = coarse.resize(image.size, Image.Resampling.NEAREST)
    elif mask.kind == "Blurred":
        cover = image.filter(ImageFilter.BoxBlur(view.width / 40))
    else:
        cover = Image.new("RGB", image.size, mask.colour)
    image.paste(cover, (0, 0), stencil)


def still(view: View) -> Image.Image:
    """Return what does not change from second to second: the picture without texts. The costly part."""
    image = _as_set(_room(view), view)
    for mask in view.masks:
        _cover(image, view, mask)
    return image


def clock_text(overlay: Overlay, local: datetime) -> str:
    """Return the date and time as an OSD shows them; the letters of ONVIF's formats are Java's."""
    words = " ".join(part for part in (overlay.date_format, overlay.time_format) if part)
    hour = local.hour % 12 or 12
    parts = {
        "yyyy": f"{local.year:04}", "dddd": _WEEKDAYS[local.weekday()], "MMMM": _MONTHS[local.month - 1],
        "MM": f"{local.month:02}", "dd": f"{local.day:02}", "HH": f"{local.hour:02}", "hh": f"{hour:02}",
        "mm": f"{local.minute:02}", "ss": f"{local.second:02}", "tt": "AM" if local.hour < 12 else "PM",
        "M": str(local.month), "d": str(local.day), "H": str(local.hour), "h": str(hour),
    }  # fmt: skip
    told, at = "", 0
    while at < len(words):
        letters = next((key for key in parts if words.startswith(key, at)), "")
        told += parts.get(letters, words[at])
        at += len(letters) or 1
    return told


def text_of(overlay: Overlay, view: View, utc_s: float) -> str:
    """Return what an overlay shows at a moment (seconds since 1970), composed so that every font can draw it."""
    told = overlay.text
    if overlay.date_format or overlay.time_format:
        local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=utc_s + view.clock_offset_s)
        told = f"{clock_text(overlay, local)} {told}".strip()
    return unicodedata.normalize("NFC", told)


def _write(image: Image.Image, view: View, utc_s: float) -> None:
    """Write the overlays; several at one corner stand below (or above) each other."""
    draw = ImageDraw.Draw(image)
    margin = max(2, round(view.height * 0.02))
    stacked: dict[str, float] = {}
    for overlay in view.overlays:
        told = text_of(overlay, view, utc_s)
        size = overlay.size_px or max(9, round(view.height / 24))
        font, stroke, line = _font(size), max(1, size // 14), size * 1.3
        offset = stacked.get(overlay.position, 0.0)
        if overlay.position == "Custom":
            (x, y), anchor = _corner_px(view, overlay.x, overlay.y), "la"
        else:
            stacked[overlay.position] = offset + line
            x = view.width - margin if overlay.position.endswith("Right") else margin
            y = margin + offset if overlay.position.startswith("Upper") else view.height - margin - offset
            anchor = ("r" if overlay.position.endswith("Right") else "l") + (
                "a" if overlay.position.startswith("Upper") else "d"
            )
        draw.text(
            (x, y), told, font=font, fill=overlay.colour, anchor=anchor, stroke_width=stroke, stroke_fill=(0, 0, 0)
        )


def draw(view: View, *, utc_s: float, on: Image.Image | None = None) -> Image.Image:
    """Return the picture at a moment (seconds since 1970, true UTC); `on` is the view's `still`, where it is known."""
    image = still(view) if on is None else on.copy()
    _write(image, view, utc_s)
    return image


def jpeg(view: View, *, utc_s: float, quality: int = 80) -> bytes:
    """Return the picture as a baseline JPEG, 4:2:0; quality 1..95. Takes tens of milliseconds."""
    held = io.BytesIO()
    draw(view, utc_s=utc_s).save(held, "JPEG", quality=quality, subsampling="4:2:0")
    return held.getvalue()
