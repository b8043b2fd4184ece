"""The method behind `mediactl limits`."""

from __future__ import annotations

from typing import Any

from mediad.supervisor.admin.methods import Table
from mediad.supervisor.observability.limits_report import LimitsReport


def table(report: LimitsReport) -> Table:
    """The methods, by name."""

    async def limits(data: dict[str, Any]) -> dict[str, Any]:
        return {"limits": report.rows()}

    return {"limits": limits}
