"""A lab for the tests of the simulator: several cameras of each make, factory-fresh; each test takes its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab import control
from fleetctl.lab.personality import cameras, known
from tests.judges.wsdl import FETCHED, Judge, judge_from
from tests.lab.boxes import Boxes
from tests.lab.office import IN_STEP, Office, opened
from tests.lab.recorders import CAMERAS, NVRS, inventory, only, wait_for
from tests.lab.wire import Camera

EACH = 60
ACTIVATED = ("admin", "Lab-pass-1")  # what somebody gave a camera that must be activated
BOOT_S = 0.3


@pytest.fixture(scope="session")
def simulator(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[dict[str, list[Camera]]]:
    state_dir = tmp_path_factory.mktemp("simulator")
    given: dict[str, list[Camera]] = {}
    devices = []
    for make, (name, rule) in enumerate(cameras().items(), start=1):
        fresh = [(n, a["password"]) for n, a in rule.factory["users"].items() if a["level"] == "Administrator"]
        login = ACTIVATED if rule.fresh == "activation" else fresh[0] if fresh else None
        for number in range(1, EACH + 1):
            camera = Camera(state_dir, f"{name}-{number}", f"127.22.{make}.{number}", {}, rule, login)
            device = {"name": camera.name, "address": camera.address, "personality": name}
            devices.append(device | ({"login": list(ACTIVATED)} if rule.fresh == "activation" else {}))
            given.setdefault(name, []).append(camera)
    wsdl = pytestconfig.getoption("--wsdl") or (FETCHED if FETCHED.is_dir() else None)
    lab = control.up(
        {
            "devices": devices,
            "http_port": 0,
            "https_port": 0,
            "rtsp_port": 0,
            "discovery_port": 0,
            "boot_s": BOOT_S,
            "ntp_delay_s": 0.2,
            "ntp_servers": ["10.0.0.10"],
            "strict": wsdl is not None,
            "wsdl_dir": str(wsdl or ""),
        },
        state_dir,
    )
    for camera in (camera for some in given.values() for camera in some):
        camera.ports, camera.authority = dict(lab.ports), lab.ca_file
    try:
        yield given
        assert control.status(state_dir)["invalid"] == [], "the simulator said what the official schema does not allow"
    finally:
        control.down(state_dir)


@pytest.fixture
def camera(simulator: dict[str, list[Camera]]) -> Callable[[str], Camera]:
    """Give the next untouched camera of a make ("hikvision"); a lab has EACH of them."""
    return lambda make: simulator[f"{make}-like"].pop()


# --- recorders and vendors' protocols (boxes.py) ------------------------------------------------------------


@pytest.fixture(scope="session")
def many_boxes(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Boxes]:
    """A lab of recorders that work fast: a picture twice a second, a failed login tried again as soon."""
    counts = {name: 60 for name, rule in known().items() if rule.kind == "recorder"}
    counts |= {
        "hikvision-like": 120,
        "hikvision-v57-like": 20,
        "hikvision-v58-like": 5,
        "hikvision-hardened-like": 2,
        "hikvision-thermal-like": 5,
        "dahua-like": 60,
        "bosch-like": 10,
    }
    wsdl = pytestconfig.getoption("--wsdl") or (FETCHED if FETCHED.is_dir() else None)
    strict = {"strict": wsdl is not None, "wsdl_dir": str(wsdl or "")}
    made = Boxes(tmp_path_factory.mktemp("boxes"), counts, record_s=0.5, retry_s=0.5, ntp_delay_s=0.2, **strict)
    try:
        yield made
        assert control.status(made.state_dir)["invalid"] == [], (
            "a recorder said what the official schema does not allow"
        )
    finally:
        control.down(made.state_dir)


@pytest.fixture
def boxes(many_boxes: Boxes) -> Iterator[Boxes]:
    """Give devices by personality, each untouched; when the test is over its recorders let their cameras go."""
    yield many_boxes
    many_boxes.release()


@pytest.fixture(scope="module")
def judge(pytestconfig: pytest.Config) -> Judge:
    """The official schema, or the one fetched in its place."""
    try:
        return judge_from(pytestconfig.getoption("--wsdl"))
    except FileNotFoundError as error:
        pytest.fail(str(error))


# --- whole workspaces, driven by the command (office.py) -------------------------------------------------


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Office]:
    """Give a workspace whose lab is down, made once: `pilot` or `mixed`, each with `-fresh`, `-adopted` or neither."""
    made: dict[str, Office] = {}

    def template(name: str) -> Office:
        if name not in made:
            fleet, _, stage = name.partition("-")
            root = tmp_path_factory.mktemp("template") / name
            if stage == "fresh":
                office = opened(root, mixed=fleet == "mixed")
            elif stage == "adopted":
                office = template(f"{fleet}-fresh").copy(root)
                office.expect(0, "adopt", "--yes")
            else:
                office = template(f"{fleet}-adopted").copy(root)
                office.expect(0, "apply", "--yes", "--limit", IN_STEP if fleet == "mixed" else "all")
            office.lab_down()
            made[name] = office
        return made[name]

    return template


@pytest.fixture
def offices(templates: Callable[[str], Office], tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Give a workspace of one's own with its lab running: fresh, adopted, or in step; options are the lab's."""
    made: list[Office] = []

    def office(template: str, **options: Any) -> Office:
        made.append(templates(template).copy(tmp_path / f"{template}-{len(made)}", **options))
        made[-1].forget()
        return made[-1]

    try:
        yield office
    finally:
        for each in made:
            each.lab_down()


# --- sites with recorders (recorders.py) ---------------------------------------------------------------


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Office]:
    """Give a workspace of MODELS whose lab is down: `adopted`, or in step."""
    made: dict[str, Office] = {}

    def template(stage: str) -> Office:
        if stage not in made:
            root = tmp_path_factory.mktemp("recorders") / stage
            if stage == "adopted":
                office = only(root, inventory())
                office.lab_up()
                office.expect(0, "adopt", "--yes")
            else:
                office = template("adopted").copy(root)
                office.expect(0, "apply", "--yes")
            office.lab_down()
            made[stage] = office
        return made[stage]

    return template


@pytest.fixture
def sites(recording: Callable[[str], Office], tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Give a copy of one's own with its lab running (with options)."""
    made: list[Office] = []

    def office(stage: str, **options: Any) -> Office:
        made.append(recording(stage).copy(tmp_path / stage, **options))
        if stage == "in step":  # its recorders connect anew
            for nvr in NVRS:
                for channel in CAMERAS:
                    wait_for(made[-1], nvr, channel, online=True)
        made[-1].forget()
        return made[-1]

    yield office
    for each in made:
        each.lab_down()
