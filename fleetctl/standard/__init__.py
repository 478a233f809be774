"""From the inventory's rendered values to what every device should be: typed expectations, or faults with places."""

from fleetctl.standard.expect import expect, expectations
from fleetctl.standard.faults import Fleet, settings_faults
from fleetctl.standard.recipients import recipient_faults, recipients_of, server_of
from fleetctl.standard.shapes import variables
from fleetctl.standard.waivers import waiver_faults, waivers_of

__all__ = [
    "Fleet",
    "expect",
    "expectations",
    "recipient_faults",
    "recipients_of",
    "server_of",
    "settings_faults",
    "variables",
    "waiver_faults",
    "waivers_of",
]
