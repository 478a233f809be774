"""Time zones as devices write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetctl.protocols.zones import Zone, canonical, fixed_offset_s, named, parse, shaped

SHAPES = ("CST-7:00:00", "UTC-7", "UTC5:0", "<+07>-7", "<-03>3", "GMT-07:00", "EST5EDT,M3.2.0,M11.1.0", "", "rubbish")
QUARTERS = st.integers(-48, 56).map(lambda quarter: quarter * 900)


@given(offset_s=QUARTERS, like=st.sampled_from(SHAPES))
def test_what_is_written_in_a_devices_shape_means_the_same_when_read_back(offset_s: int, like: str) -> None:
    assert parse(shaped(offset_s, like)) == Zone(offset_s=offset_s)


@given(offset_s=QUARTERS, like=st.sampled_from(("GMT+07:00", "CST+8:00:00")))
def test_a_device_that_counts_the_other_way_is_answered_its_way(offset_s: int, like: str) -> None:
    shown = {"GMT+07:00": 25200, "CST+8:00:00": 28800}[like]
    assert parse(like, shown_offset_s=shown) == Zone(offset_s=shown)
    assert parse(shaped(offset_s, like, shown_offset_s=shown), shown_offset_s=offset_s) == Zone(offset_s=offset_s)


@given(offset_s=QUARTERS)
def test_the_name_of_an_offset_leads_back_to_it(offset_s: int) -> None:
    name = named(offset_s)
    assert canonical(name) == name
    if not name.startswith("UTC") or name == "UTC":
        assert fixed_offset_s(name) == offset_s


@given(st.text(max_size=40))
def test_no_text_of_a_device_is_an_exception(told: str) -> None:
    parse(told)
    shaped(25200, told)
    canonical(told)


@pytest.mark.parametrize(
    ("name", "stands_for"),
    [
        ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh"),
        ("Asia/Bangkok", "Asia/Ho_Chi_Minh"),
        ("Etc/GMT-7", "Asia/Ho_Chi_Minh"),
        ("Etc/UTC", "UTC"),
        ("Europe/Paris", "Europe/Paris"),
        ("Mars/Olympus", "Mars/Olympus"),
    ],
)
def test_zones_of_one_fixed_offset_have_one_name(name: str, stands_for: str) -> None:
    assert canonical(name) == stands_for
