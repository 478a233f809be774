"""Pictures: levels as percentages of the camera's own range, switches, the filter."""

from __future__ import annotations

from fleetctl.aspects.imaging import DayNight, Imaging
from fleetctl.model import UNSET, Outcome
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.media import MEDIA1

TOKEN = "<timg:VideoSourceToken>1</timg:VideoSourceToken>"
PERSIST = "<timg:ForcePersistence>true</timg:ForcePersistence>"


def settings(inside: str) -> str:
    return f"<timg:ImagingSettings>{inside}</timg:ImagingSettings>"


def span(name: str, low: str, high: str) -> str:
    return f"<tt:{name}><tt:Min>{low}</tt:Min><tt:Max>{high}</tt:Max></tt:{name}>"


def options(inside: str) -> str:
    return f"<timg:ImagingOptions>{inside}</timg:ImagingOptions>"


EXPOSURE = "<tt:Exposure><tt:Mode>AUTO</tt:Mode><tt:MaxExposureTime>-1</tt:MaxExposureTime></tt:Exposure>"
TONE = (
    "<tt:Extension><tt:Extension><tt:Extension><tt:ToneCompensation><tt:Mode>ON</tt:Mode></tt:ToneCompensation>"
    "</tt:Extension></tt:Extension></tt:Extension>"
)
AXIS = MEDIA1 | {
    "timg:GetImagingSettings": settings(
        "<tt:Brightness>50</tt:Brightness><tt:ColorSaturation>40</tt:ColorSaturation><tt:Contrast>60</tt:Contrast>"
        + EXPOSURE
        + "<tt:IrCutFilter>AUTO</tt:IrCutFilter><tt:Sharpness>70</tt:Sharpness>"
        "<tt:WideDynamicRange><tt:Mode>ON</tt:Mode></tt:WideDynamicRange>" + TONE
    ),
    "timg:GetOptions": options(
        span("Brightness", "0", "100")
        + span("ColorSaturation", "0", "100")
        + span("Contrast", "0", "100")
        + "<tt:IrCutFilterModes>OFF</tt:IrCutFilterModes><tt:IrCutFilterModes>AUTO</tt:IrCutFilterModes>"
        + span("Sharpness", "0", "100")
        + "<tt:WideDynamicRange><tt:Mode>ON</tt:Mode></tt:WideDynamicRange>"
    ),
}
BOSCH = MEDIA1 | {
    "timg:GetImagingSettings": settings(
        "<tt:BacklightCompensation><tt:Mode>OFF</tt:Mode></tt:BacklightCompensation>"
        "<tt:Brightness>128.00</tt:Brightness><tt:Contrast>0.00</tt:Contrast>"
    ),
    "timg:GetOptions": options(span("Brightness", "0.00", "255.00") + span("Contrast", "0.00", "255.00")),
}
COARSE = MEDIA1 | {
    "timg:GetImagingSettings": settings("<tt:Brightness>0.25</tt:Brightness><tt:Sharpness>3</tt:Sharpness>"),
    "timg:GetOptions": options(span("Brightness", "0", "1") + span("Sharpness", "1", "6")),
}

CASES = (
    Case(
        name="levels, switches and the filter (capture: Axis P3818)",
        answers=AXIS,
        reads={
            "brightness": 50,
            "contrast": 60,
            "saturation": 40,
            "sharpness": 70,
            "day_night": DayNight.AUTO,
            "wide_dynamic_range": True,
            "backlight_compensation": UNSET,
        },
        asked=("trt:GetProfiles", "timg:GetImagingSettings", "timg:GetOptions"),
    ),
    Case(
        name="128 of 0 to 255 is half (capture: Bosch AUTODOME, Reolink)",
        answers=BOSCH,
        reads={"brightness": 50, "contrast": 0, "saturation": UNSET, "backlight_compensation": False},
    ),
    Case(
        name="without its ranges a camera's levels mean nothing; the filter does",
        answers=MEDIA1
        | {
            "timg:GetImagingSettings": settings("<tt:Brightness>5</tt:Brightness><tt:IrCutFilter>OFF</tt:IrCutFilter>"),
        },
        reads={"brightness": Outcome.UNSUPPORTED, "day_night": DayNight.NIGHT},
    ),
    Case(
        name="an empty range and a filter of another world",
        answers=MEDIA1
        | {
            "timg:GetImagingSettings": settings(
                "<tt:Brightness>INF</tt:Brightness><tt:Contrast>1</tt:Contrast><tt:IrCutFilter>DUSK</tt:IrCutFilter>"
            ),
            "timg:GetOptions": options(span("Brightness", "0", "9") + span("Contrast", "0.00", "0.00")),
        },
        reads={"brightness": Outcome.UNKNOWN, "contrast": Outcome.UNSUPPORTED, "day_night": Outcome.UNKNOWN},
    ),
    Case(
        name="the picture source is asked for where no profile has one",
        answers={
            "trt:GetProfiles": "",
            "trt:GetVideoSources": '<trt:VideoSources token="v 1"/>',
            "timg:GetImagingSettings": lambda body: (
                settings("<tt:IrCutFilter>ON</tt:IrCutFilter>")
                if body == "<timg:VideoSourceToken>v 1</timg:VideoSourceToken>"
                else ""
            ),
        },
        reads={"day_night": DayNight.DAY},
    ),
    Case(
        name="the camera's own settings with only what differs changed, in the schema's order",
        answers=AXIS,
        wanted=Imaging(brightness=55, day_night=DayNight.NIGHT, backlight_compensation=True),
        gaps=(),
        requests=(
            (
                "timg:SetImagingSettings",
                TOKEN
                + settings(
                    "<tt:BacklightCompensation><tt:Mode>ON</tt:Mode></tt:BacklightCompensation>"
                    "<tt:Brightness>55</tt:Brightness><tt:ColorSaturation>40</tt:ColorSaturation>"
                    "<tt:Contrast>60</tt:Contrast>"
                    + EXPOSURE
                    + "<tt:IrCutFilter>OFF</tt:IrCutFilter><tt:Sharpness>70</tt:Sharpness>"
                    "<tt:WideDynamicRange><tt:Mode>ON</tt:Mode></tt:WideDynamicRange>" + TONE
                )
                + PERSIST,
            ),
        ),
    ),
    Case(
        name="a percentage becomes a whole number of the camera's range",
        answers=BOSCH,
        wanted=Imaging(brightness=25, contrast=100, backlight_compensation=True),
        gaps=(),
        requests=(
            (
                "timg:SetImagingSettings",
                TOKEN
                + settings(
                    "<tt:BacklightCompensation><tt:Mode>ON</tt:Mode></tt:BacklightCompensation>"
                    "<tt:Brightness>64</tt:Brightness><tt:Contrast>255</tt:Contrast>"
                )
                + PERSIST,
            ),
        ),
    ),
    Case(
        name="a range of few steps cannot hold every percentage; one of 0 to 1 has fractions",
        answers=COARSE,
        wanted=Imaging(sharpness=50, brightness=50),
        reads={"sharpness": 40, "brightness": 25},
        gaps=(("sharpness", "", "60"),),
        requests=(
            (
                "timg:SetImagingSettings",
                TOKEN + settings("<tt:Brightness>0.5</tt:Brightness><tt:Sharpness>4</tt:Sharpness>") + PERSIST,
            ),
        ),
    ),
    Case(
        name="modes the camera does not have",
        answers=AXIS,
        wanted=Imaging(day_night=DayNight.DAY, wide_dynamic_range=False),
        gaps=(("wide_dynamic_range", "", "true"), ("day_night", "", "night")),
    ),
)
