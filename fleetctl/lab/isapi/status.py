"""ISAPI's ResponseStatus: sub-codes with their numbers, and the HTTP status each comes with.

Source: field facts on vendor protocols 1.3 (the vendor's list of error codes).
"""

from __future__ import annotations

from typing import Final

WORDS: Final = {
    1: "OK",
    2: "Device Busy",
    3: "Device Error",
    4: "Invalid Operation",
    5: "Invalid XML Format",
    6: "Invalid XML Content",
    7: "Reboot Required",
}
_HTTP: Final = {1: 200, 2: 503, 3: 500, 4: 403, 5: 400, 6: 400, 7: 200}

# sub-code -> (status code, number)
CODES: Final[dict[str, tuple[int, int]]] = {
    "ok": (1, 0x1),
    "riskPassword": (1, 0x10000002),
    "rebootRequired": (7, 0x70000001),
    "upgrading": (2, 0x20000003),
    "upgradeDataErrLength": (3, 0x3000600E),
    "badUpgradePackage": (6, 0x6000107A),
    "deviceBusy": (2, 0x20000004),
    "channelIsConnecting": (4, 0x4000125C),
    "diskError": (3, 0x30000015),
    "passwordDecodeError": (3, 0x30000008),
    "notSupport": (4, 0x40000001),
    "lowPrivilege": (4, 0x40000002),
    "methodNotAllowed": (4, 0x40000004),
    "invalidOperation": (4, 0x40000006),
    "notActivated": (4, 0x40000007),
    "hasActivated": (4, 0x40000008),
    "loginPasswordError": (4, 0x4000000C),
    "ipcNumReachesLimit": (4, 0x400011A3),
    "ipcNetworkAbnormal": (4, 0x400011AE),
    "ipcPasswordError": (4, 0x400011AF),
    "ipcNotActivated": (4, 0x400011B3),
    "channelOffline": (4, 0x400011B6),
    "IPCIPNotUnique": (4, 0x400011BC),
    "channelDeviceExist": (4, 0x4000121C),
    "NTPUnconnect": (4, 0x4000105C),
    "badXmlFormat": (5, 0x50000001),
    "badParameters": (6, 0x60000001),
    "badXmlContent": (6, 0x60000003),
    "incorrentUserNameOrPassword": (6, 0x60000012),
    "passwordMustContainMorethan8Characters": (6, 0x60000021),
    "passwordLenNoMoreThan16": (6, 0x6000005F),
    "illegalPassword": (6, 0x6000001E),
    "userNameRepetitive": (6, 0x6000503F),
}


class Refused(Exception):
    """The device says no: by a sub-code, and an HTTP status where it is not the usual one of its class."""

    def __init__(self, code: str, http: int = 0, *, words: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.words = words
        self.http = http or _HTTP[CODES[code][0]]


def http_of(code: str) -> int:
    """Return the usual HTTP status of a sub-code."""
    return _HTTP[CODES[code][0]]
