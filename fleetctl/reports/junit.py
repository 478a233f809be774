"""A run as JUnit XML, for CI: a suite for each site, a case for each aspect of each device.

Drift and what failed is a `failure`; what could not be told or reached an `error`; waived and unsupported `skipped`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from fleetctl.model import Outcome
from fleetctl.reports.files import Run
from fleetctl.reports.language import Language
from fleetctl.reports.tally import AspectRecord, DeviceRecord
from fleetctl.reports.values import clean, setting_name, shown
from fleetctl.reports.who import Writers, changed_by

_FAILURE: Final = frozenset({Outcome.PENDING, Outcome.NOT_APPLIED, Outcome.STALE, Outcome.FAILED})
_SKIPPED: Final = frozenset({Outcome.WAIVED, Outcome.UNSUPPORTED})
_GOOD: Final = frozenset({Outcome.UNCHANGED, Outcome.CHANGED})
_ENGLISH: Final = Language("en")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def document(run: Run) -> str:
    """Return the document; names and words are English, as in all machine output."""
    root = etree.Element("testsuites", name=f"fleetctl {run.command}")
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for site, records in run.tally.sites().items():
        suite = etree.SubElement(root, "testsuite", name=_text(site or "no site"))
        counts = dict.fromkeys(totals, 0)
        for record in records:
            for part in _parts(record):
                counts["tests"] += 1
                if kind := _case(suite, site, record, part, run.changed_by):
                    counts[kind] += 1
        seconds = sum(record.duration_s for record in records)
        for name, n in counts.items():
            suite.set(name, str(n))
            totals[name] += n
        suite.set("time", f"{seconds:.3f}")
        suite.set("timestamp", run.begun.strftime("%Y-%m-%dT%H:%M:%S"))
    for name, n in totals.items():
        root.set(name, str(n))
    text: str = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n{text}"


def _parts(record: DeviceRecord) -> Iterator[AspectRecord]:
    """Yield what there is to tell of a device: as a whole where something ended it, and its aspects."""
    if record.whole is not None or not list(record.aspects()):
        reason = (record.whole.reason if record.whole else "") or record.reason
        outcome = record.whole.outcome if record.whole else record.outcome
        yield AspectRecord(aspect="", outcome=outcome, reason=reason)
    yield from record.aspects()


def _case(suite: etree._Element, site: str, record: DeviceRecord, part: AspectRecord, by: Writers) -> str:
    """Add a case; returns which count it goes to, "" for one that passes."""
    name = f"{record.name}.{part.aspect}" if part.aspect else record.name
    case = etree.SubElement(suite, "testcase", classname=_text(f"{site}.{record.name}"), name=_text(name))
    case.set("time", f"{record.duration_s if not part.aspect else 0:.3f}")
    if part.outcome in _GOOD:
        return ""
    tag, count = _tag(part.outcome)
    lines = [f"{setting_name(c)}: {shown(c.before)}, expected {shown(c.after)}" for c in part.changes]
    who = (changed_by(_ENGLISH, by.get((record.name, setting_name(c)), ())) for c in part.changes)
    message = _text(part.reason or (lines[0] if lines else part.outcome.value))
    told = etree.SubElement(case, tag, message=message)
    if tag != "skipped":
        told.set("type", part.outcome.value)
        told.text = _text("\n".join((*lines, *dict.fromkeys(filter(None, who)))) or message)
    return count


def _tag(outcome: Outcome) -> tuple[str, str]:
    if outcome in _SKIPPED:
        return "skipped", "skipped"
    return ("failure", "failures") if outcome in _FAILURE else ("error", "errors")


def _text(told: str) -> str:
    """Return text that XML can hold: what devices answer is not ours."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", clean(told))
