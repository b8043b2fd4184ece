"""Settings of the daemon that runs, else of the file it would read."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from mediad.config.listen import ListenInfo
from mediad.config.settings import Settings
from mediad.ctl import installation
from mediad.ctl.client import NotAllowed, NotRunning
from mediad.ctl.installation import find
from mediad.errors import EnvelopeError
from tests.support.scripted_session import ScriptedSession

ABSENT = ScriptedSession(NotRunning("mediad is not running"))


@pytest.fixture(autouse=True)
def no_default_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "default.toml"
    monkeypatch.setattr(installation, "DEFAULT_FILE", str(path))
    return path


def test_a_daemon_that_runs_is_believed(tmp_path: Path) -> None:
    answer = {"settings": {"port": 4000, "workers": 3, "of_tomorrow": 1}, "pid": 7}
    found = find(ScriptedSession(answer), str(tmp_path / "wrong.toml"), {})
    assert found.settings == Settings(port=4000, workers=3)
    assert (found.answer, found.absence, found.problems) == (answer, None, ())


@pytest.mark.parametrize(("told", "address"), [("203.0.113.7", "203.0.113.7"), (None, "0.0.0.0")])
def test_an_older_daemon_has_one_address_of_each_kind(told: str | None, address: str) -> None:
    older = {"listen_ip": "0.0.0.0", "announced_ip": told, "announced_address": told}
    found = find(ScriptedSession({"settings": older}), None, {}).settings
    assert found is not None
    assert (found.listen_ip, found.announced_ip) == (("0.0.0.0",), told and (told,))
    assert found.listen_infos == (ListenInfo("0.0.0.0", (address,)),)


def test_all_addresses_of_a_daemon_are_known() -> None:
    infos = (ListenInfo("10.0.0.5", ("203.0.113.7", "10.0.0.5")), ListenInfo("::1", ("::1",)))
    settings = Settings(listen_ip=("10.0.0.5", "::1"), announced=infos)
    answer = json.loads(
        msgspec.json.encode({"settings": {"announced": infos, "listen_ip": settings.listen_ip}})
    )
    assert find(ScriptedSession(answer), None, {}).settings == settings


@pytest.mark.parametrize("error", [NotRunning("not running"), EnvelopeError("hung up")])
def test_without_a_daemon_its_file_is_read(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "m.toml"
    path.write_text("port = 4001\n")
    for given, environ in ((str(path), {"PORT": "1"}), (None, {"MEDIAD_CONFIG": str(path)})):
        found = find(ScriptedSession(error), given, environ)
        assert found.settings is not None
        assert found.settings.port == int(environ.get("PORT", 4001))
        assert found.absence == str(error)


def test_the_usual_file(no_default_file: Path) -> None:
    assert find(ABSENT, None, {}).settings == Settings()
    no_default_file.write_text("port = 4002\n")
    found = find(ABSENT, None, {})
    assert found.settings is not None
    assert found.settings.port == 4002


def test_wrong_settings(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('port = "high"\nlog_level = "shout"\n')
    found = find(ABSENT, str(path), {})
    assert found.settings is None
    assert [problem.split(":")[0] for problem in found.problems] == ["port", "log_level"]


def test_a_daemon_of_somebody_else() -> None:
    with pytest.raises(NotAllowed):
        find(ScriptedSession(NotAllowed("no permission")), None, {})


def test_media_that_would_not_arrive_is_seen_without_a_daemon(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    path.write_text('announced_ip = "8.8.4.4"\n')
    (problem,) = find(ABSENT, str(path), {}).problems
    assert "but listen_ip is 127.0.0.1" in problem
    assert "media sent to 8.8.4.4 would be lost; set listen_ip to 0.0.0.0" in problem
