"""A run as a textfile for Prometheus' node exporter: counts by site, kind and outcome, and each device's standing.

No timestamps: the exporter's `node_textfile_mtime_seconds` tells when it was written. The inventory bounds the labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from fleetctl.model import Outcome
from fleetctl.reports.files import Run

_UNSEEN: Final = frozenset({Outcome.UNREACHABLE, Outcome.INTERRUPTED, Outcome.BLOCKED})
Labels = tuple[tuple[str, str], ...]


def textfile(run: Run) -> str:
    """Return the metrics of a run, ordered, with a line break at the end."""
    devices: Counter[Labels] = Counter()
    settings: Counter[Labels] = Counter()
    up: dict[Labels, float] = {}
    clocks: dict[Labels, float] = {}
    held: dict[Labels, float] = {}
    for site, records in run.tally.sites().items():
        for record in records:
            where = (("site", site), ("kind", record.kind.value))
            devices[(*where, ("outcome", record.outcome.value))] += 1
            settings[where] += sum(len(aspect.changes) for aspect in record.aspects())
            device: Labels = (("device", record.name), *where)
            up[device] = float(record.outcome not in _UNSEEN)
            if (error := record.number("time", "clock_error_s")) is not None:
                clocks[device] = error
            if (days := record.number("retention", "holds_days")) is not None:
                held[device] = days
    command: Labels = (("command", run.command),)
    parts = [
        _metric("fleetctl_devices", "Devices by how they ended in the last run.", devices),
        _metric("fleetctl_settings_not_as_expected", "Settings that differ, by site and kind.", settings),
        _metric("fleetctl_device_up", "1 if the device answered in the last run.", up),
        _metric("fleetctl_clock_offset_seconds", "By how much the device's clock is wrong.", clocks),
        _metric("fleetctl_recordings_held_days", "Days of recordings that the recorder holds.", held),
        _metric("fleetctl_exit_code", "Exit code of the last run.", {command: run.exit_code}),
        _metric(
            "fleetctl_run_duration_seconds",
            "How long the last run took.",
            {command: (run.ended - run.begun).total_seconds()},
        ),
        _metric(
            "fleetctl_last_run_timestamp_seconds",
            "When the last run ended.",
            {command: int(run.ended.timestamp())},
        ),
    ]
    return "".join(parts)


def _metric(name: str, meaning: str, samples: Mapping[Labels, float]) -> str:
    lines = [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
    lines += [f"{name}{{{_labels(labels)}}} {_number(value)}" for labels, value in sorted(samples.items())]
    return "\n".join(lines) + "\n"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.3f}"
