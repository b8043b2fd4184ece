"""Reports of the daemon to the doctor."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from mediad import __version__
from mediad.config.live import LiveSettings
from mediad.config.load import load
from mediad.config.settings import Settings
from mediad.supervisor.admin.doctor_methods import SETTINGS, table
from mediad.supervisor.observability.status import Status
from mediad.supervisor.recording.recordings import Recordings
from tests.support.admin_calls import ask
from tests.support.calls import Call
from tests.support.loops import on_loop


class FixedStatus:
    url: str | None = "https://[::1]:4711/"

    def health(self) -> dict[str, Any]:
        return {"status": "degraded", "problems": ["worker 0 has failed"]}

    def workers(self) -> dict[str, Any]:
        return {"workers": [{"workerId": 0}]}

    async def worker_reports(self) -> dict[str, Any]:
        return {"0": {"udpGso": True}}


@on_loop
async def test_facts_of_its_own(tmp_path: Path) -> None:
    status = FixedStatus()
    path = tmp_path / "mediad.toml"
    path.write_text(f'port = 0\nworkers = 3\njwt_secrets = "{"s" * 40}"\n')
    live = LiveSettings(load(path=str(path)))
    recordings = Recordings(Call().registry, live.settings, {"STATE_DIRECTORY": str(tmp_path)})
    methods = table(live, cast(Status, status), recordings)
    facts = await ask(methods, "doctor")
    assert (facts["version"], facts["pid"]) == (__version__, os.getpid())
    assert (facts["status"], facts["problems"]) == ("degraded", ["worker 0 has failed"])
    assert facts["workers"] == [{"workerId": 0}]
    assert facts["reports"] == {"0": {"udpGso": True}}
    assert facts["recording"]["directory"] == str(tmp_path / "recordings")
    assert facts["recording"]["freeBytes"] > 0
    assert 0 < facts["openFds"] < facts["fdLimit"]
    assert (facts["settings"]["workers"], facts["settings"]["port"]) == (3, 4711)
    assert Settings(**facts["settings"]).workers == 3
    assert (facts["settingsProblems"], facts["settingsWaiting"]) == ([], [])
    assert facts["secretOrigins"] == {"jwt_secrets": f"file {path}:3"}
    assert "sss" not in str(facts)


@on_loop
async def test_settings_that_change_meanwhile(tmp_path: Path) -> None:
    status = FixedStatus()
    status.url = None
    path = tmp_path / "mediad.toml"
    path.write_text("port = 8080\nworkers = 1\n")
    live = LiveSettings(load(path=str(path)))
    path.write_text('port = 8081\nworkers = 1\nannounced_ip = "127.0.0.8"\n')
    await live.reload()
    path.write_text("prot = 1\n")
    recordings = Recordings(Call().registry, live.settings, {})
    facts = await ask(table(live, cast(Status, status), recordings), "doctor")
    assert facts["recording"] == {"directory": None, "freeBytes": 0, "problem": None}
    assert (facts["settings"]["announced_ip"], facts["settings"]["port"]) == (("127.0.0.8",), 8080)
    assert facts["settingsWaiting"] == ["port"]
    assert facts["settingsProblems"][0].startswith("prot: unknown setting")


def test_settings_are_settings() -> None:
    assert set(SETTINGS) <= {field.name for field in fields(Settings)}
