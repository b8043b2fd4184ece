"""Plain transports and pipes, as far as they are alike."""

from __future__ import annotations

from typing import Any

import pytest

from mediad.pipe.transport_requests import CreatePipeTransport, CreatePlainTransport
from mediad.worker.transports.socket_transport import SocketTransport
from tests.support.worker_objects import OPTIONS, Bench, OnePort, bench


def plain(made: Bench) -> SocketTransport:
    return made.router.create_plain_transport(OPTIONS, CreatePlainTransport("r", "t", rtcp_mux=False))


def pipe(made: Bench) -> SocketTransport:
    return made.router.create_pipe_transport(OPTIONS, CreatePipeTransport("r", "t"))


KINDS = pytest.mark.parametrize("make", [plain, pipe])


@KINDS
def test_its_ports_are_given_back_after_its_handle(make: Any) -> None:
    made = bench()
    transport = make(made)
    ports = made.router._ports
    assert isinstance(ports, OnePort)
    made.router.close_transport(transport)
    assert ports.given_back == [endpoint.port for endpoint in transport.endpoints]
    assert made.loop.names[-1] == "close_transport"
    assert made.plane.counts()["transports"] == 0


@KINDS
def test_a_consumer_gets_its_best_layers_at_once_and_nothing_is_probed_for(make: Any) -> None:
    made = bench()
    producer = made.producer(made.transport("s"))
    for encoding in range(3):
        producer.stream_changed(encoding, 1000 + encoding, 10, True)
    consumer = made.consumer(make(made), producer)
    consumer.pause(False)
    (opened,) = made.loop.named("open_consumer")
    targets = [call.args[1:] for call in made.loop.named("set_target")]
    best = [opened.parameters["target"], *(target[0] for target in targets)]
    assert best[-1] == 2
    assert made.loop.named("set_desired_bitrate") == []
    assert made.told("transport.bandwidth") == []
