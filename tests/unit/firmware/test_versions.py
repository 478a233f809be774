"""What version texts say: verified, failed, or nobody can tell."""

from __future__ import annotations

import pytest

from fleetctl.aspects.firmware import Firmware, Version, judge
from fleetctl.drivers.switch.firmware import release
from fleetctl.model import FrozenMap, Outcome, Release, Verdict, older, release_of, verdict


@pytest.mark.parametrize(
    ("wanted", "told", "expected"),
    [
        ("V5.7.18 build 240826", "V5.7.18 build 240826", Verdict.VERIFIED),
        ("V5.7.18 build 240826", "V5.7.18 build 240101", Verdict.FAILED),
        ("V5.7.18 build 240826", "V5.7.18", Verdict.INDETERMINATE),
        ("V5.7.18", "V5.7.18 build 240826", Verdict.VERIFIED),
        ("V5.7.18 build 240826", "V5.7.13 build 230829", Verdict.FAILED),
        ("11.9.60", "11.9.60", Verdict.VERIFIED),
        ("11.9.60", "11.9", Verdict.INDETERMINATE),
        ("11.9.60", "", Verdict.INDETERMINATE),
        ("V1.08.03", "V1.8.3", Verdict.VERIFIED),
        ("2.800.0000000.24.R build 20250416", "2.800.0000000.24.R,build:2025-04-16", Verdict.VERIFIED),
        ("2.800.0000000.24.R build 20250416", "2.800.0000000.24.R, Build Date 2021-05-08", Verdict.FAILED),
    ],
)
def test_a_version_is_the_wanted_one_another_one_or_cannot_be_told(wanted: str, told: str, expected: Verdict) -> None:
    assert verdict(wanted, told) is expected


def test_what_is_no_version_says_nothing() -> None:
    assert release_of("unknown") is None
    told = release_of("4.003.00KB001.1.R, Build Date 2023-08-30")
    assert told == Release(numbers=(4, 3, 0, 1), build="20230830"), "a brand's code is no number"
    assert older("unknown", "V1.0") is None


@pytest.mark.parametrize(
    ("told", "bound", "expected"),
    [
        ("V5.4.0 build 180101", "V5.4.5", True),
        ("V5.4.5", "V5.4.5", False),
        ("V5.10.0", "V5.4.5", False),
        ("V5.4.5 build 200101", "V5.4.5 build 210628", True),
        ("V5.4.5", "V5.4.5 build 210628", None),
        ("V5.4", "V5.4.5", None),
    ],
)
def test_versions_are_compared_by_number_and_build(told: str, bound: str, expected: bool | None) -> None:
    assert older(told, bound) is expected


def table(version: str) -> FrozenMap[Version]:
    return FrozenMap({"DS-2CD2012-I": Version(version=version)})


def test_an_audit_tells_firmware_that_is_too_old_not_the_target_or_known_to_be_open() -> None:
    has = Firmware(maker="HIKVISION", model="DS-2CD2012-I", version="V5.2.0 build 140721")
    wants = Firmware(minimum=table("V5.4.0"), target=table("V5.7.18 build 240826"), known_floors=True)
    told = {(gap.field, gap.outcome) for gap in judge(has, wants)}
    assert {("minimum", Outcome.FAILED), ("target", Outcome.PENDING), ("known_floors", Outcome.FAILED)} == told
    assert judge(has, Firmware(minimum=table("V5.2.0"))) == ()
    other = Firmware(maker="HIKVISION", model="DS-2CD9999", version="V5.2.0 build 140721")
    assert judge(other, Firmware(minimum=table("V5.4.0"))) == (), "another model"


def test_a_version_that_cannot_be_told_is_never_well() -> None:
    has = Firmware(maker="HIKVISION", model="DS-2CD2012-I", version="?")
    gaps = judge(has, Firmware(minimum=table("V5.4.0"), target=table("V5.7.18"), known_floors=True))
    assert {gap.outcome for gap in gaps} == {Outcome.UNKNOWN}


@pytest.mark.parametrize(
    ("wanted", "told", "expected"),
    [
        ("15.2(7)E4", "15.2(7)E4", Verdict.VERIFIED),
        ("15.2(7)E4", "15.2(7)E11", Verdict.FAILED),
        ("15.2(7)E4", "15.2(7)SE4", Verdict.FAILED),
        ("15.2(7)E4", "15.2(7)E4a", Verdict.FAILED),
        ("7.1.070, Release 6126P20", "7.1.070, Release 6126P20", Verdict.VERIFIED),
        ("7.1.070, Release 6126P20", "7.1.070, Release 6126", Verdict.FAILED),
        ("16.12.4", "16.12.4", Verdict.VERIFIED),
        ("15.2(7)E4", "", Verdict.INDETERMINATE),
    ],
)
def test_what_switches_call_their_version_is_read_to_its_last_letter(wanted: str, told: str, expected: Verdict) -> None:
    assert verdict(wanted, told, release) is expected


def test_an_older_release_of_a_switch_is_older_by_number_not_by_text() -> None:
    assert older("15.2(7)E4", "15.2(7)E11", release) is True
    assert older("15.2(7)E11", "15.2(7)E4", release) is False
