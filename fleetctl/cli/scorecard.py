"""`fleetctl standard scorecard` and `gaps`: the communes ranked, and what would have to be bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fleetctl.cli.context import Context, context
from fleetctl.cli.selectors import Limit
from fleetctl.cli.standard import Packs, judged
from fleetctl.errors import UsageError
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_INTERRUPTED, EXIT_OK

if TYPE_CHECKING:
    from fleetctl.operations.prices import Price
    from fleetctl.operations.scorecard import Purchase, Score
    from fleetctl.reports.language import Language

Xlsx = Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="Also write a workbook.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Examples: fleetctl standard scorecard    "
        "fleetctl standard scorecard --pack ban-mot-cua --xlsx scores.xlsx"
    )(scorecard)
    app.command(epilog="Example: fleetctl standard gaps --prices prices.csv --xlsx plan.xlsx")(gaps)


def scorecard(ctx: typer.Context, limit: Limit = "", pack: Packs = None, xlsx: Xlsx = None) -> int:
    """Rank the sites by how far they meet requirement packs, with the change since the last time. Reads only."""
    from fleetctl.operations import scorecard as operation

    told = context(ctx)
    _writable(xlsx)
    workspace, seen = judged(told, limit, pack or ())
    if seen.interrupted:
        return EXIT_INTERRUPTED
    rows = operation.scores(workspace, seen.packs, seen.found)
    if told.json:
        for row in rows:
            told.screen.out(jsonlines.line("score", _score(row)))
        told.screen.out(jsonlines.summary("standard scorecard", EXIT_OK, sites=len(rows)))
    else:
        _print_scores(told, rows)
    if xlsx is not None:
        say = told.say
        heads = [
            say("Rank"),
            say("Area"),
            say("Site"),
            say("Name"),
            say("Score"),
            say("Change"),
            say("Met"),
            say("Judged"),
        ]
        cells = [[r.rank, r.area, r.site, r.name, r.score, r.change, r.met, r.judged] for r in rows]
        _write(told, xlsx, [(say("Scorecard"), heads, cells)])
    return EXIT_OK


def _score(row: Score) -> dict[str, Any]:
    import dataclasses

    return {**dataclasses.asdict(row), "change": row.change}


def _print_scores(told: Context, rows: Sequence[Score]) -> None:
    from fleetctl.cli.screen import table

    say, right = told.say, {"justify": "right"}
    made = table(
        (say("Rank"), right),
        say("Area"),
        say("Site"),
        (say("Score"), right),
        (say("Change"), right),
        (say("Met"), right),
    )
    for row in rows:
        change = "-" if row.change is None else f"{row.change:+.1%}" if row.change else "="
        site = f"{row.name} ({row.site})" if row.name != row.site else row.site
        made.add_row(str(row.rank), row.area, site, f"{row.score:.1%}", change, f"{row.met}/{row.judged}")
    told.screen.table(made)


def gaps(
    ctx: typer.Context,
    limit: Limit = "",
    pack: Packs = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="Price list, CSV or XLSX: item, name, unit_price, phase."),
    ] = None,
    xlsx: Xlsx = None,
) -> int:
    """Tell what is missing or must be replaced at each site: a purchase plan by phase. Reads only."""
    from fleetctl.operations import prices as price_list
    from fleetctl.operations import scorecard as operation

    told = context(ctx)
    _writable(xlsx)
    known = price_list.read(prices) if prices is not None else {}
    workspace, seen = judged(told, limit, pack or ())
    if seen.interrupted:
        return EXIT_INTERRUPTED
    rows = operation.purchases(workspace, seen.found, seen.plans, known)
    without = sorted({row.item for row in rows if row.price is None})
    cost = sum(row.cost or 0 for row in rows)
    if told.json:
        for row in rows:
            told.screen.out(jsonlines.line("purchase", _purchase(row)))
        told.screen.out(
            jsonlines.summary("standard gaps", EXIT_OK, purchases=len(rows), cost=cost, without_price=without)
        )
    else:
        _print_gaps(told, rows, known, cost)
        if without:
            told.screen.talk(told.say("Without a price: {items}", items=", ".join(without)))
    if xlsx is not None:
        _write(told, xlsx, _sheets(told, rows))
    return EXIT_OK


def _purchase(row: Purchase) -> dict[str, Any]:
    return {
        "phase": row.phase,
        "site": row.site,
        "area": row.area,
        "item": row.item,
        "quantity": row.quantity,
        "unit_price": row.price.unit_price if row.price else None,
        "cost": row.cost,
        "requirements": list(row.requirements),
        "subjects": list(row.subjects),
    }


def _name(say: Language, row: Purchase) -> str:
    """Return an item as the price list calls it; of one that is not there also the word by which it would be."""
    if row.price:
        return row.price.name
    from fleetctl.reports.wording import ITEMS

    name = say(ITEMS[row.item]) if row.item in ITEMS else row.item
    return name if name == row.item else f"{name} ({row.item})"


def _print_gaps(told: Context, rows: Sequence[Purchase], known: Mapping[str, Price], cost: int) -> None:
    from fleetctl.cli.screen import table

    say, right = told.say, {"justify": "right"}
    if not rows:
        told.screen.out(say("Nothing is missing that would have to be bought."))
        return
    made = table(
        (say("Phase"), right),
        say("Area"),
        say("Site"),
        say("Item"),
        (say("Quantity"), right),
        (say("Cost"), right),
        say("For"),
    )
    for row in rows:
        price = "-" if row.cost is None else f"{row.cost:,}"
        site = f"{row.site_name} ({row.site})" if row.site_name != row.site else row.site
        what = (_name(say, row), str(row.quantity), price, ", ".join(row.requirements))
        made.add_row(str(row.phase), row.area, site, *what)
    told.screen.table(made)
    if known:
        told.screen.out(say("Together: {cost}", cost=f"{cost:,}"))


def _sheets(told: Context, rows: Sequence[Purchase]) -> list[tuple[str, Sequence[str], list[list[Any]]]]:
    """Return the sheets of a purchase plan: all phases summed by item, then each phase."""
    say = told.say
    heads = [
        say("Area"), say("Site"), say("Name"), say("Item"), say("Quantity"), say("Unit price"), say("Cost"), say("For")
    ]  # fmt: skip
    sums: dict[tuple[int, str], list[Any]] = {}
    phases: dict[int, list[list[Any]]] = {}
    for row in rows:
        unit = row.price.unit_price if row.price else None
        told_for = ", ".join([*row.requirements, *row.subjects])
        phases.setdefault(row.phase, []).append(
            [row.area, row.site, row.site_name, _name(say, row), row.quantity, unit, row.cost, told_for]
        )
        line = sums.setdefault((row.phase, row.item), [row.phase, _name(say, row), 0, unit, None])
        line[2] += row.quantity
        line[4] = None if row.cost is None else (line[4] or 0) + row.cost
    summary = [say("Phase"), say("Item"), say("Quantity"), say("Unit price"), say("Cost")]
    made = [(say("Summary"), summary, [sums[key] for key in sorted(sums)])]
    return made + [(say("Phase {n}", n=phase), heads, phases[phase]) for phase in sorted(phases)]


def _writable(path: Path | None) -> None:
    if path is not None and not path.absolute().parent.is_dir():
        raise UsageError(f"--xlsx {path}: there is no folder {path.parent}. Make it first: mkdir -p {path.parent}")


def _write(told: Context, path: Path, sheets: Sequence[tuple[str, Sequence[str], list[list[Any]]]]) -> None:
    from fleetctl import files
    from fleetctl.reports.xlsx import Sheet, workbook

    try:
        files.replace(path, workbook(Sheet(*each) for each in sheets))
    except OSError as error:
        raise UsageError(f"--xlsx {path} cannot be written: {error.strerror}") from None
    told.screen.talk(told.say("Report: {path}", path=path))
