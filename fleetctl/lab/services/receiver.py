"""The receiver service: where a recorder fetches streams from. The login stands in the address (facts, section 3).

Source: receiver.wsdl, onvif.xsd 26.06.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.media_parts import argument, own
from fleetctl.lab.soap import Element, SoapFault, text, words

URI_MAX: Final = 256


def receiver_of(call: Call, token: str) -> dict[str, Any]:
    """Return a receiver by token; raises ter:UnknownToken."""
    found = call.device.read("receivers").get(token)
    if found is None:
        raise SoapFault("ter:InvalidArgVal", "ter:UnknownToken", reason="The receiver does not exist")
    return dict(found)


def _configuration(kept: Mapping[str, Any]) -> str:
    return (
        f"<tt:Mode>{kept['mode']}</tt:Mode><tt:MediaUri>{words(kept['uri'])}</tt:MediaUri><tt:StreamSetup>"
        "<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport></tt:StreamSetup>"
    )


def _receiver(name: str, token: str, kept: Mapping[str, Any]) -> str:
    inner = f"<tt:Token>{words(token)}</tt:Token><tt:Configuration>{_configuration(kept)}</tt:Configuration>"
    return f"<{name}>{inner}</{name}>"


def receivers(call: Call) -> str:
    """GetReceivers."""
    return "".join(_receiver("trv:Receivers", token, kept) for token, kept in call.device.read("receivers").items())


def one(call: Call) -> str:
    """GetReceiver."""
    token = argument(call, "ReceiverToken")
    return _receiver("trv:Receiver", token, receiver_of(call, token))


def _told(configuration: Element) -> dict[str, Any]:
    uri = text(configuration, "MediaUri")
    if len(uri) > URI_MAX or (uri and urlsplit(uri).scheme != "rtsp"):
        raise SoapFault("ter:InvalidArgVal", "ter:BadConfiguration", reason="The address is not possible")
    return {"mode": text(configuration, "Mode"), "uri": uri}


def make(call: Call, uri: str = "", mode: str = "AutoConnect", *, auto: bool = False) -> str:
    """Make a receiver and return its token; raises ter:MaxReceivers."""
    kept = call.device.change("receivers")
    recorder = call.device.personality.recorder
    if recorder is None or len(kept) >= recorder.channels:
        raise SoapFault("ter:Action", "ter:MaxReceivers", code="Receiver", reason="No room for another receiver")
    token = next(f"Receiver_{n}" for n in range(1, recorder.channels + 1) if f"Receiver_{n}" not in kept)
    kept[token] = {"mode": mode, "uri": uri, "auto": auto}
    return token


def create(call: Call) -> str:
    """CreateReceiver."""
    told = _told(own(call, "Configuration"))
    token = make(call, told["uri"], told["mode"])
    return _receiver("trv:Receiver", token, call.device.read("receivers")[token])


def configure(call: Call) -> str:
    """ConfigureReceiver: a new address, a new login."""
    token = argument(call, "ReceiverToken")
    kept = receiver_of(call, token)
    call.device.change("receivers")[token] = kept | _told(own(call, "Configuration"))
    return ""


def set_mode(call: Call) -> str:
    """SetReceiverMode."""
    token = argument(call, "ReceiverToken")
    call.device.change("receivers")[token] = receiver_of(call, token) | {"mode": argument(call, "Mode")}
    return ""


def delete(call: Call) -> str:
    """DeleteReceiver: not while a recording job uses it."""
    token = argument(call, "ReceiverToken")
    receiver_of(call, token)
    if any(job["source"] == token for job in call.device.read("jobs").values()):
        raise SoapFault("ter:InvalidArgVal", "ter:CannotDeleteReceiver", reason="A recording job uses the receiver")
    del call.device.change("receivers")[token]
    return ""


def state(call: Call) -> str:
    """GetReceiverState: as the connection really is."""
    token = argument(call, "ReceiverToken")
    kept = receiver_of(call, token)
    numbers = [job["recording"] for job in call.device.read("jobs").values() if job["source"] == token]
    links = [link for n in numbers if (link := (call.device.links or {}).get(str(n).rpartition("_")[2]))]
    word = "NotConnected"
    if links:
        word = "Connected" if links[0].online else "Connecting" if links[0].state == "connecting" else "NotConnected"
    return (
        f"<trv:ReceiverState><tt:State>{word}</tt:State><tt:AutoCreated>{words(bool(kept['auto']))}</tt:AutoCreated>"
        "</trv:ReceiverState>"
    )


OPERATIONS: Operations = {
    "GetReceivers": receivers,
    "GetReceiver": one,
    "CreateReceiver": create,
    "DeleteReceiver": delete,
    "ConfigureReceiver": configure,
    "SetReceiverMode": set_mode,
    "GetReceiverState": state,
}
