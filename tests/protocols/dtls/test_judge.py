from __future__ import annotations

import os

from mediad.protocols.dtls.attempt import Attempt
from mediad.protocols.dtls.judge import client_flight, server_flight
from mediad.protocols.dtls.messages import Message, MessageCollector
from mediad.protocols.dtls.records import fragments_of
from tests.protocols.dtls.test_attempt import attempt


def arrive(collector: MessageCollector, messages: list[Message]) -> None:
    collector.begin_datagram()
    for message in messages:
        for item in message.records(0):
            for fragment in fragments_of(item) or []:
                collector.add(fragment)


def both() -> tuple[Attempt, Attempt]:
    client, server = attempt("client"), attempt("server")
    client.show([])
    server.show(client.sent)
    return client, server


def forged(messages: list[Message]) -> list[Message]:
    return [Message(item.message_type, item.sequence, os.urandom(len(item.body))) for item in messages]


def test_the_servers_flight_is_found_among_forged_ones() -> None:
    client, server = both()
    collector = MessageCollector()
    arrive(collector, forged(server.sent))
    assert server_flight(client, 0, collector) is None
    arrive(collector, server.sent)
    arrive(collector, forged(server.sent))
    assert server_flight(client, 0, collector) == server.sent
    assert server_flight(client, 1, collector) is None


def test_a_server_that_wants_no_certificate() -> None:
    client, server = both()
    collector = MessageCollector()
    arrive(collector, [*server.sent[:3], Message(14, 3, b"")])
    assert server_flight(client, 0, collector) == [*server.sent[:3], Message(14, 3, b"")]


def test_the_clients_flight_is_found_among_forged_ones() -> None:
    client, server = both()
    client.show(server.sent)
    flight = [message for message in client.sent if message.sequence > 0]
    collector = MessageCollector()
    arrive(collector, forged(flight))
    assert client_flight(server, collector) is None
    arrive(collector, flight)
    arrive(collector, forged(flight))
    assert client_flight(server, collector) == flight
    other_client, other_server = both()
    assert client_flight(other_server, collector) is None
    assert other_client.sent != client.sent
