"""Settings of hypothesis: new examples at each run by hand, the same ones each time in CI."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A busy machine is slow at everything: neither deadlines nor slow generation say anything of the code.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")
