"""Requirement packs: what a guideline demands at the least, as data. Loaded, checked, their parameters filled in."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.errors import Fault, InventoryError, UsageError
from fleetctl.model import Aspect, Kind
from fleetctl.protocols.outside import FIELDS
from fleetctl.standard.judging import RULES
from fleetctl.standard.shapes import Shape, Sort, shapes

BUILT_IN: Final = Path(__file__).parent / "packs"
SEVERITIES: Final = ("high", "medium", "low")
EACH: Final = "*"  # in a setting's path: every item of a keyed field
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_TOP: Final = frozenset({"pack", "version", "title", "source", "parameters", "checks"})
_COMMON: Final = frozenset({"id", "clause", "severity", "text", "remedy", "waivable", "buy"})
_HOW: Final[Mapping[str, frozenset[str]]] = {  # by the key that says how a check is proven, what else it may have
    "setting": frozenset({"setting", "is", "value", "kinds", "mend"}),
    "probe": frozenset({"probe", "is", "value", "kinds", "mend"}),
    "count": frozenset({"count", "per", "value"}),
    "attested": frozenset({"attested"}),
}
_PLACES: Final = ("site", "desk")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One check. It reads a `setting` of devices, looks at them from outside (`probe`), counts devices (`count`) per
    desk or site, or is attested.

    `text` and `remedy` are by language. `mend` is the inventory variable by which fleetctl
    mends it, "" where it cannot.
    """

    pack: str
    check: str
    clause: str
    severity: str
    text: Mapping[str, str]
    remedy: Mapping[str, str]
    kinds: frozenset[Kind] = frozenset()
    setting: tuple[str, ...] = ()  # aspect, field, and for keyed fields `*` and the item's field
    probe: str = ""  # what is seen from outside: a field of `protocols.outside.Outside`
    rule: str = ""
    value: Any = None
    count: Kind | None = None
    per: str = "site"
    attested: bool = False
    mend: str = ""
    buy: str = ""  # the item of a price list that is bought where fleetctl cannot mend it
    waivable: bool = True

    @property
    def id(self) -> str:
        """Its name in the whole fleet: pack/check."""
        return f"{self.pack}/{self.check}"

    @property
    def proof(self) -> str:
        """How it is proven: read from the device, seen from outside, counted in the inventory, or attested."""
        if self.probe:
            return "probed"
        return "attested" if self.attested else "inventory" if self.count else "read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A guideline: its checks, with the parameters that were asked for."""

    name: str
    version: int
    title: Mapping[str, str]
    source: str
    parameters: Mapping[str, Any]
    checks: tuple[Requirement, ...]


def built_in() -> tuple[str, ...]:
    """Return the names of the packs that come with fleetctl."""
    return tuple(sorted(path.stem for path in BUILT_IN.glob("*.yml")))


def load_pack(told: str, aspects: Mapping[str, Aspect], parameters: Mapping[str, Any] | None = None) -> Pack:
    """Return a built-in pack by its name, or one from a file (a path that ends in .yml).

    `parameters` are put in the place of the pack's own. Raises UsageError where there is no such pack, InventoryError
    with every fault of a pack that is wrong.
    """
    path = Path(told) if told.endswith((".yml", ".yaml")) else BUILT_IN / f"{told}.yml"
    if not path.is_file():
        near = difflib.get_close_matches(told, built_in(), 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(built_in())}; or name a file: draft.yml"
        raise UsageError(f"there is no pack {told}: {hint}")
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InventoryError([_fault(path, f"cannot be read: {error}", "mend the YAML")]) from error
    faults = [_fault(path, reason, mend) for reason, mend in _wrongs(content, aspects, parameters or {})]
    if faults:
        raise InventoryError(faults)
    return _made(content, {**content.get("parameters", {}), **(parameters or {})})


def _fault(path: Path, reason: str, mend: str) -> Fault:
    return Fault(file=str(path), line=1, column=1, reason=reason, mend=mend)


def _made(content: Mapping[str, Any], parameters: Mapping[str, Any]) -> Pack:
    return Pack(
        name=content["pack"],
        version=content["version"],
        title=content["title"],
        source=str(content.get("source", "")),
        parameters=parameters,
        checks=tuple(_requirement(content["pack"], check, parameters) for check in content["checks"]),
    )


def _requirement(pack: str, told: Mapping[str, Any], parameters: Mapping[str, Any]) -> Requirement:
    value = told.get("value")
    if isinstance(value, str) and value.startswith("$"):
        value = parameters[value[1:]]
    return Requirement(
        pack=pack,
        check=told["id"],
        clause=str(told["clause"]),
        severity=told["severity"],
        text=told["text"],
        remedy=told["remedy"],
        kinds=frozenset(Kind(kind) for kind in told.get("kinds", ())),
        setting=tuple(str(told.get("setting", "")).split(".")) if "setting" in told else (),
        probe=told.get("probe", ""),
        rule=told.get("is", ""),
        value=tuple(value) if isinstance(value, list) else value,  # as the aspects have lists
        count=Kind(told["count"]) if "count" in told else None,
        per=told.get("per", "site"),
        attested="attested" in told,
        mend=told.get("mend", ""),
        buy=told.get("buy", told.get("count", "")),
        waivable=told.get("waivable", True),
    )


# --- what is wrong with a pack --------------------------------------------------------------------

Wrong = tuple[str, str]


def _wrongs(content: Any, aspects: Mapping[str, Aspect], given: Mapping[str, Any]) -> Iterator[Wrong]:
    if not isinstance(content, Mapping) or not isinstance(content.get("checks"), list):
        yield "is no pack", "write a mapping with pack, version, title, parameters and a list of checks"
        return
    for name in ("pack", "version", "title"):
        if not content.get(name):
            yield f"`{name}` is missing", f"add {name}:"
    if content.get("pack") and not _NAME.fullmatch(str(content["pack"])):
        yield f"pack {content['pack']!r} is no name", "use small letters, digits and -"
    for name in content.keys() - _TOP:
        yield f"`{name}` is not known", f"there are {', '.join(sorted(_TOP))}"
    parameters = content.get("parameters") or {}
    for name in given.keys() - parameters.keys():
        yield f"there is no parameter `{name}`", f"there are {', '.join(parameters)}"
    seen: set[str] = set()
    for number, check in enumerate(content["checks"], 1):
        if not isinstance(check, Mapping):
            yield f"check {number} is not a mapping", "give it id, clause, severity, text, remedy and how it is proven"
            continue
        name = str(check.get("id", ""))
        if not _NAME.fullmatch(name) or name in seen:
            yield f"check {number}: the id {name!r} is no name, or stands twice", "use small letters, digits and -"
        seen.add(name)
        for reason, mend in _of_check(check, aspects, parameters):
            yield f"check {name or number}: {reason}", mend


def _of_check(
    check: Mapping[str, Any], aspects: Mapping[str, Aspect], parameters: Mapping[str, Any]
) -> Iterator[Wrong]:
    how = [name for name in _HOW if name in check]
    if len(how) != 1:
        yield "nothing, or too much, says how it is proven", f"give one of {', '.join(_HOW)}"
        return
    for name in check.keys() - _COMMON - _HOW[how[0]]:
        yield f"`{name}` is not known here", f"there are {', '.join(sorted(_COMMON | _HOW[how[0]]))}"
    for name in ("clause", "severity", "text", "remedy"):
        if not check.get(name):
            yield f"`{name}` is missing", f"add {name}:"
    if check.get("severity") not in SEVERITIES:
        yield f"severity {check.get('severity')!r}", f"write one of {', '.join(SEVERITIES)}"
    for name in ("text", "remedy"):
        if not isinstance(check.get(name), Mapping) or not {"en", "vi"} <= check[name].keys():
            yield f"`{name}` is not in both languages", f"write {name}: {{en: ..., vi: ...}}"
    yield from _of_values(check, parameters)
    match how[0]:
        case "setting":
            yield from _of_setting(check, aspects)
        case "probe":
            yield from _of_probe(check)
        case "count":
            yield from _of_count(check)


def _of_values(check: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Wrong]:
    if "buy" in check and not _NAME.fullmatch(str(check["buy"])):
        yield f"buy {check['buy']!r} is no name", "name an item of the price list in small letters, digits and -"
    value = check.get("value")
    if isinstance(value, str) and value.startswith("$") and value[1:] not in parameters:
        yield f"there is no parameter {value}", "add it to parameters"


def _of_probe(check: Mapping[str, Any]) -> Iterator[Wrong]:
    yield from _of_devices(check)
    if check["probe"] not in FIELDS:
        yield f"{check['probe']!r} is nothing that is seen from outside", f"there are {', '.join(FIELDS)}"


def _of_count(check: Mapping[str, Any]) -> Iterator[Wrong]:
    if check["count"] not in tuple(Kind) or check.get("per", "site") not in _PLACES:
        yield "it counts no kind of device, or per nothing", f"kinds: {', '.join(Kind)}; per: {', '.join(_PLACES)}"


def _of_devices(check: Mapping[str, Any]) -> Iterator[Wrong]:
    if check.get("is") not in RULES:
        yield f"the rule `{check.get('is')}` is not known", f"there are {', '.join(RULES)}"
    if not check.get("kinds") or not set(check["kinds"]) <= set(Kind):
        yield "`kinds` names no kinds of device", f"kinds: {', '.join(Kind)}"


def _of_setting(check: Mapping[str, Any], aspects: Mapping[str, Aspect]) -> Iterator[Wrong]:
    yield from _of_devices(check)
    told = str(check["setting"])
    aspect, _, path = told.partition(".")
    parts = path.split(".")
    if aspect not in aspects:
        yield f"{told}: there is no aspect {aspect}", f"aspects are {', '.join(aspects)}"
        return
    field = _named(shapes(aspects[aspect].type), parts[0])
    if field is None or not _leads(field, parts[1:]):
        yield f"{told} is no setting", "see the settings of the aspect; items of a keyed field: field.*.part"


def _leads(field: Shape, rest: list[str]) -> bool:
    if not rest:
        return True
    return field.sort is Sort.KEYED and len(rest) == 2 and rest[0] == EACH and _named(field.fields, rest[1]) is not None


def _named(found: tuple[Shape, ...], name: str) -> Shape | None:
    return next((shape for shape in found if shape.name == name), None)
