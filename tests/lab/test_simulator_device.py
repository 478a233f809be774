"""The device service: what is set is told back, what cannot be is refused with the specification's words."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from fleetctl.lab import control
from tests.lab.wire import Answer, Camera

Give = Callable[[str], Camera]
STRONG = "Xa-Duong.Lam1"


def set_ntp(it: Camera, *hosts: str) -> Answer:
    told = "".join(
        f"<tds:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>{host}</tt:IPv4Address></tds:NTPManual>"
        for host in hosts
    )
    return it.ask("tds", "SetNTP", f"<tds:FromDHCP>false</tds:FromDHCP>{told}")


def set_time(it: Camera, kind: str, zone: str = "", moment: str = "") -> Answer:
    tz = f"<tds:TimeZone><tt:TZ>{zone}</tt:TZ></tds:TimeZone>" if zone else ""
    return it.ask(
        "tds",
        "SetSystemDateAndTime",
        f"<tds:DateTimeType>{kind}</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>{tz}{moment}",
    )


def moment(year: int, month: int, day: int, hour: int) -> str:
    return (
        f"<tds:UTCDateTime><tt:Time><tt:Hour>{hour}</tt:Hour><tt:Minute>0</tt:Minute><tt:Second>0</tt:Second></tt:Time>"
        f"<tt:Date><tt:Year>{year}</tt:Year><tt:Month>{month}</tt:Month><tt:Day>{day}</tt:Day></tt:Date></tds:UTCDateTime>"
    )


def test_ntp_sets_the_clock_right_when_its_server_answers(camera: Give) -> None:
    it = camera("hikvision")
    assert set_ntp(it, "10.0.0.10").status == 200
    assert it.ask("tds", "GetSystemDateAndTime").text("DateTimeType") == "Manual", "SetNTP does not change the mode"
    assert set_time(it, "NTP", "CST-7:00:00").status == 200
    control.forget(it.state_dir, it.name)
    deadline = 100
    while abs(it.now() - time.time()) > 1 and deadline:
        deadline -= 1
        time.sleep(0.02)
    assert deadline, "the clock never came right"


def test_ntp_without_an_answering_server_leaves_the_clock_wrong(camera: Give) -> None:
    it = camera("hikvision")
    set_ntp(it, "10.9.9.9")
    set_time(it, "NTP")
    assert abs(it.state()["clock"]["offset_s"]) > 3600


def test_ntp_mode_without_servers_and_emptying_them_in_it_are_refused(camera: Give) -> None:
    it = camera("dahua")
    assert set_ntp(it).status == 200
    assert set_time(it, "NTP").codes[1:] == ["ter:InvalidArgVal", "ter:NtpServerUndefined"]
    set_ntp(it, "10.0.0.10")
    set_time(it, "NTP")
    assert set_ntp(it).codes[1:] == ["ter:InvalidArgVal", "ter:TimeSyncedToNtp"]


def test_hikvision_takes_a_zone_only_in_its_own_shape(camera: Give) -> None:
    it = camera("hikvision")
    for refused in ("UTC-7", "<+07>-7", "ICT-7"):
        assert (
            set_time(it, "Manual", refused.replace("<", "&lt;").replace(">", "&gt;")).codes[-1] == "ter:InvalidTimeZone"
        )
    assert set_time(it, "Manual", "CST-7:00:00").status == 200
    assert it.ask("tds", "GetSystemDateAndTime").text("TZ") == "CST-7:00:00"


def test_uniview_shows_a_local_time_that_turns_its_zones_sign_round(camera: Give) -> None:
    told = camera("uniview").ask("tds", "GetSystemDateAndTime")
    assert told.text("TZ") == "GMT+08:00"
    hours = [int(hour) for hour in told.texts("Hour")]
    assert (hours[1] - hours[0]) % 24 == 8


def test_the_clock_is_set_by_hand_and_impossible_dates_are_refused(camera: Give) -> None:
    it = camera("dahua")
    assert set_time(it, "Manual", moment=moment(2030, 2, 28, 7)).status == 200
    told = it.ask("tds", "GetSystemDateAndTime", offset_s=it.now() - time.time())
    assert (told.text("Year"), told.text("Month"), told.text("Day"), told.text("Hour")) == ("2030", "2", "28", "7")
    assert set_time(it, "Manual", moment=moment(2030, 13, 1, 7)).codes[-1] == "ter:InvalidDateTime"


def test_bosch_ignores_the_mode_and_tells_no_local_time(camera: Give) -> None:
    it = camera("bosch")
    assert set_time(it, "Manual").status == 200
    told = it.ask("tds", "GetSystemDateAndTime")
    assert told.text("DateTimeType") == "NTP"
    assert told.text("LocalDateTime") is None


def test_the_host_name_is_checked_and_kept(camera: Give) -> None:
    it = camera("dahua")
    assert it.ask("tds", "SetHostname", "<tds:Name>desk_1</tds:Name>").codes[-1] == "ter:InvalidHostname"
    assert it.ask("tds", "SetHostname", "<tds:Name>desk-1</tds:Name>").status == 200
    assert it.ask("tds", "GetHostname").text("Name") == "desk-1"


def test_set_scopes_replaces_what_is_configurable_and_fixed_ones_cannot_be_named(camera: Give) -> None:
    it = camera("dahua")
    fixed = it.state()["scopes"]["fixed"]
    place = "onvif://www.onvif.org/location/Quay%201"
    assert it.ask("tds", "SetScopes", f"<tds:Scopes>{place}</tds:Scopes>").status == 200
    assert it.ask("tds", "GetScopes").texts("ScopeItem") == [*fixed, place]
    refused = it.ask("tds", "SetScopes", f"<tds:Scopes>{fixed[0]}</tds:Scopes>")
    assert refused.codes[-1] == "ter:ScopeOverwrite"
    gone = it.ask("tds", "RemoveScopes", f"<tds:ScopeItem>{place}</tds:ScopeItem>")
    assert gone.texts("ScopeItem") == [place]
    assert it.ask("tds", "RemoveScopes", f"<tds:ScopeItem>{place}</tds:ScopeItem>").codes[-1] == "ter:NoScope"
    assert it.ask("tds", "RemoveScopes", f"<tds:ScopeItem>{fixed[0]}</tds:ScopeItem>").codes[-1] == "ter:FixedScope"


def test_dns_gateway_and_zero_configuration_are_told_back(camera: Give) -> None:
    it = camera("hikvision")
    dns = "<tds:DNSManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.53</tt:IPv4Address></tds:DNSManual>"
    domain = "<tds:SearchDomain>ward.example</tds:SearchDomain>"
    assert it.ask("tds", "SetDNS", f"<tds:FromDHCP>false</tds:FromDHCP>{domain}{dns}").status == 200
    assert it.ask("tds", "GetDNS").text("IPv4Address") == "10.0.0.53"
    assert it.ask("tds", "SetNetworkDefaultGateway", "<tds:IPv4Address>10.20.1.1</tds:IPv4Address>").status == 200
    assert it.ask("tds", "GetNetworkDefaultGateway").texts("IPv4Address") == ["10.20.1.1"]
    zero = "<tds:InterfaceToken>eth0</tds:InterfaceToken><tds:Enabled>false</tds:Enabled>"
    assert it.ask("tds", "SetZeroConfiguration", zero).status == 200
    assert it.ask("tds", "GetZeroConfiguration").text("Enabled") == "false"


def protocol(name: str, enabled: str, port: int) -> str:
    return (
        f"<tds:NetworkProtocols><tt:Name>{name}</tt:Name><tt:Enabled>{enabled}</tt:Enabled>"
        f"<tt:Port>{port}</tt:Port></tds:NetworkProtocols>"
    )


def test_a_protocol_that_is_switched_off_is_really_off(camera: Give) -> None:
    it = camera("hikvision")
    assert it.ask("tds", "SetNetworkProtocols", protocol("HTTP", "true", 443)).codes[-1] == "ter:PortAlreadyInUse"
    assert it.ask("tds", "SetNetworkProtocols", protocol("HTTPS", "false", 443)).status == 200
    with pytest.raises(OSError, match=r"reset|EOF|closed"):
        it.connect(secure=True).request("GET", "/")
    assert it.ask("tds", "SetNetworkProtocols", protocol("HTTP", "false", 80)).status == 200
    it.wait(False)


def test_an_address_on_loopback_moves_the_camera_and_any_other_stays_behind_the_labs(camera: Give) -> None:
    it = camera("hikvision")

    def move(address: str) -> Answer:
        manual = f"<tt:Manual><tt:Address>{address}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual>"
        inner = f"<tt:IPv4>{manual}<tt:DHCP>false</tt:DHCP></tt:IPv4>"
        body = f"<tds:InterfaceToken>eth0</tds:InterfaceToken><tds:NetworkInterface>{inner}</tds:NetworkInterface>"
        return it.ask("tds", "SetNetworkInterfaces", body)

    assert move("10.20.1.11").status == 200
    assert it.ask("tds", "GetNetworkInterfaces").text("Address") == "10.20.1.11"
    assert move("0.0.0.0").codes[-1] == "ter:InvalidIPv4Address"
    assert move("127.22.99.7").status == 200
    it.wait(False)
    it.address = "127.22.99.7"
    assert it.ask("tds", "GetNetworkInterfaces").text("Address") == "127.22.99.7"


def user(name: str, level: str, password: str | None = STRONG) -> str:
    secret = "" if password is None else f"<tt:Password>{password}</tt:Password>"
    return f"<tds:User><tt:Username>{name}</tt:Username>{secret}<tt:UserLevel>{level}</tt:UserLevel></tds:User>"


def test_accounts_are_all_or_nothing_and_keep_the_makers_rules(camera: Give) -> None:
    it = camera("hikvision")
    both = user("fleetctl", "Administrator") + user("viewer", "User", "weak")
    assert it.ask("tds", "CreateUsers", both).codes[-1] == "ter:PasswordTooWeak"
    assert set(it.state()["users"]) == {"admin"}
    assert it.ask("tds", "CreateUsers", user("fleetctl", "Administrator")).status == 200
    assert it.ask("tds", "CreateUsers", user("fleetctl", "Administrator")).codes[-1] == "ter:UsernameClash"
    assert it.ask("tds", "CreateUsers", user("viewer", "User", "x" * 17)).codes[-1] == "ter:PasswordTooLong"
    assert it.ask("tds", "SetUser", user("fleetctl", "Operator", None)).codes[-1] == "ter:PasswordTooWeak"
    assert it.ask("tds", "SetUser", user("nobody", "Operator")).codes[-1] == "ter:UsernameMissing"
    assert it.ask("tds", "DeleteUsers", "<tds:Username>admin</tds:Username>").codes[-1] == "ter:FixedUser"
    assert it.ask("tds", "GetUsers").texts("Username") == ["admin", "fleetctl"]
    assert it.ask("tds", "GetUsers").texts("Password") == []


def test_bosch_answers_a_name_too_short_with_its_word_for_everything(camera: Give) -> None:
    refused = camera("bosch").ask("tds", "CreateUsers", user("abc", "User"))
    assert (refused.status, refused.codes[1:]) == (500, ["ter:Action"])


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<tds:NTPManual/><tds:FromDHCP>true</tds:FromDHCP>", "order"),
        ("<tds:FromDHCP>perhaps</tds:FromDHCP>", "type"),
        ("<tds:FromDHCP>false</tds:FromDHCP><tds:Extra/>", "an element more"),
        ("<tt:FromDHCP>false</tt:FromDHCP>", "namespace"),
        ("", "nothing"),
    ],
)
def test_a_request_out_of_shape_is_refused_and_changes_nothing(camera: Give, body: str, what: str) -> None:
    it = camera("generic")
    before = it.state()["time"]
    refused = it.ask("tds", "SetNTP", body)
    assert refused.status == 400, what
    assert refused.codes[:2] == ["SOAP-ENV:Sender", "ter:InvalidArgVal"]
    assert it.state()["time"] == before


def test_hikvision_misspells_and_hides_what_it_means(camera: Give) -> None:
    it = camera("hikvision")
    assert it.ask("tds", "GetEndpointReference").codes == [
        "env:Reveiver",
        "ter:ActionNotSupported",
        "ter:InvalidOperation",
    ]
    refused = it.ask("tds", "SetNTP")
    assert refused.codes == ["env:Sender", "ter:InvalidArgVal", "ter:InvalidParameter"]
    assert refused.reason == "the parameter value is illegal"


def test_reolink_echoes_the_security_header_and_speaks_as_gsoap_does(camera: Give) -> None:
    it = camera("reolink")
    assert it.login == ("admin", "")
    assert it.ask("tds", "GetUsers").text("Nonce")
    refused = it.ask("tds", "GetZeroConfiguration")
    assert refused.codes == ["SOAP-ENV:Sender"]
    assert refused.reason.startswith("Method 'tds:GetZeroConfiguration' not implemented")


def test_the_cheap_camera_says_yes_and_does_nothing(camera: Give) -> None:
    it = camera("tapo")
    assert it.ask("tds", "CreateUsers", user("fleetctl", "Administrator")).status == 200
    assert it.ask("tds", "SetHostname", "<tds:Name>desk-1</tds:Name>").status == 200
    assert it.ask("tds", "GetUsers").texts("Username") == ["admin"]
    assert it.ask("tds", "GetHostname").text("Name") == "C200"
    assert set_time(it, "NTP").status == 200
    assert it.ask("tds", "GetSystemDateAndTime").text("DaylightSavings") == "true"
    services = it.ask("tds", "GetServices", "<tds:IncludeCapability>false</tds:IncludeCapability>")
    assert all(address.startswith("http://192.168.0.60:2020/") for address in services.texts("XAddr"))
    assert "http://www.onvif.org/ver20/media/wsdl" not in services.texts("Namespace")


def test_a_service_is_found_at_its_own_path_only(camera: Give) -> None:
    it = camera("hikvision")
    assert it.post(it.rule.paths["trt"], it.envelope("<tds:GetUsers/>")).codes[1] == "ter:ActionNotSupported"
    assert it.post("/onvif/nothing", it.envelope("<tds:GetUsers/>")).status == 404


@pytest.mark.parametrize("operation", ["GetRelayOutputs"])
def test_relays_are_told_by_both_services_with_the_same_message(camera: Give, operation: str) -> None:
    it = camera("bosch")
    envelope = it.envelope(f"<tds:{operation}/>")
    assert b'token="Output_1"' in it.post(it.rule.paths["tmd"], envelope).body
    assert it.ask("tds", operation).text("IdleState") == "open"
    told = (
        '<tmd:RelayOutput token="Output_1"><tt:Properties><tt:Mode>Monostable</tt:Mode>'
        "<tt:DelayTime>PT2S</tt:DelayTime><tt:IdleState>closed</tt:IdleState></tt:Properties></tmd:RelayOutput>"
    )
    assert it.ask("tmd", "SetRelayOutputSettings", told).status == 200
    assert it.ask("tds", operation).text("IdleState") == "closed"
