"""Writes what the roles of `roles/` say about themselves from one truth each; a test holds them equal to it.

`meta/argument_specs.yml` describes every variable and its default. Between `# shared: ASPECT [FIELD ...]` and
`# end shared` stand the settings that hosts share with devices: those lines come from the aspect's dataclass.
From the finished file come `defaults/main.yml` and `README.md`. `python docs/roles.py` writes them all.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.model import Aspect
from fleetctl.standard.shapes import EXCLUSIVE, Shape, Sort, settable

ROLES: Final = Path(__file__).resolve().parent.parent / "roles"
NOTE: Final = "Written by docs/roles.py from meta/argument_specs.yml. Edit that, then run it again."
WIDTH: Final = 110
_SHARED: Final = re.compile(r"( *)# shared: (\w+)((?: \w+)*)\n.*?( *# end shared\n)", re.DOTALL)
_TYPES: Final[Mapping[Sort, tuple[str, ...]]] = {
    Sort.BOOL: ("type: bool",),
    Sort.INT: ("type: int",),
    Sort.FLOAT: ("type: float",),
    Sort.STR: ("type: str",),
    Sort.STRINGS: ("type: list", "elements: str"),
    Sort.KEYED: ("type: dict",),
}


def roles() -> tuple[Path, ...]:
    """Return the folders of the roles."""
    return tuple(sorted(path.parent.parent for path in ROLES.glob("*/meta/argument_specs.yml")))


def files(role: Path) -> Iterator[tuple[Path, str]]:
    """Yield each written file of a role and what it should hold."""
    path = role / "meta" / "argument_specs.yml"
    specs = specification(path.read_text(encoding="utf-8"))
    main = yaml.safe_load(specs)["argument_specs"]["main"]
    yield path, specs
    yield role / "defaults" / "main.yml", _defaults(main["options"])
    yield role / "README.md", _readme(role.name, main)


def specification(text: str) -> str:
    """Return the text of an argument_specs.yml with its shared settings as the aspects have them."""

    def shared(found: re.Match[str]) -> str:
        indent, name, fields, end = found.groups()
        aspect: Aspect = importlib.import_module(f"fleetctl.aspects.{name}").ASPECT
        lines = _options(aspect, fields.split())
        return f"{indent}# shared: {name}{fields}\n" + "".join(f"{indent}{line}\n" for line in lines) + end

    return _SHARED.sub(shared, text)


def _options(aspect: Aspect, fields: list[str]) -> Iterator[str]:
    for name, shape in settable(aspect):
        if shape.setting.observed or (fields and shape.name not in fields):
            continue
        yield f"{name}:"
        for line in _TYPES.get(shape.sort, ("type: str",)):
            yield f"  {line}"
        if shape.choices:
            yield f"  choices: [{', '.join(choice.value for choice in shape.choices)}]"
        yield "  required: false"
        yield f"  description: {_quoted(_told(name, shape))}"


def _told(name: str, shape: Shape) -> str:
    told = shape.setting.doc
    for layer, words in (("_area", "the area's"), ("_site", "the site's"), ("_host", "the host's own")):
        if name.endswith(layer) and shape.sort is Sort.KEYED:
            return f"{words} items, merged by key over those before"
    if shape is not EXCLUSIVE and shape.sort is Sort.KEYED:
        told += "; of each: " + ", ".join(f"{field.name} ({_item(field)})" for field in shape.fields)
    return told + (f", {shape.setting.unit}" if shape.setting.unit else "")


def _item(field: Shape) -> str:
    return " or ".join(choice.value for choice in field.choices) if field.choices else field.setting.doc


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _defaults(options: Mapping[str, Any]) -> str:
    kept = {name: told["default"] for name, told in options.items() if "default" in told}
    body = yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=WIDTH) if kept else "{}\n"
    return f"# {NOTE}\n{body}"


def _readme(name: str, main: Mapping[str, Any]) -> str:
    description = main.get("description", [])
    told = [f"<!-- {NOTE} -->\n\n# Role {name}\n\n{main['short_description']}.\n\n"]
    told += [f"{line}\n" for line in ([description] if isinstance(description, str) else description)]
    told.append("\n| variable | what | type | default |\n| --- | --- | --- | --- |\n")
    for variable, option in main["options"].items():
        cells = (f"`{variable}`", _text(option["description"]), _type(option), _default(option))
        told.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return "".join(told)


def _text(description: Any) -> str:
    return description if isinstance(description, str) else " ".join(description)


def _type(option: Mapping[str, Any]) -> str:
    if choices := option.get("choices"):
        return " or ".join(f"`{choice}`" for choice in choices)
    told = str(option["type"])
    return f"{told} of {option['elements']}" if "elements" in option else told


def _default(option: Mapping[str, Any]) -> str:
    if "default" not in option:
        return "must be set" if option.get("required") else "not managed"
    value = option["default"]
    if isinstance(value, str) and value:
        return f"`{' '.join(value.split())}`"
    shown = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=1000)
    return f"`{shown.removesuffix('...' + chr(10)).strip()}`"


def main() -> None:
    """Write every file of every role."""
    for role in roles():
        for path, text in files(role):
            path.parent.mkdir(exist_ok=True)
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
                sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
