"""Which Dahua requests only read: classified by page and action, since the device writes by GET as well.

What is not known to read writes. `audio.cgi` is never sent: it restarts some units.
Source: field facts, NVR and vendor protocols, 2.1, 2.3 to 2.6.
"""

from __future__ import annotations

from typing import Final

# CGI page -> its actions that only read.
READING: Final = {
    "magicBox": frozenset({
        "getDeviceType", "getHardwareVersion", "getSerialNo", "getSoftwareVersion", "getMachineName", "getSystemInfo",
        "getVendor", "getDeviceClass", "getProductDefinition",
    }),
    "configManager": frozenset({"getConfig", "getConfigCaps"}),
    "global": frozenset({"getCurrentTime"}),
    "userManager": frozenset({"getUserInfoAll", "getUserInfo", "getGroupInfoAll", "getActiveUserInfoAll"}),
    "storageDevice": frozenset({"getDeviceAllInfo", "factory.getPortInfo", "getDeviceNames"}),
    "LogicDeviceManager": frozenset({"getCameraAll", "getCameraState"}),
    "recordManager": frozenset({"getCaps"}),
    "mediaFileFind": frozenset({"factory.create", "findFile", "findNextFile", "close", "destroy"}),
    "netApp": frozenset({"getInterfaces"}),
    "upgrader": frozenset({"getState"}),
    "snapshot": frozenset({""}),
    "log": frozenset({"startFind", "doFind", "stopFind"}),
}  # fmt: skip
FORBIDDEN: Final = frozenset({"audio"})

# JSON pages (/cgi-bin/api/...) that only read.
ASKING: Final = frozenset({
    "LogicDeviceManager/getCameraAll", "LogicDeviceManager/getCameraState", "recordManager/getStateAll",
})  # fmt: skip

# Methods of JSON-RPC that only read. Logging in and out changes no setting.
CALLING: Final = frozenset({
    "global.login", "global.keepAlive", "global.logout", "Security.getEncryptInfo", "DevInit.getStatus",
    "configManager.getConfig", "LogicDeviceManager.getCameraAll", "LogicDeviceManager.getCameraState",
    "LogicDeviceManager.getCameraLoginErrorCode",
})  # fmt: skip


def is_reading(page: str, action: str) -> bool:
    """Tell whether an action of a CGI page cannot change the device; finding files makes a finder, which is none."""
    return action in READING.get(page, ())


def is_asking(page: str) -> bool:
    """Tell whether a JSON page cannot change the device."""
    return page in ASKING


def calls_only(method: str) -> bool:
    """Tell whether a method of JSON-RPC cannot change the device."""
    return method in CALLING
