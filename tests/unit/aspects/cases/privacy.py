"""Masks."""

from __future__ import annotations

from fleetctl.aspects.privacy import Mask, MaskType, Privacy
from fleetctl.model import ABSENT, FrozenMap
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.media import MEDIA2

# The same rectangle in both worlds: percent from the upper left, and -1 to 1 from the middle, y upwards.
LEFT = ("0,0", "25,0", "25,25", "0,25")
LEFT_TOLD = (("-1", "1"), ("-0.5", "1"), ("-0.5", "0.5"), ("-1", "0.5"))
BLACK = '<tr2:Color X="0" Y="0" Z="0"/>'


def mask(
    token: str,
    points: tuple[tuple[str, str], ...],
    *,
    kind: str = "Color",
    on: str = "true",
    element: str = "tr2:Masks",
    of: str = "vs1",
    color: str = BLACK,
) -> str:
    shape = "".join(f'<tt:Point x="{x}" y="{y}"/>' for x, y in points)
    named = f' token="{token}"' if token else ""
    return (
        f"<{element}{named}><tr2:ConfigurationToken>{of}</tr2:ConfigurationToken><tr2:Polygon>{shape}</tr2:Polygon>"
        f"<tr2:Type>{kind}</tr2:Type>{color}<tr2:Enabled>{on}</tr2:Enabled></{element}>"
    )


def masks(**told: object) -> Privacy:
    return Privacy(masks=FrozenMap(told))  # type: ignore[arg-type]


CENTRE_TOLD = (("-0.1", "-0.1"), ("0.1", "-0.1"), ("0.1", "0.1"), ("-0.1", "0.1"))
CENTRE = ("45,45", "55,45", "55,55", "45,55")
OPTIONS = {
    "tr2:GetMaskOptions": '<tr2:Options RectangleOnly="true"><tr2:MaxMasks>3</tr2:MaxMasks>'
    "<tr2:MaxPoints>4</tr2:MaxPoints>"
    "<tr2:Types>Color</tr2:Types><tr2:Types>Blurred</tr2:Types><tr2:Color/></tr2:Options>"
}
TWO = MEDIA2 | {
    "tr2:GetMasks": mask("m7", LEFT_TOLD)
    + mask("m3", CENTRE_TOLD, kind="Pixelated", on="false", color="")
    + mask("m1", CENTRE_TOLD, of="vs2")
}

CASES = (
    Case(
        name="a mask is named by the ninth its middle lies in; a shape is one value wherever it begins",
        answers=TWO,
        reads={
            "masks": FrozenMap(
                {
                    "upper_left": Mask(polygon=LEFT, type=MaskType.COLOR, enabled=True),
                    "centre": Mask(polygon=CENTRE, type=MaskType.PIXELATED, enabled=False),
                }
            )
        },
        asked=("tr2:GetProfiles", "tr2:GetMasks"),
    ),
    Case(
        name="a second mask in the same ninth, and one beyond the edge",
        answers=MEDIA2
        | {
            "tr2:GetMasks": mask("a", LEFT_TOLD)
            + mask("b", (("-1", "1"), ("-0.9", "1"), ("-0.9", "0.9")))
            + mask("c", (("0.98", "-0.98"), ("1.2", "-0.98"), ("1.2", "-1.2")))
        },
        reads={
            "masks": FrozenMap(
                {
                    "upper_left": Mask(polygon=LEFT, type=MaskType.COLOR, enabled=True),
                    "upper_left_2": Mask(polygon=("0,0", "5,0", "5,5"), type=MaskType.COLOR, enabled=True),
                    "lower_right": Mask(polygon=("99,99", "100,99", "100,100"), type=MaskType.COLOR, enabled=True),
                }
            )
        },
    ),
    Case(name="no masks is a value", answers=MEDIA2 | {"tr2:GetMasks": ""}, reads={"masks": FrozenMap()}),
    Case(
        name="remove, change, make",
        answers=TWO | OPTIONS,
        wanted=masks(
            upper_left=ABSENT,
            centre=Mask(polygon=CENTRE, type=MaskType.BLURRED, enabled=True),
            lower_right=Mask(polygon=("75,100", "75,80", "100,80", "100,100")),
        ),
        gaps=(),
        requests=(
            ("tr2:DeleteMask", "<tr2:Token>m7</tr2:Token>"),
            ("tr2:SetMask", mask("m3", CENTRE_TOLD, kind="Blurred", element="tr2:Mask", color="")),
            (
                "tr2:CreateMask",
                mask(
                    "",
                    (("0.5", "-0.6"), ("1", "-0.6"), ("1", "-1"), ("0.5", "-1")),
                    element="tr2:Mask",
                    color="",
                ),
            ),
        ),
    ),
    Case(
        name="another shape in the same ninth; its colour stays",
        answers=TWO,
        wanted=masks(upper_left=Mask(polygon=("0,0", "30,0", "30,25", "0,25"))),
        requests=(
            (
                "tr2:SetMask",
                mask("m7", (("-1", "1"), ("-0.4", "1"), ("-0.4", "0.5"), ("-1", "0.5")), element="tr2:Mask"),
            ),
        ),
    ),
    Case(
        name="keys that do not say where, shapes and kinds the camera does not make",
        answers=TWO | OPTIONS,
        wanted=masks(
            centre=Mask(polygon=("40,40", "60,40", "50,60")),
            desk=Mask(polygon=CENTRE),
            left=Mask(polygon=("0,40", "20,40", "20,60", "10,70", "0,60")),
            lower=Mask(polygon=("40,80", "60,80", "60,100", "40,100"), type=MaskType.PIXELATED),
            right=Mask(polygon=("80,40", "100,40")),
            upper_left=ABSENT,
        ),
        gaps=(
            ("masks", "centre", ""),
            ("masks", "desk", ""),
            ("masks", "left", ""),
            ("masks", "lower", ""),
            ("masks", "right", ""),
        ),
    ),
    Case(
        name="no more than the camera has",
        answers=TWO | OPTIONS,
        wanted=masks(
            left=Mask(polygon=("0,40", "20,40", "20,60", "0,60")),
            lower=Mask(polygon=("40,80", "60,80", "60,100", "40,100")),
        ),
        gaps=(("masks", "lower", ""),),
    ),
)
