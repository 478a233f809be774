"""Video encoders: what stands in them, and which changes the device takes.

Source: onvif.xsd 26.06 (VideoEncoderConfiguration, VideoEncoder2Configuration); faults of media.wsdl. Values at odds
with the options: refused, or silently moved to the nearest by cheap devices (device-onvif-camera#29).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.lab.device import SimDevice
from fleetctl.lab.personality import Codec
from fleetctl.lab.services import Call
from fleetctl.lab.services.media_parts import codec_of, multicast, no_config, told_multicast, uses
from fleetctl.lab.soap import Element, SoapFault, find, text, words


def shown_codec(told: Mapping[str, Any]) -> str:
    """Return the codec as Media1 names it: there is no H265 in its schema, so some devices say H264."""
    return "H264" if told["codec"] == "H265" else str(told["codec"])


def visible(device: SimDevice, token: str) -> bool:
    """Tell whether Media1 shows an encoder at all."""
    return device.read("encoders")[token]["codec"] != "H265" or device.personality.h265_in_media1 != "hidden"


def encoder1(device: SimDevice, name: str, token: str) -> str:
    """Return a Media1 tt:VideoEncoderConfiguration."""
    told = device.read("encoders")[token]
    codec = shown_codec(told)
    h264 = ""
    if codec == "H264":
        profile = told["profile"] if told["profile"] in ("Baseline", "Main", "Extended", "High") else "Main"
        h264 = (
            f"<tt:H264><tt:GovLength>{told['gov']}</tt:GovLength><tt:H264Profile>{profile}</tt:H264Profile></tt:H264>"
        )
    return (
        f'<{name} token="{token}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'VideoEncoder', token)}</tt:UseCount><tt:Encoding>{codec}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{told['width']}</tt:Width><tt:Height>{told['height']}</tt:Height></tt:Resolution>"
        f"<tt:Quality>{words(told['quality'])}</tt:Quality><tt:RateControl>"
        f"<tt:FrameRateLimit>{round(told['fps'])}</tt:FrameRateLimit>"
        f"<tt:EncodingInterval>{told['interval']}</tt:EncodingInterval><tt:BitrateLimit>{told['kbps']}</tt:BitrateLimit>"
        f"</tt:RateControl>{h264}{multicast(told['multicast'])}"
        f"<tt:SessionTimeout>{told['timeout']}</tt:SessionTimeout></{name}>"
    )


def encoder2(device: SimDevice, name: str, token: str) -> str:
    """Return a Media2 tt:VideoEncoder2Configuration."""
    told = device.read("encoders")[token]
    special = "" if told["codec"] == "JPEG" else f' GovLength="{told["gov"]}" Profile="{told["profile"]}"'
    return (
        f'<{name} token="{token}"{special}><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'VideoEncoder', token)}</tt:UseCount><tt:Encoding>{told['codec']}</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{told['width']}</tt:Width><tt:Height>{told['height']}</tt:Height></tt:Resolution>"
        f'<tt:RateControl ConstantBitRate="{words(bool(told["cbr"]))}">'
        f"<tt:FrameRateLimit>{words(told['fps'])}</tt:FrameRateLimit><tt:BitrateLimit>{told['kbps']}</tt:BitrateLimit>"
        f"</tt:RateControl>{multicast(told['multicast'])}<tt:Quality>{words(told['quality'])}</tt:Quality></{name}>"
    )


def _impossible(what: str) -> SoapFault:
    return SoapFault("ter:InvalidArgVal", "ter:ConfigModify", reason=f"The {what} cannot be set")


def _within(call: Call, what: str, value: float, low: float, high: float) -> float:
    if low <= value <= high:
        return value
    if call.device.personality.clamps:
        return min(max(value, low), high)
    raise _impossible(what)


def _nearest_size(codec: Codec, width: int, height: int) -> tuple[int, int]:
    return min(codec.sizes, key=lambda size: abs(size[0] * size[1] - width * height))


def apply(call: Call, token: str, wanted: dict[str, Any]) -> None:
    """Put wanted values into an encoder after judging them by its codec's options."""
    encoders = call.device.change("encoders")
    if token not in encoders:
        raise no_config()
    codec = codec_of(call.device, token, wanted["codec"])
    if codec is None:
        raise _impossible("encoding")
    size = (wanted["width"], wanted["height"])
    if size not in codec.sizes:
        if not call.device.personality.clamps:
            raise _impossible("resolution")
        wanted["width"], wanted["height"] = _nearest_size(codec, *size)
    wanted["quality"] = _within(call, "quality", wanted["quality"], *codec.quality)
    if "fps" in wanted:
        low, high = (min(codec.fps_list), max(codec.fps_list)) if codec.fps_list else codec.fps
        wanted["fps"] = _within(call, "frame rate", wanted["fps"], low, high)
        if codec.fps_list and wanted["fps"] not in codec.fps_list:
            wanted["fps"] = min(codec.fps_list, key=lambda rate: abs(rate - wanted["fps"]))
        wanted["kbps"] = int(_within(call, "bitrate", wanted["kbps"], *codec.kbps))
    if "gov" in wanted:
        wanted["gov"] = int(_within(call, "GOV length", wanted["gov"], *codec.gov))
    if wanted.get("profile") not in (None, *codec.profiles):
        if not call.device.personality.clamps:
            raise _impossible("codec profile")
        wanted["profile"] = codec.profiles[0]
    if "profile" not in wanted and encoders[token]["profile"] not in codec.profiles:
        wanted["profile"] = codec.profiles[0]
    encoders[token].update(wanted)


def _common(call: Call, told: Element) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "name": text(told, "Name"),
        "codec": text(told, "Encoding"),
        "width": int(text(told, "Resolution", "Width")),
        "height": int(text(told, "Resolution", "Height")),
        "quality": float(text(told, "Quality")),
    }
    if (cast := told_multicast(call, told)) is not None:
        wanted["multicast"] = cast
    return wanted


def set_encoder1(call: Call, told: Element) -> None:
    """Take a Media1 configuration. An H265 encoder shown as H264 stays H265 unless something else is named."""
    token = told.get("token", "")
    wanted = _common(call, told)
    before = call.device.read("encoders").get(token)
    if before and before["codec"] == "H265" and wanted["codec"] == "H264":
        wanted["codec"] = "H265" if call.device.personality.h265_in_media1 == "H264" else "H264"
    wanted["timeout"] = text(told, "SessionTimeout")
    if (rate := find(told, "RateControl")) is not None:
        wanted |= {
            "fps": int(text(rate, "FrameRateLimit")),
            "interval": int(text(rate, "EncodingInterval")),
            "kbps": int(text(rate, "BitrateLimit")),
        }
    if (h264 := find(told, "H264")) is not None and wanted["codec"] != "JPEG":
        wanted["gov"] = int(text(h264, "GovLength"))
        if wanted["codec"] == "H264":
            wanted["profile"] = text(h264, "H264Profile")
    apply(call, token, wanted)


def set_encoder2(call: Call, told: Element) -> None:
    """Take a Media2 configuration; GovLength and Profile are attributes."""
    wanted = _common(call, told)
    if (rate := find(told, "RateControl")) is not None:
        wanted |= {"fps": float(text(rate, "FrameRateLimit")), "kbps": int(text(rate, "BitrateLimit"))}
        if (cbr := rate.get("ConstantBitRate")) is not None:
            wanted["cbr"] = cbr in ("true", "1")
    if (gov := told.get("GovLength")) is not None:
        wanted["gov"] = int(gov)
    if (profile := told.get("Profile")) is not None:
        wanted["profile"] = profile
    apply(call, told.get("token", ""), wanted)
