"""The media thread's look at STUN."""

from __future__ import annotations

from mediad._fastpath.wire import _probe_wire as probe
from tests.support.stun import PRIORITY, USERNAME, message, with_fingerprint, with_integrity

SEEDS = [
    with_fingerprint(
        with_integrity(message(1, [(PRIORITY, bytes(4)), (USERNAME, b"ours:theirs")]), "password")
    ),
    message(1, [(USERNAME, b"a:b")]),
    message(0x11, []),
]


def one_input(data: bytes) -> None:
    fragment = probe.stun_username(data)
    if fragment is not None:
        assert probe.is_stun(data)
        assert fragment
        assert fragment + b":" in data
