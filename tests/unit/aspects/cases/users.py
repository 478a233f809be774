"""Accounts and their levels."""

from __future__ import annotations

from fleetctl.aspects.users import Account, Level, Users
from fleetctl.model import ABSENT, FrozenMap, SecretRef
from tests.unit.aspects.cases.kit import Case


def user(name: str, level: str, more: str = "", element: str = "tds:User") -> str:
    return f"<{element}><tt:Username>{name}</tt:Username><tt:UserLevel>{level}</tt:UserLevel>{more}</{element}>"


def sent(name: str, level: str, account: str = "", more: str = "") -> str:
    secret = f"Mật khẩu &lt;viet-hung-cam-01/{account or name}&gt;"
    return (
        f"<tds:User><tt:Username>{name}</tt:Username><tt:Password>{secret}</tt:Password>"
        f"<tt:UserLevel>{level}</tt:UserLevel>{more}</tds:User>"
    )


BOSCH = {
    "tds:GetUsers": user("fleetctl", "Administrator")
    + user("service", "Administrator", "<tt:Extension><tt:Roles>kept</tt:Roles></tt:Extension>")
    + user("live", "User")
}
RULES = {
    "tds:GetServiceCapabilities": "<tds:Capabilities>"
    '<tds:Security MaxUsers="4" MaxUserNameLength="8" MaxPasswordLength="19"/></tds:Capabilities>'
}
MAKER = SecretRef(device="viet-hung-cam-01", account="maker")


def accounts(**told: object) -> Users:
    return Users(accounts=FrozenMap(told))  # type: ignore[arg-type]


CASES = (
    Case(
        name="names and levels, no passwords",
        answers=BOSCH,
        reads={
            "accounts": FrozenMap(
                {
                    "fleetctl": Account(level=Level.ADMINISTRATOR),
                    "live": Account(level=Level.USER),
                    "service": Account(level=Level.ADMINISTRATOR),
                }
            )
        },
        asked=("tds:GetUsers",),
    ),
    Case(
        name="no accounts is a value (factory-new Axis)", answers={"tds:GetUsers": ""}, reads={"accounts": FrozenMap()}
    ),
    Case(
        name="make, change, remove, each in a request of its own and always with a password",
        answers=BOSCH,
        wanted=accounts(
            service=Account(level=Level.OPERATOR, password=MAKER),
            nvr=Account(level=Level.USER, password=SecretRef(device="viet-hung-cam-01", account="nvr")),
            live=ABSENT,
            gone=ABSENT,
        ),
        gaps=(),
        requests=(
            ("tds:CreateUsers", sent("nvr", "User")),
            (
                "tds:SetUser",
                sent("service", "Operator", "maker", "<tt:Extension><tt:Roles>kept</tt:Roles></tt:Extension>"),
            ),
            ("tds:DeleteUsers", "<tds:Username>live</tds:Username>"),
        ),
    ),
    Case(
        name="an account without a reference of its own has the password of its name",
        answers=BOSCH,
        wanted=accounts(live=Account(level=Level.OPERATOR)),
        requests=(("tds:SetUser", sent("live", "Operator")),),
    ),
    Case(
        name="the account in use is neither removed nor lowered, whatever the case of its letters",
        answers={"tds:GetUsers": user("Fleetctl", "Administrator")},
        wanted=accounts(Fleetctl=ABSENT),
        gaps=(("accounts", "Fleetctl", ""),),
    ),
    Case(
        name="nor lowered",
        answers=BOSCH,
        wanted=accounts(fleetctl=Account(level=Level.OPERATOR)),
        gaps=(("accounts", "fleetctl", ""),),
    ),
    Case(
        name="names too long, of other letters, and one more than the device takes (capture: Bosch tells its rules)",
        answers=BOSCH | RULES,
        wanted=accounts(
            a=Account(level=Level.USER),
            b=Account(level=Level.USER),
            much_too_long=Account(level=Level.USER),
            Quầy=Account(level=Level.USER),
        ),
        gaps=(("accounts", "Quầy", ""), ("accounts", "b", ""), ("accounts", "much_too_long", "")),
    ),
    Case(
        name="a removed account makes room",
        answers=BOSCH | RULES,
        wanted=accounts(a=Account(level=Level.USER), b=Account(level=Level.USER), live=ABSENT),
        gaps=(),
    ),
)
