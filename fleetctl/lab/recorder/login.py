"""How a recorder logs in to a camera by each protocol, and sets its clock.

HIKVISION and Private are binary protocols on ports of their own; here they are played over the vendors' HTTP pages,
with the same accounts and the same lock-outs. Source: field facts on vendor protocols 1.2, 1.5 (InputProxy), 2.2.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from lxml import etree

from fleetctl.lab.recorder import wire
from fleetctl.lab.recorder.link import State
from fleetctl.lab.recorder.wire import Heard, Line
from fleetctl.lab.soap import SOAP, TT

_PARSER: Final = etree.XMLParser(resolve_entities=False, no_network=True)
_SOAP_TYPE: Final = {"Content-Type": "application/soap+xml; charset=utf-8"}


class Denied(Exception):
    """The camera does not let the recorder in; `state` says why, as the channel will tell."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state: State = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What the camera told after the login: who it is, and where its streams are (main, sub)."""

    told: Mapping[str, str]
    streams: tuple[str, str]


Login = Callable[[Line, Mapping[str, Any]], Awaitable[Camera]]


def _texts(body: bytes) -> dict[str, str]:
    """Return local name -> text of a document's elements, the first of each name."""
    try:
        root = etree.fromstring(body, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return {}
    found: dict[str, str] = {}
    for element in root.iter(etree.Element):
        found.setdefault(str(element.tag).rpartition("}")[2], (element.text or "").strip())
    return found


def credentials(channel: Mapping[str, Any]) -> tuple[str, str]:
    """Return the login a channel stores."""
    return str(channel.get("user", "")), str(channel.get("password", ""))


async def hikvision(line: Line, channel: Mapping[str, Any]) -> Camera:
    """Log in as Hikvision's own protocol does."""
    check = await line.ask_as(credentials(channel), "GET", "/ISAPI/Security/userCheck")
    standing = _texts(check.body)
    if standing.get("lockStatus") == "lock":
        raise Denied("locked")
    heard = await line.ask_as(credentials(channel), "GET", "/ISAPI/System/deviceInfo") if check.status == 200 else check
    told = _texts(heard.body)
    if heard.status == 401:
        raise Denied("password")
    if told.get("subStatusCode") == "notActivated":
        raise Denied("inactive")
    if heard.status != 200 or "serialNumber" not in told:
        raise Denied("protocol")
    source = int(channel.get("source", 1))
    return Camera(
        told={
            "model": told.get("model", ""),
            "serial": told["serialNumber"],
            "firmware": told.get("firmwareVersion", ""),
            "mac": told.get("macAddress", ""),
        },
        streams=(f"/Streaming/Channels/{source}01", f"/Streaming/Channels/{source}02"),
    )


async def private(line: Line, channel: Mapping[str, Any]) -> Camera:
    """Log in as Dahua's own protocol does."""
    heard = await line.ask_as(credentials(channel), "GET", "/cgi-bin/magicBox.cgi?action=getSystemInfo")
    if heard.status == 401:
        raise Denied("password")
    if heard.status == 403 and _error(heard) == 268632081:
        raise Denied("locked")
    told = dict(one.partition("=")[::2] for one in heard.body.decode("utf-8", "replace").splitlines() if "=" in one)
    if heard.status != 200 or "serialNumber" not in told:
        raise Denied("protocol")
    source = int(channel.get("source", 1))
    where = f"/cam/realmonitor?channel={source}&subtype="
    return Camera(
        told={"model": told.get("updateSerial", told.get("deviceType", "")), "serial": told["serialNumber"]},
        streams=(f"{where}0", f"{where}1"),
    )


def _error(heard: Heard) -> int:
    try:
        told = json.loads(heard.body)
        return int(told.get("ErrorCode", 0))
    except (ValueError, AttributeError, TypeError):
        return 0


# --- ONVIF -------------------------------------------------------------------------------------------

_TDS: Final = "http://www.onvif.org/ver10/device/wsdl"
_TRT: Final = "http://www.onvif.org/ver10/media/wsdl"


class _Onvif:
    """One login by ONVIF: a token by the camera's own clock, HTTP digest where it asks for that."""

    def __init__(self, line: Line, login: tuple[str, str]) -> None:
        self._line, self._login = line, login
        self._ahead_s = 0.0
        self._digest = False

    async def ask(self, path: str, space: str, operation: str, body: str = "", *, known: bool = True) -> Heard:
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self._ahead_s))
        header = wire.token(self._login, created) if known and not self._digest else ""
        sent = (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:tt="{TT}">{header}<s:Body><o:{operation} xmlns:o="{space}">{body}'
            f"</o:{operation}></s:Body></s:Envelope>"
        ).encode()
        if known and self._digest:
            return await self._line.ask_as(self._login, "POST", path, sent, _SOAP_TYPE)
        heard = await self._line.ask("POST", path, sent, _SOAP_TYPE)
        if known and heard.status == 401 and heard.challenge():
            self._digest = True
            return await self._line.ask_as(self._login, "POST", path, sent, _SOAP_TYPE)
        return heard

    async def clock(self) -> None:
        """Take the camera's time, which tokens are judged by."""
        heard = await self.ask("/onvif/device_service", _TDS, "GetSystemDateAndTime", known=False)
        found = re.search(
            rb"UTCDateTime>.*?Hour>(\d+)<.*?Minute>(\d+)<.*?Second>(\d+)<.*?Year>(\d+)<.*?Month>(\d+)<.*?Day>(\d+)<",
            heard.body,
            re.DOTALL,
        )
        if found is not None:
            hour, minute, second, year, month, day = (int(part) for part in found.groups())
            there = time.mktime((year, month, day, hour, minute, second, 0, 0, 0)) - time.timezone
            self._ahead_s = there - time.time()


async def onvif(line: Line, channel: Mapping[str, Any]) -> Camera:
    """Log in by ONVIF and ask where the streams are."""
    talk = _Onvif(line, credentials(channel))
    await talk.clock()
    heard = await talk.ask("/onvif/device_service", _TDS, "GetDeviceInformation")
    told = _texts(heard.body)
    if heard.status == 404:
        raise Denied("protocol")
    if heard.status != 200:
        raise Denied("inactive" if "not activated" in told.get("Text", "") else "password")
    streams = [path async for path in _paths(talk)]
    if not streams:
        raise Denied("stream")
    return Camera(
        told={
            "model": told.get("Model", ""),
            "serial": told.get("SerialNumber", ""),
            "firmware": told.get("FirmwareVersion", ""),
        },
        streams=(streams[0], streams[-1]),
    )


async def _paths(talk: _Onvif) -> Any:
    services = await talk.ask("/onvif/device_service", _TDS, "GetCapabilities", "<o:Category>Media</o:Category>")
    address = re.search(rb"Media>\s*<[^>]*XAddr>([^<]+)<", services.body)
    if address is None:
        return
    path = urlsplit(address[1].decode("utf-8", "replace").strip()).path
    profiles = await talk.ask(path, _TRT, "GetProfiles")
    for profile in re.findall(rb'<[^>]*:Profiles[^>]* token="([^"]+)"', profiles.body)[:2]:
        body = (
            "<o:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol>"
            f"</tt:Transport></o:StreamSetup><o:ProfileToken>{profile.decode()}</o:ProfileToken>"
        )
        told = _texts((await talk.ask(path, _TRT, "GetStreamUri", body)).body)
        parts = urlsplit(told.get("Uri", ""))
        if parts.path:
            yield parts.path + (f"?{parts.query}" if parts.query else "")


async def rtsp(line: Line, channel: Mapping[str, Any]) -> Camera:
    """Log in nowhere: the stream's own login, in its address, is all there is (Profile G, receivers)."""
    del line
    path = str(channel["path"])
    return Camera(told={}, streams=(path, path))


LOGINS: Final[Mapping[str, Login]] = {
    "RTSP": rtsp,
    "HIKVISION": hikvision,
    "ONVIF": onvif,
    "Private": private,
    "Onvif": onvif,
}


# --- the recorder's clock, pushed to the camera --------------------------------------------------------


async def push_time(line: Line, channel: Mapping[str, Any], local_s: float, zone: str) -> None:
    """Set the camera's clock to the recorder's, which ends the camera's own NTP (facts 1.5, time)."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(local_s))
    login = credentials(channel)
    if channel.get("protocol") == "HIKVISION":
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><Time><timeMode>manual</timeMode><localTime>{moment}</localTime>'
            f"<timeZone>{zone}</timeZone></Time>"
        )
        await line.ask_as(login, "PUT", "/ISAPI/System/time", body.encode(), {"Content-Type": "application/xml"})
    elif channel.get("protocol") == "Private":
        where = f"/cgi-bin/global.cgi?action=setCurrentTime&time={quote(moment.replace('T', ' '))}"
        await line.ask_as(login, "GET", "/cgi-bin/configManager.cgi?action=setConfig&NTP.Enable=false")
        await line.ask_as(login, "GET", where)
