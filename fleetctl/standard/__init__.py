"""From the inventory's rendered values to what every device should be: typed expectations, or faults with places."""

from fleetctl.standard.expect import expect, expectations
from fleetctl.standard.faults import Fleet, settings_faults
from fleetctl.standard.shapes import variables

__all__ = ["Fleet", "expect", "expectations", "settings_faults", "variables"]
