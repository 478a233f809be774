"""fleetctl's sessions against makers' devices of the lab: what their hardened and middle-aged firmware wants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetctl.aspects.channels import BoundCamera, Channels, Credential, Speech
from fleetctl.aspects.identity import Identity
from fleetctl.aspects.users import Account, Level, Users
from fleetctl.drivers import dahua, hikvision
from fleetctl.lab import control
from fleetctl.model import Access, Cell, Device, Endpoint, FrozenMap, Kind, SecretRef
from fleetctl.protocols import dahua as cgi
from fleetctl.protocols import isapi
from tests.lab.boxes import CAMERA, Box, Boxes

VIEWER = SecretRef(device="x", account="lanhdao")
HELD = SecretRef(device="camera", account="admin")


class Vault:
    """A vault of these passwords, and of the acting account's."""

    def __init__(self, box: Box) -> None:
        assert box.login is not None
        self._known = {VIEWER: "Xem-camera-7", HELD: CAMERA[1]}
        self._own = box.login[1]

    def reveal(self, ref: SecretRef) -> str:
        return self._known.get(ref, self._own)


def device_of(box: Box, kind: Kind = Kind.NVR) -> Device:
    assert box.login is not None
    endpoint = Endpoint(address=box.address, port=box.ports["http"], timeout_s=20.0)
    return Device(name=box.name, kind=kind, site="s", endpoint=endpoint, user=box.login[0])


def opened(speaks: Any, box: Box) -> Any:
    assert box.login is not None
    return speaks.connect(device_of(box), password=box.login[1], access=Access.WRITE)


def cell(driver: Any, aspect: str) -> Cell:
    return next(c for c in driver.DRIVER.cells if c.aspect == aspect)


def written(driver: Any, speaks: Any, box: Box, aspect: str, wanted: Any) -> Any:
    """Write a setting and read it back in a new session."""
    with opened(speaks, box) as session:
        write = cell(driver, aspect).write
        assert write is not None
        write(session, wanted, Vault(box))
    with opened(speaks, box) as session:
        return cell(driver, aspect).read(session)


@pytest.mark.parametrize("make", ["hikvision-nvr-hardened-like", "hikvision-hardened-like"])
def test_hardened_firmware_takes_an_account_with_its_password_encrypted(boxes: Boxes, make: str) -> None:
    it = boxes.of(make)
    wanted = Users(accounts=FrozenMap({"lanhdao": Account(level=Level.OPERATOR, password=VIEWER)}))
    told = written(hikvision, isapi, it, "users", wanted)
    assert told.accounts["lanhdao"].level is Level.OPERATOR
    assert it.state()["users"]["lanhdao"]["password"] == "Xem-camera-7"


def bound(camera: Box) -> Channels:
    held = BoundCamera(
        camera=camera.name,
        protocol=Speech.ONVIF,
        address=camera.address,
        port=camera.ports["http"],
        user=CAMERA[0],
        password=HELD,
    )
    return Channels(cameras=FrozenMap({"1": held}))


def test_hardened_firmware_takes_a_camera_with_its_password_encrypted(boxes: Boxes) -> None:
    recorder, camera = boxes.of("hikvision-nvr-hardened-like"), boxes.of("hikvision-like")
    told = written(hikvision, isapi, recorder, "channels", bound(camera))
    assert told.cameras["1"].credential is Credential.ACCEPTED


def test_a_recorder_without_json_pages_takes_a_camera_sealed_and_tells_how_it_stands(boxes: Boxes) -> None:
    recorder, camera = boxes.of("dahua-nvr-middle-like"), boxes.of("dahua-like")
    told = written(dahua, cgi, recorder, "channels", bound(camera))
    assert (told.cameras["1"].address, told.cameras["1"].credential) == (camera.address, Credential.ACCEPTED)
    assert recorder.state()["channels"]["1"]["password"] == CAMERA[1]


def test_a_name_that_no_address_can_carry_arrives_all_the_same(boxes: Boxes) -> None:
    name = "Tiếp nhận & trả kết quả"
    told = written(dahua, cgi, boxes.of("dahua-nvr-like"), "identity", Identity(name=name))
    assert told.name == name


def test_a_factory_new_unit_is_initialised_and_then_lets_its_account_in(boxes: Boxes) -> None:
    it = boxes.of("dahua-nvr-like")
    control.ask(boxes.state_dir, "drop", device=it.name, section="users", key="admin")
    nobody = replace(device_of(it), user="")
    with cgi.connect(nobody, password=None, access=Access.WRITE) as session:
        assert session.inactive
        session.initialise("admin", "Moi-Khoi-tao-9")
    it.login = ("admin", "Moi-Khoi-tao-9")
    with opened(cgi, it) as session:
        session.prove()
    with cgi.connect(nobody, password=None, access=Access.WRITE) as session:
        assert not session.inactive
