"""Real hosts for every test here; without root they fail and say why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hosts import machines, repository
from tests.hosts.fleet import Fleet


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.root)


@pytest.fixture(scope="session")
def _root() -> None:
    if os.geteuid() != 0:
        pytest.fail("these tests boot real hosts (systemd-nspawn, network namespaces): run them as root")


@pytest.fixture(scope="session")
def network(_root: None) -> Iterator[machines.Network]:
    with machines.network() as made:
        yield made


@pytest.fixture(scope="session")
def repo(_root: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local apt repository that every host sees as its only one."""
    return repository.made(tmp_path_factory.mktemp("repo"))


@pytest.fixture(scope="module")
def boot(
    network: machines.Network, repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Fleet]]:
    """Return what boots hosts by name and makes an inventory of them; they end with the module."""
    with ExitStack() as stack:

        def booting(*names: str, **variables: object) -> Fleet:
            up = stack.enter_context(machines.booted(names, network, repo=repo))
            return Fleet(machines=up, folder=tmp_path_factory.mktemp("fleet"), variables=variables)

        yield booting
