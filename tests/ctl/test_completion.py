"""Completion: the words that may follow, as a function and in a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mediad.ctl.client import NotRunning
from mediad.ctl.command import Ask, Command, argument
from mediad.ctl.commands import COMMANDS, GROUPS
from mediad.ctl.completion import BASH, ZSH, Word, candidates, ids, spell
from mediad.ctl.main import main
from tests.support.admin import admin_server
from tests.support.scripted_session import ScriptedSession

ROOT = Path(__file__).parents[2]
ASK = Ask("x", str)
VERBS = (
    Command("status", "how it is", ASK),
    Command("room show", "one room", ASK, (argument("roomId"),)),
    Command("room close", "end it", ASK, (argument("roomId"), argument("--reason", help="why"))),
    Command("peer kick", "remove", ASK, (argument("roomId"), argument("peerId"))),
    Command("peers", "all", ASK, (argument("--room", dest="roomId"),)),
    Command("drain", "empty it", ASK, (argument("--worker", dest="workerId"),)),
    Command("log-level", "how much", ASK, (argument("level", choices=("debug", "info")),)),
    Command("events", "all", ASK, (argument("--follow", "-f", action="store_true"),)),
)
ABOUT = {"room": "one room", "peer": "one peer"}


def look_up(key: str, given: dict[str, str]) -> list[Word]:
    known = {"roomId": ["lobby", "attic"], "peerId": ["ana"], "workerId": ["0", "1"]}
    return [(id_, f"{key} {given}") for id_ in known.get(key, [])]


def words(*typed: str) -> list[str]:
    return [word for word, _ in candidates(VERBS, ABOUT, typed, look_up)]


def test_verbs() -> None:
    assert words() == ["status", "room", "peer", "peers", "drain", "log-level", "events"]
    assert words("pe") == ["peer", "peers"]
    assert words("room", "") == ["show", "close"]
    assert words("room", "c") == ["close"]
    assert words("--json", "room", "c") == ["close"]
    assert words("--admin-socket", "/x", "st") == ["status"]
    assert words("unheard", "") == []
    assert candidates(VERBS, ABOUT, ["ro"], look_up) == [("room", "one room")]
    assert candidates(VERBS, ABOUT, ["stat"], look_up) == [("status", "how it is")]


def test_options() -> None:
    assert words("--") == ["--json", "--admin-socket", "--help"]
    assert words("room", "close", "--r") == ["--reason"]
    assert words("room", "close", "--json", "--") == ["--reason", "--admin-socket", "--help"]
    assert words("events", "-f", "-") == ["--follow", "--json", "--admin-socket", "--help"]


def test_ids_of_what_is_there() -> None:
    assert words("room", "show", "") == ["lobby", "attic"]
    assert words("room", "show", "lobby", "") == []
    assert words("room", "close", "--reason", "too loud", "at") == ["attic"]
    assert words("peers", "--room", "l") == ["lobby"]
    assert words("drain", "--worker", "") == ["0", "1"]
    assert candidates(VERBS, ABOUT, ["peer", "kick", "lobby", ""], look_up) == [
        ("ana", "peerId {'roomId': 'lobby'}")
    ]


def test_values() -> None:
    assert words("log-level", "") == ["debug", "info"]
    assert words("room", "close", "--reason", "") == []
    assert words("--admin-socket", "") == []
    assert words("status", "--admin-socket", "") == []


def test_ids_are_asked_for() -> None:
    answers: dict[str, Any] = {
        "rooms": {"rooms": [{"roomId": "lobby", "peers": 3}]},
        "peers": {"peers": [{"peerId": "ana", "displayName": "Ana"}]},
        "workers": {"workers": [{"workerId": 1, "state": "ready", "roomCount": 2}]},
        "record.list": {"recordings": [{"recordingId": "r1", "roomId": "lobby"}]},
    }
    for key, asked, found in (
        ("roomId", ("rooms", {}), ("lobby", "3 peers")),
        ("peerId", ("peers", {"roomId": "lobby"}), ("ana", "Ana")),
        ("workerId", ("workers", {}), ("1", "ready, 2 rooms")),
        ("recording", ("record.list", {}), ("r1", "of lobby")),
    ):
        session = ScriptedSession(answers[asked[0]])
        assert ids(session)(key, {"roomId": "lobby"}) == [found]
        assert session.asked == [asked]
    assert ids(session)("level", {}) == []
    assert [word for word, _ in ids(session)("spread", {"roomId": "lobby"})] == ["auto", "off", "2"]
    assert ids(ScriptedSession(NotRunning("no")))("roomId", {}) == []


def test_spelling() -> None:
    assert spell([("a", "x\ny"), ("two\nlines", "")]) == "a\tx\\ny\n"


def test_every_verb_is_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Down to its last word, in the real table."""
    for command in COMMANDS:
        *before, last = command.name.split()
        found = candidates(COMMANDS, GROUPS, [*before, last], look_up)
        assert last in [word for word, _ in found]
    assert main(["__complete", "--admin-socket", str(tmp_path / "none"), "room", "show", ""]) == 0
    assert capsys.readouterr().out == ""
    assert main(["__complete", "stat"]) == 0
    assert capsys.readouterr().out.startswith("status\t")


async def rooms(method: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"rooms": [{"roomId": name, "peers": 1} for name in ("lobby", "my room", "$(touch x)")]}


def in_shell(shell: str, script: str, socket: str, folder: Path) -> list[str]:
    """Runs `script` where mediactl is a command."""
    command = folder / "mediactl"
    command.write_text(f'#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m mediad.ctl.main "$@"\n')
    command.chmod(0o755)
    result = subprocess.run(
        [shell, "-c", script],
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "MEDIAD_ADMIN_SOCKET": socket},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash(tmp_path: Path) -> None:
    script = (
        BASH + 'COMP_WORDS=(mediactl room show "") COMP_CWORD=3; _mediactl; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    socket = str(tmp_path / "s")
    with admin_server(socket, rooms):
        assert in_shell("bash", script, socket, tmp_path) == ["lobby", "my\\ room", "\\$\\(touch\\ x\\)"]
    assert not (tmp_path / "x").exists()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh(tmp_path: Path) -> None:
    stub = '_describe() { print -rl -- "${(@P)2}" }; compdef() { : }\n'
    script = stub + ZSH + 'words=(mediactl room show "") CURRENT=4; _mediactl'
    socket = str(tmp_path / "s")
    with admin_server(socket, rooms):
        found = in_shell("zsh", script, socket, tmp_path)
    assert found == ["lobby:1 peer", "my room:1 peer", "$(touch x):1 peer"]
    assert not (tmp_path / "x").exists()
