"""What is wrong first with each device of a site: looked at layer by layer, told with its cause and its command."""

from __future__ import annotations

from fleetctl.operations.diagnosis.causes import CAUSES, Cause, found
from fleetctl.operations.diagnosis.patient import Case, Port
from fleetctl.operations.diagnosis.probes import work

__all__ = ["CAUSES", "Case", "Cause", "Port", "found", "work"]
