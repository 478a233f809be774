"""Rotating passwords: what is chosen, what is done at each device and its recorders, what is settled afterwards."""

from fleetctl.operations.rotation.chosen import Chosen, chosen
from fleetctl.operations.rotation.running import KIND, Options, recover, rotate
from fleetctl.operations.rotation.turns import Patience

__all__ = ["KIND", "Chosen", "Options", "Patience", "chosen", "recover", "rotate"]
