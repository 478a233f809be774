"""One line at a time: an error line is never a yes, what asks back is answered, a secret is never told."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import netmiko
import paramiko
import pytest

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unreachable, Unsupported
from fleetctl.protocols.ssh import console, platforms
from fleetctl.protocols.ssh.console import Console
from tests.unit.switch.fakes import PLATFORMS

NO = {
    "cisco_ios": "               ^\n% Invalid input detected at '^' marker.\n",
    "tplink_jetstream": "Error: Invalid parameter.\n",
    "planet": "% Ambiguous word detected at '^' marker.\n",
    "ruijie_os": "% Incomplete command.\n",
    "mikrotik_routeros": "failure: already have such name\n",
    "hp_comware": " % Wrong parameter found at '^' position.\n",
}
YES = {
    "cisco_ios": "% Access VLAN does not exist. Creating vlan 20\n",
    "planet": "Building configuration...\n% Saving 1734 bytes to flash:startup-config\n",
    "hp_comware": "%Nov  2 08:00:11:120 2026 H3C SHELL/5/SHELL_LOGIN: admin logged in from 10.0.0.9.\n",
}


class Connection:
    """netmiko's connection, as far as a console uses it: command -> what is printed, or what is raised."""

    base_prompt = "sw"

    def __init__(self, answers: dict[str, str | Exception]) -> None:
        self.answers, self.sent, self.received = answers, list[str](), 0
        self.privileged = self.ended = False

    def check_enable_mode(self) -> bool:
        before, self.privileged = self.privileged, self.sent[-1:] == ["Gate-1"] and self.answers["Gate-1"] == "sw#"
        return before or self.privileged

    def paramiko_cleanup(self) -> None:
        self.ended = True

    def send_command(self, command: str, **_: Any) -> str:
        self.sent.append(command)
        told = self.answers.get(command, "")
        if isinstance(told, Exception):
            raise told
        return told

    def normalize_cmd(self, command: str) -> str:
        return command + "\n"

    def write_channel(self, text: str) -> None:
        self.sent.append(text.removesuffix("\n"))

    def read_until_pattern(self, **_: Any) -> str:
        told = self.answers.get(self.sent[-1], "")
        assert isinstance(told, str)
        return f"{self.sent[-1]}\n{told}"

    def disconnect(self) -> None:
        raise OSError("gone")


def at(platform: str, answers: dict[str, str | Exception]) -> tuple[Console, Connection]:
    connection = Connection(answers)
    return Console(platforms.all_platforms()[platform], "sw (10.20.1.3)", connection), connection


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_error_line_is_a_no_and_what_looks_like_one_may_be_a_yes(platform: str) -> None:
    known, _ = at(platform, {"x": NO[platform], "y": YES.get(platform, "fine\n")})
    with pytest.raises(Rejected) as caught:
        known.ask("x")
    assert "`x`" in str(caught.value)
    assert known.ask("y")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_typing_ends_at_the_first_no_leaves_the_mode_and_tells_no_secret(platform: str) -> None:
    enter, leave = platforms.all_platforms()[platform].config
    known, connection = at(platform, {"set S3cret-9": NO[platform].rstrip() + " S3cret-9\n"})
    with pytest.raises(Rejected) as caught:
        known.configure(["first", "set S3cret-9", "never"], hidden=["S3cret-9"])
    assert "S3cret-9" not in str(caught.value)
    assert "set ***" in str(caught.value)
    assert connection.sent == [line for line in (enter, "first", "set S3cret-9", leave) if line]


def test_what_asks_back_is_answered_and_must_say_that_it_was_done() -> None:
    talk = platforms.all_platforms()["cisco_ios"].arm
    save = platforms.all_platforms()["cisco_ios"].save
    assert talk is not None
    assert save is not None
    known, connection = at(
        "cisco_ios",
        {
            "reload in 3": "System configuration has been modified. Save? [yes/no]: ",
            "no": "Reload scheduled\nProceed with reload? [confirm]",
            "": "sw#",
            "write memory": "Building configuration...\nsw#",
        },
    )
    known.converse(talk)
    assert connection.sent == ["reload in 3", "no", ""]
    with pytest.raises(Rejected, match="did not say that it was done"):
        known.converse(save)


def test_safe_mode_is_a_key_and_a_schedule_is_typed_where_settings_are() -> None:
    routeros, jetstream = (platforms.all_platforms()[n].arm for n in ("mikrotik_routeros", "tplink_jetstream"))
    assert routeros is not None
    assert jetstream is not None
    known, connection = at("mikrotik_routeros", {"\x18": "[Safe Mode taken]\n[a@sw] <SAFE> > "})
    known.converse(routeros)
    assert connection.sent == ["\x18"]
    known, connection = at("tplink_jetstream", {"reboot-schedule in 3": "Continue? (Y/N):"})
    known.converse(jetstream)
    assert connection.sent == ["configure", "reboot-schedule in 3", "Y", "end"]


@pytest.mark.parametrize(
    ("raised", "meant", "word"),
    [
        (netmiko.ReadTimeout("x"), Unreachable, "in the middle"),
        (EOFError("closed by the switch"), Unreachable, "broke the connection"),
        (OSError("Socket is closed"), Unreachable, "broke the connection"),
        (paramiko.SSHException("x"), Unreachable, "broke the connection"),
        (ValueError("odd"), BadAnswer, "otherwise than its platform"),
    ],
)
def test_what_goes_wrong_on_the_line_is_told_as_what_one_may_do(
    raised: Exception, meant: type[FleetctlError], word: str
) -> None:
    known, _ = at("cisco_ios", {"x": raised})
    with pytest.raises(meant, match=word):
        known.ask("x")
    known.close()


def _errors(raised: Exception) -> None:
    with console._errors("sw", login="fleetctl"):
        raise raised


def test_a_refused_login_counts_and_a_wrong_enable_secret_does_not() -> None:
    with pytest.raises(Refused) as caught:
        _errors(netmiko.NetmikoAuthenticationException("x"))
    assert caught.value.credential
    with pytest.raises(Refused, match="enable secret") as caught:
        _errors(ValueError("Failed to enter enable mode."))
    assert not caught.value.credential


@pytest.mark.parametrize(
    ("asked", "told", "error"),
    [
        ("Password: ", "sw#", None),
        ("Password: ", "\nPassword: ", Refused),  # IOS asks three times
        ("Password: ", "% Access denied\n\nsw>", Refused),
        ("sw#", "", Unsupported),
    ],
)
def test_the_secret_of_the_privileged_mode_is_proven_by_leaving_it_and_entering_again(
    asked: str, told: str, error: type[FleetctlError] | None
) -> None:
    known, connection = at("cisco_ios", {"enable": asked, "Gate-1": told})
    connection.privileged = True
    if error is None:
        known.privileged_by("Gate-1")
        assert known.enabled
        assert connection.sent == ["disable", "enable", "Gate-1"]
        return
    with pytest.raises(error) as caught:
        known.privileged_by("Gate-1")
    assert "Gate-1" not in str(caught.value)
    assert getattr(caught.value, "of_enable", True)
    assert connection.ended is told.endswith("Password: "), "whatever is typed at a prompt for a secret is a try"


def test_a_changed_host_key_is_told_though_the_library_hides_it_in_a_time_out() -> None:
    old, new = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    hidden = netmiko.NetmikoTimeoutException("A paramiko SSHException occurred")
    hidden.__context__ = paramiko.BadHostKeyException("sw", new, old)
    with pytest.raises(Refused, match="another SSH host key") as caught:
        _errors(hidden)
    assert not caught.value.credential
    with pytest.raises(Unreachable, match="cannot be reached"):
        _errors(netmiko.NetmikoTimeoutException("no route"))


def test_an_answer_without_end_and_a_closed_channel_are_not_waited_for() -> None:
    class Base:
        device_type = "x"

        def __init__(self) -> None:
            self.remote_conn: Any = paramiko.Channel(1)
            self.piece = "x" * 1_000_000

        def read_channel(self) -> str:
            return self.piece

    made: Any = console.bounded(Base)()
    with pytest.raises(BadAnswer, match="bytes in one answer"):
        [made.read_channel() for _ in range(10)]
    made.piece, made.received = "", 0
    assert made.read_channel() == ""
    made.remote_conn.eof_received = True
    with pytest.raises(EOFError):
        made.read_channel()


def test_the_library_writes_no_tracebacks_to_the_screen() -> None:
    script = (
        "import logging, fleetctl.protocols.ssh.line\n"
        "logging.getLogger('paramiko.transport').error('Traceback: reset by peer')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
