"""`fleetctl --help` is quick because it loads nothing that only a command needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("lxml", "paramiko", "netmiko", "rich", "jinja2", "ansible", "ansible_runner", "zeep", "onvif", "yaml")
HEAVY += ("cryptography", "sqlite3", "PIL", "av", "fleetctl.operations", "fleetctl.lab", "fleetctl.protocols")


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["--lang", "vi", "apply", "--help"], ["device", "call", "--help"]]
)
def test_help_loads_nothing_heavy_and_in_english_no_other_language(arguments: list[str]) -> None:
    unwanted = (*HEAVY, *(() if "--lang" in arguments else ("fleetctl.cli.helping",)))
    script = f"""
import sys
from fleetctl.cli.main import main
code = main({arguments!r})
heavy = [name for name in {unwanted!r} if name in sys.modules]
print("heavy:", heavy, file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr.strip() == "heavy: []"
    assert done.stdout


def test_the_command_is_installed_and_says_what_is_wrong_on_stderr() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fleetctl.cli.main", "nonsense"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert not done.stdout
