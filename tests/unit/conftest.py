"""What holds for every unit test: chance has no clock, since a slow machine is no defect of what is tested."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("fleetctl", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fleetctl")
