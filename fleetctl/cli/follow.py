"""A run from its first event to its exit code: watched on the terminal, summed up, printed, reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from fleetctl.cli.context import Context
from fleetctl.cli.progress import watched
from fleetctl.errors import NotRecorded
from fleetctl.model import Event, Finished, Outcome, Planned, Started
from fleetctl.reports import jsonlines
from fleetctl.reports.tally import EXIT_FAILED, EXIT_INTERRUPTED, Tally

if TYPE_CHECKING:
    from fleetctl.errors import FleetctlError
    from fleetctl.executor import Stop
    from fleetctl.operations.workspace import Workspace
    from fleetctl.reports.files import Night, Report, Run
    from fleetctl.reports.who import Writers

NIGHTS: Final = 14
"""So many runs are in a report's trend."""


class Followed:
    """One run of `plan`, `apply` or `audit` as a person follows it."""

    def __init__(self, context: Context, workspace: Workspace, command: str, asked: Sequence[str] = ()) -> None:
        """`asked` are the reports, as given; raises UsageError for one that cannot be written."""
        from fleetctl.executor import Stop
        from fleetctl.reports import files

        self.context, self.workspace, self.command = context, workspace, command
        self.reports: list[Report] = [files.parse(report) for report in asked]
        self.begun = datetime.now().astimezone()
        self.stop: Stop = Stop()
        self.tally = Tally(workspace.inventory.devices)
        self.untold: dict[str, str] = {}  # by device: why its log does not tell who changed it
        self.broke: FleetctlError | None = None  # what ended it before its end
        self._midst = self._told = False  # an event of a stream was taken in, and not its end
        self._begun: set[str] = set()  # devices whose work is begun and has not ended
        context.opened.runs.append(self)
        self.more: dict[str, object] = {}  # for the summary in JSON

    @property
    def site_names(self) -> Mapping[str, str]:
        """The sites' names by their keys."""
        return {key: site.name for key, site in self.workspace.inventory.sites().items()}

    def take(self, events: Iterable[Event], total: int, title: str) -> list[Planned]:
        """Take in a stream of events to its end; returns the plans among them."""
        self.workspace.unlock()

        def tallied() -> Iterator[Event]:
            for event in events:
                self.tally.add(event)
                self._midst = True
                if isinstance(event, Started):
                    self._begun.add(event.device)
                elif isinstance(event, Finished):
                    self._begun.discard(event.device)
                yield event

        def standing(device: str) -> Outcome:
            return self.tally.devices[device].outcome

        seen = watched(self.context, tallied(), total, title, self.command, standing)
        plans = [event for event in seen if isinstance(event, Planned)]
        self._midst = False
        return plans

    def stopped(self) -> bool:
        """Whether the run was ended before its end."""
        return self.stop.requested

    def broken_off_by(self, error: FleetctlError) -> bool:
        """Return whether an error ended this run in its midst: then what it has done and found by now is to be told.

        So it is with whatever ends its stream of events, and with a store that cannot be written at any time.
        """
        return bool(self.tally.devices) and not self._told and (self._midst or isinstance(error, NotRecorded))

    def broken_off(self, error: FleetctlError) -> int:
        """Tell what was done and found before an error ended the run; what had not ended is interrupted."""
        self.broke = error
        for name, record in self.tally.devices.items():
            if record.finished is None or name in self._begun:
                record.finished = Outcome.INTERRUPTED
        return self.finish()

    @property
    def exit_code(self) -> int:
        """The run's exit code: 130 where a person ended it; a run that stopped itself has failed."""
        if self.stop.by_person:
            return EXIT_INTERRUPTED
        if self.broke is not None:
            return EXIT_FAILED
        code = self.tally.exit_code()
        return EXIT_FAILED if code == EXIT_INTERRUPTED and self.stop.requested else code

    def finish(self, *, changes: bool = True) -> int:
        """Print the result and write the reports; returns the exit code. `changes`: print what differs, too."""
        from fleetctl.cli import show

        self._told = True
        context, code = self.context, self.report(self.exit_code)
        if context.json:
            more = {"stopped": self.stop.reason, **self.more}
            if self.broke is not None:
                context.screen.out(jsonlines.error(self.broke))
            for line in jsonlines.run(self.command, self.tally, code, self._writers(), **more):
                context.screen.out(line)
        else:
            if changes:
                show.changes(context, self.tally.devices.values(), self.site_names, self.command)
            show.rest(context, self.tally, self.command, self.site_names)
        if self.broke is not None:
            context.screen.talk(context.say("The run broke off: {error}", error=context.say.error(self.broke)))
            if isinstance(self.broke, NotRecorded):
                context.screen.talk(context.say("What is told here is not all on record."))
        if self.stop.reason:
            context.screen.talk(context.say("Ended early: {reason}", reason=context.say.reason(self.stop.reason)))
        return code

    def _nights(self) -> tuple[Night, ...]:
        """Return the last runs of this command over as many devices, this one the last."""
        from fleetctl.reports.files import Night
        from fleetctl.reports.past import outcomes

        devices = str(len(self.tally.devices))
        runs = self.workspace.journal.runs(kind=self.command, last=NIGHTS * 10)
        whole = [run for run in runs if run.ended is not None and run.args.get("devices") == devices]
        return tuple(
            Night(ended=run.ended.astimezone(), outcomes=outcomes(run)) for run in reversed(whole[:NIGHTS]) if run.ended
        )

    def _writers(self) -> Writers:
        """Return who changed what has drifted, as far as the devices' own logs told it at any time."""
        from fleetctl.reports.who import writers

        if self.command != "audit":
            return {}
        return writers(self.workspace.store.drift(lasting=True, devices=tuple(self.tally.devices)))

    def report(self, code: int) -> int:
        """Write the reports that were asked for; returns the exit code, 1 where one could not be written."""
        if not self.reports:
            return code
        from fleetctl.reports import files

        run = files.Run(
            command=self.command,
            tally=self.tally,
            exit_code=code,
            say=self.context.say,
            begun=self.begun,
            ended=datetime.now().astimezone(),
            site_names=self.site_names,
            inventory=str(self.workspace.inventory_root),
            nights=self._nights(),
            changed_by=self._writers(),
            untold=self.untold,
            more={"stopped": self.stop.reason, **self.more},
        )
        failed = self._written(self.reports, run)
        if not failed or code == EXIT_INTERRUPTED:
            return code
        if code != EXIT_FAILED:  # those that are there tell the exit code, too
            self._written([each for each in self.reports if each not in failed], replace(run, exit_code=EXIT_FAILED))
        return EXIT_FAILED

    def _written(self, reports: Iterable[Report], run: Run) -> list[Report]:
        """Write reports and tell of each; returns those that could not be written."""
        from fleetctl.reports import files

        failed = []
        for report in reports:
            try:
                files.write(report, run)
            except OSError as error:  # a full disk: the result is on record, and printed
                failed.append(report)
                told = self.context.say(
                    "{path}: the report could not be written: {error}", path=report.path, error=error
                )
            else:
                told = self.context.say("Report: {path}", path=report.path)
            self.context.screen.talk(told)
        return failed
