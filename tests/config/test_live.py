"""Reloading: what changes, what waits, and that a mistake changes nothing at all."""

from __future__ import annotations

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from mediad.config.listen import ListenInfo
from mediad.config.live import Commit, LiveSettings
from mediad.config.load import load
from mediad.config.settings import Settings
from mediad.errors import ConfigError
from tests.support.loops import on_loop, raises


class File:
    """A settings file, the live settings read from it, and what their listener was told."""

    def __init__(self, folder: Path, text: str = "", **flags: str) -> None:
        self._path = folder / "mediad.toml"
        self.write(text)
        self.live = LiveSettings(load(path=str(self._path), flags=flags))
        self.told: list[Settings] = []
        self.live.apply_with(self._apply)

    def write(self, text: str) -> None:
        self._path.write_text(text)

    async def _apply(self, settings: Settings) -> None:
        self.told.append(settings)

    def origin(self, line: int) -> str:
        return f"file {self._path}:{line}"


@on_loop
async def test_what_is_live_changes_and_the_rest_waits(tmp_path: Path) -> None:
    file = File(tmp_path, "max_rooms = 3\n")
    file.write('log_level = "debug"\nport = 4000\nannounced_ip = "127.0.0.7"\n')
    report = await file.live.reload()
    assert {change["key"]: (change["before"], change["after"]) for change in report["changed"]} == {
        "log_level": ("info", "debug"),
        "max_rooms": (3, 0),
        "announced_ip": (None, ("127.0.0.7",)),
    }
    assert report["waiting"] == [{"key": "port", "before": 3000, "after": 4000}]
    settings = Settings(
        log_level="debug",
        announced_ip=("127.0.0.7",),
        announced=(ListenInfo("127.0.0.1", ("127.0.0.7",)),),
    )
    assert file.told == [settings] == [file.live.settings]
    shown = {setting["key"]: setting for setting in file.live.shown()}
    assert shown["log_level"]["origin"] == file.origin(1)
    assert (shown["max_rooms"]["value"], shown["max_rooms"]["origin"]) == (0, "default")
    assert (shown["port"]["value"], shown["port"]["origin"], shown["port"]["waiting"]) == (
        3000,
        "default",
        4000,
    )


@on_loop
async def test_what_the_next_start_would_refuse(tmp_path: Path) -> None:
    file = File(tmp_path)
    assert await file.live.problems() == []
    file.write('port = "high"\nlog_level = "shout"\n')
    assert [problem.split(":")[0] for problem in await file.live.problems()] == ["port", "log_level"]
    assert file.live.settings == Settings()


@on_loop
async def test_what_waited_and_was_taken_back_waits_no_more(tmp_path: Path) -> None:
    file = File(tmp_path)
    file.write("workers = 2\n")
    assert (await file.live.reload())["waiting"][0]["key"] == "workers"
    file.write("")
    assert await file.live.reload() == {"changed": [], "waiting": [], "notes": []}
    assert not any("waiting" in setting for setting in file.live.shown())


@on_loop
async def test_a_broken_file_changes_nothing_and_says_why(tmp_path: Path) -> None:
    file = File(tmp_path, "max_rooms = 3\n")
    before = file.live.settings
    for text, reason in (
        ("max_rooms = 5\nport = ", ":2: port: the value is missing; write: port = VALUE"),
        ("max_rooms = 5\nlog_level = 'loud'\n", f"log_level: got 'loud' ({file.origin(2)}), expected one of"),
        ("max_rooms = 5\nmax_room = 1\n", "max_room: unknown setting"),
        ("max_rooms = 5\nlisten_ip = '0.0.0.0'\n", "announced_ip: got None (default), expected an address"),
    ):
        file.write(text)
        assert reason in await raises(ConfigError, file.live.reload())
    assert file.live.settings is before
    assert file.told == []
    file.write("max_rooms = 5\n")
    await file.live.reload()
    assert file.live.settings.max_rooms == 5


@on_loop
async def test_live_settings_must_fit_those_that_wait(tmp_path: Path) -> None:
    file = File(tmp_path, "listen_ip = '0.0.0.0'\nannounced_ip = '203.0.113.7'\n")
    file.write(
        "listen_ip = '127.0.0.1'\n"
    )  # consistent in itself, but the old listen_ip is what is listened on
    assert "announced_ip: got None" in await raises(ConfigError, file.live.reload())
    assert file.live.settings.announced_ip == ("203.0.113.7",)


@on_loop
async def test_a_name_is_looked_up_again_and_its_new_address_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = ["198.51.100.4"]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda name, *_, **__: [(0, 0, 0, "", (one, 0)) for one in addresses]
    )
    file = File(tmp_path, "listen_ip = '0.0.0.0'\nannounced_ip = 'sfu.example'\n")
    assert file.live.settings.candidate_ips == ("198.51.100.4",)
    addresses[:] = ["198.51.100.3", "198.51.100.4"]  # one more, and before it
    assert (await file.live.reload())["notes"] == []
    addresses[:] = ["198.51.100.3"]
    report = await file.live.reload()
    assert report["notes"] == ["announced_ip: sfu.example is 198.51.100.3 now, no longer 198.51.100.4"]
    assert file.told[-1].candidate_ips == ("198.51.100.3",)
    file.write("listen_ip = '0.0.0.0'\nannounced_ip = 'sfu.example'\nmax_rooms = 3\n")
    addresses.clear()
    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    assert "sfu.example' (" in await raises(ConfigError, file.live.reload())
    assert (file.live.settings.max_rooms, file.live.settings.candidate_ips) == (0, ("198.51.100.3",))


def nobody_knows(name: str, *_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@on_loop
async def test_flags_still_beat_the_file(tmp_path: Path) -> None:
    file = File(tmp_path, max_rooms="9")
    file.write("max_rooms = 5\n")
    assert (await file.live.reload())["changed"] == []
    assert file.live.settings.max_rooms == 9


@on_loop
async def test_whoever_must_agree_can_refuse_for_all(tmp_path: Path) -> None:
    file = File(tmp_path)
    counted: list[int] = []

    async def agree(settings: Settings) -> Commit:
        def commit() -> str:
            counted.append(settings.max_rooms)
            return "agreed"

        return commit

    async def refuse(settings: Settings) -> None:
        if settings.max_rooms == 13:
            raise ConfigError("max_rooms: unlucky")

    file.live.prepare_with(agree)
    file.live.prepare_with(refuse)
    file.write("max_rooms = 13\nmax_peers = 1\n")
    assert await raises(ConfigError, file.live.reload()) == "max_rooms: unlucky"
    assert (counted, file.told, file.live.settings) == ([], [], Settings())
    file.write("max_rooms = 14\n")
    assert (await file.live.reload())["notes"] == ["agreed"]
    assert counted == [14]


@on_loop
async def test_tls_cannot_begin_or_end_while_running(tmp_path: Path) -> None:
    file = File(tmp_path)
    file.write("tls_certificate = '/etc/cert.pem'\n")
    report = await file.live.reload()
    assert (report["changed"], report["waiting"][0]["key"]) == ([], "tls_certificate")
    assert file.live.settings.tls_certificate is None


@on_loop
async def test_a_change_by_hand_holds_until_the_next_reload(tmp_path: Path) -> None:
    file = File(tmp_path, "log_level = 'warning'\n")
    await file.live.set("log_level", "debug")
    assert (file.told[-1].log_level, file.live.origins["log_level"]) == ("debug", "mediactl")
    reason = await raises(ConfigError, file.live.set("log_level", "loud"))
    assert reason.startswith("log_level: got 'loud', expected one of debug")
    await file.live.reload()
    assert (file.live.settings.log_level, file.live.origins["log_level"]) == ("warning", file.origin(1))


@on_loop
async def test_secrets_change_unseen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    old, new = "old" * 16, "new" * 16
    file = File(tmp_path, f"jwt_secrets = '{old}'\n")
    file.write(f"jwt_secrets = ['{new}', '{old}']\n")
    with caplog.at_level(logging.DEBUG):
        report = await file.live.reload()
    assert file.live.settings.jwt_secrets == (new, old)
    assert report["changed"] == [{"key": "jwt_secrets", "before": "(hidden)", "after": "(hidden)"}]
    for shown in (str(file.live.shown()), caplog.text):
        assert "jwt_secrets" in shown
        assert old not in shown
        assert new not in shown


@on_loop
async def test_changes_at_the_same_time_follow_each_other(tmp_path: Path) -> None:
    file = File(tmp_path)
    file.write("max_rooms = 7\n")
    await asyncio.gather(file.live.reload(), file.live.set("log_level", "debug"), file.live.reload())
    assert (file.live.settings.max_rooms, file.live.settings.log_level) == (7, "info")
    await asyncio.gather(file.live.set("max_peers", 3), file.live.set("log_level", "debug"))
    assert (file.live.settings.max_peers, file.live.settings.log_level) == (3, "debug")
