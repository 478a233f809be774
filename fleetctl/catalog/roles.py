"""The roles of Linux hosts as aspects: their settings read out of `meta/argument_specs.yml`, once per process.

The types made here are attributes of this module, made when they are first asked for, so that their values pickle.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting
from fleetctl.resources import folder

HOST_KINDS: Final = frozenset({Kind.NVR, Kind.KIOSK, Kind.DESK})
_WORD: Final = re.compile(r"[a-z_]+")
_PLAIN: Final[Mapping[str, Any]] = {"bool": bool, "int": int, "float": float, "str": str, "path": str}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One variable of a role without the role's name in front, as its argument_specs describe it."""

    name: str
    type: str
    elements: str
    choices: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """One role with a playbook of its own name: which kinds of hosts have it, and what may be set."""

    name: str
    doc: str
    kinds: frozenset[Kind]
    options: tuple[Option, ...]
    disruption: Disruption
    applied_by: str

    @property
    def offered(self) -> frozenset[str]:
        """The fields it can set."""
        return frozenset(option.name for option in self.options)


@lru_cache(maxsize=1)
def roles() -> Mapping[str, Role]:
    """Return the roles by name; one without a playbook is no aspect. Raises ValueError for what is no role."""
    found = (_role(path.parent.parent) for path in sorted(folder("roles").glob("*/meta/argument_specs.yml")))
    return {role.name: role for role in found if role is not None}


def play_of(role: str) -> Mapping[str, Any]:
    """Return the play that the role's own playbook holds; raises FileNotFoundError."""
    told = _yaml(folder("playbooks") / f"{role}.yml")
    play: Mapping[str, Any] = told[0]
    return play


def _yaml(path: Path) -> Any:
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 safe


def _role(path: Path) -> Role | None:
    try:
        play = play_of(path.name)
    except FileNotFoundError:
        return None
    specs = _yaml(path / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    more = path / "meta" / "fleetctl.yml"
    told = _yaml(more) if more.exists() else {}
    named = {word for word in _WORD.findall(str(play["hosts"])) if word in set(Kind)}
    return Role(
        name=path.name,
        doc=specs["short_description"],
        kinds=frozenset(Kind(word) for word in named) or HOST_KINDS,
        options=tuple(_options(path.name, specs.get("options", {}))),
        disruption=Disruption[str(told.get("interrupts", "service")).upper()],
        applied_by=str(told.get("applied_by", "apply")),
    )


def _options(role: str, specs: Mapping[str, Any]) -> Iterator[Option]:
    for variable, told in specs.items():
        if variable.startswith(f"{role}_"):  # others are settings of another aspect that this role carries out as well
            doc = told.get("description", "")
            yield Option(
                name=variable.removeprefix(f"{role}_"),
                type=str(told.get("type", "str")),
                elements=str(told.get("elements", "")),
                choices=tuple(str(choice) for choice in told.get("choices", ())),
                doc=(doc if isinstance(doc, str) else " ".join(doc)).rstrip("."),
            )


# --- as aspects -----------------------------------------------------------------------------------


def aspect(role: Role, shared: Aspect | None) -> Aspect:
    """Return the role as an aspect of hosts; with an aspect of its name its type is that one's, and more."""
    made = getattr(_here(), _type_name(role.name)) if shared is None or _more(role, shared.type) else shared.type
    return Aspect(
        name=role.name,
        type=made,
        kinds=frozenset(),
        host_kinds=role.kinds,
        disruption=role.disruption if shared is None else max(shared.disruption, _told(role)),
        doc=role.doc,
        after=() if shared is None else shared.after,
        applied_by=role.applied_by,
    )


def _told(role: Role) -> Disruption:
    return role.disruption if (folder("roles") / role.name / "meta" / "fleetctl.yml").exists() else Disruption.NONE


def _here() -> Any:
    import fleetctl.catalog.roles as module

    return module


def _type_name(role: str) -> str:
    return f"{''.join(part.capitalize() for part in role.split('_'))}Role"


def _more(role: Role, base: type[Any]) -> list[Option]:
    """Return the options that an aspect's type does not have; layers of keyed fields and `exclusive` are not more."""
    has = {field.name for field in dataclasses.fields(base)}
    layers = {f"{name}{level}" for name in has for level in ("_area", "_site", "_host")} | {"exclusive"}
    return [option for option in role.options if option.name not in has | layers]


def _made(role: Role, base: type[Any] | None) -> type[Any]:
    options = role.options if base is None else _more(role, base)
    fields: list[tuple[str, Any, Any]] = []
    for option in options:
        told = setting(option.doc, source=f"role {role.name}")
        fields.append((option.name, _annotation(role, option) | Unset, told))
    return dataclasses.make_dataclass(
        _type_name(role.name),
        fields,
        bases=() if base is None else (base,),
        frozen=True,
        slots=True,
        kw_only=True,
        namespace={"__module__": __name__, "__doc__": f"{role.doc}."},
    )


def _annotation(role: Role, option: Option) -> Any:
    if option.choices and option.type == "str":
        return getattr(_here(), f"{_type_name(role.name)}_{option.name}")
    if option.type == "list":
        return tuple[str, ...] if option.elements in ("str", "path") else Sequence[Any]
    return Mapping[str, Any] if option.type == "dict" else _PLAIN.get(option.type, str)


_TYPES: Final[dict[str, Any]] = {}


def __getattr__(name: str) -> Any:
    """Return the type of a role's settings (`KioskRole`), or of one of them (`KioskRole_rotation`)."""
    if name in _TYPES:
        return _TYPES[name]
    owner, _, option = name.partition("_")
    for role in roles().values() if owner.endswith("Role") else ():
        if _type_name(role.name) == owner:
            found = _choice(name, role, option) if option else _made(role, _bases().get(role.name))
            return _TYPES.setdefault(name, found)
    raise AttributeError(name)


def _choice(name: str, role: Role, option: str) -> Any:
    for each in role.options:
        if each.name == option and each.choices:
            members = {f"C{number}": choice for number, choice in enumerate(each.choices)}
            return enum.StrEnum(name, members, module=__name__)
    raise AttributeError(name)


def _bases() -> Mapping[str, type[Any]]:
    """Return the types of the aspects that bear a role's name."""
    from fleetctl.catalog import device_aspects

    return {name: each.type for name, each in device_aspects().items()}


__all__ = ["HOST_KINDS", "Option", "Role", "aspect", "play_of", "roles"]
