"""The command `fleetctl`: global options, the commands, and the one door through which errors leave."""

from __future__ import annotations

import functools
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from fleetctl import __version__
from fleetctl.cli import (
    adopt,
    audit,
    device,
    discover,
    firmware,
    history,
    init,
    inventory,
    lab,
    message,
    password,
    rollout,
    schedule,
    scorecard,
    site,
    standard,
    status,
    waiver,
    watch,
)
from fleetctl.cli.bundled import Bundled
from fleetctl.cli.context import Context, Opened
from fleetctl.cli.screen import Screen
from fleetctl.errors import (
    BadAnswer,
    Busy,
    FleetctlError,
    Interrupted,
    InventoryError,
    NotRecorded,
    Refused,
    Rejected,
    Stale,
    Unreachable,
    Unsupported,
    UsageError,
    VaultError,
)
from fleetctl.reports import jsonlines
from fleetctl.reports.language import LANGUAGES, Language, choose
from fleetctl.reports.tally import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNREACHABLE,
    EXIT_USAGE,
)

EXIT_CODES: Final[tuple[tuple[type[FleetctlError], int], ...]] = (
    (UsageError, EXIT_USAGE),
    (VaultError, EXIT_USAGE),
    (Unreachable, EXIT_UNREACHABLE),
    (Unsupported, EXIT_OK),
    (Interrupted, EXIT_INTERRUPTED),
    (Refused, EXIT_FAILED),
    (Stale, EXIT_FAILED),
    (BadAnswer, EXIT_FAILED),
    (Rejected, EXIT_FAILED),
    (Busy, EXIT_FAILED),
    (NotRecorded, EXIT_FAILED),
)
ORDER: Final = (
    "lab",
    "init",
    "inventory",
    "discover",
    "adopt",
    "plan",
    "apply",
    "audit",
    "watch",
    "status",
    "history",
    "site",
    "device",
    "firmware",
    "password",
    "standard",
    "waiver",
    "message",
    "schedule",
)
HOME_ONLY: Final = ("init", "lab", "schedule", "message")  # commands that a bundle has no use for
COMPLETED: Final = "_TYPER_COMPLETE_ARGS"  # the line that a shell asks to go on with, where it shows what that means
ANYWHERE: Final = ("--json", "--lang")  # global options that may also stand after the command


class InOrder(TyperGroup):
    """Lists the commands in the order in which they are needed."""

    def list_commands(self, ctx: Any) -> list[str]:  # typer does not export the type of its context
        """Return the names, those of ORDER first."""
        names = super().list_commands(ctx)
        return [*(name for name in ORDER if name in names), *(name for name in names if name not in ORDER)]


app = typer.Typer(
    name="fleetctl",
    help="Keeps a city's reception-desk equipment as its inventory says: plan, apply, audit.",
    epilog="First steps: fleetctl lab up, then fleetctl plan. Exit codes: 0 as wanted, 1 something failed, "
    "2 usage or inventory wrong, 3 drift or changes pending, 4 only unreachable devices, 130 interrupted.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,  # rich would cost every call of --help a third of a second
    cls=InOrder,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
for group, name in (
    (lab.app, "lab"),
    (inventory.app, "inventory"),
    (site.app, "site"),
    (device.app, "device"),
    (firmware.app, "firmware"),
    (password.app, "password"),
    (standard.app, "standard"),
    (waiver.app, "waiver"),
    (message.app, "message"),
    (schedule.app, "schedule"),
):
    app.add_typer(group, name=name)
scorecard.register(standard.app)
for module in (init, discover, rollout, audit, watch, adopt, status, history):
    module.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"fleetctl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    inventory_dir: Annotated[
        Path | None,
        typer.Option("--inventory", "-i", metavar="DIR", help="Inventory to use instead of the workspace's own."),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", metavar="DIR", help="Workspace to work in; else the one around this folder."),
    ] = None,
    vault_id: Annotated[
        list[str] | None,
        typer.Option(
            "--vault-id",
            metavar="LABEL@SOURCE",
            help="Where the vault password comes from: a file, a script (NAME-client), keyring or prompt; "
            "else as ansible.cfg says. Repeatable; new files are written with the first.",
        ),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", metavar="FILE", help="Work from the bundle of a site; what is done goes into it."),
    ] = None,
    bundle_key: Annotated[
        Path | None,
        typer.Option("--bundle-key", metavar="FILE", help="File with its passphrase or private key; else asked for."),
    ] = None,
    fleet: Annotated[
        str, typer.Option("--fleet", metavar="KEY", help="Fleet whose bundles this machine opens as well.")
    ] = "",
    lang: Annotated[
        str, typer.Option("--lang", metavar="|".join(LANGUAGES), help="Language of what people read; else the locale.")
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line, the last one a summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every device and every place.")] = False,
    version: Annotated[  # noqa: ARG001  # typer asks for it in the signature
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    if workspace is not None and not workspace.is_dir():
        raise UsageError(f"--workspace {workspace} is not a folder. Make a workspace: fleetctl init {workspace}")
    if bundle is not None and (workspace is not None or inventory_dir is not None):
        raise UsageError("--bundle brings its own inventory: leave --workspace and --inventory out")
    if bundle is not None and ctx.invoked_subcommand in HOME_ONLY:
        raise UsageError(
            f"fleetctl {ctx.invoked_subcommand} is for home, not for the bundle of a site: leave --bundle out"
        )
    say, opened = Language(choose(lang, os.environ)), ctx.obj if isinstance(ctx.obj, Opened) else Opened()
    session = None if bundle is None else Bundled(bundle, bundle_key, fleet, Screen(), say)
    if session is not None:
        opened.bundles.append(session)
    ctx.obj = Context(
        say=say,
        bundle=session,
        opened=opened,
        json=json,
        verbose=verbose,
        inventory=inventory_dir,
        workspace=workspace,
        vault_ids=tuple(vault_id or ()),
    )


@functools.cache
def command_tree(spoken: str = "en") -> Any:  # typer does not export the type of its commands
    """Return all commands, their help in a language; made once, since typer takes 40 ms to read their signatures."""
    tree = typer.main.get_command(app)
    if spoken != "en":
        from fleetctl.cli import helping

        helping.speak(tree, spoken)
    return tree


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; every error fleetctl raises on purpose ends here as a message."""
    ordered = hoisted(arguments)
    screen, json = Screen(), "--json" in ordered
    opened = Opened()
    code = _carried_out(ordered, screen, opened, json=json)
    try:
        for bundle in opened.bundles:
            bundle.close()
    except FleetctlError as error:
        code = _told(error, screen, _language(ordered), json=json)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    return code


def _carried_out(ordered: Sequence[str], screen: Screen, opened: Opened, *, json: bool) -> int:
    """Run the command; what it opens is left in `opened`."""
    code: object
    spoken = _language(ordered).code
    try:
        code = command_tree(spoken).main(list(ordered), prog_name="fleetctl", standalone_mode=False, obj=opened)
    except typer.TyperException as error:
        code = _usage(error, screen, spoken, json=json)
    except typer.Abort:
        code = EXIT_INTERRUPTED
    except FleetctlError as error:
        code = _ended_by(error, screen, opened, _language(ordered), json=json)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    return code if isinstance(code, int) else EXIT_OK


def _ended_by(error: FleetctlError, screen: Screen, opened: Opened, say: Language, *, json: bool) -> int:
    """Tell an error that ended the command; of a run in its midst what it has done and found first."""
    run = next((run for run in opened.runs if run.broken_off_by(error)), None)
    if run is None:
        return _told(error, screen, say, json=json)
    try:
        return run.broken_off(error)
    except FleetctlError as another:
        _told(error, screen, say, json=json)
        if str(another) != str(error):
            _told(another, screen, say, json=json)
        return EXIT_FAILED


def hoisted(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the options of ANYWHERE first; nothing after `--` is touched."""
    given = list(arguments)
    end = given.index("--") if "--" in given else len(given)
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(given[:end])
    for argument in waiting:
        if argument == "--json" or argument.startswith("--lang="):
            first.append(argument)
        elif argument == "--lang":
            first += [argument, *(value for value in (next(waiting, None),) if value is not None)]
        else:
            rest.append(argument)
    return first + rest + given[end:]


def _language(arguments: Sequence[str]) -> Language:
    """Return the language for an error, whatever else is wrong with the arguments."""
    asked = ""
    line = arguments or os.environ.get(COMPLETED, "").split()
    for option, value in zip(line, [*line[1:], ""], strict=False):
        if option == "--lang":
            asked = value
        elif option.startswith("--lang="):
            asked = option.removeprefix("--lang=")
    return Language(choose(asked if asked in LANGUAGES else "", os.environ))


def _usage(error: typer.TyperException, screen: Screen, spoken: str, *, json: bool) -> int:
    """Tell a usage error as typer words it, or in another language."""
    show = getattr(error, "show", None)
    if callable(show) and spoken != "en":
        from fleetctl.cli import helping

        helping.usage(show, spoken, screen)
    elif callable(show):
        show()
    if json:
        screen.out(jsonlines.error(UsageError(error.format_message())))
        screen.out(jsonlines.summary("", EXIT_USAGE))
    return EXIT_USAGE


def _told(error: FleetctlError, screen: Screen, say: Language, *, json: bool) -> int:
    """Tell an error: what, where, how to mend."""
    code = next((code for kind, code in EXIT_CODES if isinstance(error, kind)), EXIT_FAILED)
    if isinstance(error, InventoryError):
        screen.talk(say.error(error))
        n = len(error.faults)
        screen.talk(
            say.many(
                "{n} fault in the inventory; nothing was sent.", "{n} faults in the inventory; nothing was sent.", n
            )
        )
    else:
        screen.talk(f"{say('Error')}: {say.error(error)}")
    if json:
        screen.out(jsonlines.error(error))
        screen.out(jsonlines.summary("", code))
    return code


def run() -> None:
    """Run the command that the shell gave; the entry point."""
    if sys.platform != "linux":
        sys.stderr.write(
            "fleetctl runs on Linux. On Windows use WSL2: `wsl --install -d Debian`, then install it there.\n"
            "Trên Windows hãy dùng WSL2; hướng dẫn: docs/vi/wsl2.md\n"
        )
        sys.exit(EXIT_USAGE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main(sys.argv[1:]))


def _terminated(_number: int, _frame: object) -> None:
    """End as Ctrl-C does when a timer or the system asks for the end."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    run()
