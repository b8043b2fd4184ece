"""Answers to stats requests: true numbers, and an empty answer when the object is gone."""

from __future__ import annotations

import pytest

from mediad._fastpath.door.events import BitratesMeasured, StatsAnswered
from tests.support import engine as e


def ask(call: e.Call, kind: int, handle: int) -> list[dict[str, int]]:
    call.engine.events()
    call.engine.request_stats(77, kind, handle)
    (answer,) = call.told(StatsAnswered)
    assert answer.request_id == 77
    return answer.records


def test_numbers_are_those_of_the_traffic() -> None:
    call = e.Call()
    call.produce(encodings=[(e.SSRC, e.RTX_SSRC, b""), (e.SSRC + 1, 0, b""), (0, 0, b"r2")])
    call.consume()
    sizes = 0
    for number in range(1, 11):
        for stream in (0, 1):
            data = e.rtp(
                number, number * 3000, e.vp8_payload(number, keyframe=number == 1), ssrc=e.SSRC + stream
            )
            call.send(data)
            sizes += len(data)
    forwarded = sum(len(data) for to, data in call.left() if to == e.RECEIVER)
    (transport,) = ask(call, 0, e.SENDING)
    assert (transport["bytes_received"], transport["rtp_bytes_received"]) == (sizes, sizes)
    assert transport["recv_bitrate"] == pytest.approx(sizes * 8, rel=0.06)  # to the width of a bucket
    (receiving,) = ask(call, 0, e.RECEIVING)
    assert (receiving["rtp_bytes_sent"], receiving["bytes_sent"]) == (forwarded, forwarded)
    streams = ask(call, 1, e.PRODUCER)
    assert [(s["encoding"], s["ssrc"], s["packet_count"]) for s in streams] == [
        (0, e.SSRC, 10),
        (1, e.SSRC + 1, 10),
    ]
    (consumer,) = ask(call, 2, e.CONSUMER)
    assert (consumer["ssrc"], consumer["encoding"], consumer["packet_count"]) == (e.OUT_SSRC, 0, 10)
    assert consumer["byte_count"] == forwarded


def test_what_is_gone_answers_empty() -> None:
    call = e.Call()
    for kind in range(3):
        assert ask(call, kind, 9 * e.GENERATION) == []


def test_a_producer_nothing_came_of_answers_empty() -> None:
    call = e.Call()
    call.produce()
    assert ask(call, 1, e.PRODUCER) == []


def play_two_temporal_layers(call: e.Call, first: int, count: int) -> None:
    """T0 and T1 in turn, 30 pictures a second."""
    for number in range(first, first + count):
        payload = bytearray(e.vp8_payload(number, keyframe=number == first, body=b"x" * 1000))
        payload[5] = number % 2 << 6
        call.send(e.rtp(number, number * 3000, bytes(payload)))
        call.pass_time(33_333)


def test_what_layers_cost_is_told_while_somebody_receives_them() -> None:
    call = e.Call()
    call.produce()
    play_two_temporal_layers(call, 2, 60)
    assert call.told(BitratesMeasured) == []
    call.consume()
    play_two_temporal_layers(call, 62, 60)
    producer, encoding, bitrates = call.told(BitratesMeasured)[-1]
    assert (producer, encoding, bitrates[2:]) == (e.PRODUCER, 0, [0] * 14)
    assert bitrates[0] == pytest.approx(122_000, rel=0.1)
    assert bitrates[1] == pytest.approx(244_000, rel=0.1)
    play_two_temporal_layers(call, 122, 60)
    assert len(call.told(BitratesMeasured)) <= 1  # a steady stream is no news


def test_statistics_of_layers() -> None:
    call = e.Call()
    call.produce()
    play_two_temporal_layers(call, 2, 60)
    call.engine.request_stats(7, 1, e.PRODUCER)
    ((record,),) = (answer.records for answer in call.told(StatsAnswered))
    assert (record["spatial_count"], record["temporal_count"]) == (1, 2)
    assert record["layer_bitrates"][1] == pytest.approx(record["bitrate"], rel=0.1)
