"""What recorders do to cameras by themselves: plug and play, adding what they see, pushing passwords, activating.

Source: field facts on vendor protocols 1.2 (activation), 1.5 (InputProxy: plugplay, syncIPCPasswd), 2.4 (auto-add).
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.lab import auth
from fleetctl.lab.device import SimDevice
from fleetctl.lab.recorder.login import credentials
from fleetctl.lab.recorder.wire import Line

if TYPE_CHECKING:
    from fleetctl.lab.world import World

_TYPE = {"Content-Type": "application/xml"}


def _free(recorder: SimDevice) -> str:
    """Return the first channel that holds nothing, "" if there is none."""
    rule, channels = recorder.personality.recorder, recorder.read("channels")
    numbers = range(1, (rule.channels if rule else 0) + 1)
    return next((str(n) for n in numbers if str(n) not in channels), "")


def _add(world: World, recorder: SimDevice, camera: SimDevice, **told: Any) -> None:
    number = _free(recorder)
    password = auth.password_of(recorder, "admin")
    if not number or not password:
        return
    recorder.change("channels")[number] = {
        "name": f"IPCamera {int(number):02d}",
        "address": str(camera.read("network")["address"]),
        "source": 1,
        "user": "admin",
        "password": password,  # its own: what it knows
        "enabled": True,
        **told,
    }
    recorder.commit(world.disk)


def _unbound(world: World, recorder: SimDevice, seen: Iterator[SimDevice]) -> Iterator[SimDevice]:
    bound = {str(told.get("address")) for told in recorder.read("channels").values()}
    for camera in seen:
        places = {str(camera.read("network")["address"]), world.address(camera)}
        if not places & bound and not camera.dead():
            yield camera


def plug(world: World, recorder: SimDevice) -> list[SimDevice]:
    """Bind what hangs on the recorder's own ports; returns the cameras that must be activated first."""
    rule = recorder.personality.recorder
    if rule is None or not rule.plug_and_play:
        return []
    own = (d for d in world.devices.values() if d.spec.behind == recorder.name)
    fresh = []
    for camera in list(_unbound(world, recorder, own)):
        _add(world, recorder, camera, protocol="HIKVISION", port=8000, mode="plugplay")
        if camera.personality.isapi is not None and not camera.read("users"):
            fresh.append(camera)
    return fresh


def auto_add(world: World, recorder: SimDevice) -> None:
    """Bind a camera of the same make on the same network that is on no channel, with the recorder's own login."""
    if not recorder.read("sync").get("auto_add") or recorder.personality.cgi is None:
        return
    kept = recorder.read("network")
    home = ipaddress.IPv4Network(f"{kept['address']}/{kept['prefix']}", strict=False)
    near = (
        device
        for device in world.devices.values()
        if device.personality.kind == "camera"
        and device.personality.cgi is not None
        and ipaddress.IPv4Address(str(device.read("network")["address"])) in home
    )
    for camera in list(_unbound(world, recorder, near)):
        _add(world, recorder, camera, protocol="Private", port=37777, http_port=80)


async def activate(line: Line, password: str) -> bool:
    """Give a factory-new camera its first password, by the challenge it wants; True if it took it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- the device takes no other
    modulus = f"{key.public_key().public_numbers().n:0256x}"
    body = f"<PublicKey><key>{base64.b64encode(modulus.encode()).decode()}</key></PublicKey>"
    told = await line.ask("POST", "/ISAPI/Security/challenge", body.encode(), _TYPE)
    found = re.search(rb"<key>([^<]+)</key>", told.body)
    if told.status != 200 or found is None:
        return False
    secret = key.decrypt(bytes.fromhex(base64.b64decode(found[1]).decode()), padding.PKCS1v15()).decode()
    plain = secret[:16].encode() + password.encode()
    sealing = Cipher(algorithms.AES(bytes.fromhex(secret)), modes.ECB()).encryptor()  # noqa: S305 -- the vendor's way
    sealed = (sealing.update(plain + b"\0" * (-len(plain) % 16)) + sealing.finalize()).hex()
    body = f"<ActivateInfo><password>{base64.b64encode(sealed.encode()).decode()}</password></ActivateInfo>"
    return (await line.ask("PUT", "/ISAPI/System/activate", body.encode(), _TYPE)).status == 200


async def set_password(line: Line, channel: Mapping[str, Any], password: str) -> bool:
    """Set the password of the account a channel logs in with, at the camera; True if it took it."""
    login = credentials(channel)
    users = await line.ask_as(login, "GET", "/ISAPI/Security/users")
    found = re.search(rb"<id>(\d+)</id>[^U]*?<userName>" + re.escape(login[0]).encode() + b"</userName>", users.body)
    number = int(found[1]) if found else 1
    body = (
        f"<User><id>{number}</id><userName>{escape(login[0])}</userName><password>{escape(password)}</password></User>"
    )
    told = await line.ask_as(login, "PUT", f"/ISAPI/Security/users/{number}", body.encode(), _TYPE)
    return told.status == 200
