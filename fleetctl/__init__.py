"""fleetctl: one inventory, one plan, for the equipment of a city's reception desks."""

__version__ = "0.1.0"
