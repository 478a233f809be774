"""Requirement packs: what is wrong with one is told, and what is not known never passes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fleetctl import catalog
from fleetctl.aspects.retention import Retention
from fleetctl.aspects.storage import Disk, Health, Storage
from fleetctl.aspects.time import Time
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.errors import InventoryError, UsageError
from fleetctl.inventory.values import Value
from fleetctl.model import FrozenMap, Outcome, Untold
from fleetctl.reports.tally import exit_code
from fleetctl.standard.attestations import attested
from fleetctl.standard.judging import OUTCOMES, RULES, Verdict, judge, unread
from fleetctl.standard.requirements import built_in, load_pack

ASPECTS = catalog.load().aspects
BOTH = {"en": "a", "vi": "b"}
CHECK = {"id": "kept", "clause": "4", "severity": "high", "text": BOTH, "remedy": BOTH, "kinds": ["nvr"]} | {
    "setting": "retention.holds_days",
    "is": "at_least",
    "value": "$days",
}


def pack_of(path: Path, check: dict[str, Any], **more: Any) -> str:
    told = {"pack": "draft", "version": 1, "title": BOTH, "parameters": {"days": 30}, "checks": [check], **more}
    path.joinpath("draft.yml").write_text(yaml.safe_dump(told), encoding="utf-8")
    return str(path / "draft.yml")


@pytest.mark.parametrize("name", built_in())
def test_a_pack_that_comes_along_is_whole_and_a_setting_that_mends_is_a_variable(name: str) -> None:
    from fleetctl.standard import variables

    pack = load_pack(name, ASPECTS)
    known = {variable for aspect in ASPECTS.values() for variable in variables(aspect)}
    assert pack.name == name
    assert all(not check.mend or check.mend in known for check in pack.checks)


def test_a_parameter_is_put_in_its_place_and_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = pack_of(tmp_path, CHECK)
    assert load_pack(path, ASPECTS).checks[0].value == 30
    assert load_pack(path, ASPECTS, {"days": 60}).checks[0].value == 60
    with pytest.raises(InventoryError, match="no parameter `weeks`"):
        load_pack(path, ASPECTS, {"weeks": 4})
    with pytest.raises(UsageError, match="did you mean hardening"):
        load_pack("hardning", ASPECTS)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"setting": "retention.holds_dayz"}, "is no setting"),
        ({"setting": "retentoin.holds_days"}, "there is no aspect"),
        ({"setting": "time.zone.*.level"}, "is no setting"),
        ({"is": "more_than"}, "rule `more_than` is not known"),
        ({"value": "$weeks"}, "no parameter"),
        ({"kinds": ["toaster"]}, "names no kinds"),
        ({"severity": "grave"}, "severity"),
        ({"text": {"en": "a"}}, "both languages"),
        ({"attested": "site"}, "too much"),
        ({"colour": "red"}, "`colour` is not known"),
        ({"clause": ""}, "`clause` is missing"),
    ],
)
def test_what_is_wrong_with_a_check_is_told(tmp_path: Path, wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(InventoryError, match=reason):
        load_pack(pack_of(tmp_path, CHECK | wrong), ASPECTS)


def test_a_measured_value_is_judged_and_an_untold_one_never_passes() -> None:
    def verdict(actual: Retention) -> Verdict:
        return judge("at_least", ("holds_days",), 30, actual).verdict

    assert verdict(Retention(holds_days=30.0)) is Verdict.PASS
    assert verdict(Retention(holds_days=29.9)) is Verdict.FAIL
    assert verdict(Retention()) is Verdict.UNSUPPORTED
    garbled = Untold(outcome=Outcome.UNKNOWN, reason="garbled")
    assert verdict(Retention(holds_days=garbled)) is Verdict.UNKNOWN  # type: ignore[arg-type]
    assert judge("at_least", ("holds_days",), "thirty", Retention(holds_days=31.0)).verdict is Verdict.UNKNOWN


def test_every_item_must_meet_it_and_none_at_all_is_unknown() -> None:
    good, bad = Disk(health=Health.OK), Disk(health=Health.FAILED)
    path = ("disks", "*", "health")
    assert judge("equal", path, "ok", Storage(disks=FrozenMap({"1": good, "2": good}))).verdict is Verdict.PASS
    judged = judge("equal", path, "ok", Storage(disks=FrozenMap({"1": good, "2": bad, "3": Disk()})))
    assert (judged.verdict, judged.actual) == (Verdict.FAIL, {"2": Health.FAILED})
    assert judge("equal", path, "ok", Storage(disks=FrozenMap({"1": good, "2": Disk()}))).verdict is Verdict.UNSUPPORTED
    assert judge("equal", path, "ok", Storage(disks=FrozenMap())).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("rule", "value", "good", "bad"),
    [
        ("equal", True, True, False),
        ("at_least", 2, 2, 1),
        ("at_most", 2, 2, 3),
        ("within", 2, -2.0, -2.1),
        ("at_least_pixels", "1280x720", "1920x1080", "640x360"),
        ("at_least_pixels", "1x1", "1280x720", "HD"),
        ("among", ["a", "b"], "b", "c"),
        ("filled", None, ("10.0.0.10",), ()),
        ("has", "lanhdao", {"lanhdao": 1}, {"admin": 1}),
        (
            "administrators_among",
            ["fleetctl"],
            {"fleetctl": Account(level=Level.ADMINISTRATOR), "x": Account(level=Level.USER)},
            {"admin": Account(level=Level.ADMINISTRATOR)},
        ),
    ],
)
def test_a_rule_tells_good_from_bad(rule: str, value: Any, good: Any, bad: Any) -> None:
    assert RULES[rule](good, value)
    assert not RULES[rule](bad, value)


def test_a_reading_that_did_not_come_about_is_told_as_what_prevented_it() -> None:
    assert judge("filled", ("ntp_servers",), None, Time()).verdict is Verdict.UNSUPPORTED
    assert judge("has", ("accounts",), "x", Users(accounts=FrozenMap())).verdict is Verdict.FAIL
    assert [unread(o, "").verdict for o in (Outcome.UNREACHABLE, Outcome.REFUSED, Outcome.FAILED)] == [
        Verdict.UNREACHABLE,
        Verdict.REFUSED,
        Verdict.UNKNOWN,
    ]


def test_verdicts_come_to_the_exit_codes_of_outcomes() -> None:
    codes = {verdict: exit_code([OUTCOMES[verdict]]) for verdict in Verdict}
    good = (Verdict.PASS, Verdict.WAIVED, Verdict.UNSUPPORTED)
    assert all(codes[verdict] == 0 for verdict in good)
    assert (codes[Verdict.FAIL], codes[Verdict.UNREACHABLE]) == (3, 4)
    assert (codes[Verdict.UNKNOWN], codes[Verdict.REFUSED]) == (1, 1)


class Fleet:
    devices: dict[str, Any] = {}  # noqa: RUF012  # nobody asks

    def __init__(self, **told: Any) -> None:
        self.told = told

    def values(self, device_name: str) -> dict[str, Value]:
        return {name: Value(value=value, raw=value, place=None) for name, value in self.told.items()}


def test_what_nobody_attested_with_evidence_never_passes(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    good = {"by": "An", "date": "2026-11-25", "evidence": "photo.jpg"}

    def verdict(told: Any) -> Verdict:
        fleet = Fleet(attestations_site={"p/c": told})
        return attested("cam", "p/c", fleet, tmp_path, "2026-11-25").verdict

    assert verdict(good) is Verdict.PASS
    assert verdict({**good, "met": False}) is Verdict.FAIL
    for wrong in ({"by": ""}, {"date": "25/11/2026"}, {"date": "2026-11-26"}, {"evidence": "none.jpg"}):
        assert verdict({**good, **wrong}) is Verdict.UNKNOWN, wrong
    outside = tmp_path.parent / "outside.jpg"
    outside.write_bytes(b"x")
    assert verdict({**good, "evidence": "../outside.jpg"}) is Verdict.UNKNOWN, "evidence is kept with the inventory"
    assert attested("cam", "p/c", Fleet(), tmp_path, "2026-11-25").verdict is Verdict.UNKNOWN
