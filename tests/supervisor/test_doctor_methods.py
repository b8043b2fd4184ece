"""What the daemon tells the doctor."""

from __future__ import annotations

import os
from typing import Any, cast

from mediad import __version__
from mediad.config import KEYS, Settings
from mediad.supervisor.doctor_methods import SETTINGS, table
from mediad.supervisor.status import Status
from tests.support.admin_calls import ask
from tests.support.loops import on_loop


class FixedStatus:
    url: str | None = "https://[::1]:4711/"

    def health(self) -> dict[str, Any]:
        return {"status": "ok"}

    def workers(self) -> dict[str, Any]:
        return {"workers": [{"workerId": 0}]}

    async def worker_reports(self) -> dict[str, Any]:
        return {"0": {"udpGso": True}}


@on_loop
async def test_facts_of_its_own() -> None:
    status = FixedStatus()
    now = [Settings(port=0, workers=3), Settings(port=8080, announced_ip="8.8.4.4")]
    methods = table(lambda: now[0], cast(Status, status))
    facts = await ask(methods, "doctor")
    assert (facts["version"], facts["pid"], facts["status"]) == (__version__, os.getpid(), "ok")
    assert facts["workers"] == [{"workerId": 0}]
    assert facts["reports"] == {"0": {"udpGso": True}}
    assert 0 < facts["openFds"] < facts["fdLimit"]
    assert (facts["settings"]["workers"], facts["settings"]["port"]) == (3, 4711)
    assert Settings(**facts["settings"]).workers == 3
    del now[0]
    status.url = None
    changed = (await ask(methods, "doctor"))["settings"]
    assert (changed["announced_ip"], changed["port"]) == ("8.8.4.4", 8080)
    assert changed["workers"] == now[0].worker_count()


def test_settings_are_settings() -> None:
    assert set(SETTINGS) <= set(KEYS)
