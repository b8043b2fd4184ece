"""One connection: where it is from, that it ends once, and that reading stops and goes on."""

from __future__ import annotations

import logging

import pytest

from mediad.signaling.server.client_connection import ClientConnection, FrontState, plain_client
from tests.support.loops import on_loop
from tests.support.signaling import Front, eventually, run


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
    connection, transport = ClientConnection(FrontState()), Transport()
    connection.made(transport, ("192.0.2.7", 4))  # type: ignore[arg-type]
    for wanted in (True, False, False, True, True):
        connection.read(wanted)
    assert transport.did == ["pause", "resume"]
    transport.closing = True
    connection.read(False)
    assert transport.did == ["pause", "resume"]


@on_loop
async def test_the_end_comes_once_and_returns_what_was_held() -> None:
    front_state, ends = FrontState(), []
    connection = ClientConnection(front_state)
    connection.on_lost = lambda: ends.append(1)
    connection.account.hold("in", 100)
    connection.lost()
    connection.lost()
    assert (ends, front_state.ledger.held_bytes) == ([1], 0)


@on_loop
async def test_lines_say_whose_they_are(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    connection = ClientConnection(FrontState())
    connection.made(Transport(), ("192.0.2.7", 4))  # type: ignore[arg-type]
    connection.log("closed with %d", 1008)
    assert caplog.messages == ["client 192.0.2.7: closed with 1008"]


def test_a_client_on_a_socket_for_both_families_is_known_by_its_ipv4_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)

    async def scenario(running: Front) -> None:
        await running.connect("ana")
        (room,) = running.registry.rooms()
        await eventually(lambda: "ana" in room.peers)
        assert room.peers["ana"].info.address == "127.0.0.1"
        await running.http("GET / HTTP/1.1\r\n\r\n")

    run(scenario, dual_stack=True)
    assert "client 127.0.0.1: refused with 400" in caplog.text


def test_other_clients_are_known_as_they_are() -> None:
    assert plain_client(("2001:db8::7", 5)) == ("2001:db8::7", 5)
    assert plain_client(("::ffff:192.0.2.7", 5)) == ("192.0.2.7", 5)
    assert plain_client(None) is None
