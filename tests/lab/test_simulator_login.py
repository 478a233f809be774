"""Who gets in: tokens by the device's clock, digests, levels, lock-outs, and what is open from the factory."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from fleetctl.lab import control
from fleetctl.lab.access import level_needed
from tests.lab.wire import Camera

Give = Callable[[str], Camera]
NEW = (
    "<tds:User><tt:Username>fleetctl</tt:Username><tt:Password>Xa-Duong.Lam1</tt:Password>"
    "<tt:UserLevel>{level}</tt:UserLevel></tds:User>"
)


def test_the_clock_and_the_services_are_told_to_anybody(camera: Give) -> None:
    it = camera("hikvision")
    it.login = None
    assert it.ask("tds", "GetSystemDateAndTime").status == 200
    assert it.ask("tds", "GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>").status == 200
    assert it.ask("tds", "GetHostname").status == 200


def test_nobody_is_told_more_and_gets_a_challenge(camera: Give) -> None:
    it = camera("hikvision")
    it.login = None
    refused = it.ask("tds", "GetDeviceInformation")
    assert refused.status == 401
    assert refused.codes == ["env:Sender", "ter:NotAuthorized"]
    assert refused.header("www-authenticate")[0].startswith("Digest realm=")
    assert it.state()["misses"] == {}, "a request without a credential is not a try"


def test_a_token_signed_with_the_cameras_own_clock_opens(camera: Give) -> None:
    it = camera("hikvision")
    assert abs(it.state()["clock"]["offset_s"]) > 3600
    assert it.ask("tds", "GetDeviceInformation").text("Manufacturer") == "HIKVISION"


def test_a_token_signed_with_the_true_time_is_refused_when_the_cameras_clock_is_off(camera: Give) -> None:
    it = camera("hikvision")
    refused = it.ask("tds", "GetDeviceInformation", offset_s=0.0)
    assert (refused.status, refused.codes[-1]) == (400, "ter:NotAuthorized")
    assert it.state()["misses"] == {"admin@127.0.0.1": 1}


def test_a_nonce_is_taken_once(camera: Give) -> None:
    it = camera("bosch")
    nonce = os.urandom(16)
    assert it.ask("tds", "GetDeviceInformation", nonce=nonce).status == 200
    assert it.ask("tds", "GetDeviceInformation", nonce=nonce).codes[-1] == "ter:NotAuthorized"


def test_created_must_end_in_z_for_hikvision_only(camera: Give) -> None:
    assert camera("hikvision").ask("tds", "GetDeviceInformation", zone="+00:00").codes[-1] == "ter:NotAuthorized"
    assert camera("dahua").ask("tds", "GetDeviceInformation", zone="+00:00").status == 200


def test_an_account_is_locked_after_its_makers_number_of_misses_even_for_the_right_password(camera: Give) -> None:
    it = camera("dahua")
    right, it.login = it.login, ("admin", "wrong")
    for _ in range(5):
        assert it.ask("tds", "GetDeviceInformation").codes[-1] == "ter:NotAuthorized"
    it.login = right
    assert "locked" in it.ask("tds", "GetDeviceInformation").reason


def test_a_right_login_clears_the_count_of_misses(camera: Give) -> None:
    it = camera("dahua")
    right, it.login = it.login, ("admin", "wrong")
    it.ask("tds", "GetDeviceInformation")
    it.login = right
    it.ask("tds", "GetDeviceInformation")
    assert it.state()["misses"] == {}


def test_axis_is_open_until_the_first_account_and_wants_http_digest_after_it(camera: Give) -> None:
    it = camera("axis")
    assert it.ask("tds", "GetDeviceInformation").status == 200
    assert it.ask("tds", "CreateUsers", NEW.format(level="Administrator")).status == 200
    assert it.ask("tds", "GetDeviceInformation").status == 401
    it.login = ("fleetctl", "Xa-Duong.Lam1")
    assert it.ask("tds", "GetDeviceInformation").status == 200


def test_a_digests_count_must_rise(camera: Give) -> None:
    it = camera("axis")
    it.ask("tds", "CreateUsers", NEW.format(level="Administrator"))
    it.login = ("fleetctl", "Xa-Duong.Lam1")
    path, body = it.rule.paths["tds"], it.envelope("<tds:GetDeviceInformation/>")
    proof = {"Authorization": it.answer(it.post(path, body), "POST", path)}
    assert it.post(path, body, proof).status == 200
    again = it.post(path, body, proof)
    assert again.status == 401
    assert "stale=true" in again.header("www-authenticate")[0]
    assert it.state()["misses"] == {}, "stale is not wrong"


def test_uniview_offers_sha_256_before_md5(camera: Give) -> None:
    it = camera("uniview")
    right, it.login = it.login, None
    path, body = it.rule.paths["tds"], it.envelope("<tds:GetDeviceInformation/>")
    refused = it.post(path, body)
    assert ["SHA-256" in told for told in refused.header("www-authenticate")] == [True, False]
    it.login = right
    refused.headers = [h for h in refused.headers if h[1].endswith("algorithm=SHA-256") or "Digest" not in h[1]]
    assert it.post(path, body, {"Authorization": it.answer(refused, "POST", path)}).status == 200


def test_hikvision_lets_nobody_in_before_it_is_activated(camera: Give) -> None:
    it = camera("hikvision")
    control.change(it.state_dir, it.name, "network", hostname="x")
    control.ask(it.state_dir, "drop", device=it.name, section="users", key="admin")
    assert "not activated" in it.ask("tds", "GetDeviceInformation").reason


@pytest.mark.parametrize(
    ("level", "reads", "sets_media", "sets_network"),
    [("User", True, False, False), ("Operator", True, True, False), ("Administrator", True, True, True)],
)
def test_what_an_account_may_do_follows_its_level(
    camera: Give, level: str, reads: bool, sets_media: bool, sets_network: bool
) -> None:
    it = camera("dahua")
    assert it.ask("tds", "CreateUsers", NEW.format(level=level)).status == 200
    it.login = ("fleetctl", "Xa-Duong.Lam1")
    assert (it.ask("tds", "GetNTP").status == 200) is reads
    profile = "<trt:ProfileToken>MediaProfile000</trt:ProfileToken>"
    assert (it.ask("trt", "SetSynchronizationPoint", profile).status == 200) is sets_media
    set_host = it.ask("tds", "SetHostname", "<tds:Name>desk-1</tds:Name>")
    assert (set_host.status == 200) is sets_network
    if not sets_network:
        assert "right" in set_host.reason
        assert it.state()["misses"] == {}


def test_the_access_classes_are_those_an_axis_camera_tells() -> None:
    told = {
        ("tds", "GetHostname"): 0, ("tds", "GetScopes"): 1, ("tds", "GetUsers"): 3, ("tds", "SetRelayOutputState"): 2,
        ("tds", "SetNTP"): 3, ("timg", "SetImagingSettings"): 2, ("trt", "SetVideoSourceMode"): 3,
        ("tev", "PullMessages"): 1, ("tr2", "GetServiceCapabilities"): 0,
    }  # fmt: skip
    assert {key: level_needed(*key) for key in told} == told


def test_an_older_axis_tells_the_time_after_login_only_and_does_not_know_its_services(camera: Give) -> None:
    it = camera("axis-old")
    it.ask("tds", "CreateUsers", NEW.format(level="Administrator"))
    assert it.ask("tds", "GetSystemDateAndTime").status == 401
    it.login = ("fleetctl", "Xa-Duong.Lam1")
    assert it.ask("tds", "GetSystemDateAndTime").status == 200
    refused = it.ask("tds", "GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>")
    assert refused.codes[1] == "ter:ActionNotSupported"
    assert it.ask("tds", "GetCapabilities").text("XAddr")


def test_a_newer_hikvision_takes_http_digest_only(camera: Give) -> None:
    it = camera("hikvision-v57")
    path = it.rule.paths["tds"]
    signed = f"<s:Header>{it.token()}</s:Header><s:Body><tds:GetUsers/></s:Body>"
    whole = it.envelope("<tds:GetUsers/>").replace(b"<s:Body><tds:GetUsers/></s:Body>", signed.encode())
    assert it.post(path, whole).status == 401
    assert it.ask("tds", "GetUsers").texts("Username") == ["admin"]
