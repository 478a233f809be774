"""Firmware: an image of the catalogue, what a version says, and whether a device has the one it should."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One firmware image of the catalogue, known by the checksum of its bytes.

    `models` are the models that the maker lists for it, `hardware` their hardware lines (none: every line of those
    models). `min_from` is the oldest version that may go to it in one step.
    """

    sha256: str
    size: int
    file_name: str
    vendor: str
    models: tuple[str, ...]
    version: str
    build: str = ""
    hardware: tuple[str, ...] = ()
    oem: str = ""
    region: str = ""
    language: str = ""
    min_from: str = ""
    needs_reset: bool = False
    origin: str = ""
    notes: str = ""
    added_by: str = ""
    added: str = ""

    @property
    def key(self) -> str:
        """The beginning of the checksum: what people call it by."""
        return self.sha256[:12]

    @property
    def target(self) -> str:
        """Version and build, as one text."""
        return f"{self.version} build {self.build}" if self.build else self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What a version text says: its numbers in order, and the build as its maker counts it ("" if it is not told)."""

    numbers: tuple[int, ...]
    build: str = ""


Parser = Callable[[str], Release | None]
"""Reads a maker's version text; None where it cannot be told what it says."""


class Verdict(enum.StrEnum):
    """Whether what a device tells is the version that is wanted."""

    VERIFIED = "verified"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


_NUMBERS: Final = re.compile(r"(?<![0-9A-Za-z.])v?(\d+(?:\.\d+)+)(?![0-9A-Za-z]|\.\d)", re.IGNORECASE)
_OEM: Final = re.compile(r"\.(?=[0-9]*[A-Z])[0-9A-Z]{7}\.")  # Dahua's brands: 4.003.00KB001.1.R
_BRAND: Final = re.compile(r"\.([0-9A-Z]{7})\.")
_BUILD: Final = re.compile(r"build(?:\s*date)?\s*[:=]?\s*(\d[\d.-]*)", re.IGNORECASE)


def brand_of(told: str) -> str:
    """Return the brand code in a version text (Dahua's: 4.003.00KB001.1.R), "" where it tells none."""
    found = _BRAND.search(told)
    return found[1] if found else ""


def release_of(told: str) -> Release | None:
    """Read `V1.07.21`, `V5.7.18 build 240826`, `4.003.00KB001.1.R`: the first dotted number, and what follows `build`.

    The code of a brand within Dahua's numbers is none of them: which brand an image is for, its record says.
    """
    numbers, build = _NUMBERS.search(_OEM.sub(".0000000.", told)), _BUILD.search(told)
    if numbers is None:
        return None
    digits = re.sub(r"\D", "", build[1]) if build else ""
    return Release(numbers=tuple(int(part) for part in numbers[1].split(".")), build=digits)


def verdict(wanted: str, told: str, parse: Parser = release_of) -> Verdict:
    """Return whether `told` is the version `wanted`; version and build count, and what cannot be told is neither."""
    target, actual = parse(wanted), parse(told)
    if target is None or actual is None:
        return Verdict.INDETERMINATE
    shorter = min(len(target.numbers), len(actual.numbers))
    if target.numbers[:shorter] != actual.numbers[:shorter]:
        return Verdict.FAILED
    if len(target.numbers) != len(actual.numbers):
        return Verdict.INDETERMINATE
    if target.build and not actual.build:
        return Verdict.INDETERMINATE
    return Verdict.FAILED if target.build and target.build != actual.build else Verdict.VERIFIED


def older(told: str, bound: str, parse: Parser = release_of) -> bool | None:
    """Return whether a version is older than a bound, by numbers and then build; None where that cannot be told."""
    actual, limit = parse(told), parse(bound)
    if actual is None or limit is None:
        return None
    if actual.numbers != limit.numbers:
        length = min(len(actual.numbers), len(limit.numbers))
        if actual.numbers[:length] == limit.numbers[:length]:
            return None
        return actual.numbers < limit.numbers
    if not limit.build or actual.build == limit.build:
        return False
    if not actual.build or len(actual.build) != len(limit.build):
        return None
    return actual.build < limit.build


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What a Linux host tells of its packages, its start and its services.

    `packages` are those that are wholly installed, by name (with `:architecture` where it is a foreign one) ->
    version; `unfinished` those whose installation was cut off. `failed` are units of systemd.
    """

    packages: Mapping[str, str]
    held: tuple[str, ...]
    unfinished: tuple[str, ...]
    failed: tuple[str, ...]
    boot_id: str
    reboot_asked: bool
    uptime_s: float
    clock_error_s: float
    free_kb: int  # on /var


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the action `flash` is given: the image, and `body(before, after)`, its bytes as they go over the wire."""

    image: Image
    body: Callable[..., Any]
