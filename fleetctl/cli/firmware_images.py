"""`fleetctl firmware add` and `list`: the catalogue of images. Asks no device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fleetctl.cli.context import context
from fleetctl.reports.tally import EXIT_OK


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog="Example: fleetctl firmware add digicap.bin --vendor hikvision --model DS-2CD2143G2-I "
        "--version V5.7.18 --build 240826 --sha256 9f86d0..."
    )(add)
    app.command("list", epilog="Example: fleetctl firmware list")(list_)


def add(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The image as its maker publishes it.")],
    vendor: Annotated[str, typer.Option("--vendor", help="Its maker, as in the inventory.")] = "",
    model: Annotated[
        list[str] | None, typer.Option("--model", help="A model that its maker lists for it; repeatable.")
    ] = None,
    version: Annotated[str, typer.Option("--version", help="The version that a device tells afterwards.")] = "",
    build: Annotated[str, typer.Option("--build", help="The build, where its maker counts builds.")] = "",
    hardware: Annotated[
        list[str] | None, typer.Option("--hardware", help="A hardware line it is for; none: all of those models.")
    ] = None,
    oem: Annotated[str, typer.Option("--oem", help="OEM code, where it is for one brand.")] = "",
    region: Annotated[str, typer.Option("--region", help="Region it is for.")] = "",
    language: Annotated[str, typer.Option("--language", help="Language it is for.")] = "",
    min_from: Annotated[
        str, typer.Option("--min-from", metavar="VERSION", help="Oldest version that may go to it in one step.")
    ] = "",
    needs_reset: Annotated[
        bool, typer.Option("--needs-reset", help="Its maker asks for a factory reset: only told, never done.")
    ] = False,
    origin: Annotated[str, typer.Option("--origin", metavar="URL", help="Where it is from.")] = "",
    notes: Annotated[str, typer.Option("--notes", metavar="TEXT", help="What is to be known of it.")] = "",
    sha256: Annotated[str, typer.Option("--sha256", help="The checksum that its maker publishes; must agree.")] = "",
) -> int:
    """Take an image into the catalogue."""
    from fleetctl.cli import firmware_tables
    from fleetctl.operations.firmware import steps

    told = context(ctx)
    fields = {
        "vendor": vendor.strip().lower(),
        "models": tuple(model or ()),
        "version": version,
        "build": build,
        "hardware": tuple(hardware or ()),
        "oem": oem,
        "region": region,
        "language": language,
        "min_from": min_from,
        "needs_reset": needs_reset,
        "origin": origin,
        "notes": notes,
    }
    image = steps.add(told.open(), file, fields, expected_sha256=sha256)
    firmware_tables.images(told, [image], "firmware add")
    return EXIT_OK


def list_(ctx: typer.Context) -> int:
    """List the images of the catalogue."""
    from fleetctl.cli import firmware_tables
    from fleetctl.operations.firmware import steps

    told = context(ctx)
    firmware_tables.images(told, steps.catalogue(told.open()).images(), "firmware list")
    return EXIT_OK
