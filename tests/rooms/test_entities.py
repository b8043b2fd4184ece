from __future__ import annotations

import logging

import pytest

from mediad.ortc.acceptance import SSRC_RANGE
from mediad.ortc.parameters import RtpParameters
from mediad.rooms.entities import Consumer, Peer, Producer, Transport, draw_ssrc, new_peer
from mediad.rooms.reception import Form
from tests.support.listeners import RecordingListener

FORM = Form({"codecs": [], "encodings": [{}]})


def peer(peer_id: str = "ana") -> Peer:
    return new_peer(peer_id, RecordingListener(), logging.LoggerAdapter(logging.getLogger("test"), {}))


def test_mids_count_up() -> None:
    transport = Transport("t", peer(), consuming=True)
    assert [transport.take_mid() for _ in range(3)] == ["0", "1", "2"]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_ssrcs_are_drawn_with_room_for_those_after_them(count: int) -> None:
    drawn = [draw_ssrc(count) for _ in range(100)]
    assert len(set(drawn)) > 90
    assert all(ssrc in SSRC_RANGE and ssrc + count - 1 in SSRC_RANGE for ssrc in drawn)


def test_ssrcs_keep_clear_of_each_other_and_of_each_others_rtx() -> None:
    sender, receiver = peer("ana"), peer("ben")
    producer = Producer("p", "audio", "simple", Transport("t", sender, False), RtpParameters(()), {})
    transport = Transport("u", receiver, consuming=True)
    for index in range(200):
        ssrc = transport.take_ssrc()
        assert 100_000_000 <= ssrc < ssrc + 1 <= 999_999_999
        transport.consumers[str(index)] = Consumer(str(index), producer, transport, ssrc, "", FORM)
    ssrcs = [consumer.ssrc for consumer in transport.consumers.values()]
    assert len({*ssrcs, *(ssrc + 1 for ssrc in ssrcs)}) == 400


def test_consumers_go_to_the_first_transport_made_for_them() -> None:
    ana = peer()
    assert ana.receiving_transport() is None
    for name, consuming in (("t1", False), ("t2", True), ("t3", True)):
        ana.transports[name] = Transport(name, ana, consuming)
    found = ana.receiving_transport()
    assert found is not None
    assert found.id == "t2"


def test_an_offer_shows_the_moment() -> None:
    producer = Producer(
        "p", "video", "simulcast", Transport("t", peer("ana"), False), RtpParameters(()), {"share": True}
    )
    consumer = Consumer("c", producer, Transport("u", peer("ben"), True), 5, "0", FORM)
    assert consumer.offer().producer_paused is False
    producer.paused = True
    offer = consumer.offer()
    assert (offer.consumer_id, offer.producer_id, offer.peer_id) == ("c", "p", "ana")
    assert (offer.kind, offer.type, offer.producer_paused) == ("video", "simulcast", True)
    assert (offer.app_data, offer.rtp_parameters) == (
        {"share": True},
        {"mid": "0", "codecs": [], "encodings": [{"ssrc": 5}]},
    )
