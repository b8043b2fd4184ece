from __future__ import annotations

import pytest

from mediad.worker.media.backlog import Backlog
from tests.support.loops import on_loop, until


@on_loop
async def test_what_finds_no_room_waits_and_keeps_its_order() -> None:
    backlog, done, full = Backlog(), list[int](), [True]

    def act(number: int) -> None:
        if full[0]:
            raise BlockingIOError
        done.append(number)

    backlog.do(lambda: act(1))
    full[0] = False
    backlog.do(lambda: act(2))
    assert done == []
    await until(lambda: done == [1, 2])
    backlog.do(lambda: act(3))
    assert done == [1, 2, 3]


@on_loop
async def test_what_was_wrong_is_said_at_once_or_later() -> None:
    backlog, told, room = Backlog(), list[str](), [False]

    def wrong() -> None:
        raise ValueError("seven")

    def when_there_is_room() -> None:
        if not room[0]:
            raise BlockingIOError

    with pytest.raises(ValueError, match="seven"):
        backlog.do(wrong, told.append)
    backlog.do(when_there_is_room)
    backlog.do(wrong, told.append)
    assert told == []
    room[0] = True
    await until(lambda: told == ["seven"])
