"""The other side of a socket: which differences of an address count."""

from __future__ import annotations

import pytest

from tests.support import engine as e
from tests.support import plain_call as p

REPORT = b"\x80\xc9\x00\x01\x00\x00\x00\x63"
HOST = "2001:db8::1:2"


@pytest.mark.parametrize(
    ("host", "port", "local", "same"),
    [
        (HOST, 1000, "", True),
        (HOST, 1000, "2001:db8::7", True),  # which address of ours it reached does not matter
        (HOST, 1001, "", False),
        ("2001:db8::1:3", 1000, "", False),
        ("2001:db9::1:2", 1000, "", False),
    ],
)
def test_the_other_side(host: str, port: int, local: str, same: bool) -> None:
    call = p.PlainCall(learn=False)
    call.engine.set_remote(e.SENDING, p.RTP_SOCKET, HOST, 1000)
    assert call.engine.receive(p.RTP_SOCKET, host, port, REPORT, call.now_us, local)
    assert call.engine.counters()["rtcp_received"] == same
