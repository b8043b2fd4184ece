from __future__ import annotations

import pytest

from mediad.errors import InvalidInput, InvalidState
from tests.support.negotiation import video
from tests.support.worker_objects import Bench, bench


def two_peers() -> Bench:
    """Transports a and b: a sends p, consumed as ca and cb by a and b; b sends q, consumed as qa by a."""
    made = bench()
    a, b = made.transport("a"), made.transport("b")
    p = made.producer(a, "p")
    q = made.producer(b, "q", "audio")
    made.consumer(a, p, "ca")
    made.consumer(b, p, "cb")
    made.consumer(a, q, "qa")
    return made


def alive(made: Bench) -> str:
    """Every id the router knows, and nothing it has only half forgotten."""
    router = made.router
    on_transports = {
        *(one for transport in router.transports.values() for one in transport.producers),
        *(one for transport in router.transports.values() for one in transport.consumers),
    }
    assert on_transports == {*router.producers, *router.consumers} == set(router._transport_of)
    of_producers = {one for producer in router.producers.values() for one in producer.consumers}
    assert of_producers == set(router.consumers)
    assert made.plane.counts() == {
        "transports": len(router.transports),
        "producers": len(router.producers),
        "consumers": len(router.consumers),
    }
    return " ".join(sorted([*router.transports, *on_transports]))


def test_everything_is_known() -> None:
    assert alive(two_peers()) == "a b ca cb p q qa"


def test_a_consumer_closes_alone() -> None:
    made = two_peers()
    made.router.close_consumer(made.router.consumers["ca"])
    assert alive(made) == "a b cb p q qa"


def test_a_producer_closes_its_consumers() -> None:
    made = two_peers()
    made.router.close_producer(made.router.producers["p"])
    assert alive(made) == "a b q qa"
    assert made.loop.names[-3:] == ["close_consumer", "close_consumer", "close_producer"]


def test_a_transport_closes_what_it_carries_and_what_depends_on_it() -> None:
    made = two_peers()
    made.router.close_transport(made.router.transports["a"])
    assert alive(made) == "b q"
    made.router.close_transport(made.router.transports["b"])
    assert alive(made) == ""


def test_a_router_closes_everything_in_an_order_the_media_path_can_take() -> None:
    made = two_peers()
    made.router.close()
    assert alive(made) == ""
    kinds = [name.removeprefix("close_") for name in made.loop.names if name.startswith("close_")]
    assert sorted(kinds) == ["consumer"] * 3 + ["producer"] * 2 + ["transport"] * 2
    closed = [(call.name.removeprefix("close_"), call.args[0]) for call in made.loop.calls]
    for call in made.loop.named("open_producer"):
        producer, transport = call.args
        assert closed.index(("producer", producer)) < closed.index(("transport", transport))
    for call in made.loop.named("open_consumer"):
        consumer, transport, producer = call.args
        assert closed.index(("consumer", consumer)) < closed.index(("transport", transport))
        assert closed.index(("consumer", consumer)) < closed.index(("producer", producer))


def test_ids_are_given_once() -> None:
    made = two_peers()
    with pytest.raises(InvalidState, match=r'^a transport with id "a" already exists$'):
        made.transport("a")
    with pytest.raises(InvalidState, match=r'^a Producer with same producerId "p" already exists$'):
        made.producer(made.router.transports["b"], "p")
    with pytest.raises(InvalidState, match=r'^a consumer with id "ca" already exists$'):
        made.consumer(made.router.transports["b"], made.router.producers["p"], "ca")
    assert alive(made) == "a b ca cb p q qa"


def test_an_ssrc_has_one_producer_of_a_transport() -> None:
    made = bench()
    a, b = made.transport("a"), made.transport("b")
    wire = video("video/VP8", encodings=[{"ssrc": 5, "rtx": {"ssrc": 6}}])
    made.producer(a, "p", wire=wire)
    taken = video("video/VP8", encodings=[{"ssrc": 7, "rtx": {"ssrc": 5}}])
    with pytest.raises(InvalidInput, match=r"^ssrc 5 is sent by another producer of this transport$"):
        made.producer(a, "q", wire=taken)
    made.producer(b, "q", wire=taken)
    assert alive(made) == "a b p q"
    made.router.close_producer(made.router.producers["p"])
    made.producer(a, "p", wire=taken)
    assert alive(made) == "a b p q"
