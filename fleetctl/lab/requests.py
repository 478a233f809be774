"""What each writing request must look like, and those reading ones that carry something.

Source: devicemgmt.wsdl, media.wsdl (ver10, ver20), imaging.wsdl, deviceio.wsdl, event.wsdl, onvif.xsd, common.xsd,
release 26.06; `tests/lab` holds every line to the official files (`pytest --wsdl DIR`).
"""

from __future__ import annotations

from typing import Final

from fleetctl.lab.grammar import Grammar
from fleetctl.lab.soap import SERVICES, TT, WSNT

_TT: Final = Grammar(
    TT,
    """
IPAddress = Type:{IPv4|IPv6} IPv4Address?:IPv4Address IPv6Address?:token
NetworkHost = Type:{IPv4|IPv6|DNS} IPv4Address?:IPv4Address IPv6Address?:token DNSname?:token Extension?:any
PrefixedIPv4Address = Address:IPv4Address PrefixLength:int
PrefixedIPv6Address = Address:token PrefixLength:int
TimeZone = TZ:token
Time = Hour:int Minute:int Second:int
Date = Year:int Month:int Day:int
DateTime = Time:Time Date:Date
User = Username:string Password?:string UserLevel:{Administrator|Operator|User|Anonymous|Extended} Extension?:any
NetworkProtocol = Name:{HTTP|HTTPS|RTSP} Enabled:boolean Port+:int Extension?:any
Link = AutoNegotiation:boolean Speed:int Duplex:{Full|Half}
SetIPv4 = Enabled?:boolean Manual*:PrefixedIPv4Address DHCP?:boolean
SetIPv6 = Enabled?:boolean AcceptRouterAdvert?:boolean Manual*:PrefixedIPv6Address DHCP?:{Auto|Stateful|Stateless|Off}
SetInterface = Enabled?:boolean Link?:Link MTU?:int IPv4?:SetIPv4 IPv6?:SetIPv6 Extension?:any
RelaySettings = Mode:{Monostable|Bistable} DelayTime:duration IdleState:{closed|open}
RelayOutput @token! = Properties:RelaySettings *
Multicast = Address:IPAddress Port:int TTL:int AutoStart:boolean *
Resolution = Width:int Height:int *
Rate = FrameRateLimit:int EncodingInterval:int BitrateLimit:int
Rate2 = FrameRateLimit:float BitrateLimit:int AverageBitRate?:int *
H264 = GovLength:int H264Profile:{Baseline|Main|Extended|High}
Mpeg4 = GovLength:int Mpeg4Profile:{SP|ASP}
VideoEncoder @token! = Name:Name UseCount:int Encoding:{JPEG|MPEG4|H264} Resolution:Resolution Quality:float \
RateControl?:Rate MPEG4?:Mpeg4 H264?:H264 Multicast:Multicast SessionTimeout:duration *
VideoEncoder2 @token! = Name:Name UseCount:int Encoding:string Resolution:Resolution RateControl?:Rate2 \
Multicast?:Multicast Quality:float *
Bounds @x! @y! @width! @height! =
VideoSource @token! = Name:Name UseCount:int SourceToken:ReferenceToken Bounds:Bounds *
AudioSource @token! = Name:Name UseCount:int SourceToken:ReferenceToken *
AudioEncoder @token! = Name:Name UseCount:int Encoding:{G711|G726|AAC} Bitrate:int SampleRate:int \
Multicast:Multicast SessionTimeout:duration *
AudioEncoder2 @token! = Name:Name UseCount:int Encoding:string Multicast?:Multicast Bitrate:int SampleRate:int *
PTZFilter = Status:boolean Position:boolean FieldOfView?:boolean
Metadata @token! = Name:Name UseCount:int PTZStatus?:PTZFilter Events?:any Analytics?:boolean Multicast:Multicast \
SessionTimeout:duration *
Vector @x! @y! =
Position = Type:string Pos?:Vector Extension?:any
Colour @X! @Y! @Z! =
OSDColour = Color:Colour
OSDText = Type:string DateFormat?:string TimeFormat?:string FontSize?:int FontColor?:OSDColour \
BackgroundColor?:OSDColour PlainText?:string Extension?:any
OSDImage = ImgPath:anyURI Extension?:any
OSD @token! = VideoSourceConfigurationToken:ReferenceToken Type:{Text|Image|Extended} Position:Position \
TextString?:OSDText Image?:OSDImage Extension?:any
Polygon = Point+:Vector
Backlight = Mode:{OFF|ON} Level?:float
Exposure = Mode:{AUTO|MANUAL} Priority?:{LowNoise|FrameRate} Window?:any MinExposureTime?:float \
MaxExposureTime?:float MinGain?:float MaxGain?:float MinIris?:float MaxIris?:float ExposureTime?:float Gain?:float \
Iris?:float
Focus = AutoFocusMode:{AUTO|MANUAL} DefaultSpeed?:float NearLimit?:float FarLimit?:float Extension?:any
WhiteBalance = Mode:{AUTO|MANUAL} CrGain?:float CbGain?:float Extension?:any
Imaging = BacklightCompensation?:Backlight Brightness?:float ColorSaturation?:float Contrast?:float \
Exposure?:Exposure Focus?:Focus IrCutFilter?:{ON|OFF|AUTO} Sharpness?:float WideDynamicRange?:Backlight \
WhiteBalance?:WhiteBalance Extension?:any
Transport = Protocol:{UDP|TCP|RTSP|HTTP} Tunnel?:any
RecordingSource = SourceId:anyURI Name:Name Location:string Description:string Address:anyURI \
VideoSourceToken?:ReferenceToken *
RecordingConfiguration = Source:RecordingSource Content:string MaximumRetentionTime:duration Target?:any *
SourceReference = Token:ReferenceToken *
JobTrack = SourceTag:string Destination:ReferenceToken *
JobSource = SourceToken?:SourceReference AutoCreateReceiver?:boolean Tracks*:JobTrack Extension?:any *
JobConfiguration = RecordingToken:ReferenceToken Mode:{Idle|Active} Priority:int Source*:JobSource Extension?:any \
EventFilter?:any *
ReceiverConfiguration = Mode:{AutoConnect|AlwaysConnect|NeverConnect} MediaUri:anyURI StreamSetup:StreamSetup *
StreamSetup = Stream:{RTP-Unicast|RTP-Multicast} Transport:Transport *
""".replace("\\\n", ""),
).types

_DEVICE: Final = """
GetServices = IncludeCapability:boolean
GetServiceCapabilities =
GetDeviceInformation =
GetSystemDateAndTime =
GetHostname =
GetNTP =
GetUsers =
GetScopes =
GetCapabilities = Category*:{All|Analytics|Device|Events|Imaging|Media|PTZ}
GetSystemLog = LogType:{System|Access}
GetSystemBackup =
SetSystemDateAndTime = DateTimeType:{Manual|NTP} DaylightSavings:boolean TimeZone?:TimeZone UTCDateTime?:DateTime
SetSystemFactoryDefault = FactoryDefault:{Hard|Soft}
SystemReboot =
StartFirmwareUpgrade =
UpgradeSystemFirmware = Firmware:any
SetScopes = Scopes+:anyURI
AddScopes = ScopeItem+:anyURI
RemoveScopes = ScopeItem+:anyURI
SetDiscoveryMode = DiscoveryMode:{Discoverable|NonDiscoverable}
CreateUsers = User+:User
SetUser = User+:User
DeleteUsers = Username+:string
SetHostname = Name:token
SetHostnameFromDHCP = FromDHCP:boolean
SetDNS = FromDHCP:boolean SearchDomain*:token DNSManual*:IPAddress
SetNTP = FromDHCP:boolean NTPManual*:NetworkHost
SetNetworkInterfaces = InterfaceToken:ReferenceToken NetworkInterface:SetInterface
SetNetworkProtocols = NetworkProtocols+:NetworkProtocol
SetNetworkDefaultGateway = IPv4Address*:IPv4Address IPv6Address*:token
SetZeroConfiguration = InterfaceToken:ReferenceToken Enabled:boolean
SetRelayOutputSettings = RelayOutputToken:ReferenceToken Properties:RelaySettings
SetRelayOutputState = RelayOutputToken:ReferenceToken LogicalState:{active|inactive}
"""

_PAIR: Final = "ProfileToken:ReferenceToken ConfigurationToken:ReferenceToken"
_MEDIA: Final = f"""
GetProfiles =
GetProfile = ProfileToken:ReferenceToken
GetVideoEncoderConfiguration = ConfigurationToken:ReferenceToken
GetVideoEncoderConfigurationOptions = ConfigurationToken?:ReferenceToken ProfileToken?:ReferenceToken
GetAudioEncoderConfigurationOptions = ConfigurationToken?:ReferenceToken ProfileToken?:ReferenceToken
GetStreamUri = StreamSetup:StreamSetup ProfileToken:ReferenceToken
GetSnapshotUri = ProfileToken:ReferenceToken
GetOSDs = ConfigurationToken?:ReferenceToken
GetOSD = OSDToken:ReferenceToken *
GetOSDOptions = ConfigurationToken:ReferenceToken *
CreateOSD = OSD:OSD *
SetOSD = OSD:OSD *
DeleteOSD = OSDToken:ReferenceToken *
CreateProfile = Name:Name Token?:ReferenceToken
DeleteProfile = ProfileToken:ReferenceToken
AddVideoEncoderConfiguration = {_PAIR}
AddVideoSourceConfiguration = {_PAIR}
AddAudioEncoderConfiguration = {_PAIR}
AddAudioSourceConfiguration = {_PAIR}
AddMetadataConfiguration = {_PAIR}
RemoveVideoEncoderConfiguration = ProfileToken:ReferenceToken
RemoveVideoSourceConfiguration = ProfileToken:ReferenceToken
RemoveAudioEncoderConfiguration = ProfileToken:ReferenceToken
RemoveAudioSourceConfiguration = ProfileToken:ReferenceToken
RemoveMetadataConfiguration = ProfileToken:ReferenceToken
SetVideoEncoderConfiguration = Configuration:VideoEncoder ForcePersistence:boolean
SetVideoSourceConfiguration = Configuration:VideoSource ForcePersistence:boolean
SetAudioEncoderConfiguration = Configuration:AudioEncoder ForcePersistence:boolean
SetAudioSourceConfiguration = Configuration:AudioSource ForcePersistence:boolean
SetMetadataConfiguration = Configuration:Metadata ForcePersistence:boolean
SetSynchronizationPoint = ProfileToken:ReferenceToken
"""

_GET: Final = "ConfigurationToken?:ReferenceToken ProfileToken?:ReferenceToken"
_MEDIA2: Final = f"""
ConfigurationRef = Type:string Token?:ReferenceToken
Mask = ConfigurationToken:ReferenceToken Polygon:Polygon Type:string Color?:Colour Enabled:boolean *
GetProfiles = Token?:ReferenceToken Type*:string
CreateProfile = Name:Name Configuration*:ConfigurationRef
AddConfiguration = ProfileToken:ReferenceToken Name?:Name Configuration*:ConfigurationRef
RemoveConfiguration = ProfileToken:ReferenceToken Configuration+:ConfigurationRef
DeleteProfile = Token:ReferenceToken
GetVideoEncoderConfigurations = {_GET}
GetVideoSourceConfigurations = {_GET}
GetAudioEncoderConfigurations = {_GET}
GetAudioSourceConfigurations = {_GET}
GetMetadataConfigurations = {_GET}
GetVideoEncoderConfigurationOptions = {_GET}
GetVideoSourceConfigurationOptions = {_GET}
GetAudioEncoderConfigurationOptions = {_GET}
GetAudioSourceConfigurationOptions = {_GET}
SetVideoEncoderConfiguration = Configuration:VideoEncoder2
SetVideoSourceConfiguration = Configuration:VideoSource
SetAudioEncoderConfiguration = Configuration:AudioEncoder2
SetAudioSourceConfiguration = Configuration:AudioSource
SetMetadataConfiguration = Configuration:Metadata
GetStreamUri = Protocol:string ProfileToken:ReferenceToken
GetSnapshotUri = ProfileToken:ReferenceToken
SetSynchronizationPoint = ProfileToken:ReferenceToken
GetOSDs = OSDToken?:ReferenceToken ConfigurationToken?:ReferenceToken
GetOSDOptions = ConfigurationToken:ReferenceToken
CreateOSD = OSD:OSD
SetOSD = OSD:OSD
DeleteOSD = OSDToken:ReferenceToken
GetMasks = Token?:ReferenceToken ConfigurationToken?:ReferenceToken
GetMaskOptions = ConfigurationToken:ReferenceToken
CreateMask = Mask:Mask
SetMask = Mask:Mask
DeleteMask = Token:ReferenceToken
"""

_IMAGING: Final = """
GetImagingSettings = VideoSourceToken:ReferenceToken
GetOptions = VideoSourceToken:ReferenceToken
GetMoveOptions = VideoSourceToken:ReferenceToken
GetStatus = VideoSourceToken:ReferenceToken
SetImagingSettings = VideoSourceToken:ReferenceToken ImagingSettings:Imaging ForcePersistence?:boolean
"""

_DEVICEIO: Final = """
GetRelayOutputOptions = RelayOutputToken?:ReferenceToken
SetRelayOutputSettings = RelayOutput:RelayOutput
"""

_EVENTS: Final = """
PullMessages = Timeout:duration MessageLimit:int *
SetSynchronizationPoint =
GetEventProperties =
"""

_RECORDING: Final = """
GetRecordings =
GetRecordingJobs =
GetRecordingConfiguration = RecordingToken:ReferenceToken
GetRecordingOptions = RecordingToken:ReferenceToken
GetTrackConfiguration = RecordingToken:ReferenceToken TrackToken:ReferenceToken
GetRecordingJobConfiguration = JobToken:ReferenceToken
GetRecordingJobState = JobToken:ReferenceToken
CreateRecording = RecordingConfiguration:RecordingConfiguration
DeleteRecording = RecordingToken:ReferenceToken
SetRecordingConfiguration = RecordingToken:ReferenceToken RecordingConfiguration:RecordingConfiguration
CreateRecordingJob = JobConfiguration:JobConfiguration
DeleteRecordingJob = JobToken:ReferenceToken
SetRecordingJobConfiguration = JobToken:ReferenceToken JobConfiguration:JobConfiguration
SetRecordingJobMode = JobToken:ReferenceToken Mode:{Idle|Active}
"""

_RECEIVER: Final = """
GetReceivers =
GetReceiver = ReceiverToken:ReferenceToken
GetReceiverState = ReceiverToken:ReferenceToken
CreateReceiver = Configuration:ReceiverConfiguration
DeleteReceiver = ReceiverToken:ReferenceToken
ConfigureReceiver = ReceiverToken:ReferenceToken Configuration:ReceiverConfiguration
SetReceiverMode = ReceiverToken:ReferenceToken Mode:{AutoConnect|AlwaysConnect|NeverConnect}
"""

GRAMMARS: Final = {
    service: Grammar(SERVICES[service], text.replace("\\\n", ""), _TT)
    for service, text in (
        ("tds", _DEVICE),
        ("trt", _MEDIA),
        ("tr2", _MEDIA2),
        ("timg", _IMAGING),
        ("tmd", _DEVICEIO),
        ("tev", _EVENTS),
        ("trc", _RECORDING),
        ("trv", _RECEIVER),
    )
}
SUBSCRIPTION: Final = Grammar(WSNT, "Renew = TerminationTime:string *\nUnsubscribe = *")
