"""The method behind `mediactl limits`."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from mediad.supervisor.admin import limit_methods
from mediad.supervisor.admin.methods import AdminMethods
from mediad.supervisor.observability.limits_report import LimitsReport


class Report:
    def rows(self) -> list[dict[str, Any]]:
        return [{"name": "joins"}]


def test_it_answers_with_all_rows() -> None:
    methods = AdminMethods(limit_methods.table(cast(LimitsReport, Report())))
    answer = cast(Any, methods.call("limits", {}))
    assert asyncio.run(answer) == {"limits": [{"name": "joins"}]}
