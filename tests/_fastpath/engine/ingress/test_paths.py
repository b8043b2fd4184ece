"""Owners of addresses, the address that media is sent to, and the limit for an unproven path."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import CommandRefused, PathReported
from mediad._fastpath.door.media_loop import MAX_ADDRESSES
from tests.support import engine as e

OTHER, NEW = e.GENERATION | 5, ("198.51.100.1", 40000)
ELSEWHERE = ("203.0.113.9", 5000)


def audio_call() -> e.Call:
    call = e.Call()
    call.produce_audio()
    call.consume_audio()
    call.engine.open_transport(OTHER, username_fragment=b"other", rtcp_ssrc=5, secure=False)
    return call


def opus(number: int) -> bytes:
    return e.rtp(number, number * 960, b"opus-frame", payload_type=111)


def arrives(call: e.Call, number: int, where: tuple[str, int]) -> bool:
    call.send(opus(number), where)
    return len(call.forwarded()) == 1


@pytest.mark.parametrize("end", ["close", "remove"])
def test_the_former_owner_of_an_address_takes_nothing_with_it(end: str) -> None:
    """A NAT gives a port to another client: it stays with that one when the first goes."""
    call = audio_call()
    call.engine.add_address(OTHER, 0, *NEW)
    call.engine.add_address(e.SENDING, 0, *NEW)
    assert arrives(call, 1, NEW)
    if end == "close":
        call.engine.close_transport(OTHER)
    else:
        call.engine.remove_address(OTHER, 0, *NEW)
    assert arrives(call, 2, NEW)


def test_each_check_puts_an_address_again() -> None:
    call = audio_call()
    call.engine.add_address(e.SENDING, 0, *NEW)
    call.engine.add_address(OTHER, 0, *NEW)
    assert not arrives(call, 1, NEW)
    call.pass_time(3_000_000)
    call.engine.add_address(e.SENDING, 0, *NEW)
    assert arrives(call, 2, NEW)


def test_a_check_from_an_address_where_another_was_just_heard_takes_it_from_nobody() -> None:
    """The source may be forged, by a client that wants to silence another one."""
    call = audio_call()
    assert arrives(call, 1, e.SENDER)
    call.engine.add_address(OTHER, 0, *e.SENDER)
    assert arrives(call, 2, e.SENDER)
    call.pass_time(6_100_000)
    call.engine.at(call.now_us)
    call.engine.add_address(OTHER, 0, *e.SENDER)
    assert not arrives(call, 3, e.SENDER)


def test_one_who_only_receives_keeps_its_address_by_its_own_checks() -> None:
    """Send a report now and then; a forged check for another transport comes five times a second."""
    call = audio_call()
    assert arrives(call, 1, e.SENDER)
    for step in range(1, 200):
        call.pass_time(200_000)
        call.engine.at(call.now_us)
        if step % 25 == 0:
            call.engine.add_address(e.SENDING, 0, *e.SENDER)
        call.engine.add_address(OTHER, 0, *e.SENDER)
    assert arrives(call, 2, e.SENDER)


def test_a_path_too_many_is_refused_and_said_so() -> None:
    call = audio_call()
    for port in range(1, MAX_ADDRESSES + 2):
        call.engine.add_address(OTHER, 0, "192.0.2.1", port)
    assert call.told(CommandRefused) == [(0, OTHER, "add_address", "full")]
    assert call.drops() == {"drop_command_refused": 1}
    call.engine.remove_address(OTHER, 0, "192.0.2.1", 3)
    call.engine.add_address(OTHER, 0, "192.0.2.1", MAX_ADDRESSES + 1)
    assert call.told(CommandRefused) == []


# -- unproven paths ----------------------------------------------------------------------------------------


def sent_bytes(call: e.Call, where: tuple[str, int]) -> int:
    return sum(len(data) for to, data in call.left() if to == where)


def test_no_media_goes_where_nobody_proved_to_receive() -> None:
    call = audio_call()
    call.engine.add_address(e.RECEIVING, 0, *ELSEWHERE)
    call.engine.select_unproven(e.RECEIVING, 0, *ELSEWHERE)
    for number in range(1, 50):
        call.send(opus(number))
    call.pass_time(5_000_000)
    assert sent_bytes(call, ELSEWHERE) == 0
    assert call.drops()["drop_path_unproven"] >= 49


def test_what_came_from_an_unproven_path_earns_twice_as_much() -> None:
    """The answer to the check is the third time."""
    call = audio_call()
    call.engine.add_address(e.RECEIVING, 0, *ELSEWHERE)
    call.engine.select_unproven(e.RECEIVING, 0, *ELSEWHERE)
    check = e.stun_request(b"receiver-fragment")
    for number in range(1, 1000):
        if number % 100 == 0:
            call.send(check, ELSEWHERE)
        call.send(opus(number))
    left = sent_bytes(call, ELSEWHERE)
    assert 9 * len(check) < left <= 2 * 9 * len(check)


def test_authentic_media_from_an_unproven_path_lifts_the_limit_and_is_told_once() -> None:
    call = audio_call()
    call.engine.add_address(e.RECEIVING, 0, *ELSEWHERE)
    call.engine.select_unproven(e.RECEIVING, 0, *ELSEWHERE)
    for _ in range(3):
        call.send(e.pli(1), ELSEWHERE)
    assert call.told(PathReported) == [(e.RECEIVING, 0, *ELSEWHERE, "", call.now_us, 0, False)]
    call.send(opus(1))
    assert sent_bytes(call, ELSEWHERE) > 0
    assert "drop_path_unproven" not in call.drops()


def test_a_handshake_that_ended_there_lifts_the_limit() -> None:
    call = audio_call()
    call.engine.add_address(e.RECEIVING, 0, *ELSEWHERE)
    call.engine.select_unproven(e.RECEIVING, 0, *ELSEWHERE)
    call.engine.prove_address(e.RECEIVING, 0, *ELSEWHERE)
    call.send(opus(1))
    assert sent_bytes(call, ELSEWHERE) > 0


def test_a_path_not_selected_is_told_of_when_media_comes_from_it() -> None:
    call = audio_call()
    call.engine.add_address(e.RECEIVING, 0, *ELSEWHERE)
    call.send(e.pli(1), ELSEWHERE)
    assert call.told(PathReported) == [(e.RECEIVING, 0, *ELSEWHERE, "", call.now_us, 0, False)]


# -- questions ---------------------------------------------------------------------------------------------


def test_a_path_is_asked_for_what_was_heard_there_and_what_was_dropped() -> None:
    call = audio_call()
    call.engine.ask_address(e.SENDING, 0, *e.SENDER)
    assert call.told(PathReported) == [(e.SENDING, 0, *e.SENDER, "", 0, 0, True)]
    call.send(opus(1))
    heard_us = call.now_us
    call.pass_time(1_000_000)
    for _ in range(100):
        call.send(e.stun_request(b"sender-fragment"))
    call.engine.events()
    call.engine.ask_address(e.SENDING, 0, *e.SENDER)
    ((*_, heard, dropped, asked),) = call.told(PathReported)
    assert (heard, dropped, asked) == (heard_us, call.now_us, True)
