"""What can be broken on a simulated device: the faults' names, their arguments, and the hostile answers.

Sources: DESIGN section 7; field facts on ONVIF, quirks 1 to 28; hostile answers: what a client must survive.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetctl.errors import UsageError

if TYPE_CHECKING:
    from fleetctl.lab.device import SimDevice
    from fleetctl.lab.dispatch import Reply
    from fleetctl.lab.http import Connection
    from fleetctl.lab.state import StateFile

# name -> (what it does, its arguments with their defaults)
KNOWN: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "power-cut": (
        "the power goes during the next writing request, before the answer; `applied`: the change was kept",
        {"applied": False, "boot_s": 3.0},
    ),
    "clock": ("the clock is off, NTP does not help", {"offset_s": 3600.0}),
    "lockout": ("every account is locked", {}),
    "slow": ("answers drip", {"bytes_per_s": 50.0}),
    "loss": ("connections are reset at random, before or after the request was carried out", {"rate": 0.3, "seed": 1}),
    "ignore-writes": ("writes are answered 200 and change nothing", {}),
    "password-ignored": ("a new password of an account is answered with a yes and not taken", {}),
    "password-late": ("a new password of an account is answered with a yes and taken seconds later", {"s": 1.5}),
    "password-error": ("a new password of an account is taken and answered with an error", {}),
    "connections": ("no connection is left: a bare 401 to whatever needs a login", {}),
    "swap": (
        "another device answers here, of the same make or with another `personality`; `other`: the two change places",
        {"other": "", "same_login": True, "personality": ""},
    ),
    "reset": ("somebody pressed the button: factory state", {"hard": True}),
    "onvif-off": ("ONVIF is switched off: 404", {}),
    "stall": ("answers no more once so many writes were carried out", {"writes": 2}),
    "duplicate-address": ("every second connection reaches another device of the same make", {"same_login": False}),
    "disk-full": ("a recorder's disks are full of what it may not overwrite; a switch's flash has no room", {}),
    "disk-failure": ("a recorder's disk has failed", {"disk": 1}),
    "disk-unformatted": ("a recorder's disk is not formatted", {"disk": 1}),
    "unplug": ("nothing answers; `silent`: not even a refusal", {"silent": False}),
    "upload-drop": ("the link breaks when so much of a file was sent", {"share": 0.9}),
    "flash-ignored": ("firmware is taken with success, and nothing comes of it", {}),
    "flash-power-cut": ("the power goes while firmware is written: it starts no more until it is reset", {}),
    "version-late": ("after new firmware it tells the old version for some seconds", {"s": 2.0}),
    "hang": ("it hangs: nothing answers until its power goes and comes back", {}),
    "swap-cables": ("of a switch: the cables of two devices change places", {"one": "", "other": ""}),
    "slow-link": ("of a switch: a port's cable is bad", {"port": "", "mbps": 10, "half": True}),
    "stranger": ("of a switch: somebody plugs a device in that is in no inventory", {"port": ""}),
    "host-key": ("of a switch: it shows another SSH host key", {}),
    "cut-output": (
        "of a switch: answers to commands with these words in them lose their end, and the prompt follows",
        {"words": ""},
    ),
    "open-port": ("something listens at one more port", {"port": 37777}),
    "old-tls": ("its web server agrees to TLS 1.0, too", {}),
    "certificate": ("its certificate ended some days ago, or ends in some", {"days": -1}),
    "xml-bomb": ("answers hold an entity bomb", {}),
    "endless-body": ("answers never end", {}),
    "huge-reply": ("answers have megabytes of padding", {"size": 10_000_000}),
    "broken-utf8": ("answers hold bytes that are not UTF-8", {}),
    "wrong-content-type": ("answers are called text/html", {}),
    "html-401": ("every request gets a 401 with an HTML page and no challenge", {}),
    "half-reply": ("the connection breaks in the middle of an answer", {}),
}
OF_SWITCHES: Final = frozenset(("swap-cables", "slow-link", "stranger", "host-key", "cut-output"))
ONCE: Final = frozenset(("reset",))  # done at once, nothing to mend

BOMB: Final = (
    b'<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY lol "lol">'
    + b"".join(
        b'<!ENTITY lol%d "%s">' % (level, (b"&lol%d;" % (level - 1) if level > 1 else b"&lol;") * 10)
        for level in range(1, 10)
    )
    + b']>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><lolz>&lol9;</lolz></s:Body></s:Envelope>'
)


def checked(fault: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault's arguments, defaults filled in; raises UsageError for what there is not."""
    if fault not in KNOWN:
        raise UsageError(f"no fault {fault!r}; there are {', '.join(KNOWN)}")
    defaults = KNOWN[fault][1]
    if unknown := [name for name in told if name not in defaults]:
        raise UsageError(f"{fault} has no argument {unknown[0]!r}; it has {', '.join(defaults) or 'none'}")
    arguments = {**defaults, **told}
    if fault == "stall":
        arguments["left"] = int(arguments["writes"])
    if fault == "loss":
        arguments["chance"] = random.Random(arguments["seed"])
    return arguments


def lost(faults: Mapping[str, dict[str, Any]]) -> bool:
    """Throw the dice of `loss`."""
    told = faults.get("loss")
    return bool(told and told["chance"].random() < told["rate"])


def stalled(faults: Mapping[str, dict[str, Any]]) -> bool:
    """Tell whether `stall` has set in."""
    return "stall" in faults and faults["stall"]["left"] <= 0


def of_password(device: SimDevice) -> str:
    """Return the fault that befalls a change under way which sets an account's password, "" for none."""
    known = ("password-ignored", "password-late", "password-error")
    told = next((name for name in known if name in (device.faults or {})), "")
    return told if told and device.sets_password() else ""


def withheld(device: SimDevice, disk: StateFile | None, fault: str) -> bool:
    """Keep a change under way from being made, or from being made now, where this fault does so; True if it did."""
    if fault not in ("password-ignored", "password-late"):
        return False
    change = dict(device.pending or {})
    device.rollback()

    def made() -> None:
        device.pending = change
        device.commit(disk)

    if fault == "password-late":
        asyncio.get_running_loop().call_later(float((device.faults or {})[fault]["s"]), made)
    return True


def early(faults: Mapping[str, dict[str, Any]], connection: Connection, *, onvif: bool = True) -> bool:
    """Answer instead of the device, where the fault does not care what was asked; True if it did."""
    if "html-401" in faults:
        page = b"<html><head><title>401</title></head><body><h1>Unauthorized</h1></body></html>"
        connection.reply(401, page, "text/html")
    elif onvif and "onvif-off" in faults:
        connection.reply(404, b"<html><body>404 Not Found</body></html>", "text/html")
    elif "xml-bomb" in faults:
        connection.reply(200, BOMB, "application/soap+xml; charset=utf-8")
    elif "endless-body" in faults:
        _endless(connection)
    else:
        return False
    return True


def late(faults: Mapping[str, dict[str, Any]], connection: Connection, reply: Reply) -> bool:
    """Spoil the device's own answer; True if it was sent here."""
    body = reply.body
    if "huge-reply" in faults:
        cut = body.rfind(b"</")
        body = body[:cut] + b" " * int(faults["huge-reply"]["size"]) + body[cut:]
    if "broken-utf8" in faults:
        cut = body.find(b"Body>") + 5
        body = body[:cut] + b"<!-- \xff\xfe\xc3\x28 -->" + body[cut:]
    kind = "text/html" if "wrong-content-type" in faults else reply.content_type
    if "half-reply" in faults:
        connection.send(connection.head(reply.status, len(body), kind, reply.headers) + body[: len(body) // 2])
        connection.finish()
        return True
    if "slow" in faults:
        head = connection.head(reply.status, len(body), kind, reply.headers)
        _drip(connection, head + body, float(faults["slow"]["bytes_per_s"]))
        return True
    if body is reply.body and kind == reply.content_type:
        return False
    connection.reply(reply.status, body, kind, reply.headers)
    return True


def _drip(connection: Connection, data: bytes, bytes_per_s: float) -> None:
    step = max(1, round(bytes_per_s / 10))
    if connection.closed:
        return
    connection.send(data[:step])
    if len(data) > step:
        asyncio.get_running_loop().call_later(step / bytes_per_s, _drip, connection, data[step:], bytes_per_s)
    else:
        connection.done()


def _endless(connection: Connection, at: int = 0) -> None:
    """Send a chunked body without end, as fast as it is taken."""
    if connection.closed:
        return
    if at == 0:
        connection.send(connection.head(200, None, "application/soap+xml; charset=utf-8"))
        connection.send(b"3\r\n<a>\r\n")
    if connection.waiting < 1_000_000:
        connection.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    asyncio.get_running_loop().call_later(0.002, _endless, connection, at + 1)
