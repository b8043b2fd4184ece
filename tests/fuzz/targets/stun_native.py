"""The media thread's look at STUN."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.support.stun import PRIORITY, USERNAME, message, with_fingerprint, with_integrity
from tests.windows import wire as window

SEEDS = [
    with_fingerprint(
        with_integrity(message(1, [(PRIORITY, bytes(4)), (USERNAME, b"ours:theirs")]), "password")
    ),
    message(1, [(USERNAME, b"a:b")]),
    message(0x11, []),
]


def one_input(data: bytes) -> None:
    window.is_signed(data, b"password")
    fragment = window.stun_username(data)
    if fragment is not None:
        assert window.is_stun(data)
        assert fragment
        assert fragment + b":" in data


TARGET = Target("stun-native", SEEDS, lambda: one_input, ("_fastpath/wire/stun.pyx",))
