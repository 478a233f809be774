"""A run as a table for spreadsheets: one line per difference, and one per aspect where there is none (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fleetctl.model import UNSET
from fleetctl.reports.language import Language
from fleetctl.reports.tally import AspectRecord, DeviceRecord, Tally
from fleetctl.reports.values import setting_name, shown
from fleetctl.reports.who import Writers, changed_by

HEADINGS: Final = (
    "device",
    "kind",
    "site",
    "site_name",
    "aspect",
    "field",
    "key",
    "outcome",
    "actual",
    "expected",
    "reason",
    "place",
    "changed_by",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def sheet(tally: Tally, site_names: Mapping[str, str], by: Writers = MappingProxyType({})) -> str:
    """Return the table, without byte order mark; headings and outcomes are English, as in all machine output."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADINGS)
    for row in rows(tally, site_names, by, Language("en")):
        writer.writerow([_safe(cell) for cell in row])
    return text.getvalue()


def rows(tally: Tally, site_names: Mapping[str, str], by: Writers, say: Language) -> Iterator[Sequence[str]]:
    """Yield the rows under HEADINGS, in the order of sites and devices; who changed it in the reader's language."""
    for site, records in tally.sites().items():
        for record in records:
            for row in _rows(record, by, say):
                yield (record.name, record.kind.value, site, site_names.get(site, ""), *row)


def _rows(record: DeviceRecord, by: Writers, say: Language) -> Iterator[Sequence[str]]:
    whole = record.whole
    aspects = list(record.aspects())
    if whole is not None or not aspects:
        yield ("", "", "", record.outcome.value, "", "", (whole.reason if whole else "") or record.reason, "", "")
    for aspect in aspects:
        yield from _of_aspect(aspect, record.name, by, say)


def _of_aspect(aspect: AspectRecord, device: str, by: Writers, say: Language) -> Iterator[Sequence[str]]:
    for change in aspect.changes:
        yield (
            aspect.aspect,
            change.field,
            change.key,
            aspect.outcome.value,
            shown(change.before),
            shown(change.after),
            aspect.reason,
            str(change.place or ""),
            changed_by(say, by.get((device, setting_name(change)), ())),
        )
    for gap in aspect.gaps:
        reason = f"{gap.reason} (nearest possible: {gap.nearest})" if gap.nearest else gap.reason
        values = ("", "") if gap.before is UNSET else (shown(gap.before), shown(gap.after))
        yield (aspect.aspect, gap.field, gap.key, gap.outcome.value, *values, reason, "", "")
    if not aspect.changes and not aspect.gaps:
        yield (aspect.aspect, "", "", aspect.outcome.value, "", "", aspect.reason, "", "")


def _safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: what devices answer is not ours."""
    if cell.startswith(_FORMULA) and not cell.lstrip("+-").replace(".", "", 1).isdigit() and cell != "-":
        return "'" + cell
    return cell
