"""What is judged from outside: open ports, TLS, the certificate, plain HTTP, the maker's default password."""

from __future__ import annotations

from collections.abc import Callable

from fleetctl.lab import control
from fleetctl.operations.passwords import makers_login
from tests.lab.office import Office

CAM, OTHER = "viet-hung-cam-01", "viet-hung-cam-02"
SITE = f"{CAM},{OTHER}"


def test_what_a_device_shows_to_whoever_knocks_is_judged(offices: Callable[..., Office]) -> None:
    office = offices("pilot")
    told = control.described(office.lab_dir)
    secure, plain = told.ports["https"], told.ports["http"]
    over_tls = {"onvif_scheme": "https", "onvif_port": secure, "tls_ca_file": str(told.ca_file)}
    office.device_vars({CAM: over_tls, OTHER: over_tls})
    here = {22, 80, 443, 554, 2000, 8000, 8080, 8443, 9000, secure, plain, told.ports["rtsp"]}
    allowed = f"all: {{vars: {{requirement_parameters: {{hardening: {{open_ports: {sorted(here)}}}}}}}}}\n"
    office.write("zzz_allowed.yml", allowed)

    def judged(*options: str) -> dict[str, dict[str, tuple[str, object]]]:
        ran = office.json("standard", "check", "--pack", "hardening", "-l", SITE, *options)
        found: dict[str, dict[str, tuple[str, object]]] = {CAM: {}, OTHER: {}}
        for line in ran.lines:
            if line["type"] == "requirement" and line["proof"] == "probed":
                name = line["requirement"].removeprefix("hardening/")
                found[line["subject"]][name] = (line["verdict"], line["actual"])
        return found

    assert {verdict for verdict, _ in judged()[CAM].values()} == {"unsupported"}, "nobody looked"

    control.break_(office.lab_dir, CAM, "old-tls")
    control.break_(office.lab_dir, CAM, "certificate", days=-2)
    control.break_(office.lab_dir, CAM, "open-port", port=37777)
    office.forget()
    found = judged("--probe")
    assert office.writes() == {}
    bad, good = found[CAM], found[OTHER]
    assert bad["tls-versions"] == ("fail", ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"])
    assert good["tls-versions"] == ("pass", ["TLSv1.2", "TLSv1.3"])
    assert (bad["certificate-days"][0], bad["certificate-trusted"]) == ("fail", ("fail", False))
    assert (good["certificate-days"][0], good["certificate-trusted"]) == ("pass", ("pass", True))
    assert (bad["default-password"][0], good["default-password"][0]) == ("unsupported", "unsupported")
    assert bad["open-ports"][0] == "fail"
    assert 37777 in bad["open-ports"][1]  # type: ignore[operator]
    assert good["open-ports"][0] == "pass"
    control.mend(office.lab_dir, CAM)
    assert judged("--probe")[CAM]["open-ports"][0] == "pass"


def test_a_makers_default_password_is_tried_when_that_is_allowed_and_once(offices: Callable[..., Office]) -> None:
    office = offices("pilot")
    workspace = office.workspace
    device = workspace.inventory.devices[OTHER]
    ((user, default_password),) = makers_login(workspace, device)
    users = {
        **office.real(OTHER)["users"]
    }  # adopt gave both another password; somebody gave this one its maker's again
    users[user] = {**users[user], "password": default_password}
    control.change(office.lab_dir, OTHER, "users", **users)

    def judged(*options: str) -> dict[str, str]:
        ran = office.json("standard", "check", "--pack", "hardening", "-l", SITE, *options)
        lines = [line for line in ran.lines if line["type"] == "requirement"]
        return {line["subject"]: line["verdict"] for line in lines if line["requirement"].endswith("/default-password")}

    assert judged() == {CAM: "unsupported", OTHER: "unsupported"}
    default = {CAM: "pass", OTHER: "fail"}
    assert judged("--try-defaults") == default
    office.forget()
    judged()
    asked = office.requests(CAM)
    office.forget()
    assert judged("--try-defaults") == default
    assert office.requests(CAM) == asked, "what was refused is not tried again"
    assert not any(locked for locked, _ in office.locked().values())
