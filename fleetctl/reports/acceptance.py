"""The acceptance record (biên bản nghiệm thu) as a document: the same parts for the page and for the PDF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fleetctl.model import Kind
from fleetctl.reports import wording
from fleetctl.reports.language import N_, Language
from fleetctl.reports.values import clean, shown

GOOD: Final = "pass"
NAMED: Final = 8  # so many subjects that came to the same are named in one cell
SIGNATURES: Final = (
    N_("For the commune or ward"),
    N_("For the installer"),
    N_("For the IT department"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table; `mark` is the verdict that its last cell tells, "" for none."""

    cells: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One numbered part: a sentence, and a table with the widths of its columns (parts of 100)."""

    title: str
    columns: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    rows: tuple[Row, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One camera's picture with what is said of it; `jpeg` None where there is none, for the reason in the caption."""

    camera: str
    caption: str
    jpeg: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole acceptance record in one language."""

    lang: str
    state: tuple[str, str]
    title: str
    place: str
    facts: tuple[tuple[str, str], ...]
    verdict: str
    parts: tuple[Part, ...]
    pictures_title: str
    pictures: tuple[Picture, ...]
    signatures_title: str
    signatures: tuple[str, ...]
    signed: str  # what is written under each place for a signature
    number: str
    digest: str
    digest_label: str
    begun: datetime
    page: str  # with {n}


def document(
    told: Mapping[str, Any],
    digest: str,
    pictures: Mapping[str, bytes],
    wrong: Sequence[tuple[str, str, str]],
    say: Language,
) -> Document:
    """Return the document of a record; `wrong` are device, what is wrong and what mends it."""
    begun = datetime.fromisoformat(told["begun"])
    failing = [each for each in told["requirements"] if each["verdict"] not in (GOOD, "waived", "unsupported")]
    place = f"{clean(told['site_name'])} ({told['site']})"
    number = say("No. {run}", run=told["run"])
    parts = (
        _equipment(told, say),
        _requirements(told, say),
        _cameras(told, say),
        _recorders(told, say),
        _open(told, wrong, failing, say),
    )
    numbered = tuple(
        Part(title=f"{n}. {p.title}", columns=p.columns, widths=p.widths, rows=p.rows, note=p.note)
        for n, p in enumerate(parts, 1)
    )
    return Document(
        lang=say.code,
        state=(say("SOCIALIST REPUBLIC OF VIET NAM"), say("Independence - Freedom - Happiness")),
        title=say("ACCEPTANCE RECORD"),
        place=place,
        facts=tuple(_facts(told, begun, say)),
        verdict=_verdict(len(wrong), len(failing), say),
        parts=numbered,
        pictures_title=f"{len(parts) + 1}. {say('Picture of each camera, taken for this record')}",
        pictures=tuple(_picture(each, pictures, say) for each in told["cameras"]),
        signatures_title=f"{len(parts) + 2}. {say('Signatures')}",
        signatures=tuple(say(each) for each in SIGNATURES),
        signed=say("(signature, full name, stamp)"),
        number=number,
        digest=digest,
        digest_label=say("SHA-256 of the record"),
        begun=begun,
        page=say("page {n}", n="{n}"),
    )


def _facts(told: Mapping[str, Any], begun: datetime, say: Language) -> Iterator[tuple[str, str]]:
    packs = "; ".join(f"{p['title'][say.code]} ({p['name']} {p['version']})" for p in told["packs"])
    yield say("Place"), f"{clean(told['site_name'])} ({told['site']})" + (f", {told['area']}" if told["area"] else "")
    yield say("Begun"), begun.strftime("%d/%m/%Y %H:%M:%S %z")
    yield say("Recorded by"), f"{clean(told['operator'])}, fleetctl {told['fleetctl']}"
    yield say("Run"), str(told["run"])
    yield say("Judged by"), packs


def _verdict(wrong: int, failing: int, say: Language) -> str:
    if not wrong and not failing:
        return say("Every device answers as it should, and every requirement that can be read is met.")
    return say(
        "There are open points, {wrong} of equipment and {failing} of requirements: see the part on open points.",
        wrong=wrong,
        failing=failing,
    )


def _equipment(told: Mapping[str, Any], say: Language) -> Part:
    rows = tuple(
        Row(
            cells=(
                str(n),
                clean(each["name"]),
                "\n".join(word for word in (say(wording.KINDS[Kind(each["kind"])]), clean(each["desk"])) if word),
                clean(f"{each['manufacturer']} {each['model']}".strip()) or "-",
                "\n".join(clean(each[k]) for k in ("serial_number", "mac_address") if each[k]) or "-",
                clean(each["firmware"]) or "-",
                each["address"],
            )
        )
        for n, each in enumerate(told["equipment"], 1)
    )
    columns = (
        say("No."),
        say("Name"),
        say("Kind, place"),
        say("Maker, model"),
        say("Serial number, MAC"),
        say("Version"),
        say("Address"),
    )
    return Part(title=say("Equipment"), columns=columns, widths=(5, 18, 14, 17, 22, 13, 11), rows=rows)


def _requirements(told: Mapping[str, Any], say: Language) -> Part:
    rows = []
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    for each in told["requirements"]:
        grouped.setdefault(each["id"], []).append(each)
    for check, found in grouped.items():
        for verdict, actual, subjects, evidence in _alike(found, say):
            first = found[0]
            rows.append(
                Row(
                    cells=(
                        f"{first['text'][say.code]}\n{check}",
                        say(wording.RULES[first["rule"]], value=shown(first["value"])),
                        actual,
                        subjects,
                        evidence,
                        say(wording.VERDICTS[verdict]),
                    ),
                    mark=verdict,
                )
            )
    columns = (say("Requirement"), say("Expected"), say("Actual"), say("Of"), say("Evidence"), say("Result"))
    return Part(title=say("Requirements"), columns=columns, widths=(27, 14, 15, 18, 16, 10), rows=tuple(rows))


def _alike(found: Sequence[Mapping[str, Any]], say: Language) -> Iterator[tuple[str, str, str, str]]:
    """Yield what came to the same: its verdict, the actual value, of whom, and how that is known."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        actual = shown(each["actual"]) if each["actual"] is not None else "-"
        reason = clean(
            say.reason(each["reason"].partition(": write")[0])
        )  # how to attest is for whoever keeps the inventory
        groups.setdefault((each["verdict"], actual, reason), []).append(clean(each["subject"]))
    proof = say(wording.PROOFS[found[0]["proof"]])
    for (verdict, actual, reason), subjects in groups.items():
        named = ", ".join(subjects[:NAMED]) + (f" (+{len(subjects) - NAMED})" if len(subjects) > NAMED else "")
        yield verdict, actual, named, f"{proof}: {reason}" if reason else proof


def _cameras(told: Mapping[str, Any], say: Language) -> Part:
    rows = tuple(
        Row(
            cells=(
                clean(each["name"]),
                clean(each["desk"]) or "-",
                "-" if each["clock_error_s"] is None else f"{each['clock_error_s']:+.1f} s",
                f"{each['recorder']} / {each['channel']}" if each["channel"] else "-",
                _flag(each["online"], say),
                _flag(each["recording"], say),
                clean(each["newest"]) or "-",
            )
        )
        for each in told["cameras"]
    )
    columns = (
        say("Camera"),
        say("Place"),
        say("Clock error"),
        say("Recorder / channel"),
        say("Online"),
        say("Recording"),
        say("Newest footage"),
    )
    return Part(
        title=say("Clock and proof of recording"), columns=columns, widths=(20, 14, 11, 19, 9, 9, 18), rows=rows
    )


def _flag(told: bool | None, say: Language) -> str:
    return "?" if told is None else say("yes") if told else say("no")


def _recorders(told: Mapping[str, Any], say: Language) -> Part:
    rows = []
    for each in told["recorders"]:
        disks = "\n".join(
            f"{n}: {wording.health_word(say, d.get('health', '?'))}, {d.get('capacity_gb', '?')} GB"
            for n, d in each["disks"].items()
        )
        viewers = "\n".join(f"{v['account']}: {_flag(v['sees'], say)}" for v in each["viewers"])
        days = (_days(each[name]) for name in ("oldest_days", "holds_days", "asked_days"))
        rows.append(Row(cells=(each["name"], disks or "-", *days, viewers or "-")))
    columns = (
        say("Recorder"),
        say("Disks"),
        say("Oldest footage, days"),
        say("Disks hold, days"),
        say("Asked, days"),
        say("Sees the picture"),
    )
    return Part(title=say("Days of retention"), columns=columns, widths=(22, 22, 14, 14, 12, 16), rows=tuple(rows))


def _days(told: float | None) -> str:
    return "?" if told is None else f"{told:g}"


def _open(
    told: Mapping[str, Any],
    wrong: Sequence[tuple[str, str, str]],
    failing: Sequence[Mapping[str, Any]],
    say: Language,
) -> Part:
    rows = [Row(cells=(clean(device), clean(what), clean(mend))) for device, what, mend in wrong]
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in failing:
        verdict = say(wording.VERDICTS[each["verdict"]])
        key = (f"{each['text'][say.code]}: {verdict}", each["remedy"][say.code], each["id"])
        grouped.setdefault(key, []).append(clean(each["subject"]))
    for (what, remedy, check), subjects in grouped.items():
        named = ", ".join(subjects[:NAMED]) + (f" (+{len(subjects) - NAMED})" if len(subjects) > NAMED else "")
        rows.append(Row(cells=(named, f"{what} ({check})", remedy)))
    for each in told["waivers"]:
        what = say("agreed exception: {setting}, {reason}", setting=each["setting"], reason=clean(each["reason"]))
        until = say("{owner}, until {until}", owner=clean(each["owner"]), until=each["until"])
        rows.append(Row(cells=("-", what, until)))
    columns = (say("Device, place"), say("Open point"), say("To do"))
    note = "" if rows else say("None.")
    return Part(title=say("Open points"), columns=columns, widths=(24, 41, 35), rows=tuple(rows), note=note)


def _picture(each: Mapping[str, Any], pictures: Mapping[str, bytes], say: Language) -> Picture:
    jpeg = pictures.get(each["name"])
    name = clean(f"{each['name']}, {each['desk']}" if each["desk"] else each["name"])
    if jpeg is None:
        why = say("no picture: {reason}", reason=clean(say.reason(each["why_none"])))
        return Picture(camera=each["name"], caption=f"{name}: {why}", jpeg=None)
    return Picture(camera=each["name"], caption=f"{name} · SHA-256 {each['picture'][:16]}…", jpeg=jpeg)
