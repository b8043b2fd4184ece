"""Fixtures of the tests of sockets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.tcp_loop import TcpLoop


@pytest.fixture
def tcp() -> Iterator[TcpLoop]:
    loop = TcpLoop()
    yield loop
    loop.close()
