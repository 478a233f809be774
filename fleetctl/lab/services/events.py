"""Event service: what there could be told, and pull points with nothing in them.

Source: event.wsdl 26.06, b-2.xsd, t-1.xsd (OASIS); shape as HIKVISION DS-2CD2012-I V5.2.0 answers.
"""

from __future__ import annotations

import re
import time

from fleetctl.lab.services import After, Call, Operations
from fleetctl.lab.soap import WSNT, SoapFault

_SECONDS = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_TOPICS = (
    '<tns1:VideoSource wstop:topic="false"><MotionAlarm wstop:topic="true"><tt:MessageDescription IsProperty="true">'
    '<tt:Source><tt:SimpleItemDescription Name="Source" Type="tt:ReferenceToken"/></tt:Source>'
    '<tt:Data><tt:SimpleItemDescription Name="State" Type="xs:boolean"/></tt:Data></tt:MessageDescription>'
    "</MotionAlarm></tns1:VideoSource>"
)


def properties(_call: Call) -> str:
    """GetEventProperties."""
    return (
        "<tev:TopicNamespaceLocation>http://www.onvif.org/onvif/ver10/topics/topicns.xml</tev:TopicNamespaceLocation>"
        f"<wsnt:FixedTopicSet>true</wsnt:FixedTopicSet><wstop:TopicSet>{_TOPICS}</wstop:TopicSet>"
        "<wsnt:TopicExpressionDialect>http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
        "</wsnt:TopicExpressionDialect><wsnt:TopicExpressionDialect>http://docs.oasis-open.org/wsn/t-1/TopicExpression/"
        "Concrete</wsnt:TopicExpressionDialect>"
        "<tev:MessageContentFilterDialect>http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter"
        "</tev:MessageContentFilterDialect><tev:MessageContentSchemaLocation>"
        "http://www.onvif.org/onvif/ver10/schema/onvif.xsd</tev:MessageContentSchemaLocation>"
    )


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _lasting(told: str, default: float) -> float:
    found = _SECONDS.fullmatch(told)
    if found is None:
        return default
    hours, minutes, seconds = found.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)


def _path(call: Call) -> str:
    return call.device.personality.paths["tev"]


def _subscriptions(call: Call) -> dict[str, float]:
    device = call.device
    now = time.time()
    device.subscriptions = {token: end for token, end in (device.subscriptions or {}).items() if end > now}
    return device.subscriptions


def subscribe(call: Call) -> str:
    """CreatePullPointSubscription; slots are few and a full device refuses."""
    open_now = _subscriptions(call)
    most = int(call.device.personality.capabilities.get("pull_points", 10))
    if len(open_now) >= most:
        raise SoapFault("ter:Action", "ter:MaxPullPoints", code="Receiver", reason="No more pull points")
    told = call.request.element.findtext("{http://www.onvif.org/ver10/events/wsdl}InitialTerminationTime") or ""
    life = _lasting(told.strip(), 60.0)
    token = f"sub-{time.time_ns():x}"
    open_now[token] = time.time() + life
    now = call.device.now(call.lab)
    return (
        f"<tev:SubscriptionReference><wsa:Address>{call.base}{_path(call)}/{token}</wsa:Address>"
        f"</tev:SubscriptionReference><wsnt:CurrentTime>{_stamp(now)}</wsnt:CurrentTime>"
        f"<wsnt:TerminationTime>{_stamp(now + life)}</wsnt:TerminationTime>"
    )


def _mine(call: Call) -> str:
    open_now = _subscriptions(call)
    token = call.path.rpartition("/")[2]
    if token not in open_now:
        token = call.request.to.rpartition("/")[2]
    if token not in open_now:
        raise SoapFault("wsnt:ResourceUnknown", code="Receiver", reason="The subscription does not exist")
    return token


def pull(call: Call) -> str:
    """PullMessages: waits as long as asked (a minute at most) and brings nothing."""
    token = _mine(call)
    timeout = min(_lasting((call.request.element[0].text or "").strip(), 5.0), 60.0)
    call.after = After(wait_s=timeout)
    now = call.device.now(call.lab)
    end = now + (call.device.subscriptions or {})[token] - time.time()
    return f"<tev:CurrentTime>{_stamp(now)}</tev:CurrentTime><tev:TerminationTime>{_stamp(end)}</tev:TerminationTime>"


def renew(call: Call) -> str:
    """Renew, where the device knows it."""
    token = _mine(call)
    told = call.request.element.findtext(f"{{{WSNT}}}TerminationTime") or ""
    life = _lasting(told.strip(), 60.0)
    _subscriptions(call)[token] = time.time() + life
    now = call.device.now(call.lab)
    end = _stamp(now + life)
    return f"<wsnt:TerminationTime>{end}</wsnt:TerminationTime><wsnt:CurrentTime>{_stamp(now)}</wsnt:CurrentTime>"


def unsubscribe(call: Call) -> str:
    """Unsubscribe."""
    token = _mine(call)
    del _subscriptions(call)[token]
    return ""


def synchronise(call: Call) -> str:
    """SetSynchronizationPoint."""
    _mine(call)
    return ""


OPERATIONS: Operations = {
    "GetEventProperties": properties,
    "CreatePullPointSubscription": subscribe,
    "PullMessages": pull,
    "Renew": renew,
    "Unsubscribe": unsubscribe,
    "SetSynchronizationPoint": synchronise,
}
