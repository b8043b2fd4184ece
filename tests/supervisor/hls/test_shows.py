"""The shows of a node: what begins them, what ends them, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediad import needs
from mediad.config.settings import Settings
from mediad.errors import Full, InvalidState, NotFound, Unavailable, Unsupported
from mediad.rooms.options import RoomOptions
from mediad.supervisor.hls import show
from mediad.supervisor.hls.shows import Shows
from mediad.supervisor.recording.observer import RecordingObserver
from tests.support.calls import Call
from tests.support.loops import on_loop, raises, until
from tests.support.recorders import Heard, tiny_recorder


def shows_of(call: Call, folder: Path, observer: RecordingObserver | None = None, **settings: Any) -> Shows:
    given = {"hls_dir": str(folder), **settings}
    return Shows(call.registry, Settings(**given), {}, observer, tiny_recorder())


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


@on_loop
async def test_a_room_is_shown_until_it_is_stopped(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    await call.member("ana")
    shows = shows_of(call, tmp_path, heard)
    started = await shows.start("room")
    assert (started["roomId"], started["peerId"], started["state"]) == ("room", None, "recording")
    assert [one["roomId"] for one in shows.under_way()] == ["room"]
    assert shows.streams("room") == []
    assert "shown already" in await raises(InvalidState, shows.start("room", "ana"))
    await shows.stop("room")
    assert len(shows) == 0
    with pytest.raises(NotFound):
        shows.streams("room")
    assert [event[0] for event in heard.heard] == ["began", "refused", "ended"]
    await shows.close()
    assert is_empty(tmp_path)


@on_loop
async def test_it_ends_with_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "LINGER_S", 0.0)
    call, heard = Call(), Heard()
    ana = await call.member("ana")
    shows = shows_of(call, tmp_path, heard)
    await shows.start("room", "ana")
    ana.seat.leave()
    await until(lambda: len(shows) == 0)
    assert heard.heard[-1][:2] == ("ended", "deserted")
    await shows.close()


@on_loop
async def test_refusals_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call, heard = Call(), Heard()
    await call.member("ana")
    shows = shows_of(call, tmp_path, heard)
    assert "not found" in await raises(NotFound, shows.start("elsewhere"))
    assert "not found" in await raises(NotFound, shows.start("room", "ben"))
    assert "not shown" in await raises(NotFound, shows.stop("room"))
    shows.settings = Settings(hls_dir=str(tmp_path), max_shows=0)
    assert "max_shows" in await raises(Full, shows.start("room"))
    shows.settings = Settings(hls_dir=str(tmp_path / "missing"))
    assert "hls_dir" in await raises(Unavailable, shows.start("room"))
    monkeypatch.setattr(needs, "recording_problem", lambda: "pip install mediad[recording]")
    assert "pip install" in await raises(Unsupported, shows.start("room"))
    assert len(shows) == 0
    assert [event[0] for event in heard.heard] == ["refused"] * 5


@on_loop
async def test_a_token_has_its_room_shown_once(tmp_path: Path) -> None:
    call, heard = Call(), Heard()
    await call.member("ana")
    shows = shows_of(call, tmp_path, heard)
    shows.room_entered("room", RoomOptions())
    shows.room_entered("room", RoomOptions(show=True))
    shows.room_entered("room", RoomOptions(show=True))
    await until(lambda: ("began", "room", None) in heard.heard)
    assert len(shows) == 1
    await shows.close()
    assert ("refused", "room") not in heard.heard
    assert heard.heard[-1][:2] == ("ended", "shutdown")
