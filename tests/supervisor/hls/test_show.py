"""The streams of one show, as the HTTP API serves them."""

from __future__ import annotations

import asyncio

import pytest

from mediad.pipe.recorder_requests import StreamGrown
from mediad.supervisor.hls import show
from mediad.supervisor.hls.show import Show
from mediad.supervisor.recording.observer import RecordingObserver, Subject
from tests.support.calls import Call
from tests.support.loops import on_loop

SUBJECT = Subject("hls-1", "room", None)


def grown(folder: str, segment: int, part: int, *, ended: bool = False) -> StreamGrown:
    return StreamGrown("ana", "camera", folder, segment, part, ended=ended)


async def shown() -> Show:
    call = Call()
    await call.member("ana")
    return Show(SUBJECT, call.registry, RecordingObserver())


@on_loop
async def test_a_stream_appears_with_its_first_part_and_has_a_name_of_its_own() -> None:
    one = await shown()
    one.stream_grown(SUBJECT, grown("/hls/1", 0, 0))
    one.stream_grown(SUBJECT, grown("/hls/2", 0, 0))
    one.stream_grown(SUBJECT, grown("/hls/1", 0, 1))
    first, second = one.streams()
    assert (first.name, second.name) == ("hls-1-1", "hls-1-2")
    assert (first.peer_id, first.newest, str(first.folder)) == ("ana", (0, 1), "/hls/1")


@on_loop
async def test_who_waits_is_told_of_the_part_or_of_the_end() -> None:
    one = await shown()
    one.stream_grown(SUBJECT, grown("/hls/1", 3, 1))
    (stream,) = one.streams()
    assert await stream.reached(3, 1, 0.0)
    assert not await stream.reached(3, 2, 0.01)
    waiting = asyncio.create_task(stream.reached(4, 0, 5.0))
    await asyncio.sleep(0)
    one.stream_grown(SUBJECT, grown("/hls/1", 3, 2))
    await asyncio.sleep(0)
    assert not waiting.done()
    one.stream_grown(SUBJECT, grown("/hls/1", 4, 0))
    assert await waiting
    waiting = asyncio.create_task(stream.reached(9, 0, 5.0))
    await asyncio.sleep(0)
    one.stream_grown(SUBJECT, grown("/hls/1", 4, 0, ended=True))
    assert await waiting


@on_loop
async def test_a_stream_that_has_ended_is_served_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    one = await shown()
    one.stream_grown(SUBJECT, grown("/hls/1", 0, 0, ended=True))
    assert len(list(one.streams())) == 1
    monkeypatch.setattr(show, "LINGER_S", -1.0)
    assert list(one.streams()) == []
