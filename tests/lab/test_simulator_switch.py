"""The lab's switches by a plain SSH client: modes, pages, questions, error lines, what is kept and what is lost."""

from __future__ import annotations

import hashlib
import io
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest
import scp

from fleetctl.lab import control, firmware
from fleetctl.lab.switch.dialect import known

LOGIN = ("technician", "Lab-console-1")
BOOT_S = 0.4
MINUTE_S = 0.3


class Lab:
    """A switch of each make, and people at their consoles."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def client(self, make: str, password: str = LOGIN[1]) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - the lab's own
        client.connect(
            self.address(make), self.port, LOGIN[0], password, look_for_keys=False, allow_agent=False, timeout=10
        )
        return client

    def address(self, make: str) -> str:
        return f"127.60.1.{sorted(known()).index(make) + 1}"

    def state(self, make: str) -> dict[str, Any]:
        return control.state(self.folder, make)


class Person:
    """Somebody at a console."""

    def __init__(self, client: paramiko.SSHClient) -> None:
        self.client = client
        self.shell = client.invoke_shell()
        self.shell.settimeout(5)
        self.read(r"[>#] ?$")

    def read(self, until: str) -> str:
        told, deadline = "", time.monotonic() + 5
        while not re.search(until, told):
            assert time.monotonic() < deadline, told
            told += self.shell.recv(4096).decode()
        return told.replace("\r", "")

    def type(self, line: str, until: str = r"[>#\]] ?$") -> str:
        self.shell.sendall(line.encode() + b"\r")
        return self.read(until)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("consoles")
    switches = [
        {
            "name": name,
            "address": f"127.60.1.{number}",
            "dialect": name,
            "login": list(LOGIN),
            "uplink": dialect.ports[-1],
        }
        for number, (name, dialect) in enumerate(sorted(known().items()), start=1)
    ]
    spec = {
        "devices": [],
        "switches": switches,
        "ssh_port": 0,
        "http_port": -1,
        "https_port": -1,
        "rtsp_port": -1,
        "boot_s": BOOT_S,
        "minute_s": MINUTE_S,
    }
    up = control.up(spec, folder)
    try:
        yield Lab(folder, up.ports["ssh"])
    finally:
        control.down(folder)


@pytest.fixture
def person(lab: Lab) -> Iterator[Any]:
    """Give somebody at the console of a make."""
    made: list[Person] = []

    def at(make: str) -> Person:
        made.append(Person(lab.client(make)))
        return made[-1]

    yield at
    for each in made:
        each.client.close()


def down(lab: Lab, make: str) -> None:
    deadline = time.monotonic() + 5
    while not lab.state(make)["dead"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def back(lab: Lab, make: str) -> None:
    deadline = time.monotonic() + 5
    while lab.state(make)["dead"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


ERRORS = {
    "cisco_ios": "% Invalid input detected",
    "planet": "% Invalid word detected",
    "ruijie_os": "% Invalid input detected",
    "tplink_jetstream": "Error: Bad command",
    "mikrotik_routeros": "bad command name",
    "hp_comware": "% Unrecognized command found",
}


@pytest.mark.parametrize("make", ERRORS)
def test_what_is_no_command_is_answered_as_its_maker_does(person: Any, make: str) -> None:
    assert ERRORS[make] in person(make).type("lorem ipsum")


def test_modes_change_the_prompt_and_a_mode_knows_only_its_own(person: Any) -> None:
    her = person("cisco_ios")
    assert "Invalid" in her.type("interface GigabitEthernet1/0/1")
    assert her.type("configure terminal").endswith("cisco_ios(config)#")
    assert "Invalid" in her.type("show version")
    assert her.type("interface GigabitEthernet1/0/1").endswith("cisco_ios(config-if)#")
    assert "Invalid" in her.type("switchport access vlan many")
    assert "Invalid" in her.type("interface GigabitEthernet9/9/9")
    assert her.type("end").endswith("cisco_ios#")


def test_comware_has_views_and_a_view_knows_only_its_own(lab: Lab, person: Any) -> None:
    her = person("hp_comware")
    assert "Unrecognized" in her.type("interface GigabitEthernet1/0/1")
    assert her.type("system-view").endswith("[hp_comware]")
    assert her.type("interface GigabitEthernet1/0/1").endswith("[hp_comware-GigabitEthernet1/0/1]")
    assert "Unrecognized" in her.type("port access vlan many")
    for line in ("undo poe enable", "description by hand", "quit", "vlan 30", "name voice", "return"):
        told = her.type(line)
    assert told.endswith("<hp_comware>")
    shown = lab.state("hp_comware")["running"]
    assert "interface GigabitEthernet1/0/1\n description by hand\n#" in shown
    assert "vlan 30\n name voice\n" in shown
    first = her.type("display current-configuration", until="---- More ---- ?$")
    assert LOGIN[1] not in first
    her.shell.sendall(b"q")
    her.read(r">$")
    her.type("screen-length disable")
    assert her.type("display current-configuration").endswith("return\n<hp_comware>")


def test_a_long_answer_comes_page_by_page(person: Any) -> None:
    her = person("cisco_ios")
    first = her.type("show running-config", until="--More-- $")
    assert "\nend" not in first
    her.shell.sendall(b"q")
    her.read(r"#$")
    her.type("terminal length 0")
    assert "\nend\n" in her.type("show running-config")


def test_what_was_not_saved_is_lost_with_the_next_start_and_a_start_asks(lab: Lab, person: Any) -> None:
    her = person("cisco_ios")
    for line in ("configure terminal", "interface GigabitEthernet1/0/5", "description unsaved", "end"):
        her.type(line)
    assert "description unsaved" in lab.state("cisco_ios")["running"]
    assert "description unsaved" not in lab.state("cisco_ios")["startup"]
    her.type("reload", until=r"Save\? \[yes/no\]: $")
    her.type("no", until=r"\[confirm\]$")
    her.shell.sendall(b"\r")
    down(lab, "cisco_ios")
    back(lab, "cisco_ios")
    assert "unsaved" not in lab.state("cisco_ios")["running"]
    her = person("cisco_ios")
    for line in ("configure terminal", "interface GigabitEthernet1/0/5", "description saved", "end", "write memory"):
        told = her.type(line)
    assert "[OK]" in told
    control.reboot(lab.folder, "cisco_ios")
    back(lab, "cisco_ios")
    assert "description saved" in lab.state("cisco_ios")["running"]


# To a port's view; what plans a start, with what it asks; what cancels it, and from where.
PLANNED = {
    "cisco_ios": (("configure terminal", "interface GigabitEthernet1/0/6"), ("end",),
                  (("reload in 3", r"yes/no\]: $"), ("no", r"\[confirm\]$"), ("", r"#$")), "reload cancel"),
    "ruijie_os": (("configure terminal", "interface GigabitEthernet 0/6"), ("end",),
                  (("reload in 3", r"\(Y/N\)$"), ("y", r"#$")), "reload cancel"),
    "tplink_jetstream": (("enable", "configure", "interface gigabitEthernet 1/0/6"), ("exit",),
                         (("reboot-schedule in 3", r"\(Y/N\):$"), ("Y", r"#$")), "reboot-schedule cancel"),
    "hp_comware": (("system-view", "interface GigabitEthernet1/0/6"), ("return",),
                   (("schedule reboot delay 3", r"\[Y/N\]:$"), ("Y", r">$")), "undo schedule reboot"),
}  # fmt: skip


@pytest.mark.parametrize("cancelled", [True, False])
@pytest.mark.parametrize("make", PLANNED)
def test_a_planned_start_comes_unless_it_is_cancelled(lab: Lab, person: Any, make: str, cancelled: bool) -> None:
    her, (enter, leave, plan, cancel) = person(make), PLANNED[make]
    for line in (*enter, f"description now-{cancelled}", *leave):
        her.type(line)
    for line, until in plan:
        her.type(line, until=until)
    assert lab.state(make)["armed"]
    if cancelled:
        her.type(cancel)
        assert not lab.state(make)["armed"]
        assert f"now-{cancelled}" in lab.state(make)["running"]
        return
    deadline = time.monotonic() + 20
    while f"now-{cancelled}" in lab.state(make)["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    back(lab, make)


def test_safe_mode_undoes_what_its_session_leaves_behind(lab: Lab, person: Any) -> None:
    her = person("mikrotik_routeros")
    her.shell.sendall(b"\x18")
    assert "<SAFE>" in her.read(r"<SAFE> > $")
    her.type('/interface ethernet set [find name=ether3] comment="by hand"')
    assert "by hand" in lab.state("mikrotik_routeros")["running"]
    her.client.close()
    deadline = time.monotonic() + 5
    while "by hand" in lab.state("mikrotik_routeros")["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_shut_uplink_cuts_the_console_too(lab: Lab, person: Any) -> None:
    her = person("planet")
    her.type("configure terminal")
    her.type("interface GigabitEthernet 1/12")
    her.shell.sendall(b"shutdown\r")
    down(lab, "planet")
    with pytest.raises((paramiko.SSHException, OSError, EOFError)):
        lab.client("planet")
    control.reboot(lab.folder, "planet")
    back(lab, "planet")
    person("planet")


def test_a_file_is_copied_to_flash_by_anybodys_scp_where_that_is_let_in(lab: Lab, person: Any) -> None:
    her, image = person("cisco_ios"), firmware.made(("WS-C2960X-24PS-L",), "15.2(7)E9", size=50_000)

    def copy() -> None:
        with lab.client("cisco_ios") as client, scp.SCPClient(client.get_transport()) as copier:
            copier.putfo(io.BytesIO(image), "flash:/e9.bin")

    with pytest.raises(scp.SCPException):
        copy()
    assert "No such file" in her.type("verify /md5 flash:/e9.bin")
    for line in ("configure terminal", "ip scp server enable", "end"):
        her.type(line)
    copy()
    assert hashlib.md5(image, usedforsecurity=False).hexdigest() in her.type("verify /md5 flash:/e9.bin")
    assert re.search(rf"{len(image)} .* e9\.bin", her.type("dir flash:"))
    for line in ("configure terminal", "boot system flash:/e9.bin", "end", "write memory"):
        her.type(line)
    her.shell.sendall(b"reload\r\r")
    down(lab, "cisco_ios")
    back(lab, "cisco_ios")
    again = person("cisco_ios")
    again.type("terminal length 0")
    assert "Version 15.2(7)E9," in again.type("show version")


def test_a_wrong_password_is_refused_and_noted(lab: Lab) -> None:
    with pytest.raises(paramiko.AuthenticationException):
        lab.client("ruijie_os", "wrong")
    assert [e["outcome"] for e in control.log(lab.folder, "ruijie_os")][-1] == "wrong-login"


def test_the_privileged_mode_asks_for_its_secret_where_there_is_one(person: Any) -> None:
    her = person("cisco_ios")
    for line in ("configure terminal", "enable secret Gate-1", "username low privilege 1 secret Low-1", "end"):
        her.type(line)
    assert "Gate-1" not in her.type("show running-config", until="--More-- $")
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())  # noqa: S507 - the lab's own
    client.connect(her.client.get_transport().getpeername()[0], her.client.get_transport().getpeername()[1], "low", "Low-1", look_for_keys=False, allow_agent=False)  # fmt: skip  # noqa: E501
    low = Person(client)
    assert "Invalid" in low.type("configure terminal")
    low.type("enable", until="Password: $")
    assert "Access denied" in low.type("wrong")
    low.type("enable", until="Password: $")
    told = low.type("Gate-1")
    assert told.endswith("#")
    assert "Gate-1" not in told, "what is typed there is not echoed"
    assert low.type("disable").endswith(">")
    client.close()
