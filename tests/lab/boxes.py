"""Vendors' devices of a lab, asked raw: pages over HTTP with a digest made here, nothing of fleetctl's client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fleetctl.lab import control
from fleetctl.lab.personality import of
from tests.lab.wire import Answer, Camera

RECORDER = ("admin", "Rec-pass-1")
CAMERA = ("admin", "Cam-pass-1")


class Box(Camera):
    """One device that speaks a vendor's protocol."""

    def page(self, method: str, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page; a challenge is answered once where there is a login."""
        sent = body.encode() if isinstance(body, str) else body
        first = self.send(method, path, sent, dict(headers or {}))
        if first.status != 401 or self.login is None or not first.header("www-authenticate"):
            return first
        first.headers = [
            (key, value) for key, value in first.headers if key.lower() != "www-authenticate" or "Digest" in value
        ]
        proof = {**(headers or {}), "Authorization": self.answer(first, method, path)}
        return self.send(method, path, sent, proof)

    # --- Hikvision ---------------------------------------------------------------------------------

    def isapi(self, method: str, path: str, body: str = "") -> Answer:
        return self.page(method, f"/ISAPI/{path}", body)

    def bind(self, number: int, camera: Camera, protocol: str = "HIKVISION", **other: str) -> Answer:
        """Add a camera as a Hikvision recorder wants it; `other` replaces elements."""
        told = {
            "proxyProtocol": protocol,
            "addressingFormatType": "ipaddress",
            "ipAddress": camera.address,
            "managePortNo": "8000" if protocol == "HIKVISION" else "80",
            "srcInputPort": "1",
            "userName": CAMERA[0],
            "password": CAMERA[1],
            "streamType": "auto",
        } | other
        return self.isapi("POST", "ContentMgmt/InputProxy/channels", channel(number, told))

    def status_of(self, number: int) -> tuple[str, str]:
        """Return online and chanDetectResult of a channel."""
        told = self.isapi("GET", f"ContentMgmt/InputProxy/channels/{number}/status")
        return told.text("online") or "", told.text("chanDetectResult") or ""

    # --- Dahua -------------------------------------------------------------------------------------

    def cgi(self, page: str, /, **arguments: str) -> Answer:
        query = "&".join(f"{key}={quote(value, safe='')}" for key, value in arguments.items())
        return self.page("GET", f"/cgi-bin/{page}.cgi?{query}")

    def table(self, name: str) -> dict[str, str]:
        """Return a configuration table, keys without `table.NAME`."""
        told = pairs(self.cgi("configManager", action="getConfig", name=name))
        return {key.removeprefix(f"table.{name}").removeprefix("."): value for key, value in told.items()}

    def put(self, values: Mapping[str, str]) -> Answer:
        """setConfig: brackets of keys as they are, quotes and values escaped."""
        query = "&".join(f"{quote(key, safe='[].:')}={quote(value, safe='')}" for key, value in values.items())
        return self.page("GET", f"/cgi-bin/configManager.cgi?action=setConfig&{query}")

    def api(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self.page("POST", f"/cgi-bin/api/{path}", json.dumps(body), {"Content-Type": "application/json"})

    # --- waiting -----------------------------------------------------------------------------------

    def links(self) -> dict[str, Any]:
        found: dict[str, Any] = self.state()["links"]
        return found

    def until(self, right: Callable[[], bool], within_s: float = 30.0) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + within_s
        while not right():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name}: {self.links()}")
            time.sleep(0.05)

    def until_state(self, number: int, state: str, within_s: float = 30.0) -> None:
        self.until(lambda: self.links().get(str(number), {}).get("state") == state, within_s)


def channel(number: int, told: Mapping[str, str], name: str = "Quay") -> str:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in told.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><InputProxyChannel><id>{number}</id><name>{name}</name>'
        f"<sourceInputPortDescriptor>{inner}</sourceInputPortDescriptor></InputProxyChannel>"
    )


def pairs(answer: Answer) -> dict[str, str]:
    """Read key=value lines."""
    return dict(line.partition("=")[::2] for line in answer.body.decode().split("\r\n") if "=" in line)  # type: ignore[misc]


class Boxes:
    """A lab of recorders and cameras; `of` gives the next untouched device of a personality."""

    def __init__(self, state_dir: Path, counts: Mapping[str, int], **options: Any) -> None:
        self.state_dir = state_dir
        self._left: dict[str, list[Box]] = {}
        self._given: list[Box] = []
        devices = []
        for make, (name, count) in enumerate(counts.items(), start=1):
            rule = of(name)
            login = RECORDER if rule.kind == "recorder" else CAMERA
            for number in range(1, count + 1):
                box = Box(state_dir, f"{name}-{number}", f"127.23.{make}.{number}", {}, rule, login)
                devices.append({"name": box.name, "address": box.address, "personality": name, "login": list(login)})
                self._left.setdefault(name, []).append(box)
        told = {"devices": devices, "http_port": 0, "https_port": 0, "rtsp_port": 0, "boot_s": 0.3, **options}
        lab = control.up(told, state_dir)
        for box in (box for some in self._left.values() for box in some):
            box.ports, box.authority = dict(lab.ports), lab.ca_file

    def of(self, name: str) -> Box:
        self._given.append(self._left[name].pop())
        return self._given[-1]

    def release(self) -> None:
        """Let the recorders that were given away rest."""
        for box in self._given:
            for number in box.state().get("channels", ()):
                control.ask(self.state_dir, "drop", device=box.name, section="channels", key=number)
        self._given.clear()
