"""What devices say they can tell."""

from __future__ import annotations

from fleetctl.model import UNSET, Outcome
from tests.unit.aspects.cases.kit import Case


def topics(inside: str) -> dict[str, str]:
    return {"tev:GetEventProperties": f"<wsnt:FixedTopicSet/><wstop:TopicSet>{inside}</wstop:TopicSet>"}


def capabilities(told: str) -> dict[str, str]:
    return {"tev:GetServiceCapabilities": f"<tev:Capabilities {told}/>"}


CASES = (
    Case(
        name="motion and tampering by their topics, prefixes undeclared",
        answers=capabilities('WSPullPointSupport="true" MaxPullPoints="2"')
        | topics(
            "<tns1:RuleEngine><CellMotionDetector><Motion wstop:topic='true'><tt:MessageDescription IsProperty='true'/>"
            "</Motion></CellMotionDetector></tns1:RuleEngine>"
            "<tns1:VideoSource><GlobalSceneChange><ImagingService wstop:topic='true'/></GlobalSceneChange>"
            "</tns1:VideoSource>"
        ),
        reads={"pull_point": True, "motion": True, "tamper": True},
        asked=("tev:GetServiceCapabilities", "tev:GetEventProperties"),
    ),
    Case(
        name="other topics are neither; pull points are counted, not believed (capture: Bosch says no and has 10)",
        answers=capabilities('WSPullPointSupport="false" MaxPullPoints="10"')
        | topics("<tns1:Device><Trigger><Relay wstop:topic='true'/></Trigger></tns1:Device>"),
        reads={"pull_point": True, "motion": False, "tamper": False},
    ),
    Case(
        name="no pull point, no topics",
        answers=capabilities('WSPullPointSupport="false"'),
        reads={"pull_point": False, "motion": Outcome.UNSUPPORTED, "tamper": Outcome.UNSUPPORTED},
    ),
    Case(name="nothing told", answers=capabilities(""), reads={"pull_point": UNSET}),
)
