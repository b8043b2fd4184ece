"""The method behind `mediactl limits`."""

from __future__ import annotations

from typing import Any

from mediad.supervisor.admin.methods import Table
from mediad.supervisor.observability.limits_report import LimitsReport
from mediad.supervisor.observability.status import Status


def table(report: LimitsReport, status: Status) -> Table:
    """The methods, by name."""

    async def limits(data: dict[str, Any]) -> dict[str, Any]:
        reports = await status.worker_reports()
        return {"limits": report.rows(reports.values())}

    return {"limits": limits}
