"""The method behind `mediactl limits`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from mediad.supervisor.admin import limit_methods
from mediad.supervisor.admin.methods import AdminMethods
from mediad.supervisor.observability.limits_report import LimitsReport
from mediad.supervisor.observability.status import Status


class Report:
    def rows(self, reports: Iterable[object]) -> list[dict[str, Any]]:
        return [{"name": "joins", "reports": list(reports)}]


class Workers:
    async def worker_reports(self) -> dict[str, object]:
        return {"0": "a report"}


def test_it_answers_with_all_rows() -> None:
    methods = AdminMethods(limit_methods.table(cast(LimitsReport, Report()), cast(Status, Workers())))
    answer = cast(Any, methods.call("limits", {}))
    assert asyncio.run(answer) == {"limits": [{"name": "joins", "reports": ["a report"]}]}
