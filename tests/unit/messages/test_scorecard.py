"""The communes ranked by what they meet, and what would have to be bought, from findings as a check makes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.errors import InventoryError, UsageError
from fleetctl.model import AspectPlan, DevicePlan, Gap, Kind, Outcome
from fleetctl.operations import prices, requirements, scorecard
from fleetctl.operations.requirements import Finding
from fleetctl.operations.workspace import Workspace
from fleetctl.standard.judging import Judged, Verdict
from fleetctl.standard.requirements import Pack
from tests.unit.store.kit import Clock

LIST = "\ufeffitem;name;unit_price;phase\ncamera;Camera 2 MP;3.500.000;\ndisk;Ổ cứng 4 TB;2500000;2\n"


@pytest.fixture
def pack(workspace: Workspace) -> Pack:
    return requirements.packs(workspace, ["ban-mot-cua"])[0]


def finding(pack: Pack, check: str, site: str, subject: str, verdict: Verdict, actual: object = None) -> Finding:
    told = next(each for each in pack.checks if each.check == check)
    kind = Kind.CAMERA if subject.startswith(("vh", "gt")) else None
    return Finding(requirement=told, subject=subject, site=site, kind=kind, judged=Judged(verdict, actual))


def test_sites_are_ranked_by_what_they_meet_and_what_is_unknown_is_not_met(
    workspace: Workspace, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    first = [
        finding(pack, "resolution", "gia_thuy", "gt-1", Verdict.PASS),  # high: 3
        finding(pack, "sound", "gia_thuy", "gt-1", Verdict.UNKNOWN),  # medium: 2
        finding(pack, "resolution", "viet_hung", "vh-1", Verdict.FAIL),
        finding(pack, "sound", "viet_hung", "vh-1", Verdict.WAIVED),
    ]
    rows = scorecard.scores(workspace, [pack], first)
    assert [(r.rank, r.site, r.score, r.met, r.judged, r.before) for r in rows] == [
        (1, "gia_thuy", 0.6, 1, 2, None),
        (2, "viet_hung", 0.4, 1, 2, None),
    ]
    clock.forward(7 * 86400)
    later = [*first[:2], finding(pack, "resolution", "viet_hung", "vh-1", Verdict.PASS), first[3]]
    rows = scorecard.scores(workspace, [pack], later)
    assert [(r.rank, r.site, r.change) for r in rows] == [(1, "viet_hung", 0.6), (2, "gia_thuy", 0.0)]
    rows = scorecard.scores(workspace, [pack], later)
    assert [r.change for r in rows] == [0.6, 0.0], "the same day again compares with the day before"


def test_what_is_missing_or_cannot_be_set_is_bought_and_the_rest_is_not(
    workspace: Workspace, pack: Pack, tmp_path: Path
) -> None:
    (tmp_path / "prices.csv").write_text(LIST, "utf-8")
    gap = Gap(field="main_resolution", reason="not offered", nearest="640x360")
    aspect = AspectPlan(aspect="video", outcome=Outcome.UNSUPPORTED, gaps=(gap,))
    plans = [DevicePlan(device="vh-2", kind=Kind.CAMERA, site="viet_hung", aspects=(aspect,))]
    found = [
        finding(pack, "resolution", "viet_hung", "vh-1", Verdict.FAIL, "640x360"),  # a setting away
        finding(pack, "resolution", "viet_hung", "vh-2", Verdict.FAIL, "640x360"),  # it offers no more
        finding(pack, "cameras", "viet_hung", "viet_hung: Quầy 1", Verdict.FAIL, 0),  # two are demanded
        finding(pack, "disks", "gia_thuy", "gt-nvr", Verdict.FAIL, {"1": "bad", "3": "bad"}),
        finding(pack, "retention", "gia_thuy", "gt-nvr", Verdict.FAIL, 12.0),
        finding(pack, "kiosk", "gia_thuy", "gia_thuy", Verdict.FAIL, 0),
        finding(pack, "recorder", "gia_thuy", "gia_thuy", Verdict.WAIVED, 0),
        finding(pack, "barcode-reader", "gia_thuy", "gia_thuy", Verdict.FAIL, "thanh, 2026-11-02"),  # by word
        finding(pack, "barcode-reader", "viet_hung", "viet_hung", Verdict.UNKNOWN),  # nobody has looked
    ]
    rows = scorecard.purchases(workspace, found, plans, prices.read(tmp_path / "prices.csv"))
    assert [(r.phase, r.site, r.item, r.quantity, r.cost) for r in rows] == [
        (1, "viet_hung", "camera", 3, 10_500_000),
        (2, "gia_thuy", "disk", 2, 5_000_000),
        (2, "gia_thuy", "kiosk", 1, None),
        (3, "gia_thuy", "barcode-reader", 1, None),
    ]
    assert rows[1].requirements == ("ban-mot-cua/disks", "ban-mot-cua/retention"), "one disk for both"


def test_every_fault_of_a_price_list_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("item,unit_price,phase\ncamera,abc,\n,5,\ndisk,5,x\nnvr,5,\nnvr,6,\n")
    with pytest.raises(InventoryError) as wrong:
        prices.read(path)
    assert [(f.line, f.reason.partition(" ")[0]) for f in wrong.value.faults] == [
        (2, "unit_price"),
        (3, "it"),
        (4, "phase"),
        (6, "nvr"),
    ]
    path.write_text("name,price\nx,1\n")
    with pytest.raises(UsageError, match="there is no column item"):
        prices.read(path)
    (tmp_path / "no.xlsx").write_bytes(b"no workbook")
    with pytest.raises(UsageError, match="cannot be read"):
        prices.read(tmp_path / "no.xlsx")
