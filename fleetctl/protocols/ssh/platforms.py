"""Consoles of switches, one file each: `templates/switch/<platform>/platform.yml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.errors import UsageError
from fleetctl.model import Device
from fleetctl.protocols.ssh.grammar import Reading, reading
from fleetctl.resources import folder

FILE: Final = "platform.yml"
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml is ten times as fast


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One command that may ask back: what is asked (pattern) and what is answered, and what proves success."""

    command: str
    answers: tuple[tuple[str, str], ...] = ()
    good: str = ""  # what the answer must hold; empty: no error line
    in_config: bool = False  # it is typed where settings are


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One command that only reads, and what of its answer is looked for: the named group `it` of `match`."""

    command: str
    match: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """How a make takes firmware; `{file}` in a command is the whole path of the image."""

    place: str  # where images are kept: a file's name follows it
    room: Asked  # bytes free there
    algorithm: str  # of its own checksum: md5, sha256; size where it has none
    digest: Asked
    uptime: Asked
    scp: tuple[str, str] | None  # settings that let files in, and no more; None: whoever may is let in
    scp_on: re.Pattern[str] | None  # a line of the configuration: they are let in already
    boot: Dialogue | None  # makes it the next start's; None: a start takes what it finds
    booted: Asked | None  # what the next start is from
    fits: Asked | None  # the version that it reads out of the file, before it starts with it
    newer_only: bool  # a start takes only what is newer


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What one make of console understands and prints."""

    name: str
    netmiko: str  # the library's name of the console
    manufacturer: str
    vendors: tuple[str, ...]  # names in the inventory's `vendor` that mean this platform
    error: re.Pattern[str]  # a line that says no
    benign: re.Pattern[str] | None  # a line that looks like one and says yes
    prompt: str  # what ends an answer, in any mode
    port_names: Mapping[str, str]
    readings: Mapping[str, Reading]
    templates: Mapping[str, str]  # commands that change something, in Jinja
    save: Dialogue | None
    arm: Dialogue | None  # the platform's own revert: it undoes what is not saved
    disarm: Dialogue | None
    reboot: Dialogue | None
    enable: bool
    config: tuple[str, str]  # commands that enter and leave the mode in which settings are typed; "": there is none
    ascii_only: bool
    description_max: int
    secrets: tuple[tuple[str, str], ...]  # in a configuration: what holds a secret, and what stands in its place
    volatile: re.Pattern[str] | None  # lines of a configuration that change by themselves
    levels: Mapping[str, str]  # what stands for administrator, operator and user
    login_suffix: str = ""
    undone_by_leaving: bool = False  # the revert is done by the end of the session, not by time
    ntp_max: int = 0  # 0: as many as one likes
    storm_whole: bool = False  # storm control takes whole percents only
    upgrade: Upgrade | None = None
    cannot: Mapping[str, str] = field(default_factory=dict)  # field of an aspect -> why this make cannot set it


def of(device: Device) -> Platform:
    """Return the platform of a switch: the inventory's `platform`, else what its vendor means; raises UsageError."""
    known = all_platforms()
    if device.platform:
        if device.platform in known:
            return known[device.platform]
        raise UsageError(
            f"{device.name}: platform {device.platform!r} is not known; there are {', '.join(sorted(known))}"
        )
    for platform in known.values():
        if device.vendor.lower() in platform.vendors:
            return platform
    raise UsageError(f"{device.name}: name its console in the inventory: platform: {' or '.join(sorted(known))}")


@lru_cache(maxsize=1)
def all_platforms() -> Mapping[str, Platform]:
    """Return every platform there is a file of, by name; raises UsageError for a file that is wrong."""
    root = folder("templates/switch")
    return {path.parent.name: _loaded(path) for path in sorted(root.glob(f"*/{FILE}"))}


def _loaded(path: Path) -> Platform:
    told = _told(path)
    where = f"templates/switch/{path.parent.name}/{FILE}"
    try:
        return _made(path.parent.name, told, where)
    except (KeyError, TypeError, ValueError, re.error) as error:
        raise UsageError(f"{where}: {error!r}") from None


def _told(path: Path) -> dict[str, Any]:
    """Return a file's content over that of the platform it is an imitation of (`like`)."""
    told: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    if like := told.pop("like", ""):
        base = _told(path.parent.parent / like / FILE)
        for name in ("readings", "templates", "port_names", "cannot"):
            told[name] = {**base.get(name, {}), **told.get(name, {})}
        told = {**base, **told}
    return told


def _made(name: str, told: Mapping[str, Any], where: str) -> Platform:
    return Platform(
        name=name,
        netmiko=told["netmiko"],
        manufacturer=told["manufacturer"],
        vendors=tuple(told["vendors"]),
        error=re.compile(told["error"], re.MULTILINE),
        benign=re.compile(told["benign"]) if told.get("benign") else None,
        prompt=told["prompt"],
        port_names=told.get("port_names", {}),
        readings={n: reading(r, f"{where}: {n}") for n, r in told["readings"].items() if r is not None},
        templates={n: t for n, t in told["templates"].items() if t is not None},
        save=_dialogue(told.get("save")),
        arm=_dialogue(told.get("arm")),
        disarm=_dialogue(told.get("disarm")),
        reboot=_dialogue(told.get("reboot")),
        enable=bool(told.get("enable", False)),
        config=tuple(told.get("config", ("", ""))),
        ascii_only=bool(told.get("ascii_only", True)),
        description_max=int(told.get("description_max", 200)),
        secrets=tuple((str(a), str(b)) for a, b in told.get("secrets", ())),
        volatile=re.compile(told["volatile"]) if told.get("volatile") else None,
        levels=told.get("levels", {}),
        login_suffix=told.get("login_suffix", ""),
        undone_by_leaving=bool(told.get("undone_by_leaving", False)),
        ntp_max=int(told.get("ntp_max", 0)),
        storm_whole=bool(told.get("storm_whole", False)),
        upgrade=_upgrade(told.get("upgrade")),
        cannot={str(name): str(reason) for name, reason in told.get("cannot", {}).items()},
    )


def _upgrade(told: Mapping[str, Any] | None) -> Upgrade | None:
    if not told:
        return None
    asked = {
        name: Asked(command=told[name]["command"], match=re.compile(told[name]["match"], re.MULTILINE))
        for name in ("room", "digest", "uptime", "booted", "fits")
        if told[name] is not None
    }
    boot, scp = _dialogue(told["boot"]), told["scp"]
    if (boot is None) is not (told["booted"] is None):
        raise ValueError("boot and booted: both or none")
    return Upgrade(
        place=told["place"],
        room=asked["room"],
        algorithm=told["algorithm"],
        digest=asked["digest"],
        uptime=asked["uptime"],
        scp=(scp["on"], scp["off"]) if scp else None,
        scp_on=re.compile(scp["is"], re.MULTILINE) if scp else None,
        boot=boot,
        booted=asked.get("booted"),
        fits=asked.get("fits"),
        newer_only=bool(told.get("newer_only", False)),
    )


def _dialogue(told: Mapping[str, Any] | None) -> Dialogue | None:
    if not told:
        return None
    answers = tuple((str(a), str(b)) for a, b in told.get("answers", ()))
    return Dialogue(
        command=told["command"], answers=answers, good=told.get("good", ""), in_config=told.get("mode") == "config"
    )
