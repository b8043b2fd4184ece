"""The output of the verbs about settings."""

from __future__ import annotations

import json

import pytest

from mediad.ctl.command import Ask
from mediad.ctl.session import Session
from mediad.ctl.verbs.settings import COMMANDS

VERBS = {command.name: command for command in COMMANDS}
SHOW = {command.name: command.run.show for command in COMMANDS if isinstance(command.run, Ask)}

SETTINGS = [
    {"key": "port", "value": 3000, "origin": "default", "live": False, "waiting": 4000},
    {"key": "announced_ip", "value": None, "origin": "default", "live": True},
    {"key": "log_level", "value": "debug", "origin": "mediactl", "live": True},
]


class Asked(Session):
    def call(self, method: str, data: dict[str, object]) -> dict[str, object]:
        assert (method, data) == ("config", {})
        return {"settings": SETTINGS}


def shown(capsys: pytest.CaptureFixture[str], *, as_json: bool = False, **data: object) -> str:
    VERBS["config show"].run(Asked([], as_json=as_json), data)
    return capsys.readouterr().out


def test_config_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line.split() for line in shown(capsys).splitlines()] == [
        ["KEY", "VALUE"],
        ["port", "3000"],
        ["announced_ip", "-"],
        ["log_level", "debug"],
    ]


def test_config_show_with_origin(capsys: pytest.CaptureFixture[str]) -> None:
    assert [line.split(maxsplit=3) for line in shown(capsys, origin=True).splitlines()] == [
        ["KEY", "VALUE", "ORIGIN", "APPLIES"],
        ["port", "3000", "default", "on restart: 4000"],
        ["announced_ip", "-", "default", "on reload"],
        ["log_level", "debug", "mediactl", "on reload"],
    ]
    assert json.loads(shown(capsys, as_json=True)) == {"settings": SETTINGS}


def test_reload() -> None:
    data = {
        "changed": [
            {"key": "announced_ip", "before": None, "after": "203.0.113.7"},
            {"key": "max_rooms", "before": 0, "after": 5},
        ],
        "waiting": [{"key": "port", "before": 3000, "after": 4000}],
        "notes": ["new TLS certificate, valid until 2030-01-01"],
    }
    assert SHOW["reload"](data).splitlines() == [
        "announced_ip: - → 203.0.113.7",
        "max_rooms: 0 → 5",
        "new TLS certificate, valid until 2030-01-01",
        "port: 3000 → 4000 waits for a restart",
    ]
    assert SHOW["reload"]({"changed": [], "waiting": [], "notes": []}) == "nothing has changed"


def test_log_level() -> None:
    assert SHOW["log-level"]({"level": "debug", "origin": "mediactl"}) == "debug (mediactl)"
