"""A HIKVISION recorder and camera that take no readable password: they want it encrypted in the document.

Source: field facts on vendor protocols 1.2: hardened units answer passwordDecodeError; cameras from 5.6 on tell a salt,
recorders do not. Which models do so is not known; all else as the newest recorder, and as the camera of 5.7.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fleetctl.lab.generations import Isapi
from fleetctl.lab.personalities.hikvision_nvr import M
from fleetctl.lab.personalities.hikvision_v57_like import PERSONALITY as V57

_SOURCES: Final = ("field/nvr-and-vendor-protocols.md 1.2",)
RECORDER: Final = replace(
    M,
    name="hikvision-nvr-hardened-like",
    doc="the newest recorder, hardened: a password that comes readable is refused, it has to be encrypted",
    sources=_SOURCES,
    isapi=replace(M.isapi or Isapi(), sealed_only=True),
)
CAMERA: Final = replace(
    V57,
    name="hikvision-hardened-like",
    doc="a newer Hikvision, hardened: a password that comes readable is refused, it has to be encrypted; has a salt",
    sources=_SOURCES,
    onvif_as=V57.name,
    isapi=replace(V57.isapi or Isapi(), sealed_only=True),
)
PERSONALITIES: Final = (RECORDER, CAMERA)
