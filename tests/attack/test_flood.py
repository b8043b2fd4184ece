"""Floods leave as they should: from where they claim, and with their answers counted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.attack import flood

PACKETS = [b"one", b"three"]


@pytest.fixture
def sink() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(10)
        yield opened


def test_own_sockets_count_what_comes_back(sink: socket.socket) -> None:
    def answer() -> None:
        for _ in range(10):
            data, source = sink.recvfrom(100)
            sink.sendto(data * 2, source)
            sources.add(source[0])

    sources: set[str] = set()
    answering = threading.Thread(target=answer)
    answering.start()
    outcome = flood.own(sink.getsockname(), PACKETS, 0.2, host="127.0.0.9", sockets=3, rate=1000)
    answering.join()
    assert sources == {"127.0.0.9"}
    assert outcome.sent >= 64
    assert outcome.sent_bytes == outcome.sent // 2 * 8
    assert 0 < outcome.answered_bytes <= 10 * 10


@pytest.mark.skipif(not flood.may_forge(), reason="needs root, to forge addresses")
@pytest.mark.parametrize("source", [flood.ANY, ("127.9.9.9", 999)])
def test_forged_sources(sink: socket.socket, source: tuple[str, int]) -> None:
    outcome = flood.forged(sink.getsockname(), PACKETS, 0.1, source=source, rate=1000)
    seen = [sink.recvfrom(100) for _ in range(20)]
    assert {data for data, _ in seen} == {*PACKETS}
    assert outcome.amplification is None
    if source == flood.ANY:
        assert len({address for _, address in seen}) > 10
        assert all(host.startswith("127.") and port >= 1024 for _, (host, port) in seen)
    else:
        assert {address for _, address in seen} == {source}
