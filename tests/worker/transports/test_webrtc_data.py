"""Data in DTLS: what a transport makes of it. Channels are in tests/worker/data/."""

from __future__ import annotations

from mediad.pipe.data_requests import SctpStreamParameters
from mediad.protocols.datachannel import BINARY, ChannelMessage
from mediad.worker.transports.webrtc import WebRtcTransport
from tests.support.loops import on_loop
from tests.support.media_peer import DtlsClient, check_for
from tests.support.pipe_wire import wire
from tests.support.transport_client import HERE, THERE, connect, converse, ready, sent, tuple_of
from tests.support.worker_objects import Bench, answered, bench

SCTP = b"\x13\x88\x13\x88" + bytes(40)
INIT = SCTP[:12] + b"\x01" + SCTP[13:]


def connected(made: Bench, *, sctp: bool = True) -> tuple[WebRtcTransport, DtlsClient]:
    transport, client = ready(made, sctp=sctp)
    connect(transport, client)
    converse(made, transport, client, client.start())
    return transport, client


@on_loop
async def test_data_that_nobody_asked_for_is_counted_and_dropped() -> None:
    made = bench()
    transport, client = connected(made, sctp=False)
    (record,) = client.seal(SCTP)
    transport.dtls_received(HERE, record)
    assert transport.dropped()["dtls_no-data-channels"] == 1
    transport.dtls_received(HERE, record)
    assert transport.dropped()["dtls_no-data-channels"] == 1, "a replayed record is no data"
    assert made.loop.named("open_transport")[0].parameters["data"] is False
    assert transport.parameters().sctp_parameters is None
    (entry,) = await answered(made, transport.stats(), [])
    assert "sctpState" not in entry
    transport.close()


@on_loop
async def test_the_association_begins_when_dtls_is_connected_and_there_is_a_channel() -> None:
    made = bench()
    transport, client = ready(made, sctp=True)
    received: list[bytes] = []
    client.on_data = received.append
    made.router.data.consume(transport.data, "c", made.router.data.produce_directly("p", "", ""))
    made.clock.pass_s(0.1)
    connect(transport, client)
    converse(made, transport, client, client.start())
    made.clock.pass_s(0.01)
    converse(made, transport, client, [])
    for data in sent(made)[-1:]:
        client.receive(data)
    assert [packet[12] for packet in received][:1] == [1], "INIT"
    assert made.told("transport.sctpState") == [{"transportId": "t", "sctpState": "connecting"}]
    (entry,) = await answered(made, transport.stats(), [])
    assert entry["sctpState"] == "connecting"
    assert made.loop.named("open_transport")[0].parameters["data"] is True
    transport.close()


@on_loop
async def test_data_of_a_client_that_has_gone_in_the_same_datagram_begins_nothing() -> None:
    made = bench()
    transport, client = ready(made, "server", sctp=True)
    receive = client.receive

    def receive_and_leave(data: bytes) -> list[bytes]:
        answers = receive(data)
        if client.endpoint.state != "connected":
            return answers
        return [b"".join([*answers, *client.seal(INIT), *client.close()])]

    client.receive = receive_and_leave  # type: ignore[method-assign]
    client.start()
    connect(transport, client)
    converse(made, transport, client, [])
    assert transport.dtls_state == "closed"
    assert made.told("transport.dtlsState")[-1]["dtlsState"] == "closed"
    assert made.told("transport.sctpState") == [
        {"transportId": "t", "sctpState": "closed", "reason": "DTLS has closed"}
    ]
    transport.close()


@on_loop
async def test_a_client_that_does_not_answer_costs_its_channels_and_its_media_goes_on() -> None:
    made = bench()
    transport, _ = connected(made)
    stream = SctpStreamParameters(0)
    made.router.data.produce(transport.data, "p", stream, "", "")
    made.clock.pass_s(300)
    (*_, last) = made.told("transport.sctpState")
    assert last["sctpState"] == "failed"
    (closed,) = made.told("dataProducer.closed")
    assert (closed["dataProducerId"], closed["reason"]) == ("p", f"SCTP has failed: {last['reason']}")
    assert transport.dtls_state == "connected"
    assert made.router.data.producers == {}
    transport.close()


@on_loop
async def test_data_for_a_client_without_a_path_is_counted() -> None:
    made = bench()
    transport, _ = connected(made)
    assert transport.dropped().get("dtls_no-path", 0) == 0
    transport.path_lost(HERE)
    made.router.data.produce(transport.data, "p", SctpStreamParameters(0), "", "")
    made.clock.pass_s(0.1)
    assert transport.dropped()["dtls_no-path"] == 1
    transport.close()


@on_loop
async def test_data_proves_a_path_as_media_does() -> None:
    made = bench()
    transport, client = connected(made)
    transport.stun_received(THERE, check_for(wire(transport.parameters())))
    assert made.loop.named("select_address") == []
    (record,) = client.seal(SCTP)
    (other,) = client.seal(SCTP)
    transport.dtls_received(THERE, record[:-1] + bytes([record[-1] ^ 1]))
    assert made.loop.named("select_address") == [], "forged"
    transport.dtls_received(THERE, other)
    assert made.loop.named("select_address")[0].args == (transport.handle, *tuple_of(THERE))
    assert made.loop.named("prove_address")[-1].args == (transport.handle, *tuple_of(THERE))
    transport.close()


@on_loop
async def test_what_waits_for_a_client_that_comes_later_is_kept() -> None:
    made = bench()
    transport, _ = ready(made, sctp=True)
    assert transport.data is not None
    producer = made.router.data.produce_directly("p", "", "")
    made.router.data.consume(transport.data, "c", producer)
    producer.receive(ChannelMessage(BINARY, bytes(1000)))
    (stats,) = made.router.data.consumers["c"].stats()
    assert (stats["messagesSent"], stats["bufferedAmount"]) == (0, 1000)
    transport.close()
