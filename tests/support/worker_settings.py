"""The settings of a worker that a test starts by itself: the defaults, but for what it changes."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from mediad.config.settings import Settings, WorkerSettings


def worker_settings(worker_id: int = 4, **changes: Any) -> WorkerSettings:
    """Return the settings that a supervisor with default settings gives its first worker."""
    confinement = "off" if "COVERAGE_PROCESS_START" in os.environ else "on"  # it could not write what ran
    first = Settings(log_format="text", confinement=confinement).worker_settings(0)
    return replace(first, worker_id=worker_id, **changes)
