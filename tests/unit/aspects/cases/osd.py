"""Texts and clocks in the picture."""

from __future__ import annotations

from fleetctl.aspects.osd import Corner, Osd
from fleetctl.model import Outcome
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.media import MEDIA1, MEDIA2


def osd(
    service: str,
    token: str,
    string: str,
    *,
    place: str = "<tt:Type>UpperLeft</tt:Type>",
    element: str = "OSDs",
    of: str = "vs1",
) -> str:
    return (
        f'<{service}:{element} token="{token}"><tt:VideoSourceConfigurationToken>{of}'
        f"</tt:VideoSourceConfigurationToken><tt:Type>Text</tt:Type><tt:Position>{place}</tt:Position>"
        f"<tt:TextString>{string}</tt:TextString></{service}:{element}>"
    )


def plain(text: str, more: str = "<tt:FontSize>32</tt:FontSize>") -> str:
    return f"<tt:Type>Plain</tt:Type>{more}<tt:PlainText>{text}</tt:PlainText>"


def clock(kind: str = "DateAndTime", date: str = "yyyy-MM-dd", time: str = "HH:mm:ss", more: str = "") -> str:
    return (
        f"<tt:Type>{kind}</tt:Type>"
        + (f"<tt:DateFormat>{date}</tt:DateFormat>" if date else "")
        + (f"<tt:TimeFormat>{time}</tt:TimeFormat>" if time else "")
        + more
    )


def custom(x: str, y: str) -> str:
    return f'<tt:Type>Custom</tt:Type><tt:Pos x="{x}" y="{y}"/>'


def corner(name: str) -> str:
    return f"<tt:Type>{name}</tt:Type>"


def options(
    service: str,
    *,
    corners: tuple[str, ...] = ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight", "Custom"),
    kinds: tuple[str, ...] = ("Plain", "Date", "Time", "DateAndTime"),
    limits: str = 'Total="4" PlainText="2" DateAndTime="1"',
    dates: tuple[str, ...] = ("MM/dd/yyyy", "dd/MM/yyyy", "yyyy-MM-dd"),
    times: tuple[str, ...] = ("HH:mm:ss",),
) -> dict[str, str]:
    def each(name: str, told: tuple[str, ...]) -> str:
        return "".join(f"<tt:{name}>{value}</tt:{name}>" for value in told)

    return {
        f"{service}:GetOSDOptions": f"<{service}:OSDOptions><tt:MaximumNumberOfOSDs {limits}/><tt:Type>Text</tt:Type>"
        f"{each('PositionOption', corners)}<tt:TextOption>{each('Type', kinds)}{each('DateFormat', dates)}"
        f"{each('TimeFormat', times)}</tt:TextOption></{service}:OSDOptions>"
    }


BOTH = (
    MEDIA2
    | options("tr2")
    | {
        "tr2:GetOSDs": osd("tr2", "o1", plain("Camera 01"), place=custom("-0.8", "-0.9"))
        + osd("tr2", "o2", plain("note"))
        + osd("tr2", "o3", clock(more="<tt:FontSize>16</tt:FontSize>"), place=corner("UpperRight"))
        + osd("tr2", "o9", plain("another lens"), of="vs2")
    }
)
NONE = MEDIA1 | options("trt") | {"trt:GetOSDs": ""}

CASES = (
    Case(
        name="the first text and the clock; a free place counts as its quarter; other lenses do not count",
        answers=BOTH,
        reads={
            "text": "Camera 01",
            "text_position": Corner.LOWER_LEFT,
            "clock": True,
            "clock_position": Corner.UPPER_RIGHT,
            "date_format": "yyyy-MM-dd",
            "time_format": "HH:mm:ss",
        },
        asked=("tr2:GetProfiles", "tr2:GetOSDs"),
    ),
    Case(
        name="nothing shown is told as nothing, so that it can be expected otherwise",
        answers=NONE,
        reads={
            "text": "",
            "text_position": Corner.NONE,
            "clock": False,
            "clock_position": Corner.NONE,
            "date_format": "",
            "time_format": "",
        },
    ),
    Case(
        name="a date and a time apart are a clock; a date alone is none",
        answers=MEDIA1
        | {
            "trt:GetOSDs": osd("trt", "d", clock("Date", time=""), place=corner("LowerRight"))
            + osd("trt", "t", clock("Time", date=""), place=corner("LowerLeft"))
        },
        reads={"clock": True, "clock_position": Corner.LOWER_RIGHT, "time_format": "HH:mm:ss"},
    ),
    Case(
        name="a maker's own kind that shows date and time is a clock, its other kinds are nothing (capture: Pelco)",
        answers=MEDIA1
        | {
            "trt:GetOSDs": osd("trt", "o1", clock("DeviceNameDateTime", "yyyy-mm-dd", "HH:mm:ss TZ"))
            + osd("trt", "o2", "<tt:Type>PtzPosition</tt:Type><tt:FontSize>52</tt:FontSize>")
        },
        reads={"text": "", "clock": True, "clock_position": Corner.UPPER_LEFT, "date_format": "yyyy-mm-dd"},
    ),
    Case(
        name="a place without a place",
        answers=MEDIA1 | {"trt:GetOSDs": osd("trt", "o1", plain("x"), place="<tt:Type>Custom</tt:Type>")},
        reads={"text": "x", "text_position": Outcome.UNKNOWN, "clock": False},
    ),
    Case(
        name="Vietnamese letters, in the camera's own element, with a corner for a free place",
        answers=BOTH,
        wanted=Osd(text="Phường Việt Hưng - Quầy 1 <&>", text_position=Corner.UPPER_LEFT),
        gaps=(),
        requests=(("tr2:SetOSD", osd("tr2", "o1", plain("Phường Việt Hưng - Quầy 1 &lt;&amp;&gt;"), element="OSD")),),
    ),
    Case(
        name="another corner and format of the clock; font and kind stay",
        answers=BOTH,
        wanted=Osd(clock_position=Corner.LOWER_RIGHT, date_format="dd/MM/yyyy"),
        gaps=(),
        requests=(
            (
                "tr2:SetOSD",
                osd(
                    "tr2",
                    "o3",
                    clock(date="dd/MM/yyyy", more="<tt:FontSize>16</tt:FontSize>"),
                    place=corner("LowerRight"),
                    element="OSD",
                ),
            ),
        ),
    ),
    Case(
        name="what is missing is made, the camera gives the tokens",
        answers=NONE,
        wanted=Osd(text="Quầy 1", text_position=Corner.LOWER_LEFT, clock=True, date_format="dd/MM/yyyy"),
        gaps=(),
        requests=(
            ("trt:CreateOSD", osd("trt", "", plain("Quầy 1", ""), place=corner("LowerLeft"), element="OSD")),
            (
                "trt:CreateOSD",
                osd("trt", "", clock(date="dd/MM/yyyy"), place=corner("UpperRight"), element="OSD"),
            ),
        ),
    ),
    Case(
        name="a camera that knows free places only is given one; formats are its own",
        answers=MEDIA1
        | options("trt", corners=("Custom",), dates=("yyyy/MM/dd",), times=("H:mm:ss",))
        | {"trt:GetOSDs": osd("trt", "o1", plain("x"), place=corner("UpperRight"))},
        wanted=Osd(text_position=Corner.LOWER_RIGHT, clock=True),
        gaps=(),
        requests=(
            ("trt:SetOSD", osd("trt", "o1", plain("x"), place=custom("0.3", "-0.85"), element="OSD")),
            (
                "trt:CreateOSD",
                osd("trt", "", clock(date="yyyy/MM/dd", time="H:mm:ss"), place=custom("0.3", "0.95"), element="OSD"),
            ),
        ),
    ),
    Case(
        name="an empty text removes every plain text, no clock removes the clock",
        answers=BOTH,
        wanted=Osd(text="", clock=False),
        requests=(
            ("tr2:DeleteOSD", "<tr2:OSDToken>o1</tr2:OSDToken>"),
            ("tr2:DeleteOSD", "<tr2:OSDToken>o2</tr2:OSDToken>"),
            ("tr2:DeleteOSD", "<tr2:OSDToken>o3</tr2:OSDToken>"),
        ),
    ),
    Case(
        name="a date alone is made a clock",
        answers=MEDIA1 | {"trt:GetOSDs": osd("trt", "d", clock("Date", time=""))},
        reads={"clock": False, "clock_position": Corner.UPPER_LEFT},
        wanted=Osd(clock=True),
        requests=(("trt:SetOSD", osd("trt", "d", clock(), element="OSD")),),
    ),
    Case(
        name="a time format goes to the half that shows the time",
        answers=MEDIA1
        | {"trt:GetOSDs": osd("trt", "d", clock("Date", time="")) + osd("trt", "t", clock("Time", date=""))},
        wanted=Osd(time_format="hh:mm:ss tt"),
        requests=(("trt:SetOSD", osd("trt", "t", clock("Time", date="", time="hh:mm:ss tt"), element="OSD")),),
    ),
    Case(
        name="what the camera cannot show, and where it cannot",
        answers=MEDIA1
        | options("trt", corners=("UpperLeft",), kinds=("Plain",), limits='Total="1"')
        | {"trt:GetOSDs": osd("trt", "o1", plain("x"))},
        wanted=Osd(text_position=Corner.LOWER_LEFT, clock=True, date_format="dd.MM.yyyy"),
        gaps=(("clock", "", ""), ("text_position", "", "upper_left"), ("date_format", "", "MM/dd/yyyy")),
    ),
    Case(
        name="no room for one more",
        answers=BOTH | options("tr2", limits='Total="3"') | {"tr2:GetOSDs": osd("tr2", "o1", clock()) * 3},
        wanted=Osd(text="x"),
        gaps=(("text", "", ""),),
    ),
    Case(
        name="what is not shown has no place; `none` is no place to choose",
        answers=NONE,
        wanted=Osd(text_position=Corner.UPPER_LEFT, clock_position=Corner.NONE, time_format="HH:mm:ss"),
        gaps=(
            ("text_position", "", ""),
            ("clock_position", "", ""),
            ("time_format", "", ""),
            ("clock_position", "", ""),
        ),
    ),
)
