"""Real hosts for every test here; without root they fail and say why."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hosts import commune, machines, repository
from tests.hosts.fleet import Fleet, Run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.root)
            item.add_marker(pytest.mark.timeout(2400))  # the first one builds the image and rolls everything out


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


@pytest.fixture(scope="session")
def boot(
    network: machines.Network, repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Fleet]]:
    """Return what boots hosts by name and makes an inventory of them; they end with the tests."""
    with ExitStack() as stack:

        def booting(*names: str, **variables: object) -> Fleet:
            up = stack.enter_context(machines.booted(names, network, repo=repo))
            return Fleet(machines=up, folder=tmp_path_factory.mktemp("fleet"), variables=variables)

        yield booting


@pytest.fixture(scope="session")
def plain(boot: Callable[..., Fleet], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A commune's hosts as an installer leaves them."""
    with commune.prepared(boot, tmp_path_factory.mktemp("commune")) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def runs(plain: Fleet) -> dict[str, Run]:
    """What site.yml said: at a check of plain hosts, when it converged them, and when it did so again."""
    checked = plain.good("site", check=True)
    first = plain.good("site")
    return {"check": checked, "first": first, "again": plain.good("site")}


@pytest.fixture(scope="session")
def hosts(plain: Fleet, runs: dict[str, Run]) -> Fleet:
    """The commune's hosts as site.yml made them."""
    return plain
