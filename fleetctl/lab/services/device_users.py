"""Device management: accounts, password rules, relays.

Source: devicemgmt.wsdl 26.06; ONVIF Core 26.06 section 8.4 (users); each call is all or nothing.
"""

from __future__ import annotations

from typing import Any

from fleetctl.lab.auth import onvif_accounts
from fleetctl.lab.personality import Passwords
from fleetctl.lab.services import Call, Operations
from fleetctl.lab.soap import SERVICES, SoapFault, find, text, words

_TDS = "{" + SERVICES["tds"] + "}"


def get_users(call: Call) -> str:
    """GetUsers: never with passwords."""
    return "".join(
        f"<tds:User><tt:Username>{words(name)}</tt:Username><tt:UserLevel>{told['level']}</tt:UserLevel></tds:User>"
        for name, told in call.device.read(onvif_accounts(call.device)).items()
    )


def _strength(password: str) -> int:
    return sum(
        (
            any(c.islower() for c in password),
            any(c.isupper() for c in password),
            any(c.isdigit() for c in password),
            any(not c.isalnum() for c in password),
        )
    )


def _check_password(rule: Passwords, password: str) -> None:
    if len(password) > rule.max:
        raise SoapFault("ter:OperationProhibited", "ter:PasswordTooLong", reason="The password is too long")
    if len(password) < rule.min or _strength(password) < rule.kinds:
        raise SoapFault("ter:OperationProhibited", "ter:PasswordTooWeak", reason="The password is too weak")


def _told(call: Call) -> list[tuple[str, str | None, str]]:
    found = []
    for user in call.request.element:
        password = find(user, "Password")
        found.append(
            (text(user, "Username"), None if password is None else (password.text or ""), text(user, "UserLevel"))
        )
    if len({name for name, _, _ in found}) != len(found):
        raise SoapFault("ter:OperationProhibited", "ter:UsernameClash", reason="Username already exists")
    return found


def _check_level(level: str) -> None:
    if level not in ("Administrator", "Operator", "User"):
        raise SoapFault("ter:OperationProhibited", "ter:AnonymousNotAllowed", reason="Anonymous level is not allowed")


def create_users(call: Call) -> str:
    """CreateUsers."""
    rule = call.device.personality.passwords
    users = call.device.change(onvif_accounts(call.device))
    for name, password, level in _told(call):
        if name in users:
            raise SoapFault("ter:OperationProhibited", "ter:UsernameClash", reason="Username already exists")
        if len(name) > rule.name_max:
            raise SoapFault("ter:OperationProhibited", "ter:UsernameTooLong", reason="The username is too long")
        if len(name) < rule.name_min:
            raise _too_short(call)
        _check_password(rule, password or "")
        _check_level(level)
        users[name] = {"level": level, "password": password or ""}
    if len(users) > rule.users_max:
        raise SoapFault("ter:Action", "ter:TooManyUsers", code="Receiver", reason="Maximum number of users exceeded")
    return ""


def _too_short(call: Call) -> SoapFault:
    """Bosch answers the generic ter:Action with 500 (edgexfoundry/device-onvif-camera#30)."""
    if call.device.personality.capabilities.get("generic_faults"):
        return SoapFault("ter:Action", code="Receiver", reason="Action Failed")
    return SoapFault("ter:OperationProhibited", "ter:UsernameTooShort", reason="The username is too short")


def set_user(call: Call) -> str:
    """SetUser without Password means to clear it, which a device with a rule refuses as too weak (Core 26.06)."""
    rule = call.device.personality.passwords
    users = call.device.change(onvif_accounts(call.device))
    for name, password, level in _told(call):
        if name not in users:
            raise SoapFault("ter:InvalidArgVal", "ter:UsernameMissing", reason="Username not recognized")
        _check_password(rule, password or "")
        _check_level(level)
        if users[name].get("fixed") and level != users[name]["level"]:
            raise SoapFault("ter:OperationProhibited", "ter:FixedUser", reason="Fixed user cannot be changed")
        users[name] = {**users[name], "level": level, "password": password or ""}
    _keep_an_administrator(users)
    return ""


def delete_users(call: Call) -> str:
    """DeleteUsers."""
    users = call.device.change(onvif_accounts(call.device))
    for item in call.request.element:
        name = (item.text or "").strip()
        if name not in users:
            raise SoapFault("ter:InvalidArgVal", "ter:UsernameMissing", reason="Username not recognized")
        if users[name].get("fixed"):
            raise SoapFault("ter:InvalidArgVal", "ter:FixedUser", reason="Fixed user cannot be deleted")
        del users[name]
    _keep_an_administrator(users)
    return ""


def _keep_an_administrator(users: dict[str, Any]) -> None:
    if not any(told["level"] == "Administrator" for told in users.values()):
        raise SoapFault("ter:OperationProhibited", "ter:FixedUser", reason="The last administrator must stay")


def password_rules(call: Call) -> str:
    """GetPasswordComplexityConfiguration."""
    rule = call.device.personality.passwords
    return f"<tds:MinLen>{rule.min}</tds:MinLen><tds:Uppercase>0</tds:Uppercase><tds:Number>0</tds:Number>"


def get_relays(call: Call) -> str:
    """GetRelayOutputs of the device service."""
    return "".join(relay("tds:RelayOutputs", token, told) for token, told in call.device.read("relays").items())


def relay(name: str, token: str, told: Any) -> str:
    """Return one tt:RelayOutput."""
    return (
        f'<{name} token="{token}"><tt:Properties><tt:Mode>{told["mode"]}</tt:Mode>'
        f"<tt:DelayTime>{told['delay']}</tt:DelayTime><tt:IdleState>{told['idle']}</tt:IdleState></tt:Properties></{name}>"
    )


def change_relay(call: Call, token: str, settings: Any) -> str:
    """Set one relay's mode, delay and idle state."""
    relays = call.device.change("relays")
    if token not in relays:
        raise SoapFault("ter:InvalidArgVal", "ter:RelayToken", reason="Unknown relay token")
    relays[token] = {
        "mode": text(settings, "Mode"),
        "delay": text(settings, "DelayTime"),
        "idle": text(settings, "IdleState"),
    }
    return ""


def set_relay(call: Call) -> str:
    """SetRelayOutputSettings of the device service."""
    return change_relay(call, (call.request.element[0].text or "").strip(), call.request.element[1])


def relay_state(call: Call) -> str:
    """SetRelayOutputState."""
    if (call.request.element[0].text or "").strip() not in call.device.read("relays"):
        raise SoapFault("ter:InvalidArgVal", "ter:RelayToken", reason="Unknown relay token")
    return ""


OPERATIONS: Operations = {
    "GetUsers": get_users,
    "CreateUsers": create_users,
    "SetUser": set_user,
    "DeleteUsers": delete_users,
    "GetPasswordComplexityConfiguration": password_rules,
    "GetRelayOutputs": get_relays,
    "SetRelayOutputSettings": set_relay,
    "SetRelayOutputState": relay_state,
}
