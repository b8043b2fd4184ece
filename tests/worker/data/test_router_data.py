"""Data channels of a room: who closes whom, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.errors import Full, InvalidInput, InvalidState
from mediad.pipe.data_requests import SctpStreamParameters
from mediad.protocols.datachannel import BINARY, ChannelMessage
from mediad.worker.data.data_producer import DataProducer
from mediad.worker.data.sctp import STREAMS
from tests.support.worker_objects import Bench, bench


def produce(made: Bench, transport: Any, stream_id: int = 0, **parameters: Any) -> DataProducer:
    stream = SctpStreamParameters(stream_id, **parameters)
    return made.router.data.produce(transport.data, f"p{stream_id}", stream, "chat", "")


def test_a_data_consumer_is_as_reliable_as_its_producer() -> None:
    made = bench()
    ana, ben = made.transport("a", sctp=True), made.transport("b", sctp=True)
    producer = produce(made, ana, 7, ordered=False, max_retransmits=2)
    consumer = made.router.data.consume(ben.data, "c", producer)
    assert consumer.parameters == SctpStreamParameters(0, ordered=False, max_retransmits=2)
    direct = made.router.data.produce_directly("d", "bot", "")
    assert made.router.data.consume(ben.data, "e", direct).parameters == SctpStreamParameters(1)
    made.router.close()


def test_a_transport_takes_all_that_hangs_on_it_along_and_nothing_is_told() -> None:
    made = bench()
    data = made.router.data
    ana, ben = made.transport("a", sctp=True), made.transport("b", sctp=True)
    producer, other = produce(made, ana, 0), produce(made, ben, 1)
    data.consume(ben.data, "c", producer)
    data.consume_directly("bot", producer, 100)
    data.consume(ana.data, "d", other)
    made.router.close_transport(ana)
    assert (list(data.producers), list(data.consumers)) == (["p1"], [])
    assert other.consumers == {}
    made.router.close()
    assert data.producers == {}
    assert made.events == []


def test_a_channel_that_closes_for_want_of_room_is_given_nothing_more() -> None:
    made = bench()
    data = made.router.data
    ana = made.transport("a", sctp=True)
    flood = data.produce_directly("flood", "", "")
    data.consume(ana.data, "a", flood)
    later = data.consume(ana.data, "b", flood)
    later.send(ChannelMessage(BINARY, bytes(200_000)))  # so it has to pay when the other one is sent to
    while len(data.consumers) == 2:
        flood.receive(ChannelMessage(BINARY, bytes(100_000)))
    assert ana.data is not None
    memory = ana.data._sctp.memory
    made.router.close_transport(ana)
    assert memory.used_bytes == 0
    made.router.close()


def test_the_supervisors_own_go_with_the_router() -> None:
    made = bench()
    data = made.router.data
    data.consume_directly("c", data.produce_directly("p", "bot", ""), 100)
    made.router.close()
    assert (data.producers, data.consumers) == ({}, {})


def test_ids_are_used_once() -> None:
    made = bench()
    data = made.router.data
    ana = made.transport("a", sctp=True)
    producer = produce(made, ana)
    data.consume(ana.data, "c", producer)
    with pytest.raises(InvalidState, match='same dataProducerId "p0"'):
        produce(made, ana)
    with pytest.raises(InvalidState, match='same dataProducerId "p0"'):
        data.produce_directly("p0", "", "")
    with pytest.raises(InvalidState, match='data consumer with id "c"'):
        data.consume(ana.data, "c", producer)
    with pytest.raises(InvalidState, match='data consumer with id "c"'):
        data.consume_directly("c", producer, 1)
    made.router.close()


def test_what_a_transport_cannot_do() -> None:
    made = bench()
    plain, ana = made.transport("plain"), made.transport("a", sctp=True)
    with pytest.raises(InvalidInput, match="no SCTP"):
        produce(made, plain)
    producer = made.router.data.produce_directly("d", "", "")
    with pytest.raises(InvalidInput, match="no SCTP"):
        made.router.data.consume(plain.data, "c", producer)
    with pytest.raises(InvalidInput, match="cannot both be given"):
        produce(made, ana, max_retransmits=1, max_packet_life_time=1)
    for number in range(STREAMS):
        made.router.data.consume(ana.data, f"c{number}", producer)
    with pytest.raises(Full, match="1024 data channels"):
        made.router.data.consume(ana.data, "one more", producer)
    made.router.close()
