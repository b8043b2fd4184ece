"""The ways a verb runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mediad.ctl.command import Ask, Command, Follow, Progress, argument
from tests.support.scripted_session import ScriptedSession

STEPS: list[dict[str, Any]] = [{"done": 0, "total": 2, "note": "2 left"}, {"done": 2, "total": 2, "took": 3}]


def test_ask(capsys: pytest.CaptureFixture[str]) -> None:
    ask = Ask("room.show", lambda data: f"{data['peers']} peers")
    session = ScriptedSession({"peers": 3})
    ask(session, {"roomId": "r"})
    assert capsys.readouterr().out == "3 peers\n"
    assert session.asked == [("room.show", {"roomId": "r"})]
    ask(ScriptedSession({"peers": 3}, as_json=True), {})
    assert json.loads(capsys.readouterr().out) == {"peers": 3}


def test_follow(capsys: pytest.CaptureFixture[str]) -> None:
    follow = Follow("events", lambda data: f"event {data['n']}")
    follow(ScriptedSession({"n": 1}, {"n": 2}), {})
    assert capsys.readouterr().out == "event 1\nevent 2\n"
    follow(ScriptedSession({"n": 1}, {"n": 2}, as_json=True), {})
    assert capsys.readouterr().out == '{"n": 1}\n{"n": 2}\n'


def test_progress(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("drain", "draining", lambda data: f"drained in {data['took']} s")
    progress(ScriptedSession(*STEPS), {})
    captured = capsys.readouterr()
    assert captured.out == "drained in 3 s\n"
    assert captured.err == "draining 0%  2 left\ndraining 100%\n"
    progress(ScriptedSession(*STEPS, as_json=True), {})
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == STEPS


def test_arguments_become_the_requests_data() -> None:
    arguments = (
        argument("roomId", metavar="ROOM"),
        argument("--deadline", dest="deadlineS", type=float),
        argument("-m", "--move-rooms", action="store_true"),
    )
    command = Command("drain", "help", Ask("drain", str), arguments)
    given = {"roomId": "r", "deadlineS": None, "move_rooms": True, "json": False}
    assert command.data(given) == {"roomId": "r", "move_rooms": True}
    assert command.method == "drain"
    assert Command("doctor", "help", lambda session, data: None).method is None
