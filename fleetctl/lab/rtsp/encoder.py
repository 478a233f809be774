"""Encodes one stream while somebody watches it: a thread that hands finished units to the event loop."""

from __future__ import annotations

import array
import io
import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import av
from PIL import Image

from fleetctl.lab import picture
from fleetctl.lab.picture import View
from fleetctl.lab.rtsp import rtp
from fleetctl.lab.rtsp.rtp import Unit
from fleetctl.lab.rtsp.stream import VIDEO_CLOCK_HZ, AudioView, StreamView

TONE_HZ: Final = 440
_G711_SAMPLES: Final = 160  # 20 ms
_GLOBAL_HEADER: Final = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets apart from the pictures
_X264: Final = {"Baseline": "cabac=0", "Main": "cabac=1", "Extended": "cabac=0", "High": "cabac=1:8x8dct=1"}
_NO_PICTURE: Final = {"H264": (), "H265": (39, 40)}  # NAL unit types left out of the parameter sets (SEI)


def _video_codec(stream: StreamView) -> Any:
    """Open the encoder of a stream; one thread each, as many streams share few cores."""
    codec: Any = av.CodecContext.create("libx264" if stream.encoding == "H264" else "libx265", "w")
    codec.width, codec.height = stream.size
    codec.pix_fmt = "yuv420p"
    codec.framerate = Fraction(stream.fps).limit_denominator(1001)
    codec.time_base = 1 / codec.framerate
    codec.gop_size = max(1, stream.gop)
    codec.bit_rate = stream.bitrate_kbps * 1000
    codec.thread_count = 1
    codec.flags |= _GLOBAL_HEADER
    rate = str(stream.bitrate_kbps * 1000)
    codec.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1", "maxrate": rate, "bufsize": rate}
    if stream.encoding == "H264":
        codec.options |= {"x264-params": _X264.get(stream.profile, _X264["Main"])}
    else:
        codec.options |= {"x265-params": "log-level=none:info=0:pools=none:frame-threads=1:wpp=0"}
    codec.open()
    return codec


def _audio_codec(audio: AudioView) -> Any:
    codec: Any = av.CodecContext.create("aac", "w")
    codec.sample_rate = audio.rate_hz
    codec.layout, codec.format = "mono", "fltp"
    codec.bit_rate = audio.bitrate_kbps * 1000
    codec.flags |= _GLOBAL_HEADER
    codec.open()
    return codec


@lru_cache(maxsize=64)
def video_header(form: StreamView) -> bytes:
    """Return the parameter sets of a stream (Annex B), which depend on its form only; empty for JPEG."""
    if form.encoding == "JPEG":
        return b""
    units = rtp.nal_units(bytes(_video_codec(form).extradata))
    left_out = _NO_PICTURE[form.encoding]
    kept = (unit for unit in units if not left_out or (unit[0] >> 1) & 0x3F not in left_out)
    return b"".join(b"\0\0\0\1" + unit for unit in kept)


@lru_cache(maxsize=16)
def audio_header(audio: AudioView | None) -> bytes:
    """Return the AudioSpecificConfig of AAC; empty for everything else."""
    return bytes(_audio_codec(audio).extradata) if audio is not None and audio.encoding == "AAC" else b""


def _mu_law(sample: int) -> int:
    """Source: ITU-T G.711, mu-law; sample is 16 bits wide."""
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, 32635) + 132
    exponent = max(0, size.bit_length() - 8)
    return ~(sign | (exponent << 4) | ((size >> (exponent + 3)) & 0x0F)) & 0xFF


def _tone(rate_hz: int) -> array.array[float]:
    """Return one second of a soft tone, which repeats without a click."""
    return array.array("f", (0.1 * math.sin(2 * math.pi * TONE_HZ * n / rate_hz) for n in range(rate_hz)))


class Sound:
    """Makes the tone, piece by piece, as far as the clock has come."""

    def __init__(self, audio: AudioView) -> None:
        self._rate = audio.rate_hz
        self._tone = _tone(audio.rate_hz)
        self._codec = _audio_codec(audio) if audio.encoding == "AAC" else None
        self._law = bytes(_mu_law(round(value * 32767)) for value in self._tone)
        self._made = 0

    def until(self, seconds: float) -> Iterator[Unit]:
        """Yield what is due up to this many seconds after the start."""
        step = int(self._codec.frame_size) if self._codec else _G711_SAMPLES
        while self._made + step <= seconds * self._rate:
            start = self._made % self._rate
            payloads = self._aac(start, step) if self._codec else (self._turn(self._law, start, step),)
            if payloads:
                yield Unit(track=1, timestamp=self._made, payloads=payloads, key=True)
            self._made += step

    @staticmethod
    def _turn(samples: bytes, start: int, count: int) -> bytes:
        return (samples[start:] + samples)[:count]

    def _aac(self, start: int, count: int) -> tuple[bytes, ...]:
        frame = av.AudioFrame(format="fltp", layout="mono", samples=count)
        frame.sample_rate = self._rate
        frame.pts = self._made
        frame.planes[0].update((self._tone[start:] + self._tone)[:count].tobytes())
        assert self._codec is not None  # noqa: S101 -- only called where there is one
        return tuple(rtp.aac_payload(bytes(piece)) for piece in self._codec.encode(frame))


class Pictures:
    """Encodes the picture of a view; it is drawn anew when the view or the second changed."""

    def __init__(self, stream: StreamView) -> None:
        self._stream = stream
        self._codec = None if stream.encoding == "JPEG" else _video_codec(stream)
        self._sets = rtp.nal_units(video_header(stream.form()))
        self._drawn: tuple[View, int] | None = None
        self._still: tuple[View, Image.Image] | None = None
        self._frame: Any = None
        self._jpeg: tuple[bytes, ...] = ()

    def _draw(self, view: View, utc_s: float) -> None:
        second = math.floor(utc_s + view.clock_offset_s % 1)
        if self._drawn == (view, second):
            return
        self._drawn = (view, second)
        scene = replace(view, overlays=(), clock_offset_s=0.0)
        if self._still is None or self._still[0] != scene:
            self._still = (scene, picture.still(scene))
        image = picture.draw(view, utc_s=utc_s, on=self._still[1])
        if image.size != self._stream.size:
            image = image.resize(self._stream.size, Image.Resampling.BILINEAR)
        if self._codec is None:
            held = io.BytesIO()
            image.save(held, "JPEG", quality=max(1, min(95, self._stream.quality)), subsampling="4:2:0")
            self._jpeg = rtp.jpeg_payloads(held.getvalue())
        else:
            frames: Any = av.VideoFrame
            self._frame = frames.from_image(image).reformat(format="yuv420p")

    def unit(self, view: View, number: int, utc_s: float, *, key: bool) -> Unit | None:
        """Return picture `number` of the stream; `key` forces one at which a viewer can begin."""
        self._draw(view, utc_s)
        timestamp = round(number * VIDEO_CLOCK_HZ / self._stream.fps)
        if self._codec is None:
            return Unit(track=0, timestamp=timestamp, payloads=self._jpeg, key=True)
        self._frame.pts = number
        self._frame.pict_type = 1 if key else 0  # AV_PICTURE_TYPE_I, AV_PICTURE_TYPE_NONE
        units: list[bytes] = []
        begins = False
        for piece in self._codec.encode(self._frame):
            begins = begins or piece.is_keyframe
            units.extend(rtp.nal_units(bytes(piece)))
        if not units:
            return None
        packed = rtp.h264_payloads if self._stream.encoding == "H264" else rtp.h265_payloads
        return Unit(
            track=0, timestamp=timestamp, payloads=packed([*self._sets, *units] if begins else units), key=begins
        )


class Encoder:
    """One stream's encoder; `deliver` is called in its thread, with a unit or, when it broke, with the error."""

    def __init__(self, stream: StreamView, deliver: Callable[[Unit | Exception], None]) -> None:
        self.stream = stream
        self.view = stream.view  # set by the event loop, read by the thread
        self._deliver = deliver
        self._key = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lab-encoder", daemon=True)
        self._thread.start()

    def key_frame(self) -> None:
        """Ask for a picture at which a new viewer can begin."""
        self._key.set()

    def stop(self) -> None:
        """End the thread at its next picture; does not wait."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            self._encode()
        except (av.FFmpegError, OSError, ValueError, MemoryError) as error:
            self._deliver(error)

    def _encode(self) -> None:
        pictures = Pictures(self.stream)
        sound = Sound(self.stream.audio) if self.stream.audio is not None else None
        start, number, fps = time.monotonic(), 0, self.stream.fps
        while not self._stopped.wait(max(0.0, start + number / fps - time.monotonic())):
            key = self._key.is_set()
            self._key.clear()
            unit = pictures.unit(self.view, number, time.time(), key=key)
            if unit is not None:
                self._deliver(unit)
            elapsed = time.monotonic() - start
            if sound is not None:
                for piece in sound.until(elapsed):
                    self._deliver(piece)
            number = max(number + 1, int(elapsed * fps))  # a busy machine leaves pictures out, as cameras do
