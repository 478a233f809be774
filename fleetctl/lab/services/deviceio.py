"""Device IO service: counts of what there is, relays.

Source: deviceio.wsdl 26.06; its GetRelayOutputs and SetRelayOutputState are the device service's own messages.
"""

from __future__ import annotations

from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.device_users import change_relay
from fleetctl.lab.services.media_parts import argument, own
from fleetctl.lab.soap import SoapFault, each, find


def video_sources(call: Call) -> str:
    """GetVideoSources: tokens only."""
    return each("tmd:Token", sorted({told["source"] for told in call.device.read("video_sources").values()}))


def audio_sources(call: Call) -> str:
    """GetAudioSources: tokens only."""
    return each("tmd:Token", sorted({told["source"] for told in call.device.read("audio_sources").values()}))


def nothing(_call: Call) -> str:
    """GetAudioOutputs, GetVideoOutputs, GetDigitalInputs, GetSerialPorts: there are none."""
    return ""


def relay_options(call: Call) -> str:
    """GetRelayOutputOptions."""
    asked = argument(call, "RelayOutputToken")
    return "".join(
        f'<tmd:RelayOutputOptions token="{token}"><tmd:Mode>Monostable</tmd:Mode><tmd:Mode>Bistable</tmd:Mode>'
        "<tmd:DelayTimes>0.5 60</tmd:DelayTimes></tmd:RelayOutputOptions>"
        for token in call.device.read("relays")
        if asked in ("", token)
    )


def set_relay(call: Call) -> str:
    """SetRelayOutputSettings takes one tt:RelayOutput, unlike the device service."""
    told = own(call, "RelayOutput")
    settings = find(told, "Properties")
    if settings is None:
        raise SoapFault("ter:InvalidArgVal", reason="Properties are missing")
    return change_relay(call, told.get("token", ""), settings)


OPERATIONS: Operations = {
    "GetVideoSources": video_sources,
    "GetAudioSources": audio_sources,
    "GetAudioOutputs": nothing,
    "GetVideoOutputs": nothing,
    "GetDigitalInputs": nothing,
    "GetSerialPorts": nothing,
    "GetRelayOutputOptions": relay_options,
    "SetRelayOutputSettings": set_relay,
}
