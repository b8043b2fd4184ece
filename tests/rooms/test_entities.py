from __future__ import annotations

import pytest

from mediad.ortc.acceptance import SSRC_RANGE
from mediad.ortc.parameters import RtpParameters
from mediad.rooms.entities import Consumer, Peer, Producer, Transport, draw_ssrc
from mediad.rooms.reception import Form
from tests.support.calls import stranger

FORM = Form({"codecs": [], "encodings": [{}]})


def transport_of(peer: Peer, transport_id: str = "t", *, consuming: bool = False) -> Transport:
    return Transport(transport_id, peer, peer.branch, consuming)


def test_mids_count_up() -> None:
    transport = transport_of(stranger("ana"), consuming=True)
    assert [transport.take_mid() for _ in range(3)] == ["0", "1", "2"]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_ssrcs_are_drawn_with_room_for_those_after_them(count: int) -> None:
    drawn = [draw_ssrc(count) for _ in range(100)]
    assert len(set(drawn)) > 90
    assert all(ssrc in SSRC_RANGE and ssrc + count - 1 in SSRC_RANGE for ssrc in drawn)


def test_ssrcs_keep_clear_of_each_other_and_of_each_others_rtx() -> None:
    sender, receiver = stranger("ana"), stranger("ben")
    producer = Producer("p", "audio", "simple", transport_of(sender), RtpParameters(()), {})
    transport = transport_of(receiver, "u", consuming=True)
    for index in range(200):
        ssrc = transport.take_ssrc()
        assert 100_000_000 <= ssrc < ssrc + 1 <= 999_999_999
        transport.consumers[str(index)] = Consumer(str(index), producer, transport, ssrc, "", FORM)
    ssrcs = [consumer.ssrc for consumer in transport.consumers.values()]
    assert len({*ssrcs, *(ssrc + 1 for ssrc in ssrcs)}) == 400


def test_consumers_go_to_the_first_transport_made_for_them() -> None:
    ana = stranger("ana")
    assert ana.receiving_transport() is None
    for name, consuming in (("t1", False), ("t2", True), ("t3", True)):
        ana.transports[name] = transport_of(ana, name, consuming=consuming)
    found = ana.receiving_transport()
    assert found is not None
    assert found.id == "t2"


def test_an_offer_shows_the_moment() -> None:
    producer = Producer(
        "p", "video", "simulcast", transport_of(stranger("ana")), RtpParameters(()), {"share": True}
    )
    consumer = Consumer("c", producer, transport_of(stranger("ben"), "u", consuming=True), 5, "0", FORM)
    assert consumer.offer().producer_paused is False
    producer.paused = True
    offer = consumer.offer()
    assert (offer.consumer_id, offer.producer_id, offer.peer_id) == ("c", "p", "ana")
    assert (offer.kind, offer.type, offer.producer_paused) == ("video", "simulcast", True)
    assert (offer.app_data, offer.rtp_parameters) == (
        {"share": True},
        {"mid": "0", "codecs": [], "encodings": [{"ssrc": 5}]},
    )
