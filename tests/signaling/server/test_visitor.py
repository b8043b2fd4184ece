"""One connection: where it is from, that it ends once, and that reading stops and goes on."""

from __future__ import annotations

import pytest

from mediad.signaling.server.visitor import Lobby, Visitor
from tests.support.loops import on_loop


class Transport:
    def __init__(self) -> None:
        self.did: list[str] = []
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.did.append("pause")

    def resume_reading(self) -> None:
        self.did.append("resume")


@on_loop
async def test_reading_is_paused_and_resumed_once_each() -> None:
    visitor, transport = Visitor(Lobby()), Transport()
    visitor.made(transport, ("192.0.2.7", 4))  # type: ignore[arg-type]
    for wanted in (True, False, False, True, True):
        visitor.read(wanted)
    assert transport.did == ["pause", "resume"]
    transport.closing = True
    visitor.read(False)
    assert transport.did == ["pause", "resume"]


@on_loop
async def test_the_end_comes_once_and_returns_what_was_held() -> None:
    lobby, ends = Lobby(), []
    visitor = Visitor(lobby)
    visitor.on_lost = lambda: ends.append(1)
    visitor.account.hold("in", 100)
    visitor.lost()
    visitor.lost()
    assert (ends, lobby.ledger.held_bytes) == ([1], 0)


@on_loop
async def test_lines_say_whose_they_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    visitor = Visitor(Lobby())
    visitor.made(Transport(), ("192.0.2.7", 4))  # type: ignore[arg-type]
    visitor.log("closed with %d", 1008)
    assert caplog.messages == ["client 192.0.2.7: closed with 1008"]
