"""Which ONVIF operations read and which write: every one of release 26.06, each named once.

What is not in here counts as writing, so that a READ session cannot send it. Named by what it does, not by its name:
an operation that takes a slot, moves something, or makes the device generate or send anything counts as writing.
Source: ONVIF WSDL 26.06 and the access classes of its Core specification.
"""

from __future__ import annotations

from typing import Final


def _names(told: str) -> frozenset[str]:
    return frozenset(told.split())


READING: Final[dict[str, frozenset[str]]] = {
    "tds": _names("""
        GetServices GetServiceCapabilities GetDeviceInformation GetSystemDateAndTime GetSystemBackup GetSystemLog
        GetSystemSupportInformation GetScopes GetDiscoveryMode GetRemoteDiscoveryMode GetDPAddresses
        GetEndpointReference GetUserRoles GetRemoteUser GetUsers GetWsdlUrl GetPasswordComplexityOptions
        GetPasswordComplexityConfiguration GetPasswordHistoryConfiguration GetAuthFailureWarningOptions
        GetAuthFailureWarningConfiguration GetCapabilities GetHostname GetDNS GetNTP GetDynamicDNS
        GetNetworkInterfaces GetNetworkProtocols GetNetworkDefaultGateway GetZeroConfiguration GetIPAddressFilter
        GetAccessPolicy GetRelayOutputs GetDot11Capabilities GetDot11Status GetSystemUris GetStorageConfigurations
        GetStorageConfiguration GetGeoLocation GetCertificates GetCertificatesStatus GetClientCertificateMode
        GetCACertificates GetCertificateInformation GetDot1XConfiguration GetDot1XConfigurations
    """),
    "trt": _names("""
        GetServiceCapabilities GetVideoSources GetAudioSources GetAudioOutputs GetProfile GetProfiles
        GetVideoSourceConfigurations GetVideoEncoderConfigurations GetAudioSourceConfigurations
        GetAudioEncoderConfigurations GetVideoAnalyticsConfigurations GetMetadataConfigurations
        GetAudioOutputConfigurations GetAudioDecoderConfigurations GetVideoSourceConfiguration
        GetVideoEncoderConfiguration GetAudioSourceConfiguration GetAudioEncoderConfiguration
        GetVideoAnalyticsConfiguration GetMetadataConfiguration GetAudioOutputConfiguration
        GetAudioDecoderConfiguration GetCompatibleVideoEncoderConfigurations GetCompatibleVideoSourceConfigurations
        GetCompatibleAudioEncoderConfigurations GetCompatibleAudioSourceConfigurations
        GetCompatibleVideoAnalyticsConfigurations GetCompatibleMetadataConfigurations
        GetCompatibleAudioOutputConfigurations GetCompatibleAudioDecoderConfigurations
        GetVideoSourceConfigurationOptions GetVideoEncoderConfigurationOptions GetAudioSourceConfigurationOptions
        GetAudioEncoderConfigurationOptions GetMetadataConfigurationOptions GetAudioOutputConfigurationOptions
        GetAudioDecoderConfigurationOptions GetGuaranteedNumberOfVideoEncoderInstances GetStreamUri GetSnapshotUri
        GetVideoSourceModes GetOSDs GetOSD GetOSDOptions
    """),
    "tr2": _names("""
        GetServiceCapabilities GetProfiles GetVideoSourceConfigurations GetVideoEncoderConfigurations
        GetAudioSourceConfigurations GetAudioEncoderConfigurations GetAnalyticsConfigurations
        GetMetadataConfigurations GetAudioOutputConfigurations GetAudioDecoderConfigurations
        GetVideoSourceConfigurationOptions GetVideoEncoderConfigurationOptions GetAudioSourceConfigurationOptions
        GetAudioEncoderConfigurationOptions GetMetadataConfigurationOptions GetAudioOutputConfigurationOptions
        GetAudioDecoderConfigurationOptions GetVideoEncoderInstances GetStreamUri GetSnapshotUri GetVideoSourceModes
        GetOSDs GetOSDOptions GetMasks GetMaskOptions GetWebRTCConfigurations GetAudioClips GetPlayingAudioClips
        GetMulticastAudioDecoderConfigurations GetMulticastAudioDecoderConfigurationOptions
    """),
    "timg": _names("""
        GetServiceCapabilities GetImagingSettings GetOptions GetMoveOptions GetStatus GetPresets GetCurrentPreset
    """),
    "tmd": _names("""
        GetServiceCapabilities GetRelayOutputOptions GetAudioSources GetAudioOutputs GetVideoSources GetVideoOutputs
        GetVideoSourceConfiguration GetVideoOutputConfiguration GetAudioSourceConfiguration
        GetAudioOutputConfiguration GetVideoSourceConfigurationOptions GetVideoOutputConfigurationOptions
        GetAudioSourceConfigurationOptions GetAudioOutputConfigurationOptions GetRelayOutputs GetDigitalInputs
        GetDigitalInputConfigurationOptions GetSerialPorts GetSerialPortConfiguration
        GetSerialPortConfigurationOptions
    """),
    "tev": _names("GetServiceCapabilities GetEventProperties GetEventBrokers GetCurrentMessage"),
    "trc": _names("""
        GetServiceCapabilities GetRecordings GetRecordingConfiguration GetRecordingOptions GetTrackConfiguration
        GetRecordingJobs GetRecordingJobConfiguration GetRecordingJobState ListRecordedSegments
        GetExportRecordedDataState
    """),
    "trv": _names("GetServiceCapabilities GetReceivers GetReceiver GetReceiverState"),
    # A search is a read that takes two steps; its session ends by itself (KeepAliveTime). Access class READ_MEDIA.
    "tse": _names("""
        GetServiceCapabilities GetRecordingSummary GetRecordingInformation GetMediaAttributes FindRecordings
        GetRecordingSearchResults FindEvents GetEventSearchResults FindPTZPosition GetPTZPositionSearchResults
        GetSearchState EndSearch FindMetadata GetMetadataSearchResults SearchImageByNL GetNLSearchResults
        SearchImageByImage GetImageSearchResults
    """),
    "trp": _names("GetServiceCapabilities GetReplayUri GetReplayConfiguration"),
    "tan": _names("""
        GetSupportedRules GetRules GetRuleOptions GetServiceCapabilities GetSupportedAnalyticsModules
        GetAnalyticsModuleOptions GetAnalyticsModules GetSupportedMetadata
    """),
    "tptz": _names("""
        GetServiceCapabilities GetNodes GetNode GetConfiguration GetConfigurations GetConfigurationOptions GetPresets
        GetStatus GetPresetTours GetPresetTour GetPresetTourOptions GetCompatibleConfigurations
    """),
    "tas": _names("""
        GetServiceCapabilities GetJWTConfiguration GetKeyStatus GetPrivateKeyStatus GetAllKeys GetCertificate
        GetAllCertificates GetCertificationPath GetAllCertificationPaths GetAllPassphrases GetCRL GetAllCRLs
        GetCertPathValidationPolicy GetAllCertPathValidationPolicies GetEnabledTLSVersions
        GetAssignedServerCertificates GetClientAuthenticationRequired GetCnMapsToUser
        GetAssignedCertPathValidationPolicies GetAllDot1XConfigurations GetDot1XConfiguration
        GetNetworkInterfaceDot1XConfiguration GetAssignedMediaSigningCertificates
        GetAuthorizationServerConfigurations
    """),
}

WRITING: Final[dict[str, frozenset[str]]] = {
    # GetPkcs10Request makes the device sign (and on some, generate); the Wi-Fi scan interrupts the link.
    "tds": _names("""
        SetSystemDateAndTime SetSystemFactoryDefault UpgradeSystemFirmware SystemReboot RestoreSystem SetScopes
        AddScopes RemoveScopes SetDiscoveryMode SetRemoteDiscoveryMode SetDPAddresses SetUserRole DeleteUserRole
        SetRemoteUser CreateUsers DeleteUsers SetUser SetPasswordComplexityConfiguration
        SetPasswordHistoryConfiguration SetAuthFailureWarningConfiguration SetHostname SetHostnameFromDHCP SetDNS
        SetNTP SetDynamicDNS SetNetworkInterfaces SetNetworkProtocols SetNetworkDefaultGateway SetZeroConfiguration
        SetIPAddressFilter AddIPAddressFilter RemoveIPAddressFilter SetAccessPolicy SetRelayOutputSettings
        SetRelayOutputState SendAuxiliaryCommand ScanAvailableDot11Networks StartFirmwareUpgrade UpgradeFirmware
        StartSystemRestore CreateStorageConfiguration SetStorageConfiguration DeleteStorageConfiguration
        SetGeoLocation DeleteGeoLocation SetHashingAlgorithm CreateCertificate SetCertificatesStatus
        DeleteCertificates GetPkcs10Request LoadCertificates SetClientCertificateMode LoadCertificateWithPrivateKey
        LoadCACertificates CreateDot1XConfiguration SetDot1XConfiguration DeleteDot1XConfiguration
    """),
    # SetSynchronizationPoint forces a key frame on every viewer's stream.
    "trt": _names("""
        CreateProfile AddVideoEncoderConfiguration RemoveVideoEncoderConfiguration AddVideoSourceConfiguration
        RemoveVideoSourceConfiguration AddAudioEncoderConfiguration RemoveAudioEncoderConfiguration
        AddAudioSourceConfiguration RemoveAudioSourceConfiguration AddPTZConfiguration RemovePTZConfiguration
        AddVideoAnalyticsConfiguration RemoveVideoAnalyticsConfiguration AddMetadataConfiguration
        RemoveMetadataConfiguration AddAudioOutputConfiguration RemoveAudioOutputConfiguration
        AddAudioDecoderConfiguration RemoveAudioDecoderConfiguration DeleteProfile SetVideoSourceConfiguration
        SetVideoEncoderConfiguration SetAudioSourceConfiguration SetAudioEncoderConfiguration
        SetVideoAnalyticsConfiguration SetMetadataConfiguration SetAudioOutputConfiguration
        SetAudioDecoderConfiguration StartMulticastStreaming StopMulticastStreaming SetSynchronizationPoint
        SetVideoSourceMode SetOSD CreateOSD DeleteOSD
    """),
    "tr2": _names("""
        CreateProfile AddConfiguration RemoveConfiguration DeleteProfile SetVideoSourceConfiguration
        SetVideoEncoderConfiguration SetAudioSourceConfiguration SetAudioEncoderConfiguration
        SetMetadataConfiguration SetAudioOutputConfiguration SetAudioDecoderConfiguration SetEQPreset
        StartMulticastStreaming StopMulticastStreaming SetSynchronizationPoint SetVideoSourceMode SetOSD CreateOSD
        DeleteOSD SetMask CreateMask DeleteMask SetWebRTCConfigurations AddAudioClip AddTTSAudioClip SetAudioClip
        DeleteAudioClip PlayAudioClip SetMulticastAudioDecoderConfiguration
    """),
    "timg": _names("SetImagingSettings Move Stop SetCurrentPreset"),
    "tmd": _names("""
        SetVideoSourceConfiguration SetVideoOutputConfiguration SetAudioSourceConfiguration
        SetAudioOutputConfiguration SetRelayOutputSettings SetRelayOutputState SetDigitalInputConfigurations
        SetSerialPortConfiguration SendReceiveSerialCommand
    """),
    # A subscription takes one of few slots; pulling consumes what another subscriber may wait for.
    "tev": _names("""
        CreatePullPointSubscription AddEventBroker DeleteEventBroker PullMessages Seek SetSynchronizationPoint
        Unsubscribe Subscribe Renew PauseSubscription ResumeSubscription CreatePullPoint GetMessages
        DestroyPullPoint Notify
    """),
    "trc": _names("""
        CreateRecording DeleteRecording SetRecordingConfiguration CreateTrack DeleteTrack SetTrackConfiguration
        CreateRecordingJob DeleteRecordingJob SetRecordingJobConfiguration SetRecordingJobMode ExportRecordedSegments
        StopExportRecordedSegments ExportRecordedData StopExportRecordedData OverrideSegmentDuration
    """),
    "trv": _names("CreateReceiver DeleteReceiver ConfigureReceiver SetReceiverMode"),
    "tse": frozenset(),
    "trp": _names("SetReplayConfiguration"),
    "tan": _names(
        "CreateRules DeleteRules ModifyRules CreateAnalyticsModules DeleteAnalyticsModules ModifyAnalyticsModules"
    ),
    "tptz": _names("""
        SetConfiguration SendAuxiliaryCommand SetPreset RemovePreset GotoPreset GotoHomePosition SetHomePosition
        ContinuousMove RelativeMove AbsoluteMove GeoMove Stop CreatePresetTour ModifyPresetTour OperatePresetTour
        RemovePresetTour MoveAndStartTracking
    """),
    "tas": _names("""
        SetJWTConfiguration CreateRSAKeyPair CreateECCKeyPair UploadKeyPairInPKCS8
        UploadCertificateWithPrivateKeyInPKCS12 DeleteKey CreatePKCS10CSR CreateSelfSignedCertificate
        UploadCertificate DeleteCertificate CreateCertificationPath SetCertificationPath DeleteCertificationPath
        UploadPassphrase DeletePassphrase UploadCRL DeleteCRL CreateCertPathValidationPolicy
        SetCertPathValidationPolicy DeleteCertPathValidationPolicy AddServerCertificateAssignment
        RemoveServerCertificateAssignment ReplaceServerCertificateAssignment SetEnabledTLSVersions
        SetClientAuthenticationRequired SetCnMapsToUser AddCertPathValidationPolicyAssignment
        RemoveCertPathValidationPolicyAssignment ReplaceCertPathValidationPolicyAssignment AddDot1XConfiguration
        DeleteDot1XConfiguration SetNetworkInterfaceDot1XConfiguration DeleteNetworkInterfaceDot1XConfiguration
        AddMediaSigningCertificateAssignment RemoveMediaSigningCertificateAssignment
        CreateAuthorizationServerConfiguration SetAuthorizationServerConfiguration
        DeleteAuthorizationServerConfiguration
    """),
}

# Access class PRE_AUTH: answered without a login, so asked without one.
PRE_AUTH: Final = frozenset({
    ("tds", "GetWsdlUrl"), ("tds", "GetServices"), ("tds", "GetCapabilities"), ("tds", "GetHostname"),
    ("tds", "GetSystemDateAndTime"), ("tds", "GetEndpointReference"),
} | {(service, "GetServiceCapabilities") for service in READING})  # fmt: skip


def is_reading(service: str, operation: str) -> bool:
    """Tell whether an operation only reads; one that is not in the table writes."""
    return operation in READING.get(service, frozenset())
