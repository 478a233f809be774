"""What differs between generations of a vendor's firmware, as values: Hikvision's ISAPI, Dahua's CGI, recorders.

Source: field facts on vendor protocols, tables 1.6 (Hikvision) and 2.1, 2.4 (Dahua).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

HIKVISION_SPACE: Final = "http://www.hikvision.com/ver20/XMLSchema"
ISAPI_SPACE: Final = "http://www.isapi.org/ver20/XMLSchema"

PORTS: Final[Mapping[str, tuple[int, int]]] = {  # protocol -> id, port (facts 1.5, network)
    "HTTP": (1, 80),
    "RTSP": (2, 554),
    "HTTPS": (3, 443),
    "DEV_MANAGE": (4, 8000),
    "WebSocket": (5, 7681),
    "WebSocketS": (6, 7682),
    "SDK_OVER_TLS": (7, 8443),
    "SRTP": (8, 322),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Isapi:
    """One generation of Hikvision firmware. `oddities` in `spaces`: page -> namespace where it is not the usual."""

    namespace: str = HIKVISION_SPACE
    version: str = "2.0"
    spaces: Mapping[str, str] = field(default_factory=dict)
    inner_space: bool = False  # every element of a list repeats xmlns and version
    device_type: str = "IPCamera"
    description: str = "IPCamera"
    released: str = "build 170124"
    basic: bool = False  # HTTP Basic is taken too
    salt: bool = False  # SecurityCap tells a salt, isIrreversible
    lock_times: tuple[int, int, int] = (3, 20, 7)  # least, most, default
    lock_minutes: tuple[int, int, int] = (1, 120, 30)
    lock_in_seconds: bool = False  # the document says 1800 where others say 30
    ports: tuple[str, ...] = ("HTTP", "RTSP", "HTTPS", "DEV_MANAGE")
    no_enabled: frozenset[str] = frozenset()  # protocols whose `enabled` is not told
    missing: Mapping[str, int] = field(default_factory=dict)  # page (first words) -> status; else 403
    xml_scalars: bool = False  # localTime and timeZone as XML, not as plain text
    ntp_extra: bool = False  # portType, customPortNo, hostNameExampleList
    strict_order: bool = False  # elements in another order are refused
    refuses_in_200: bool = False  # a refused binding is told in a body of status 200
    challenge_v3: bool = False  # activation by SADP only: /Security/challenge is not supported
    user_check: bool = False  # creating an account wants the acting one's loginPassword
    onvif_accounts: bool = False  # ONVIF has accounts of its own and is off from the factory
    sealed_configuration: bool = False  # the configuration file wants a key that the maker's page encrypts
    sealed_only: bool = False  # a password that comes readable is refused: passwordDecodeError
    # recorders
    channel_identity: bool = False
    conn_mode: bool = False
    timing: bool = False
    dev_index: bool = False
    certificate_flags: bool = False
    disk_group: bool = False
    disk_identity: bool = False
    activates: bool = False  # supportIPCActivatePassword
    analog: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgi:
    """One generation of Dahua firmware."""

    missing: Literal["400", "501"] = "501"
    error_in_200: bool = False  # a table that is not there: 200 with "Error: Error -1 getting param ..."
    device_type_plain: str = ""  # what getDeviceType says where it is not the model ("31", "IP Camera")
    device_class: str = "IPC"
    vendor: str = "Dahua"
    basic: bool = False
    unreadable: frozenset[str] = frozenset()  # tables that answer 403
    tables: frozenset[str] = frozenset()  # beside those every device has
    json_channels: bool = False  # POST /cgi-bin/api/LogicDeviceManager/...
    camera_state: bool = False  # getCameraState; 501 on some
    rpc: bool = False
    rpc_channels: bool = False  # LogicDeviceManager over JSON-RPC, sealed
    by_manager: bool = False  # userManager modifyPasswordByManager
    sections: int = 6  # time sections a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """What a recorder holds and how it goes after its cameras."""

    channels: int = 8
    plug_and_play: int = 0  # ports of its own network; channels that are bound by themselves
    protocols: tuple[str, ...] = ("HIKVISION", "ONVIF")
    relay_path: str = "/Streaming/Channels/{channel}0{stream}"  # where a channel is looked at live
