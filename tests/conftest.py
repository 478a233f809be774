"""Options of the whole suite: real captures and the official WSDL are judges that a checkout may lack."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ.pop("COLUMNS", None)  # pytest-xdist gives its workers one; what is printed here goes to no terminal

# A machine may forbid Python to keep what it compiled (containers do). Here hundreds of processes start, and each would
# compile fleetctl anew, and pytest the assertions of every file.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--captures", type=Path, default=None, help="folder of real devices' answers")
    parser.addoption("--every-step", action="store_true", help="kill commands at every step, not at a sample")
    parser.addoption("--wsdl", type=Path, default=None, help="folder of the official ONVIF WSDL set")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests that read captures exist only for those who have them; nobody else sees a skip."""
    if config.getoption("--captures") is None and collection_path.name == "captures":
        return True
    return None


@pytest.fixture(scope="session")
def captures(pytestconfig: pytest.Config) -> Path:
    folder: Path | None = pytestconfig.getoption("--captures")
    if folder is None or not folder.is_dir():
        pytest.fail("this test reads real devices' answers: pytest --captures DIR")
    return folder
