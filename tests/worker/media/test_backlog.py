from __future__ import annotations

import pytest

from mediad.worker.media.backlog import RETRY_US, Backlog
from tests.support.fake_clock import FakeClock


def test_what_finds_no_room_waits_and_keeps_its_order() -> None:
    clock = FakeClock()
    backlog, done, full = Backlog(clock), list[int](), [True]

    def act(number: int) -> None:
        if full[0]:
            raise BlockingIOError
        done.append(number)

    backlog.do(lambda: act(1))
    full[0] = False
    backlog.do(lambda: act(2))
    assert done == []
    clock.pass_s(RETRY_US / 1e6)
    assert done == [1, 2]
    assert clock.waiting == 0
    backlog.do(lambda: act(3))
    assert done == [1, 2, 3]


def test_what_was_wrong_is_said_at_once_or_later() -> None:
    clock = FakeClock()
    backlog, told, room = Backlog(clock), list[str](), [False]

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
    clock.pass_s(10 * RETRY_US / 1e6)
    assert told == [], "it is tried again and again"
    room[0] = True
    clock.pass_s(RETRY_US / 1e6)
    assert told == ["seven"]
