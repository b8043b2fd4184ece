"""A session connects when it is first asked, and writes for people or for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mediad.ctl.client import NotRunning
from mediad.ctl.session import Session
from tests.support.admin import admin_server


async def handle(method: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, **data}


def test_one_connection_for_all_that_is_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    session = Session([path], as_json=False)
    with pytest.raises(NotRunning):
        session.call("status", {})
    with admin_server(path, handle):
        assert session.call("status", {"n": 1}) == {"method": "status", "n": 1}
        client = session._client
        assert list(session.stream("status", {})) == []
        assert session._client is client
        session.close()
    Session([path], as_json=False).close()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session([], as_json=True)
    session.print_json({"a": [1]})
    assert json.loads(capsys.readouterr().out) == {"a": [1]}
    session.print_json({"a": [1]}, line=True)
    assert capsys.readouterr().out == '{"a": [1]}\n'
    assert not session.is_terminal
