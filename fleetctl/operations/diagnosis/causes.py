"""The table of what can be wrong: its layer, how it counts, what is said of it, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fleetctl.model import Device, Diagnosed, FrozenMap, Layer, Outcome
from fleetctl.reports.language import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that can be wrong.

    `text` says what and why, `mend` what a person does ("" where the command is all); `command` is the exact command,
    with `{device}`, `{site}` and the values of the diagnosis in it.
    """

    layer: Layer
    outcome: Outcome
    text: str
    command: str
    mend: str = ""


_ADOPT: Final = "fleetctl adopt --again --limit {device}"
_RESTART: Final = "fleetctl device reboot {device}{via}"
_CHECK: Final = "fleetctl site check {site}"

CAUSES: Final[dict[str, Cause]] = {
    # --- the cable -------------------------------------------------------------------------------
    "wrong-port": Cause(
        layer=Layer.LINK,
        outcome=Outcome.FAILED,
        text=N_("it is on port {seen} of {switch}, the inventory says {port}"),
        mend=N_("move the cable to {port}, or correct switch_port in the inventory"),
        command="fleetctl audit --limit {switch} --aspect wiring",
    ),
    "port-shut": Cause(
        layer=Layer.LINK,
        outcome=Outcome.FAILED,
        text=N_("its port {port} of {switch} is shut"),
        command="fleetctl apply --limit {switch} --aspect ports",
    ),
    "no-power": Cause(
        layer=Layer.LINK,
        outcome=Outcome.FAILED,
        text=N_("its port {port} of {switch} gives no power"),
        command="fleetctl apply --limit {switch} --aspect ports",
    ),
    "no-link": Cause(
        layer=Layer.LINK,
        outcome=Outcome.UNREACHABLE,
        text=N_("port {port} of {switch} has no link: the cable is out or broken, or the device has no power"),
        mend=N_("look at plug, cable and power; if they are right, take its power and give it back"),
        command="fleetctl device reboot {device} --via-switch",
    ),
    "slow-link": Cause(
        layer=Layer.LINK,
        outcome=Outcome.FAILED,
        text=N_("the link on port {port} of {switch} is bad: {speed}"),
        mend=N_("change the cable or the plug"),
        command="fleetctl audit --limit {switch} --aspect wiring",
    ),
    # --- address and port ------------------------------------------------------------------------
    "no-answer": Cause(
        layer=Layer.ADDRESS,
        outcome=Outcome.UNREACHABLE,
        text=N_("nothing answers at {address}: no power, no cable, or another address"),
        mend=N_("look at its power and its cable; when that is done"),
        command=_CHECK,
    ),
    "hangs": Cause(
        layer=Layer.ADDRESS,
        outcome=Outcome.UNREACHABLE,
        text=N_("nothing answers at {address} although port {port} of {switch} has a link: it hangs or has moved"),
        command="fleetctl device reboot {device} --via-switch",
    ),
    "two-devices": Cause(
        layer=Layer.ADDRESS,
        outcome=Outcome.FAILED,
        text=N_("two devices answer in turn at {address}"),
        mend=N_("find the other one by its MAC address, and give it an address of its own"),
        command="fleetctl audit --limit {switch} --aspect wiring",
    ),
    "port-dead": Cause(
        layer=Layer.PORT,
        outcome=Outcome.UNREACHABLE,
        text=N_("port {number} gives no whole answer in time though its video port answers: {reason}"),
        mend=N_("its web server hangs or the line is bad; restart it"),
        command=_RESTART,
    ),
    # --- the conversation ------------------------------------------------------------------------
    "certificate": Cause(
        layer=Layer.TLS,
        outcome=Outcome.REFUSED,
        text=N_("its TLS certificate is not the one on record: {reason}"),
        mend=N_("if it was renewed on purpose: put the new one into tls_fingerprint or tls_ca_file"),
        command="fleetctl inventory explain {device}",
    ),
    "not-spoken": Cause(
        layer=Layer.INTERFACE,
        outcome=Outcome.UNKNOWN,
        text=N_("it answers, but not in {protocol}: switched off, or at another path: {reason}"),
        mend=N_("switch it on at the device's own page (Network, Integration)"),
        command=_CHECK,
    ),
    "nonsense": Cause(
        layer=Layer.INTERFACE,
        outcome=Outcome.UNKNOWN,
        text=N_("it answers nonsense in {protocol}: {reason}"),
        mend=N_("restart it; where that does not help, give it other firmware"),
        command=_RESTART,
    ),
    "clock": Cause(
        layer=Layer.CLOCK,
        outcome=Outcome.FAILED,
        text=N_("its clock is {error} s off"),
        mend=N_("where its time servers are set already, see that it reaches them"),
        command="fleetctl apply --limit {device} --aspect time",
    ),
    # --- the login -------------------------------------------------------------------------------
    "factory": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.REFUSED,
        text=N_("it is as from the factory: somebody reset it"),
        command=_ADOPT,
    ),
    "barred": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.REFUSED,
        text=N_("no login is tried: {reason}"),
        command=_ADOPT,
    ),
    "locked": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.REFUSED,
        text=N_("it lets nobody in for now: too many wrong logins"),
        mend=N_("wait until its lock is over (or restart it), then"),
        command=_ADOPT,
    ),
    "wrong-password": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.REFUSED,
        text=N_("it refuses the password of {account} in the vault: it was changed there, or the device was reset"),
        mend=N_("if another device stands there now: fleetctl device replace {device}; else"),
        command=_ADOPT,
    ),
    "turned-away": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.UNREACHABLE,
        text=N_("it turns everybody away without looking at the login: its connections have run out"),
        command=_RESTART,
    ),
    "refused": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.REFUSED,
        text=N_("it lets nobody in: {reason}"),
        command=_ADOPT,
    ),
    "host-key": Cause(
        layer=Layer.LOGIN,
        outcome=Outcome.REFUSED,
        text=N_("its SSH host key is not the one on record: {reason}"),
        mend=N_("if it was replaced or reset on purpose"),
        command="fleetctl adopt --replace --limit {device}",
    ),
    "other-device": Cause(
        layer=Layer.IDENTITY,
        outcome=Outcome.REFUSED,
        text=N_("another device answers there: {reason}"),
        mend=N_("if it was replaced on purpose"),
        command="fleetctl device replace {device}",
    ),
    "cannot": Cause(
        layer=Layer.IDENTITY,
        outcome=Outcome.UNSUPPORTED,
        text=N_("fleetctl cannot ask this device: {reason}"),
        command="fleetctl inventory explain {device}",
    ),
    # --- the picture -----------------------------------------------------------------------------
    "video-dead": Cause(
        layer=Layer.STREAM,
        outcome=Outcome.FAILED,
        text=N_("no picture comes over RTSP: {reason}"),
        mend=N_("restart it if its settings are right already"),
        command="fleetctl apply --limit {device} --aspect services,video",
    ),
    "video-refused": Cause(
        layer=Layer.STREAM,
        outcome=Outcome.REFUSED,
        text=N_("its video is refused to {account}: {reason}"),
        command="fleetctl apply --limit {device} --aspect users",
    ),
    # --- the recorder ----------------------------------------------------------------------------
    "disk-unformatted": Cause(
        layer=Layer.DISK,
        outcome=Outcome.FAILED,
        text=N_("disk {disk} is not formatted, nothing is recorded on it"),
        command="fleetctl device format-disk {device} {disk}",
    ),
    "disk-failed": Cause(
        layer=Layer.DISK,
        outcome=Outcome.FAILED,
        text=N_("disk {disk} has failed ({told})"),
        mend=N_("keep the old disk as evidence, fit a new one, then"),
        command="fleetctl device format-disk {device} {disk}",
    ),
    "disk-full": Cause(
        layer=Layer.DISK,
        outcome=Outcome.FAILED,
        text=N_("the disks are full and nothing is overwritten, so nothing more is recorded"),
        command="fleetctl apply --limit {device} --aspect retention",
    ),
    "disk-none": Cause(
        layer=Layer.DISK,
        outcome=Outcome.FAILED,
        text=N_("the recorder shows no disk"),
        mend=N_("look at the disk's cables, or fit one; then"),
        command=_CHECK,
    ),
    "retention": Cause(
        layer=Layer.RETENTION,
        outcome=Outcome.FAILED,
        text=N_("the disks hold {holds} days, asked are {asked}"),
        mend=N_("fit larger disks, or lower video_main_bitrate_kbps; then"),
        command="fleetctl apply --limit {site} --aspect video",
    ),
    "viewer": Cause(
        layer=Layer.VIEWING,
        outcome=Outcome.FAILED,
        text=N_("{account} does not see the picture: {reason}"),
        command="fleetctl apply --limit {device} --aspect users",
    ),
    # --- from the camera to the disk --------------------------------------------------------------
    "unbound": Cause(
        layer=Layer.CHANNEL,
        outcome=Outcome.FAILED,
        text=N_("no recorder has it"),
        mend=N_("write it into channels_cameras of the site's recorder, then"),
        command="fleetctl apply --limit {site} --aspect channels",
    ),
    "channel-empty": Cause(
        layer=Layer.CHANNEL,
        outcome=Outcome.FAILED,
        text=N_("channel {channel} of {recorder} has no camera"),
        command="fleetctl apply --limit {recorder} --aspect channels",
    ),
    "channel-other": Cause(
        layer=Layer.CHANNEL,
        outcome=Outcome.FAILED,
        text=N_("channel {channel} of {recorder} has another camera: {reason}"),
        mend=N_("see which is right; if it is the inventory, write replaces beside the camera"),
        command="fleetctl apply --limit {recorder} --aspect channels",
    ),
    "channel-offline": Cause(
        layer=Layer.CHANNEL,
        outcome=Outcome.FAILED,
        text=N_("channel {channel} of {recorder} does not get its picture: {reason}"),
        command="fleetctl apply --limit {device}:{recorder} --aspect users,channels",
    ),
    "channel-unknown": Cause(
        layer=Layer.CHANNEL,
        outcome=Outcome.UNKNOWN,
        text=N_("{recorder} does not tell how channel {channel} stands: {reason}"),
        command="fleetctl device show {recorder} --aspect state",
    ),
    "not-recording": Cause(
        layer=Layer.RECORDING,
        outcome=Outcome.FAILED,
        text=N_("channel {channel} of {recorder} gets the picture and does not record it"),
        command="fleetctl apply --limit {recorder} --aspect recording",
    ),
    # --- of a site as a whole ---------------------------------------------------------------------
    "site-away": Cause(
        layer=Layer.LINK,
        outcome=Outcome.UNREACHABLE,
        text=N_("nothing at the site answers: its power, its router or the line to it is down"),
        mend=N_("call the site: is there power? Then the provider of the line; then"),
        command=_CHECK,
    ),
}


def found(device: Device, cause: str, **values: str) -> Diagnosed:
    """Return the diagnosis of a cause; `values` are the words its texts and its command need."""
    told = CAUSES[cause]
    via = " --via-switch" if device.switch_port else ""
    return Diagnosed(
        device=device.name,
        site=device.site,
        layer=told.layer,
        cause=cause,
        outcome=told.outcome,
        values=FrozenMap({"device": device.name, "site": device.site, "via": via, **values}),
    )


def command(told: Diagnosed) -> str:
    """Return the command that mends it."""
    return CAUSES[told.cause].command.format(**told.values)
