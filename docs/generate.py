"""Writes the pages of docs/ that say what the code says; a test holds them equal to it.

`python docs/generate.py` writes them all beside this file.
"""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fleetctl import catalog, errors
from fleetctl.cli.main import EXIT_CODES, command_tree
from fleetctl.inventory import VARIABLES
from fleetctl.lab.faults import KNOWN as FAULTS
from fleetctl.model import Aspect, Disruption, Layer, Outcome
from fleetctl.operations.diagnosis import CAUSES
from fleetctl.reports.files import KINDS
from fleetctl.reports.tally import exit_code
from fleetctl.reports.wording import MEANINGS, OUTCOMES, SPECIAL
from fleetctl.standard import variables
from fleetctl.standard.shapes import Shape, Sort, shapes

NOTE: Final = "<!-- Written by docs/generate.py from the code. Edit the code, then run it again. -->\n\n"

CODES: Final[Mapping[int, str]] = {
    0: "As wanted: everything unchanged, changed, waived or unsupported (shown and counted).",
    1: "Something failed: failed, refused, unknown, not applied, stale, or blocked by one of these; or the run "
    "stopped itself because too much failed.",
    2: "The command line, the inventory or the vault is wrong. Nothing was sent.",
    3: "Drift, or changes are pending.",
    4: "Nothing worse than devices that could not be reached.",
    130: "Interrupted by a person.",
}

OTHER_CODES: Final[Mapping[Outcome, str]] = {
    Outcome.BLOCKED: "as what blocked it",
    Outcome.INTERRUPTED: "130; 1 where the run stopped itself",
}

DISRUPTIONS: Final[Mapping[Disruption, str]] = {
    Disruption.NONE: "nothing",
    Disruption.STREAM: "picture and recording pause for seconds",
    Disruption.SERVICE: "a service restarts, sessions drop",
    Disruption.REBOOT: "the device reboots",
    Disruption.REACH: "may cut the way to the device; written last",
}

SORTS: Final[Mapping[Sort, str]] = {
    Sort.BOOL: "true or false",
    Sort.INT: "whole number",
    Sort.FLOAT: "number",
    Sort.STR: "text",
    Sort.STRINGS: "list of texts",
    Sort.LIST: "list",
    Sort.MAPPING: "mapping",
    Sort.KEYED: "mapping by key",
    Sort.SECRET: "in the vault",
}


def table(headings: tuple[str, ...], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, tuple("---" for _ in headings), *rows]
    return "".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |\n" for row in lines
    )


# --- commands -------------------------------------------------------------------------------------


def commands() -> str:
    """Return the page of commands, options and arguments."""
    root: Any = command_tree()
    told = [NOTE, "# Commands\n\n", "Options that stand before the command:\n\n", _options(root), "\n"]
    told.append(
        "`--json` and `--lang` may also stand after the command. Results are on stdout, everything else on stderr.\n"
    )
    for path, command in _commands(root, "fleetctl"):
        told.append(f"\n## {path}\n\n{inspect.cleandoc(command.help or '')}\n\n")
        told.append(f"`{' '.join((path, *_usage(command)))}`\n\n")
        if command.params:
            told.append(_options(command))
        if command.epilog:
            examples = command.epilog.partition(": ")[2].split("    ")
            told.append("\n```sh\n" + "\n".join(examples) + "\n```\n")
        if path == "fleetctl lab break":
            told.append(f"\n{_faults()}")
    told.append(
        f"\n## Kinds of --report\n\n{table(('kind', 'what'), [(f'`{k}`', doc) for k, (doc, _) in KINDS.items()])}"
    )
    return "".join(told)


def _commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        command = group.commands[name]
        if hasattr(command, "commands"):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _usage(command: Any) -> Iterator[str]:
    if any(param.param_type_name == "option" for param in command.params):
        yield "[OPTIONS]"
    yield from (str(param.metavar) for param in command.params if param.param_type_name == "argument")


def _options(command: Any) -> str:
    rows = []
    for param in command.params:
        if param.param_type_name == "argument":
            name = f"`{param.metavar}`"
        else:
            metavar = "" if param.is_flag else f" {param.metavar or 'N'}"
            name = ", ".join(f"`{option}{metavar if option.startswith('--') else ''}`" for option in param.opts)
        default = param.default
        shown = "" if default in (None, False, "", 0) or callable(default) else f" Default: {default}."
        rows.append((name, f"{param.help or ''}{shown}"))
    return table(("option or argument", "what"), rows)


def _faults() -> str:
    rows = []
    for name, (doc, defaults) in FAULTS.items():
        given = (
            f"`{key}={str(value).lower() if isinstance(value, bool) else value}`" for key, value in defaults.items()
        )
        rows.append((f"`{name}`", doc, ", ".join(given)))
    return table(("fault", "what happens", "arguments and their defaults"), rows)


# --- aspects --------------------------------------------------------------------------------------


def aspects() -> str:
    """Return the page of aspects and their settings."""
    registry = catalog.load()
    told = [NOTE, "# Aspects and their settings\n\n"]
    told.append(
        "A setting is an inventory variable `<aspect>_<field>`. What nobody sets is not managed. Measured fields are "
        "shown and judged, never set.\n"
    )
    protocols: dict[str, list[str]] = {}
    for name, protocol in sorted(registry.cells):
        protocols.setdefault(name, []).append(protocol)
    for driver in registry.drivers.values():
        for cell in driver.cells:
            known = protocols.setdefault(cell.aspect, [])
            known += [] if cell.protocol in known else [cell.protocol]
    told += [_aspect(aspect, protocols.get(aspect.name, [])) for aspect in registry.aspects.values()]
    return "".join(told)


def _aspect(aspect: Aspect, protocols: list[str]) -> str:
    told_of = {"": aspect.kinds, "Linux hosts that are ": aspect.host_kinds}
    kinds = "; ".join(who + ", ".join(sorted(kind.value for kind in of)) for who, of in told_of.items() if of)
    told = [f"\n## {aspect.name}\n\n{aspect.doc}.\n\n"]
    told.append(f"- Kinds: {kinds}\n- Writing it interrupts: {DISRUPTIONS[aspect.disruption]}\n")
    if protocols:
        told.append(f"- Protocols: {', '.join(protocols)}\n")
    if aspect.after:
        told.append(f"- Written after: {', '.join(aspect.after)}\n")
    if aspect.applied_by != "apply":
        told.append(f"- Written by: {aspect.applied_by or 'nothing, it is read only'}\n")
    rows = [row for shape in shapes(aspect.type) for row in _rows(aspect, shape)]
    told.append("\n" + table(("variable", "what", "type", "range", "source"), rows))
    keyed = [name for name in variables(aspect) if name.endswith(("_area", "_site", "_host", "_exclusive"))]
    if keyed:
        told.append(f"\nMerged by key, and whether unnamed items are removed: {', '.join(f'`{n}`' for n in keyed)}\n")
    return "".join(told)


def _rows(aspect: Aspect, shape: Shape) -> Iterator[tuple[str, ...]]:
    name = f"`{aspect.name}_{shape.name}`"
    if shape.setting.observed:
        name += " (measured)"
    yield _row(name, shape)
    for field in shape.fields:
        yield _row(f"`{aspect.name}_{shape.name}.<key>.{field.name}`", field)


def _row(name: str, shape: Shape) -> tuple[str, ...]:
    told = shape.setting
    sort = " or ".join(f"`{c.value}`" for c in shape.choices) if shape.sort is Sort.CHOICE else SORTS[shape.sort]
    if told.unit:
        sort += f", {told.unit}"
    bounds = [
        f"{word} {bound:g}" for word, bound in (("from", told.minimum), ("to", told.maximum)) if bound is not None
    ]
    if told.pattern:
        bounds.append(f"`{told.pattern}`")
    return name, told.doc, sort, " ".join(bounds), told.source


# --- outcomes, exit codes, errors -------------------------------------------------------------------


def outcomes() -> str:
    """Return the page of outcomes and exit codes."""
    rows = []
    for outcome in sorted(Outcome, key=lambda o: o.rank):
        others = "".join(f"; {word} in `{command}`" for (command, o), word in SPECIAL.items() if o is outcome)
        code = OTHER_CODES.get(outcome, str(exit_code([outcome])))
        rows.append((f"`{outcome.value}`", OUTCOMES[outcome] + others, MEANINGS[outcome], code))
    return (
        f"{NOTE}# Outcomes and exit codes\n\n"
        "Each aspect of each device ends with one outcome; the worst of them stands for the device. Best first:\n\n"
        f"{table(('in JSON', 'on the screen', 'meaning', 'exit code'), rows)}\n"
        "## Exit codes\n\nWhere several apply: 130, 1, 3, 4, 0. The code is also in the last JSON line.\n\n"
        f"{table(('code', 'meaning'), [(f'`{code}`', doc) for code, doc in CODES.items()])}"
    )


def error_page() -> str:
    """Return the page of errors."""
    rows = []
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.FleetctlError) and kind is not errors.FleetctlError:
            code = next(code for base, code in EXIT_CODES if issubclass(kind, base))
            first = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0]
            rows.append((f"`{name}`", first, str(code)))
    tree = inspect.cleandoc(errors.__doc__ or "").partition("\n\n")[2]
    return (
        f"{NOTE}# Errors\n\nA message says what, where and how to mend. Its kind says what one may do next; with "
        "`--json` it is the field `error` of a line of type `error`.\n\n"
        f"{table(('error', 'meaning', 'exit code when it ends a command'), rows)}\n```text\n{tree}\n```\n"
    )


# --- inventory variables ----------------------------------------------------------------------------


def inventory_variables() -> str:
    """Return the page of inventory variables that are not settings."""
    rows = [
        (
            f"`{known.name}`",
            known.doc,
            known.form.value + (f", {known.minimum} to {known.maximum}" if known.maximum else ""),
            known.default,
        )
        for known in VARIABLES
    ]
    return (
        f"{NOTE}# Inventory variables\n\nBesides the settings (see [aspects](aspects.md)) and Ansible's own variables, "
        f"fleetctl knows these.\n\n{table(('variable', 'what', 'form', 'default'), rows)}"
    )


# --- what can be wrong at a site ------------------------------------------------------------------


def causes() -> str:
    """Return the page of everything that `site check` can name, layer by layer."""
    told = [NOTE, "# What site check names\n\n"]
    told.append(
        "In the order in which it is looked at; the first that is wrong is told, with the command in the last column. "
        "How to read it: [site work](site-work.md).\n"
    )
    for layer in Layer:
        rows = [
            (f"`{name}`", _worded(each.text), _worded(each.mend), f"`{_worded(each.command)}`")
            for name, each in CAUSES.items()
            if each.layer is layer
        ]
        told.append(f"\n## {layer.value}\n\n{table(('cause', 'what', 'what a person does', 'command'), rows)}")
    return "".join(told)


def _worded(told: str) -> str:
    names = {name: name.upper() for _, name, _, _ in string.Formatter().parse(told) if name}
    return told.format(**names | {"via": " --via-switch" if "via" in names else ""})


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "commands.md": commands,
    "aspects.md": aspects,
    "outcomes-and-exit-codes.md": outcomes,
    "errors.md": error_page,
    "site-causes.md": causes,
    "inventory-variables.md": inventory_variables,
}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        path = Path(__file__).parent / name
        path.write_text(page(), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
