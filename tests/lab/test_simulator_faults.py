"""What can be broken breaks as it does in the field, and is mended again."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable

import pytest

from fleetctl.errors import UsageError
from fleetctl.lab import control
from fleetctl.lab.faults import KNOWN, OF_SWITCHES
from tests.lab.conftest import BOOT_S
from tests.lab.wire import Answer, Camera

Give = Callable[[str], Camera]
GONE = (OSError, http.client.HTTPException)


def rename(it: Camera, name: str = "desk-1") -> Answer:
    return it.ask("tds", "SetHostname", f"<tds:Name>{name}</tds:Name>")


def hostname(it: Camera) -> str:
    return str(it.state()["network"]["hostname"])


@pytest.mark.parametrize(("applied", "kept"), [(True, "desk-1"), (False, "IPC")])
def test_a_power_cut_ends_a_write_without_an_answer_and_the_change_is_kept_or_lost(
    camera: Give, applied: bool, kept: str
) -> None:
    it = camera("dahua")
    it.break_("power-cut", applied=applied, boot_s=BOOT_S)
    assert it.ask("tds", "GetHostname").status == 200, "reading does not trip it"
    with pytest.raises(GONE):
        rename(it)
    with pytest.raises(GONE):
        it.ask("tds", "GetHostname")
    it.wait()
    assert hostname(it) == kept
    assert it.state()["faults"] == [], "the power comes back by itself"


def test_a_reboot_answers_first_is_gone_and_comes_back(camera: Give) -> None:
    it = camera("hikvision")
    assert it.ask("tds", "SystemReboot").text("Message") == "Rebooting in 90 seconds"
    it.wait(False)
    it.wait()


def test_a_camera_without_a_battery_starts_in_2000_and_a_token_of_today_is_refused(camera: Give) -> None:
    it = camera("tapo")
    control.change(it.state_dir, it.name, "time", ntp=["10.9.9.9"])
    it.ask("tds", "SystemReboot")
    it.wait(False)
    it.wait()
    assert time.gmtime(it.now()).tm_year == 2000
    assert it.ask("tds", "GetNTP", offset_s=0.0).codes[-1] == "ter:NotAuthorized"


def test_the_clock_fault_shifts_the_clock_whatever_ntp_says(camera: Give) -> None:
    it = camera("reolink")
    it.break_("clock", offset_s=7200)
    assert it.now() - time.time() == pytest.approx(7200, abs=2)
    it.mend()
    assert it.now() - time.time() == pytest.approx(0, abs=2)


def test_a_lock_out_refuses_the_right_password_until_it_is_mended(camera: Give) -> None:
    it = camera("hikvision")
    it.break_("lockout")
    assert "locked" in it.ask("tds", "GetNTP").reason
    it.mend()
    assert it.ask("tds", "GetNTP").status == 200


def test_writes_are_ignored_with_a_friendly_answer(camera: Give) -> None:
    it = camera("dahua")
    it.break_("ignore-writes")
    assert rename(it).status == 200
    assert hostname(it) == "IPC"
    assert rename(it, "not_possible").status == 400, "it still looks at what it is told"


def test_without_connections_left_it_answers_401_and_counts_no_miss(camera: Give) -> None:
    it = camera("dahua")
    it.break_("connections")
    assert it.ask("tds", "GetNTP").status == 401
    assert it.ask("tds", "GetSystemDateAndTime").status == 200
    assert it.state()["misses"] == {}


def test_dahuas_fifth_connection_gets_401_though_the_password_is_right(camera: Give) -> None:
    it = camera("dahua")
    held = [it.connect() for _ in range(4)]
    for connection in held:
        connection.connect()
    try:
        assert it.ask("tds", "GetNTP").status == 401
    finally:
        for connection in held:
            connection.close()
    time.sleep(0.05)
    assert it.ask("tds", "GetNTP").status == 200


def test_another_camera_answers_at_the_address_and_takes_the_same_login(camera: Give) -> None:
    it = camera("hikvision")
    own = it.ask("tds", "GetDeviceInformation").text("SerialNumber")
    it.break_("swap")
    assert it.ask("tds", "GetDeviceInformation").text("SerialNumber") != own
    it.mend()
    assert it.ask("tds", "GetDeviceInformation").text("SerialNumber") == own


def test_two_cameras_change_places(camera: Give) -> None:
    one, two = camera("dahua"), camera("dahua")
    serials = [it.ask("tds", "GetDeviceInformation").text("SerialNumber") for it in (one, two)]
    one.break_("swap", other=two.name)
    assert [it.ask("tds", "GetDeviceInformation").text("SerialNumber") for it in (one, two)] == serials[::-1]
    one.mend()
    assert [it.ask("tds", "GetDeviceInformation").text("SerialNumber") for it in (one, two)] == serials


@pytest.mark.parametrize(("kind", "address"), [("Hard", "192.168.1.108"), ("Soft", "10.1.1.1")])
def test_factory_default_forgets_all_but_a_soft_one_keeps_the_network(camera: Give, kind: str, address: str) -> None:
    it = camera("dahua")
    control.change(it.state_dir, it.name, "network", address="10.1.1.1")
    control.change(it.state_dir, it.name, "time", tz="CST-7")
    assert it.ask("tds", "SetSystemFactoryDefault", f"<tds:FactoryDefault>{kind}</tds:FactoryDefault>").status == 200
    it.wait(False)
    it.wait()
    state = it.state()
    assert (state["network"]["address"], state["time"]["tz"]) == (address, "CST-8")


def test_the_button_resets_it_too(camera: Give) -> None:
    it = camera("dahua")
    rename(it)
    it.break_("reset")
    it.wait()
    assert hostname(it) == "IPC"


def test_an_unplugged_camera_refuses_or_is_silent(camera: Give) -> None:
    it = camera("generic")
    it.break_("unplug")
    with pytest.raises(GONE):
        it.ask("tds", "GetNTP")
    it.mend()
    assert it.ask("tds", "GetNTP").status == 200
    it.break_("unplug", silent=True)
    connection = http.client.HTTPConnection(it.address, it.ports["http"], timeout=0.2)
    connection.request("GET", "/")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_a_lossy_line_breaks_some_connections_and_not_all(camera: Give) -> None:
    it = camera("bosch")
    it.break_("loss", rate=0.5, seed=7)
    ended = []
    for _ in range(12):
        try:
            ended.append(it.ask("tds", "GetNTP").status == 200)
        except GONE:
            ended.append(False)
    assert {True, False} == set(ended)


def test_onvif_can_be_off_while_the_camera_is_on(camera: Give) -> None:
    it = camera("hikvision")
    it.break_("onvif-off")
    assert it.ask("tds", "GetSystemDateAndTime").status == 404


def test_answers_drip(camera: Give) -> None:
    it = camera("bosch")
    it.break_("slow", bytes_per_s=4000)
    started = time.monotonic()
    assert it.ask("tds", "GetSystemDateAndTime").status == 200
    assert time.monotonic() - started > 0.25


def test_hostile_answers_are_what_they_are_called(camera: Give) -> None:
    it = camera("generic")

    def answer() -> Answer:
        told = it.ask("tds", "GetSystemDateAndTime")
        it.mend()
        return told

    it.break_("xml-bomb")
    assert b"<!ENTITY lol9" in answer().body
    it.break_("huge-reply", size=3_000_000)
    assert len(answer().body) > 3_000_000
    it.break_("broken-utf8")
    with pytest.raises(UnicodeDecodeError):
        answer().body.decode()
    it.break_("wrong-content-type")
    assert answer().header("content-type") == ["text/html"]
    it.break_("html-401")
    refused = answer()
    assert (refused.status, refused.header("www-authenticate")) == (401, [])
    it.break_("half-reply")
    with pytest.raises(http.client.IncompleteRead):
        answer()


def test_an_endless_answer_goes_on_until_the_client_has_enough(camera: Give) -> None:
    it = camera("generic")
    it.break_("endless-body")
    connection = it.connect()
    connection.request(
        "POST", it.rule.paths["tds"], it.envelope("<tds:GetNTP/>"), {"Content-Type": "application/soap+xml"}
    )
    response = connection.getresponse()
    assert len(response.read(3_000_000)) == 3_000_000
    connection.close()
    it.mend()
    assert it.ask("tds", "GetNTP").status == 200


def test_an_unknown_fault_and_an_unknown_argument_are_told(camera: Give) -> None:
    it = camera("generic")
    with pytest.raises(UsageError, match="there are power-cut"):
        it.break_("gremlins")
    with pytest.raises(UsageError, match="slow has no argument 'fast'"):
        it.break_("slow", fast=1)
    with pytest.raises(UsageError, match="no device 'nobody'"):
        control.break_(it.state_dir, "nobody", "slow")


def test_every_fault_can_be_set_and_ended(camera: Give) -> None:
    it = camera("generic")
    for fault in KNOWN:
        if fault != "reset" and fault not in OF_SWITCHES:
            it.break_(fault)
    it.mend()
    it.wait()
    assert it.state()["faults"] == []
    assert it.ask("tds", "GetNTP").status == 200
