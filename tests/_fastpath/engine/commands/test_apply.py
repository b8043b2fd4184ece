"""Commands: a late one is counted and ignored, and closing everything leaves nothing behind."""

from __future__ import annotations

from mediad._fastpath.door.events import Closed, CommandRefused, Event, StatsAnswered, StunReceived
from mediad._fastpath.door.media_loop import MAX_USERNAMES
from mediad._fastpath.engine.messages import CommandKind
from tests.support import engine as e
from tests.support.imports import ROOT

OF_THE_LOOP = {"COMMAND_OPEN_LISTENER", "COMMAND_OPEN_SOCKET", "COMMAND_CLOSE_SOCKET", "COMMAND_STOP"}


def test_every_kind_is_in_a_table() -> None:
    source = (ROOT / "mediad/_fastpath/engine/commands/apply.pyx").read_text()
    kinds = set(CommandKind.__members__) - OF_THE_LOOP - {"COMMAND_COUNT"}
    assert {kind for kind in kinds if f"[<int>{kind}] = " not in source} == set()


def test_closing_leaves_nothing() -> None:
    call = e.Call()
    call.produce(levels=True)
    call.consume()
    for number in range(1, 50):
        call.send(e.rtp(number, number * 3000, e.vp8_payload(number, keyframe=number == 1)))
    call.close()
    assert call.told(Closed) == [(2, e.CONSUMER), (1, e.PRODUCER), (0, e.SENDING), (0, e.RECEIVING)]
    assert (call.engine.slots_in_use(), call.engine.timers_armed()) == (0, 0)
    call.send(e.rtp(51, 0, b"x"))
    assert call.drops()["drop_media_unknown_address"] == 1


def test_late_commands_are_counted_and_ignored() -> None:
    call = e.Call()
    call.close()
    stale = 2 * e.GENERATION
    call.engine.pause_consumer(stale, True)
    call.engine.set_target(stale, 0, 255)
    call.engine.request_key_frame(stale)
    call.engine.pause_producer(stale, True)
    call.engine.select_address(stale, 0, "10.9.9.9", 9)
    call.engine.set_keys(stale, receive_session=1, rtcp_session=1)
    call.engine.close_transport(stale)
    assert call.drops() == {
        "drop_stale_command": 9
    }  # two of them from close() itself: no consumer, no producer


def test_objects_on_a_closed_transport_are_reported_closed() -> None:
    """Python may not know yet that the transport went: it still gets its indices back."""
    call = e.Call()
    call.engine.close_transport(e.SENDING)
    call.engine.events()
    call.produce()
    call.consume()
    told = call.engine.events()
    assert [event for event in told if isinstance(event, Closed)] == [(1, e.PRODUCER), (2, e.CONSUMER)]
    assert refusals(told) == [
        (1, e.PRODUCER, "open_producer", "stale"),
        (2, e.CONSUMER, "open_consumer", "stale"),
    ]


def refusals(told: list[Event]) -> list[CommandRefused]:
    return [event for event in told if isinstance(event, CommandRefused)]


def test_a_late_command_is_told() -> None:
    call = e.Call()
    call.engine.pause_consumer(2 * e.GENERATION, True)
    assert refusals(call.engine.events()) == [(2, 2 * e.GENERATION, "pause_consumer", "stale")]


def test_a_username_too_many_or_somebody_elses_is_refused() -> None:
    call = e.Call()
    for number in range(MAX_USERNAMES):
        call.engine.add_username(e.SENDING, b"fragment%d" % number, e.PASSWORD)
    call.engine.add_username(e.RECEIVING, b"fragment0", e.PASSWORD)
    call.engine.add_username(e.RECEIVING, b"receiver-fragment", e.PASSWORD)
    assert refusals(call.engine.events()) == [
        (0, e.SENDING, "add_username", "full"),
        (0, e.RECEIVING, "add_username", "taken"),
    ]
    assert call.drops() == {"drop_command_refused": 2}


def test_a_transport_with_a_name_that_is_taken_was_never_open() -> None:
    call = e.Call()
    handle = e.GENERATION | 9
    call.engine.open_transport(handle, username_fragment=b"sender-fragment", rtcp_ssrc=1)
    told = call.engine.events()
    assert refusals(told) == [(0, handle, "open_transport", "taken")]
    assert Closed(0, handle) in told
    call.engine.close_transport(handle)
    assert refusals(call.engine.events()) == [(0, handle, "close_transport", "stale")]
    call.send(e.stun_request(b"sender-fragment"), ("192.0.2.1", 9))
    assert [event.transport for event in call.told(StunReceived)] == [e.SENDING]


def test_two_producers_cannot_claim_one_ssrc() -> None:
    call = e.Call()
    call.produce()
    second = e.GENERATION | 1
    call.engine.open_producer(second, e.SENDING, **e.producer_parameters(mid=b"1"))
    told = call.engine.events()
    assert refusals(told) == [(1, second, "open_producer", "taken")]
    assert Closed(1, second) in told
    call.consume()
    call.send(e.rtp(1, 3000, e.vp8_payload(1, keyframe=True)))
    assert len(call.forwarded()) == 1, "the first keeps it"


def test_two_consumers_cannot_claim_one_ssrc() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    second = e.GENERATION | 1
    call.consume(second, rtx_ssrc=e.OUT_SSRC, ssrc=77)
    told = call.engine.events()
    assert refusals(told) == [(2, second, "open_consumer", "taken")]
    call.engine.close_consumer(second)
    call.reply(e.pli(e.OUT_SSRC))
    call.engine.request_stats(1, 2, e.CONSUMER)
    (answer,) = call.told(StatsAnswered)
    assert answer.records[0]["pli_count"] == 1


def test_an_encoding_that_is_not_there_is_refused() -> None:
    call = e.Call()
    call.produce()
    call.consume()
    call.engine.set_target(e.CONSUMER, 3, 255)
    assert refusals(call.engine.events()) == [(2, e.CONSUMER, "set_target", "out of range")]
