"""Role time: zone and chrony, looked at by chronyc and the files themselves."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.hosts.fleet import Fleet

ZONE = "Asia/Ho_Chi_Minh"


@pytest.fixture(scope="module")
def fleet(boot: Callable[..., Fleet]) -> Fleet:
    fleet = boot("recorder", "kiosk", time_zone=ZONE, time_daylight_saving=False, time_ntp_from_dhcp=False)
    fleet.hosts["recorder"] = {"time_ntp_servers": ["10.0.0.10", "10.0.0.11"], "time_serve_to": ["10.77.0.0/16"]}
    fleet.hosts["kiosk"] = {"time_ntp_servers": [fleet["recorder"].address]}
    checked = fleet.cycle("time")
    assert "Say where chrony takes the time from, and whom it serves" in checked.changed("recorder")
    assert "+server 10.0.0.10 iburst prefer" in checked.diff("Say where chrony takes the time from, and whom it serves")
    return fleet


def test_chrony_itself_names_the_servers_and_the_zone_is_set(fleet: Fleet) -> None:
    told = fleet["recorder"].must("chronyc -n -c sources")
    assert [line.split(",")[2] for line in told.splitlines()] == ["10.0.0.10", "10.0.0.11"]
    assert fleet["recorder"].must("date -d @0 +%H").strip() == "08"  # Sài Gòn was at +8 in 1970
    assert fleet["recorder"].must("date -d 2026-06-01 +%Z").strip() == "+07"
    assert fleet["recorder"].must("timedatectl show --property Timezone --value").strip() == ZONE


def test_a_recorder_serves_the_time_while_it_has_no_source_itself(fleet: Fleet) -> None:
    deadline = time.monotonic() + 20
    while "^*" not in (told := fleet["kiosk"].must("chronyc -n sources")):
        assert time.monotonic() < deadline, told
        time.sleep(0.3)
    assert fleet["recorder"].address in told


def test_what_a_hand_did_shows_and_is_mended(fleet: Fleet) -> None:
    kiosk = fleet["kiosk"]
    kiosk.must("sed -i 's/^server .*/server 192.0.2.9 iburst/' /etc/chrony/chrony.conf; systemctl stop chrony")
    kiosk.must("ln -sf /usr/share/zoneinfo/Europe/Paris /etc/localtime")
    checked = fleet.good("time", check=True, limit="kiosk")
    assert "-server 192.0.2.9 iburst" in checked.diff("Say where chrony takes the time from, and whom it serves")
    assert "Europe/Paris" in checked.diff("Set the time zone")
    assert "Keep chrony running, also after a restart" in checked.changed()
    assert kiosk.run("systemctl is-active chrony").out.strip() == "inactive"  # a check wrote nothing
    fleet.good("time", limit="kiosk")
    assert kiosk.must("systemctl is-active chrony").strip() == "active"
    assert fleet["recorder"].address in kiosk.must("chronyc -n -c sources")
    assert kiosk.must("readlink /etc/localtime").strip().endswith(ZONE)


def test_a_host_without_chrony_is_planned_and_given_it(fleet: Fleet) -> None:
    kiosk = fleet["kiosk"]
    kiosk.must("dpkg --purge chrony")
    checked = fleet.play("time", check=True, limit="kiosk")
    assert checked.code != 0  # its own repository has no such package: told, never counted as in step
    assert "chrony" in checked.failed()[0]


def test_a_zone_that_jumps_in_summer_is_refused(fleet: Fleet) -> None:
    run = fleet.play("time", limit="recorder", time_zone="Europe/Paris")
    assert "on Linux the zone decides" in run.failed()[0]
    assert fleet["recorder"].must("readlink /etc/localtime").strip().endswith(ZONE)


def test_a_variable_of_the_wrong_type_is_refused_before_anything_is_sent(fleet: Fleet) -> None:
    run = fleet.play("time", limit="recorder", time_serve_alone="perhaps")
    assert "time_serve_alone" in run.failed()[0]
    assert len(run.tasks) == 1
