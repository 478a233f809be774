"""What a device says it can do: GetServices, GetCapabilities and each service's own GetServiceCapabilities.

Source: devicemgmt.wsdl and the other services' Capabilities types, 26.06.
"""

from __future__ import annotations

from fleetctl.lab.services import Call, Operation, Operations
from fleetctl.lab.soap import SERVICES, true, words


def _can(call: Call, name: str, default: object = False) -> str:
    return words(call.device.personality.capabilities.get(name, default))


def _firmware(call: Call) -> str:
    """How the device takes firmware: http, mtom, or "" for not at all."""
    return str(call.device.personality.capabilities.get("firmware", "http"))


def _device(call: Call) -> str:
    rule = call.device.personality
    return (
        f'<tds:Network IPFilter="false" ZeroConfiguration="{_can(call, "zeroconf", True)}" IPVersion6="false"'
        f' DynDNS="false" Dot11Configuration="false" HostnameFromDHCP="true" NTP="{_can(call, "ntp", 1)}"/>'
        f'<tds:Security TLS1.0="false" TLS1.1="false" TLS1.2="true" OnboardKeyGeneration="false"'
        f' AccessPolicyConfig="false" DefaultAccessPolicy="true" X.509Token="false" SAMLToken="false"'
        f' KerberosToken="false" UsernameToken="{words("wsse" in rule.schemes)}"'
        f' HttpDigest="{words("digest" in rule.schemes)}" RELToken="false" MaxUsers="{rule.passwords.users_max}"'
        f' MaxUserNameLength="{rule.passwords.name_max}" MaxPasswordLength="{rule.passwords.max}"/>'
        '<tds:System DiscoveryResolve="false" DiscoveryBye="true" RemoteDiscovery="false"'
        f' SystemBackup="{_can(call, "backup")}" SystemLogging="false"'
        f' FirmwareUpgrade="{words(_firmware(call) == "mtom")}"'
        f' HttpFirmwareUpgrade="{words(_firmware(call) == "http")}"/>'
    )


def _profiles(call: Call) -> str:
    return f'MaximumNumberOfProfiles="{_can(call, "profiles_max", 10)}"'


def _media1(call: Call) -> tuple[str, str]:
    rule = call.device.personality
    return (
        f'SnapshotUri="true" Rotation="false" OSD="{words(bool(rule.osd))}"',
        f"<trt:ProfileCapabilities {_profiles(call)}/>"
        f'<trt:StreamingCapabilities RTPMulticast="false" RTP_TCP="true" RTP_RTSP_TCP="true"'
        ' NonAggregateControl="false"/>',
    )


def _media2(call: Call) -> tuple[str, str]:
    rule = call.device.personality
    kinds = "VideoSource VideoEncoder" + (" AudioSource AudioEncoder" if rule.audio else "") + " Metadata"
    return (
        f'SnapshotUri="true" Rotation="false" OSD="{words(bool(rule.osd))}" Mask="{words(bool(rule.masks))}"',
        f'<tr2:ProfileCapabilities {_profiles(call)} ConfigurationsSupported="{kinds}"/>'
        '<tr2:StreamingCapabilities RTSPStreaming="true" RTPMulticast="false" RTP_RTSP_TCP="true"'
        ' NonAggregateControl="false"/>',
    )


def _imaging(_call: Call) -> tuple[str, str]:
    return 'ImageStabilization="false" Presets="false"', ""


def _deviceio(call: Call) -> tuple[str, str]:
    audio = 1 if call.device.read("audio_sources") else 0
    return (
        f'VideoSources="1" VideoOutputs="0" AudioSources="{audio}" AudioOutputs="0"'
        f' RelayOutputs="{len(call.device.read("relays"))}" DigitalInputs="0" SerialPorts="0"',
        "",
    )


def _events(call: Call) -> tuple[str, str]:
    return (
        'WSSubscriptionPolicySupport="false" WSPullPointSupport="true"'
        ' WSPausableSubscriptionManagerInterfaceSupport="false" MaxNotificationProducers="10"'
        f' MaxPullPoints="{_can(call, "pull_points", 10)}"',
        "",
    )


def _recording(call: Call) -> tuple[str, str]:
    recorder = call.device.personality.recorder
    most = recorder.channels if recorder else 0
    return (
        f'DynamicRecordings="{_can(call, "dynamic_recordings")}" DynamicTracks="false" Encoding="H264 H265 JPEG"'
        f' MaxRate="16384" MaxTotalRate="{16384 * most}" MaxRecordings="{most}" MaxRecordingJobs="{most}"'
        ' Options="true" MetadataRecording="false" ScheduledRecording="false"',
        "",
    )


def _receiver(call: Call) -> tuple[str, str]:
    recorder = call.device.personality.recorder
    return (
        'RTP_Multicast="false" RTP_TCP="true" RTP_RTSP_TCP="true"'
        f' SupportedReceivers="{recorder.channels if recorder else 0}" MaximumRTSPURILength="256"',
        "",
    )


_OF = {
    "trc": _recording,
    "trv": _receiver,
    "trt": _media1,
    "tr2": _media2,
    "timg": _imaging,
    "tmd": _deviceio,
    "tev": _events,
}


def _element(call: Call, service: str) -> str:
    if service == "tds":
        return f"<tds:Capabilities>{_device(call)}</tds:Capabilities>"
    attributes, inner = _OF[service](call)
    return f"<{service}:Capabilities {attributes}>{inner}</{service}:Capabilities>"


def of_service(service: str) -> Operation:
    """Return GetServiceCapabilities of a service."""
    return lambda call: _element(call, service)


def _address(call: Call) -> str:
    return call.device.personality.foreign_xaddr or call.base


def services(call: Call) -> str:
    """GetServices."""
    rule = call.device.personality
    include = true((call.request.element[0].text or "").strip())
    return "".join(
        f"<tds:Service><tds:Namespace>{SERVICES[service]}</tds:Namespace><tds:XAddr>{_address(call)}{path}</tds:XAddr>"
        + (f"<tds:Capabilities>{_element(call, service)}</tds:Capabilities>" if include else "")
        + f"<tds:Version><tt:Major>{rule.versions.get(service, (2, 60))[0]}</tt:Major>"
        f"<tt:Minor>{rule.versions.get(service, (2, 60))[1]}</tt:Minor></tds:Version></tds:Service>"
        for service, path in rule.paths.items()
    )


def _asked(call: Call, name: str) -> bool:
    wanted = {(item.text or "").strip() for item in call.request.element}
    return not wanted or "All" in wanted or name in wanted


def capabilities(call: Call) -> str:
    """GetCapabilities, the older way; Media2 does not appear in it."""
    rule, base = call.device.personality, _address(call)
    out = _old_device(call, base) if _asked(call, "Device") else ""
    if "tev" in rule.paths and _asked(call, "Events"):
        out += (
            f"<tt:Events><tt:XAddr>{base}{rule.paths['tev']}</tt:XAddr><tt:WSSubscriptionPolicySupport>false"
            "</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
            "<tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport>"
            "</tt:Events>"
        )
    if "timg" in rule.paths and _asked(call, "Imaging"):
        out += f"<tt:Imaging><tt:XAddr>{base}{rule.paths['timg']}</tt:XAddr></tt:Imaging>"
    if "trt" in rule.paths and _asked(call, "Media"):
        out += (
            f"<tt:Media><tt:XAddr>{base}{rule.paths['trt']}</tt:XAddr><tt:StreamingCapabilities>"
            "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP>"
            "</tt:StreamingCapabilities><tt:Extension><tt:ProfileCapabilities><tt:MaximumNumberOfProfiles>"
            f"{_can(call, 'profiles_max', 10)}</tt:MaximumNumberOfProfiles></tt:ProfileCapabilities></tt:Extension>"
            "</tt:Media>"
        )
    if _asked(call, "All") and (told := _extension(call, base)):
        out += f"<tt:Extension>{told}</tt:Extension>"
    return f"<tds:Capabilities>{out}</tds:Capabilities>"


def _extension(call: Call, base: str) -> str:
    """What came after the first specification; only here a recorder says whether receivers are a source."""
    rule, out = call.device.personality, ""
    if "tmd" in rule.paths:
        audio = 1 if call.device.read("audio_sources") else 0
        out += (
            f"<tt:DeviceIO><tt:XAddr>{base}{rule.paths['tmd']}</tt:XAddr><tt:VideoSources>1</tt:VideoSources>"
            f"<tt:VideoOutputs>0</tt:VideoOutputs><tt:AudioSources>{audio}</tt:AudioSources>"
            f"<tt:AudioOutputs>0</tt:AudioOutputs><tt:RelayOutputs>{len(call.device.read('relays'))}</tt:RelayOutputs>"
            "</tt:DeviceIO>"
        )
    if "trc" in rule.paths:
        out += (
            f"<tt:Recording><tt:XAddr>{base}{rule.paths['trc']}</tt:XAddr>"
            f"<tt:ReceiverSource>{_can(call, 'receiver_source')}</tt:ReceiverSource>"
            f"<tt:MediaProfileSource>{words(not rule.capabilities.get('receiver_source'))}</tt:MediaProfileSource>"
            f"<tt:DynamicRecordings>{_can(call, 'dynamic_recordings')}</tt:DynamicRecordings>"
            "<tt:DynamicTracks>false</tt:DynamicTracks><tt:MaxStringLength>256</tt:MaxStringLength></tt:Recording>"
        )
    if "trv" in rule.paths:
        recorder = rule.recorder
        out += (
            f"<tt:Receiver><tt:XAddr>{base}{rule.paths['trv']}</tt:XAddr><tt:RTP_Multicast>false</tt:RTP_Multicast>"
            "<tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP>"
            f"<tt:SupportedReceivers>{recorder.channels if recorder else 0}</tt:SupportedReceivers>"
            "<tt:MaximumRTSPURILength>256</tt:MaximumRTSPURILength></tt:Receiver>"
        )
    return out


def _old_device(call: Call, base: str) -> str:
    versions = "".join(
        f"<tt:SupportedVersions><tt:Major>{major}</tt:Major><tt:Minor>{minor}</tt:Minor></tt:SupportedVersions>"
        for major, minor in (call.device.personality.versions.get("tds", (2, 60)), (2, 0))
    )
    no = "".join(
        f"<tt:{name}>false</tt:{name}>"
        for name in (
            "OnboardKeyGeneration",
            "AccessPolicyConfig",
            "X.509Token",
            "SAMLToken",
            "KerberosToken",
            "RELToken",
        )
    )
    return (
        f"<tt:Device><tt:XAddr>{base}{call.device.personality.paths['tds']}</tt:XAddr><tt:Network>"
        f"<tt:IPFilter>false</tt:IPFilter><tt:ZeroConfiguration>{_can(call, 'zeroconf', True)}</tt:ZeroConfiguration>"
        "<tt:IPVersion6>false</tt:IPVersion6><tt:DynDNS>false</tt:DynDNS></tt:Network><tt:System>"
        "<tt:DiscoveryResolve>false</tt:DiscoveryResolve><tt:DiscoveryBye>true</tt:DiscoveryBye>"
        f"<tt:RemoteDiscovery>false</tt:RemoteDiscovery><tt:SystemBackup>{_can(call, 'backup')}</tt:SystemBackup>"
        "<tt:SystemLogging>false</tt:SystemLogging>"
        f"<tt:FirmwareUpgrade>{words(_firmware(call) == 'mtom')}</tt:FirmwareUpgrade>"
        f"{versions}</tt:System><tt:IO><tt:InputConnectors>0</tt:InputConnectors>"
        f"<tt:RelayOutputs>{len(call.device.read('relays'))}</tt:RelayOutputs></tt:IO><tt:Security>"
        f"<tt:TLS1.1>false</tt:TLS1.1><tt:TLS1.2>true</tt:TLS1.2>{no}</tt:Security></tt:Device>"
    )


OPERATIONS: Operations = {"GetServices": services, "GetCapabilities": capabilities}
