"""What makes one make of device different from another: a value, with the factory state it ships in."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from fleetctl.errors import UsageError
from fleetctl.lab.generations import Cgi, Isapi, Recorder

Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """What one encoder can do with one codec; ranges are inclusive, bitrate in kbit/s."""

    name: Literal["H264", "H265", "JPEG"]
    sizes: tuple[tuple[int, int], ...]
    fps: tuple[int, int] = (1, 25)
    fps_list: tuple[float, ...] = ()  # Media2 FrameRatesSupported; empty: the range, one by one
    gov: tuple[int, int] = (1, 400)
    kbps: tuple[int, int] = (32, 16384)
    quality: tuple[int, int] = (0, 6)
    profiles: tuple[str, ...] = ("Main",)
    cbr: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a device says no: SOAP code, subcodes from outer to inner, words."""

    code: str = "Sender"
    subcodes: tuple[str, ...] = ("ter:ActionNotSupported",)
    reason: str = "Optional Action Not Implemented"
    status: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """Rules for accounts; 0 is no rule."""

    name_min: int = 1
    name_max: int = 32
    min: int = 1
    max: int = 32
    kinds: int = 0  # how many of lower case, upper case, digits, others must appear
    users_max: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One make of camera or recorder. `sources` name the capture or field fact each oddity comes from."""

    name: str
    doc: str
    sources: tuple[str, ...]
    manufacturer: str
    model: str
    firmware: str
    hardware_id: str
    serial_pattern: str = "{mac12}"  # {name}, {mac12}, {number} (nine digits from the name)
    mac_prefix: str = "02:00:00"

    # the wire
    kind: Literal["camera", "recorder"] = "camera"
    isapi: Isapi | None = None  # speaks Hikvision's ISAPI
    cgi: Cgi | None = None  # speaks Dahua's CGI
    recorder: Recorder | None = None
    onvif_as: str = ""  # speaks ONVIF as that personality does
    prefix: str = "SOAP-ENV"
    paths: Mapping[str, str] = field(default_factory=dict)  # service -> path; a service not named is not offered
    versions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    server: str = ""  # HTTP Server header
    echoes_security: bool = False
    closes_idle: bool = False  # closes after each reply without saying so beforehand
    foreign_xaddr: str = ""  # scheme://host the device believes it is reached at
    unsupported: frozenset[str] = frozenset()  # "tds:GetDNS"
    not_supported: Refusal = Refusal()
    invalid: Refusal = Refusal(subcodes=("ter:InvalidArgVal",), reason="Argument value invalid")
    misspelt_receiver: bool = False

    # login
    schemes: tuple[str, ...] = ("wsse", "digest")
    algorithms: tuple[str, ...] = ("MD5",)
    realm: str = "onvif"
    unauthorised: Refusal = Refusal(subcodes=("ter:NotAuthorized",), reason="Sender not authorized")
    clock_window_s: float = 300.0
    created_needs_z: bool = False
    created_max: int = 30
    nonce_max: int = 64
    fresh: Literal["login", "anonymous", "activation"] = "login"
    time_needs_login: bool = False
    lock_after: int = 5
    lock_s: float = 1800.0
    lock_by: Literal["account", "source"] = "account"  # what is locked: the account, or it from where it was tried
    max_connections: int = 0  # more get 401; 0: no limit
    passwords: Passwords = Passwords()

    # behaviour
    ignored: frozenset[str] = frozenset()  # writes answered 200 that change nothing
    clamps: bool = False  # an impossible value is silently moved to the nearest
    tz_pattern: str = r"(<[A-Za-z0-9+-]{3,}>|[A-Za-z]{3,})[+-]?\d{1,2}(:\d{1,2}){0,2}(.*)"
    keeps_dst: bool = False  # daylight saving cannot be turned off
    loses_clock: bool = False  # no battery: starts in 2000 after a reboot
    multicast_any: bool = True  # False: 0.0.0.0 as multicast address is refused
    h265_in_media1: Literal["H264", "hidden"] = "hidden"
    reboot_message: str = "Rebooting"
    ports: Mapping[str, int] = field(default_factory=lambda: {"HTTP": 80, "HTTPS": 443, "RTSP": 554})

    # what it can do
    codecs: Mapping[str, tuple[Codec, ...]] = field(default_factory=dict)  # encoder token -> codecs
    imaging: Mapping[str, Any] = field(default_factory=dict)  # see services/imaging.py
    osd: Mapping[str, Any] = field(default_factory=dict)  # see services/osd.py
    masks: Mapping[str, Any] = field(default_factory=dict)  # see services/masks.py
    audio: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)  # codec: kbps, kHz
    snapshot_path: str = "/snapshot.jpg"
    stream_path: str = "/stream/{profile}"
    capabilities: Mapping[str, Any] = field(default_factory=dict)

    # factory state: sections
    factory: Mapping[str, Section] = field(default_factory=dict)


@lru_cache(maxsize=1)
def known() -> Mapping[str, Personality]:
    """Scan `lab/personalities` once; each module holds one PERSONALITY or some PERSONALITIES."""
    package = importlib.import_module("fleetctl.lab.personalities")
    found: dict[str, Personality] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for told in (getattr(module, "PERSONALITY", None), *getattr(module, "PERSONALITIES", ())):
            if isinstance(told, Personality):
                found[told.name] = told
    return found


def cameras() -> Mapping[str, Personality]:
    """Return the makes of cameras, one of each way to speak ONVIF."""
    return {name: told for name, told in known().items() if told.kind == "camera" and not told.onvif_as}


def of(name: str) -> Personality:
    """Return the personality of that name; raises UsageError that lists those there are."""
    try:
        return known()[name]
    except KeyError:
        raise UsageError(f"no personality {name!r}; there are {', '.join(known())}") from None
