"""Which variables are settings, and what form each has: made from the aspects, which are handed in."""

from __future__ import annotations

import dataclasses
import difflib
import enum
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final

from fleetctl.inventory.variables import BY_NAME
from fleetctl.model import Aspect, FrozenMap, Unset, setting_of

LEVELS: Final = ("_area", "_site", "_host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One settings variable: its aspect and field, and the simple types it takes ("text", "number", ...)."""

    name: str
    aspect: str
    field: str
    form: str  # "text", "whole", "number", "flag", "list", "keyed"
    observed: bool = False
    items: Mapping[str, str] = FrozenMap()  # keyed: form of each field of an item


@dataclass(frozen=True, slots=True)
class Schema:
    """All settings variables of the aspects, by name."""

    settings: Mapping[str, Setting]
    aspects: Mapping[str, Aspect]

    def aspect_of(self, name: str) -> str:
        """Return the aspect whose prefix a variable bears, "" if none; the longest prefix counts."""
        at = name.rfind("_")
        while at > 0:
            if name[:at] in self.aspects:
                return name[:at]
            at = name.rfind("_", 0, at)
        return ""

    def near(self, name: str) -> str:
        """Return the known variable a misspelt one probably means, or ""."""
        aspect = self.aspect_of(name)
        own = [known for known in self.settings if self.settings[known].aspect == aspect]
        found = difflib.get_close_matches(name, own, 1, 0.6) or difflib.get_close_matches(
            name, [*self.settings, *BY_NAME], 1, 0.75
        )
        return found[0] if found else ""


def schema_of(aspects: Mapping[str, Aspect]) -> Schema:
    """Return the schema of these aspects."""
    settings: dict[str, Setting] = {}
    for aspect in aspects.values():
        hints = typing.get_type_hints(aspect.type)
        keyed = False
        for field in dataclasses.fields(aspect.type):
            form, items = _form(hints[field.name])
            keyed = keyed or form == "keyed"
            observed = setting_of(field).observed
            for level in ("", *LEVELS) if form == "keyed" else ("",):
                name = f"{aspect.name}_{field.name}{level}"
                settings[name] = Setting(
                    name=name, aspect=aspect.name, field=field.name, form=form, observed=observed, items=items
                )
        if keyed:
            name = f"{aspect.name}_exclusive"
            settings[name] = Setting(name=name, aspect=aspect.name, field="exclusive", form="flag")
    return Schema(settings, {aspect.name: aspect for aspect in aspects.values()})


def _form(hint: Any) -> tuple[str, Mapping[str, str]]:
    """Return the form of a field's type, and for a keyed field the forms of its items' fields."""
    types = [each for each in (typing.get_args(hint) if _is_union(hint) else (hint,)) if each is not Unset]
    hint = types[0]
    origin = typing.get_origin(hint)
    if origin is FrozenMap:
        item = typing.get_args(hint)[0]
        if not dataclasses.is_dataclass(item):
            return "keyed", FrozenMap()
        hints = typing.get_type_hints(item)
        return "keyed", FrozenMap({each.name: _form(hints[each.name])[0] for each in dataclasses.fields(item)})
    if origin is tuple:
        return "list", FrozenMap()
    if isinstance(hint, type) and issubclass(hint, (str, enum.Enum)):
        return "text", FrozenMap()
    return {bool: "flag", int: "whole", float: "number"}.get(hint, "other"), FrozenMap()


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in (UnionType, typing.Union)
