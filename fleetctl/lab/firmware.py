"""Firmware of simulated devices: what an image is, whether a device takes it, and what becomes of the device.

An image of the lab is one line, `FLEETCTL-LAB-FIRMWARE {json}`, and then bytes: `models` it is for, the `version` a
device tells afterwards, `size` and `sha256` of the bytes, and `effects`, each with the share of devices (0 to 1, the
same ones every time) that it happens to: see `EFFECTS`. Source: field facts, NVR and vendor protocols, 5; ONVIF, 28.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from fleetctl.lab.services.device_network import protocols_of

if TYPE_CHECKING:
    from fleetctl.lab.device import SimDevice
    from fleetctl.lab.dispatch import Incoming

MAGIC: Final = b"FLEETCTL-LAB-FIRMWARE "
EFFECTS: Final = {
    "ignored": "it says that it has the image, and stays as it was",
    "no_stream": "afterwards it gives no picture",
    "no_footage": "afterwards a recorder writes nothing down, though its channels are online",
    "rtsp_off": "afterwards RTSP is switched off",
    "onvif_off": "afterwards ONVIF is switched off",
    "late_s": "for so many seconds after its start it tells the old version (seconds, of every device)",
    "factory_new": "afterwards it is as it left the factory, but for its firmware",
    "brick": "it does not start again",
}
_LINE: Final = 16 * 1024
_PIECE: Final = 1024 * 1024
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')


class Named(Protocol):
    """What an effect happens to."""

    name: str


class NotForUs(Exception):
    """A file that the device does not take; `why` is wrong, cut or busy."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """What an image says of itself."""

    models: tuple[str, ...]
    version: str
    effects: dict[str, float] = field(default_factory=dict)

    def happens(self, effect: str, device: Named) -> bool:
        """Tell whether an effect happens to this device: to a share of them, always the same ones."""
        share = float(self.effects.get(effect, 0.0))
        place = int.from_bytes(hashlib.sha256(f"{device.name} {effect}".encode()).digest()[:4], "big") / 2**32
        return place < share


@dataclass(slots=True, kw_only=True)
class Flashing:
    """An image being written."""

    image: Image
    began: float
    takes_s: float

    def percent(self) -> int:
        """How far it is."""
        return max(0, min(99, round(100 * (time.time() - self.began) / max(0.001, self.takes_s))))


def made(models: tuple[str, ...], version: str, *, size: int = 20_000, seed: int = 0, **effects: float) -> bytes:
    """Return an image for the lab; `seed` makes another of the same."""
    block = hashlib.sha256(f"{version} {seed}".encode()).digest() * 32
    body = (block * (size // len(block) + 1))[:size]
    return head(models, version, size, hashlib.sha256(body).hexdigest(), effects) + body


def head(models: tuple[str, ...], version: str, size: int, sha256: str, effects: Mapping[str, float]) -> bytes:
    """Return the first line of an image, for the bytes of that size and checksum."""
    told = {"models": list(models), "version": version, "size": size, "sha256": sha256, "effects": dict(effects)}
    return MAGIC + json.dumps(told).encode() + b"\n"


def version_of(device: SimDevice) -> str:
    """Return the version that a device tells now, as its maker writes it."""
    told = device.read("info")
    if time.time() < float(told.get("late_until", 0.0)):
        return str(told["before"])
    return str(told.get("firmware", device.personality.firmware))


def body_of(incoming: Incoming) -> IO[bytes]:
    """Return the file of a request: its body, or the first file part of a multipart one; stands at its beginning."""
    source: IO[bytes] = incoming.spool if incoming.spool is not None else io.BytesIO(incoming.body)
    source.seek(0)
    found = _BOUNDARY.search(incoming.headers.get("content-type", ""))
    if found is None:
        return source
    head = source.read(_LINE * 4)
    at = head.find(MAGIC)
    source.seek(max(0, at))
    return source


def said(source: IO[bytes]) -> dict[str, Any] | None:
    """Return what a file says of itself in its first line, None for what is no image; stands behind that line."""
    line = source.readline(_LINE)
    try:
        told = json.loads(line.removeprefix(MAGIC)) if line.startswith(MAGIC) else None
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def read(source: IO[bytes], device: SimDevice) -> Image:
    """Return the image that a file is; raises NotForUs for what a device refuses."""
    try:
        told = said(source) or {}
        image = Image(models=tuple(told["models"]), version=str(told["version"]), effects=dict(told["effects"]))
        size, wanted = int(told["size"]), str(told["sha256"])
    except (ValueError, KeyError, TypeError):
        raise NotForUs("wrong") from None
    sha256, left = hashlib.sha256(), size
    while left and (piece := source.read(min(left, _PIECE))):
        sha256.update(piece)
        left -= len(piece)
    if left:
        raise NotForUs("cut")
    if sha256.hexdigest() != wanted or model_of(device) not in image.models:
        raise NotForUs("wrong")
    return image


def taken(incoming: Incoming, device: SimDevice) -> Image:
    """Return the image that a request brings, where the device can take it now; raises NotForUs."""
    image = read(body_of(incoming), device)
    if device.flashing is not None:
        raise NotForUs("busy")
    return image


def model_of(device: SimDevice) -> str:
    """Return the model that a device tells."""
    return str(device.read("info").get("model", device.personality.model))


def begin(device: SimDevice, image: Image, takes_s: float) -> bool:
    """Begin to write an image; False where the device only says so. Raises NotForUs while it writes another."""
    if device.flashing is not None:
        raise NotForUs("busy")
    if image.happens("ignored", device) or (device.faults and "flash-ignored" in device.faults):
        return False
    device.flashing = Flashing(image=image, began=time.time(), takes_s=takes_s)
    return True


def finish(device: SimDevice, boot_s: float) -> None:
    """Let the written image take hold, with what it does to the device; the caller keeps it and starts it again."""
    flashing = device.flashing
    if flashing is None:
        return
    device.flashing = None
    image, info = flashing.image, device.change("info")
    if image.happens("brick", device):
        info["bricked"] = True
    before = version_of(device)
    info["firmware"] = image.version
    info["uncommitted"] = before if device.trial else None
    late_s = float(image.effects.get("late_s", 0.0)) or float((device.faults or {}).get("version-late", {}).get("s", 0))
    if late_s:
        info |= {"before": before, "late_until": time.time() + boot_s + late_s}
    info |= {effect: image.happens(effect, device) for effect in ("no_stream", "no_footage")}
    if image.happens("rtsp_off", device):
        network = device.change("network")
        found = protocols_of(network, device.personality.ports)
        network["protocols"] = found | {"RTSP": {**found["RTSP"], "enabled": False}}
    if image.happens("onvif_off", device):
        device.change("vendor")["onvif"] = False


def take_back(device: SimDevice, version: str) -> bool:
    """Return to the firmware before, where this one is still on trial; the caller keeps it and starts it again."""
    info = device.change("info")
    if not info.get("uncommitted") or info.get("firmware") != version:
        device.rollback()
        return False
    info |= {"firmware": info["uncommitted"], "uncommitted": None, "no_stream": False}
    return True


def break_off(device: SimDevice) -> None:
    """The power goes while an image is written: the device does not start again until a technician resets it."""
    device.flashing = None
    device.change("info")["bricked"] = True
