"""doctor and ports as verbs: what they print, and how they end."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from mediad.config.settings import Settings
from mediad.ctl.client import NotRunning
from mediad.ctl.doctor import gather as gather_module
from mediad.ctl.doctor.facts import Facts
from mediad.ctl.doctor.finding import error, ok, warning
from mediad.ctl.exits import CtlExit
from mediad.ctl.verbs.doctor import _doctor, _ports, report
from mediad.errors import ConfigError, MediadError
from tests.support.doctor_facts import WELL, machine, stopped
from tests.support.scripted_session import ScriptedSession

FINDINGS = [
    ok("clock", "it is kept right"),
    warning("memory", "little\nis left", "buy some"),
    error("daemon", "it is not running", "start it"),
]
RUNNING = {"settings": {"host": "0.0.0.0", "port": 443, "workers": 1}}


def examined(monkeypatch: pytest.MonkeyPatch, facts: Facts | Exception) -> None:
    def gather(*_: Any, public: bool = False) -> Facts:
        if isinstance(facts, Exception):
            raise facts
        return facts

    monkeypatch.setattr(gather_module, "gather", gather)


def test_a_report_says_what_to_do() -> None:
    assert report(FINDINGS, coloured=False).splitlines() == [
        "ok       clock   it is kept right",
        "warning  memory  little\\nis left",
        "                 -> buy some",
        "ERROR    daemon  it is not running",
        "                 -> start it",
        "",
        "errors: 1, warnings: 1, in order: 1",
    ]
    coloured = report(FINDINGS, coloured=True)
    assert "\x1b[31;1mERROR  \x1b[0m  daemon" in coloured


@pytest.mark.parametrize(
    ("facts", "strict", "code"),
    [
        (WELL, False, CtlExit.OK),
        (WELL, True, CtlExit.OK),
        (machine(udp_gso=False, memory_available=1), False, CtlExit.OK),
        (machine(memory_available=1), True, CtlExit.REFUSED),
        (stopped(), False, CtlExit.REFUSED),
    ],
)
def test_exit_codes(monkeypatch: pytest.MonkeyPatch, facts: Facts, strict: bool, code: CtlExit) -> None:
    examined(monkeypatch, facts)
    assert _doctor(ScriptedSession(RUNNING), {"strict": strict}) == code


def test_doctor_for_scripts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    examined(monkeypatch, stopped())
    _doctor(ScriptedSession(RUNNING, as_json=True), {})
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(f["level"], f["check"]) for f in findings][-1] == ("error", "daemon")
    assert findings[0]["advice"] is None


def test_a_server_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    examined(monkeypatch, TimeoutError("timed out"))
    with pytest.raises(MediadError, match="did not answer: timed out"):
        _doctor(ScriptedSession(RUNNING), {"ntp": "ntp.example"})


def test_ports(capsys: pytest.CaptureFixture[str]) -> None:
    _ports(ScriptedSession(RUNNING), {})
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["tcp", "443", "0.0.0.0"]
    _ports(ScriptedSession(RUNNING), {"for": "ufw"})
    assert capsys.readouterr().out.splitlines()[0] == "ufw allow 443/tcp"
    _ports(ScriptedSession(RUNNING, as_json=True), {})
    ports = json.loads(capsys.readouterr().out)["ports"]
    first = Settings().rtc_base_port
    assert [port["firstPort"] for port in ports] == [443, first, first, first + 1]


def test_ports_of_wrong_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"MEDIAD_PORT": "high"})
    with pytest.raises(ConfigError, match="port: got 'high'"):
        _ports(ScriptedSession(NotRunning("no")), {})
