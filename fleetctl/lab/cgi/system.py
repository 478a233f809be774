"""Dahua's CGI: identity, clock, life, accounts. Source: field facts on vendor protocols 2.3, 2.5, 2.6."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab import access, auth, firmware
from fleetctl.lab.cgi.pages import Arguments, Page, argument, done, listing, plain, rule_of
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.isapi.users import numbered
from fleetctl.lab.personality import Personality
from fleetctl.lab.vendor import After, Reply, Visit, strength

_GROUPS: Final = {"admin": "Administrator", "user": "User"}
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d?)-(\d\d?) (\d\d?):(\d\d?):(\d\d?)")


# --- identity ----------------------------------------------------------------------------------------


def model_of(visit: Visit) -> str:
    """Return the model, as the sticker has it."""
    return str(visit.device.read("info").get("model", visit.device.personality.model))


def device_type(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getDeviceType: some say "31" or "IP Camera" only."""
    return plain(f"type={rule_of(visit).device_type_plain or model_of(visit)}\r\n")


def serial(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getSerialNo."""
    return plain(f"sn={visit.device.serial_number}\r\n")


def version_of(visit: Visit) -> tuple[str, str]:
    """Return version and build date out of "2.800.0000000.16.R, Build Date 2021-05-08"."""
    version, _, build = firmware.version_of(visit.device).partition(",")
    return version.strip(), build.strip().removeprefix("Build Date").strip()


def version(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getSoftwareVersion."""
    return plain("version={},build:{}\r\n".format(*version_of(visit)))


def system_info_of(visit: Visit) -> dict[str, str]:
    """Return what getSystemInfo tells."""
    model = model_of(visit)
    return {
        "appAutoStart": "true",
        "deviceType": rule_of(visit).device_type_plain or model,
        "hardwareVersion": visit.device.personality.hardware_id,
        "processor": "S3LM",
        "serialNumber": visit.device.serial_number,
        "updateSerial": model,
    }


def system_info(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getSystemInfo."""
    return listing(system_info_of(visit))


def hardware(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getHardwareVersion."""
    return plain(f"version={visit.device.personality.hardware_id}\r\n")


def machine_name(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getMachineName."""
    return plain(f"name={visit.device.read('vendor').get('name', visit.device.serial_number)}\r\n")


def vendor(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getVendor: the brand, which the firmware does not depend on."""
    return plain(f"vendor={rule_of(visit).vendor}\r\n")


def device_class(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=getDeviceClass."""
    return plain(f"class={rule_of(visit).device_class}\r\n")


# --- clock -------------------------------------------------------------------------------------------


def written(second: float) -> str:
    """Return wall-clock digits."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))


def moment_of(told: str) -> float:
    """Read wall-clock digits; raises Refused."""
    found = _MOMENT.fullmatch(told.strip())
    if found is None:
        raise Refused("argument", told)
    year, month, day, hour, minute, second = (int(part) for part in found.groups())
    if not 1970 <= year <= 2037 or not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise Refused("argument", told)
    return float(calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0)))


def current_time(visit: Visit, _: Arguments) -> Reply:
    """global.cgi?action=getCurrentTime: wall-clock digits."""
    return plain(f"result={written(visit.local)}\r\n")


def set_current_time(visit: Visit, arguments: Arguments) -> Reply:
    """global.cgi?action=setCurrentTime&time=...: refused while NTP is on."""
    device = visit.device
    if device.read("time")["type"] == "NTP":
        raise Refused("failed")
    clock, now = device.change("clock"), time.time()
    clock["offset_s"] = moment_of(argument(arguments, "time")) - device.zone_offset_s() - now
    clock["set_at"] = now
    device.fresh_clock = 0.0
    return done()


# --- life --------------------------------------------------------------------------------------------


def reboot(visit: Visit, _: Arguments) -> Reply:
    """magicBox.cgi?action=reboot."""
    visit.after = After(reboot=True)
    return done()


def reset(visit: Visit, arguments: Arguments) -> Reply:
    """magicBox.cgi?action=resetSystemEx&type=0|1: 0 keeps the network."""
    visit.after = After(reset="Soft" if argument(arguments, "type", "0") == "0" else "Hard")
    return done()


def upload_firmware(visit: Visit, _: Arguments) -> Reply:
    """upgrader.cgi?action=uploadFirmware: a multipart file."""
    if visit.incoming.method != "POST":
        raise Refused("missing")
    try:
        visit.after = After(image=firmware.taken(visit.incoming, visit.device))
    except firmware.NotForUs:
        raise Refused("failed", "image") from None
    return done()


def upgrade_state(visit: Visit, _: Arguments) -> Reply:
    """upgrader.cgi?action=getState."""
    flashing = visit.device.flashing
    if flashing is None:
        return listing({"state": "Normal", "progress": 0})
    return listing({"state": "Upgrading", "progress": flashing.percent()})


# --- accounts ----------------------------------------------------------------------------------------


def _user(number: int, name: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Group": "admin" if kept["level"] == "Administrator" else "user",
        "Id": number,
        "Memo": kept.get("memo", ""),
        "Name": name,
        "Reserved": bool(kept.get("fixed", False)),
        "Sharable": True,
    }


def all_users(visit: Visit, _: Arguments) -> Reply:
    """userManager.cgi?action=getUserInfoAll."""
    kept = visit.device.read("users")
    return listing([_user(number, name, kept[name]) for number, name in numbered(kept).items()], "users")


def one_user(visit: Visit, arguments: Arguments) -> Reply:
    """userManager.cgi?action=getUserInfo&name=..."""
    kept, name = visit.device.read("users"), argument(arguments, "name")
    number = next((n for n, other in numbered(kept).items() if other == name), 0)
    if not number:
        raise Refused("failed")
    return listing(_user(number, name, kept[name]), "user")


def check_password(visit: Visit, user: str, password: str) -> None:
    """Raise Refused for a password that is not taken: short, of one kind, with the user's name in it."""
    rule = visit.device.personality.passwords
    low = password.lower()
    named = user.lower() in low or user.lower()[::-1] in low
    if not max(8, rule.min) <= len(password) <= rule.max or strength(password) < 2 or named:
        raise Refused("failed", "password")


def add_user(visit: Visit, arguments: Arguments) -> Reply:
    """userManager.cgi?action=addUser&user.Name=&user.Password=&user.Group=..."""
    name, group = argument(arguments, "user.Name"), argument(arguments, "user.Group")
    password = argument(arguments, "user.Password")
    kept, rule = visit.device.change("users"), visit.device.personality.passwords
    if name in kept or len(kept) >= rule.users_max or group not in _GROUPS or len(name) > rule.name_max:
        raise Refused("failed")
    check_password(visit, name, password)
    kept[name] = {"level": _GROUPS[group], "password": password, "memo": argument(arguments, "user.Memo", " ").strip()}
    return done()


def delete_user(visit: Visit, arguments: Arguments) -> Reply:
    """userManager.cgi?action=deleteUser&name=...: not admin."""
    kept, name = visit.device.change("users"), argument(arguments, "name")
    if name not in kept or kept[name].get("fixed"):
        raise Refused("failed")
    del kept[name]
    return done()


def modify_user(visit: Visit, arguments: Arguments) -> Reply:
    """userManager.cgi?action=modifyUser&name=&user.*: group and memo; the password has a page of its own."""
    kept, name = visit.device.change("users"), argument(arguments, "name")
    group = argument(arguments, "user.Group", "")
    if name not in kept or (group and group not in _GROUPS) or (group == "user" and kept[name].get("fixed")):
        raise Refused("failed")
    kept[name] = {**kept[name], **({"level": _GROUPS[group]} if group else {})}
    if memo := argument(arguments, "user.Memo", ""):
        kept[name]["memo"] = memo.strip()
    return done()


def modify_password(visit: Visit, arguments: Arguments) -> Reply:
    """userManager.cgi?action=modifyPassword&name=&pwd=&pwdOld=: the old one is asked, of an administrator too."""
    name = argument(arguments, "name")
    old = auth.password_of(visit.device, name)
    if old is None or argument(arguments, "pwdOld") != old:
        raise Refused("failed")
    return _new_password(visit, name, argument(arguments, "pwd"))


def by_manager(visit: Visit, arguments: Arguments) -> Reply:
    """userManager.cgi?action=modifyPasswordByManager&userName=&pwd=&managerName=&managerPwd=&accountType=0."""
    manager, name = argument(arguments, "managerName"), argument(arguments, "userName")
    kept = visit.device.read("users")
    told = kept.get(manager)
    if told is None or told["level"] != "Administrator" or told["password"] != argument(arguments, "managerPwd"):
        raise Refused("failed")
    if name not in kept:
        raise Refused("failed")
    return _new_password(visit, name, argument(arguments, "pwd"))


def _new_password(visit: Visit, name: str, password: str) -> Reply:
    if name == "admin" and visit.user != "admin":  # only admin changes admin
        raise Refused("right")
    check_password(visit, name, password)
    kept = visit.device.change("users")
    kept[name] = {**kept[name], "password": password}
    return done()


def _upgrades(rule: Personality) -> bool:
    """Tell whether the firmware has upgrader.cgi: that of 2020 (4.000) has none (field facts, 5.2)."""
    return not rule.firmware.startswith("4.000.")


_A: Final = access.ADMINISTRATOR
PAGES: dict[str, Page] = {
    "magicBox.cgi?getDeviceType": Page(work=device_type),
    "magicBox.cgi?getSerialNo": Page(work=serial),
    "magicBox.cgi?getSoftwareVersion": Page(work=version),
    "magicBox.cgi?getSystemInfo": Page(work=system_info),
    "magicBox.cgi?getHardwareVersion": Page(work=hardware),
    "magicBox.cgi?getMachineName": Page(work=machine_name),
    "magicBox.cgi?getVendor": Page(work=vendor),
    "magicBox.cgi?getDeviceClass": Page(work=device_class),
    "magicBox.cgi?reboot": Page(work=reboot, level=_A),
    "magicBox.cgi?resetSystemEx": Page(work=reset, level=_A),
    "upgrader.cgi?uploadFirmware": Page(work=upload_firmware, level=_A, offered=_upgrades),
    "upgrader.cgi?getState": Page(work=upgrade_state, offered=_upgrades),
    "global.cgi?getCurrentTime": Page(work=current_time),
    "global.cgi?setCurrentTime": Page(work=set_current_time, level=_A),
    "userManager.cgi?getUserInfoAll": Page(work=all_users, level=_A),
    "userManager.cgi?getUserInfo": Page(work=one_user, level=_A),
    "userManager.cgi?addUser": Page(work=add_user, level=_A),
    "userManager.cgi?deleteUser": Page(work=delete_user, level=_A),
    "userManager.cgi?modifyUser": Page(work=modify_user, level=_A),
    "userManager.cgi?modifyPassword": Page(work=modify_password),
    "userManager.cgi?modifyPasswordByManager": Page(
        work=by_manager, level=_A, offered=lambda rule: rule.cgi is not None and rule.cgi.by_manager
    ),
}
