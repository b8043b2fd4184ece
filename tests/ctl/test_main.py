"""mediactl as a command: output, JSON, and an exit code for each way it can end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mediad.ctl import main as main_module
from mediad.ctl.command import Command, argument
from mediad.ctl.exits import CtlExit
from mediad.ctl.main import main
from mediad.ctl.session import Data, Session
from mediad.errors import InvalidState
from tests.support.admin import admin_server

ROOM = {
    "roomId": "lobby",
    "workerId": 0,
    "peers": 3,
    "producers": 6,
    "consumers": 12,
    "branches": [{"workerId": 0, "peers": 3}],
}


async def handle(method: str, data: dict[str, Any]) -> dict[str, Any]:
    if method == "rooms":
        return {"rooms": [ROOM]}
    raise InvalidState(f"no {method} today")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "mediad.sock")


@pytest.mark.parametrize("before", [True, False])
def test_table_and_json(path: str, before: bool, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--admin-socket", path]
    with admin_server(path, handle):
        assert main(["rooms", *options]) == 0
        assert capsys.readouterr().out.splitlines()[1].split()[0] == "lobby"
        assert main([*options, "--json", "rooms"] if before else ["rooms", "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out) == {"rooms": [ROOM]}


def test_the_environment_names_the_socket(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with admin_server(path, handle):
        monkeypatch.setenv("MEDIAD_ADMIN_SOCKET", path)
        assert main(["rooms"]) == CtlExit.OK
        monkeypatch.delenv("MEDIAD_ADMIN_SOCKET")
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(Path(path).parent))
        assert main(["rooms"]) == CtlExit.OK


def test_refused(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    with admin_server(path, handle):
        assert main(["status", "--admin-socket", path]) == CtlExit.REFUSED
    assert capsys.readouterr().err == "mediactl: no status today\n"


def test_not_running(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--admin-socket", path]) == CtlExit.NOT_RUNNING
    assert capsys.readouterr().err.startswith("mediactl: mediad is not running")


def test_no_answer(path: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "mediad.ctl.main", "status", "--admin-socket", path],
            cwd=Path(__file__).parents[2],
            stderr=subprocess.PIPE,
            text=True,
        )
        listener.accept()[0].close()
        _, error = process.communicate(timeout=30)
    assert process.returncode == CtlExit.NO_ANSWER
    assert error.startswith("mediactl: the ")


@pytest.mark.parametrize("argv", [[], ["unheard-of"], ["status", "--jso"]])
def test_usage(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == CtlExit.USAGE


def test_ctrl_c(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "call", interrupted)
    assert main(["rooms", "--admin-socket", path]) == CtlExit.INTERRUPTED


def test_verbs_of_groups_and_their_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Data] = []
    arguments = (argument("roomId", metavar="ROOM"), argument("--deadline", dest="deadlineS", type=float))
    shows = Command("room show", "one room", lambda _, data: got.append(data), arguments)
    closes = Command("room close", "end a room", lambda _, data: CtlExit.REFUSED)
    monkeypatch.setattr(main_module, "COMMANDS", (shows, closes))
    monkeypatch.setattr(main_module, "GROUPS", {"room": "one room"})
    assert main(["room", "show", "lobby", "--json"]) == CtlExit.OK
    assert main(["--json", "room", "show", "lobby", "--deadline", "3"]) == CtlExit.OK
    assert got == [{"roomId": "lobby"}, {"roomId": "lobby", "deadlineS": 3.0}]
    assert main(["room", "close"]) == CtlExit.REFUSED
    with pytest.raises(SystemExit) as caught:
        main(["room"])
    assert caught.value.code == CtlExit.USAGE
