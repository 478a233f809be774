"""Dahua's JSON-RPC (RPC2): its login, its sessions, the methods a tool needs, and the sealed ones.

Source: field facts on vendor protocols 2.2, 2.4 (encrypted form). What `secSetCamera` answers beside `result` is not
public.
"""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from fleetctl.lab import access, auth
from fleetctl.lab.cgi import channels, initialising, system, tables
from fleetctl.lab.cgi.envelope import encrypt_info, sealed, unsealed
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.vendor import Visit
from fleetctl.lab.world import World

CHALLENGE, WRONG, LOCKED, NO_USER, WRONG_PASSWORD = 268632079, 268632085, 268632081, 268632070, 268632071
NO_SESSION, NO_METHOD, BAD_REQUEST, NO_RIGHT = 287637505, 268894210, 268894209, 285278249
SESSION_S: Final = 300.0
_WORDS: Final = {
    CHALLENGE: "Component error: login challenge!",
    WRONG: "Component error: User or password not valid!",
    LOCKED: "Component error: user has been locked!",
    NO_SESSION: "Invalid session in request data!",
    NO_METHOD: "Method not found!",
    BAD_REQUEST: "Bad request!",
    NO_RIGHT: "Authority check failure!",
}


class Failed(Exception):
    """The method fails with a number."""

    def __init__(self, code: int, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(str(code))
        self.code = code
        self.params = params


def _upper_md5(words: str) -> str:
    return hashlib.md5(words.encode(), usedforsecurity=False).hexdigest().upper()


def answer(world: World, device: SimDevice, incoming: Incoming) -> Reply:
    """Answer one request to /RPC2_Login, /RPC2 or /OutsideCmd."""
    visit = Visit(world=world, device=device, incoming=incoming)
    try:
        asked = json.loads(incoming.body)
        method, params = str(asked["method"]), dict(asked.get("params") or {})
    except (ValueError, KeyError, TypeError):
        return Reply(status=400, body=b"Error\r\nBad Request!\r\n", content_type="text/plain")
    told: dict[str, Any] = {"id": asked.get("id", 0), "session": asked.get("session", 0)}
    wrote = False
    try:
        if incoming.path == "/RPC2_Login":
            told |= _login(visit, method, params, str(asked.get("session", "")))
        elif incoming.path == "/OutsideCmd":
            params, wrote = _outside(visit, asked)
            told |= {"result": True, "params": params}
        else:
            result, wrote = _call(visit, method, params, str(asked.get("session", "")))
            told |= result
    except Failed as error:
        device.rollback()
        told |= {"result": False, "error": {"code": error.code, "message": _WORDS.get(error.code, "Error!")}}
        if error.params is not None:
            told["params"] = error.params
            told["session"] = error.params.get("session", told["session"])
            told["params"] = {key: value for key, value in error.params.items() if key != "session"}
    visit.settle(wrote=wrote)
    visit.note(f"rpc:{method}", "ok" if told["result"] else str(told["error"]["code"]))
    body = json.dumps(told, ensure_ascii=False).encode()
    return Reply(status=200, body=body, content_type="application/json", wrote=wrote, after=visit.after)


# --- login -------------------------------------------------------------------------------------------


def _login(visit: Visit, method: str, params: Mapping[str, Any], session: str) -> dict[str, Any]:
    """Two steps: a challenge, then the proof of the password. A wrong proof counts."""
    device, user = visit.device, str(params.get("userName", ""))
    if method != "global.login":
        raise Failed(NO_METHOD)
    realm = f"Login to {device.serial_number}"
    open_ = device.sessions.get(session)
    if not params.get("password") or open_ is None or not open_.get("random"):
        number, random = os.urandom(8).hex(), str(int.from_bytes(os.urandom(4), "big"))
        device.sessions[number] = {"random": random, "until": time.time() + 60}
        told = {"encryption": "Default", "mac": device.mac_address, "random": random, "realm": realm}
        raise Failed(CHALLENGE, told | {"session": number})
    password = auth.password_of(device, user)
    known = _upper_md5(f"{user}:{realm}:{password}")
    proof = _upper_md5(f"{user}:{open_['random']}:{known}")
    right = password is not None and hmac.compare_digest(proof, str(params["password"]))
    login = auth.settle(device, user, right, visit.incoming.source)
    del device.sessions[session]
    if login.locked:
        raise Failed(LOCKED)
    if not login.user:
        raise Failed(WRONG)
    device.sessions[session] = {"user": user, "level": login.level, "until": time.time() + SESSION_S}
    return {"result": True, "params": {"keepAliveInterval": 60}, "session": session}


def _outside(visit: Visit, asked: Mapping[str, Any]) -> tuple[Any, bool]:
    """What is said to anybody: how secrets are sealed, and the first account of a device that has none."""
    method, params = str(asked["method"]), dict(asked.get("params") or {})
    if method == "Security.getEncryptInfo":
        return encrypt_info(), False
    if method not in initialising.METHODS:
        raise Failed(NO_METHOD)
    work, writes = initialising.METHODS[method]
    try:
        return work(visit, params, "session" in asked), writes
    except (Refused, KeyError, TypeError, ValueError):
        raise Failed(BAD_REQUEST) from None


# --- methods -----------------------------------------------------------------------------------------

Method = Callable[[Visit, Mapping[str, Any]], Any]


def _call(visit: Visit, method: str, params: Mapping[str, Any], session: str) -> tuple[dict[str, Any], bool]:
    kept = visit.device.sessions.get(session)
    if kept is None or "user" not in kept or kept["until"] < time.time():
        raise Failed(NO_SESSION)
    visit.user, visit.level = kept["user"], kept["level"]
    if method == "global.keepAlive":
        kept["until"] = time.time() + SESSION_S
        return {"result": True, "params": {"timeout": 60}}, False
    if method == "global.logout":
        del visit.device.sessions[session]
        return {"result": True}, False
    return _method(visit, method, params)


def _method(visit: Visit, method: str, params: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    rule = visit.device.personality
    found = METHODS.get(method)
    if found is None or (method in _FOR_CHANNELS and not (rule.recorder and rule.cgi and rule.cgi.rpc_channels)):
        raise Failed(NO_METHOD)
    work, writes = found
    if writes and visit.level < access.ADMINISTRATOR:
        raise Failed(NO_RIGHT)
    try:
        told = work(visit, params)
    except Refused as error:
        raise Failed(NO_RIGHT if error.kind in ("right", "unknown") else BAD_REQUEST) from None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Failed(BAD_REQUEST) from None
    return ({"result": True} if told is None else {"result": True, "params": told}), writes


def _system(visit: Visit, _: Mapping[str, Any]) -> Any:
    return system.system_info_of(visit)


def _serial(visit: Visit, _: Mapping[str, Any]) -> Any:
    return {"sn": visit.device.serial_number}


def _version(visit: Visit, _: Mapping[str, Any]) -> Any:
    version, build = system.version_of(visit)
    return {"version": {"Version": version, "BuildDate": build, "SecurityBaseLineVersion": "V2.2"}}


def _get_config(visit: Visit, params: Mapping[str, Any]) -> Any:
    return {"table": tables.table_of(visit, str(params["name"])).read(visit)}


def _set_config(visit: Visit, params: Mapping[str, Any]) -> Any:
    name = str(params["name"])
    table = tables.table_of(visit, name)
    table.keep(visit, _merged(copy.deepcopy(table.read(visit)), params["table"]))


def _merged(tree: Any, told: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _merged(value, told[key]) if key in told else value for key, value in tree.items()}
    if isinstance(tree, list):
        return [_merged(one, told[n]) if n < len(told) else one for n, one in enumerate(tree)]
    if type(tree) is not type(told):
        raise TypeError(told)
    return told


def _cameras(visit: Visit, _: Mapping[str, Any]) -> Any:
    return {"camera": channels.cameras(visit)}


def _states(visit: Visit, params: Mapping[str, Any]) -> Any:
    asked = params.get("uniqueChannels", params.get("channel", [-1]))
    return {"states": channels.states(visit, [int(one) for one in asked])}


def _login_error(visit: Visit, params: Mapping[str, Any]) -> Any:
    state = channels.link_of(visit, str(int(params["channel"]) + 1)).state
    return {"errorCode": channels.LOGIN_ERRORS.get(state, 0)}


def _set_cameras(visit: Visit, params: Mapping[str, Any]) -> Any:
    groups = [
        {
            "DeviceInfo": one["DeviceInfo"],
            "cameras": [{"uniqueChannel": one["UniqueChannel"], "channel": one["Channel"]}],
        }
        for one in params["cameras"]
    ]
    for group in groups:
        number = str(int(group["cameras"][0]["uniqueChannel"]) + 1)
        if any(channels.bind(visit, [group], fresh=number not in visit.device.read("channels"))):
            raise Failed(BAD_REQUEST)


# --- sealed ------------------------------------------------------------------------------------------


def _sec_set_camera(visit: Visit, params: Mapping[str, Any]) -> Any:
    _set_cameras(visit, unsealed(params)[0])


def _multi(visit: Visit, params: Mapping[str, Any]) -> Any:
    """system.multiSec: an array of ordinary requests, each answered; reading ones only."""
    asked, cipher = unsealed(params)
    answers = []
    for one in asked:
        try:
            if METHODS.get(one.get("method"), (None, True))[1]:
                raise Failed(NO_METHOD)
            answers.append({"id": one.get("id", 0), **_method(visit, one["method"], one.get("params") or {})[0]})
        except Failed as error:
            answers.append({"id": one.get("id", 0), "result": False, "error": {"code": error.code}})
    return sealed(cipher, answers)


def _encrypt_info(*_: object) -> dict[str, Any]:
    return encrypt_info()


METHODS: Final[dict[str, tuple[Method, bool]]] = {
    "magicBox.getSystemInfo": (_system, False),
    "magicBox.getSerialNo": (_serial, False),
    "magicBox.getSoftwareVersion": (_version, False),
    "configManager.getConfig": (_get_config, False),
    "configManager.setConfig": (_set_config, True),
    "Security.getEncryptInfo": (_encrypt_info, False),
    "system.multiSec": (_multi, False),
    "LogicDeviceManager.getCameraAll": (_cameras, False),
    "LogicDeviceManager.getCameraState": (_states, False),
    "LogicDeviceManager.getCameraLoginErrorCode": (_login_error, False),
    "LogicDeviceManager.setCamera": (_set_cameras, True),
    "LogicDeviceManager.secSetCamera": (_sec_set_camera, True),
}
_FOR_CHANNELS: Final = frozenset(name for name in METHODS if name.startswith("LogicDeviceManager."))
