"""The frames of a TCP stream: however it is cut, the same packets come out, and the same end."""

from __future__ import annotations

import random

from tests.fuzz.target import Target
from tests.support.framed_socket import framed
from tests.windows import tcp as window

STUN, DTLS, RTP = bytes(20), b"\x16\xfe\xfd" + bytes(20), b"\x80\x60" + bytes(30)
SEEDS = [
    b"".join(map(framed, (STUN, b"", DTLS, RTP))),
    framed(RTP + bytes(window.LONGEST_FRAME - len(RTP))) * 2,
    b"GET / HTTP/1.1\r\n\r\n",
    framed(b"SSH-2.0"),
]


def expected(data: bytes) -> tuple[list[bytes], str]:
    """The packets of a stream, and why it ends, if it does."""
    packets: list[bytes] = []
    while len(data) >= 2:
        size = int.from_bytes(data[:2], "big")
        if size > window.LONGEST_FRAME:
            return packets, "too long"
        content = data[2 : 2 + size]
        if content and not (content[0] < 4 or 20 <= content[0] < 64 or 128 <= content[0] < 192):
            return packets, "unknown"
        if len(content) < size:
            break
        packets.append(content)
        data = data[2 + size :]
    return packets, ""


def one_input(data: bytes) -> None:
    chance = random.Random(data)
    frames, packets, end, rest = window.Frames(), [], "", data
    while rest and not end:
        size = chance.choice((1, 2, 3, 100, 4096))
        came, end = frames.feed(rest[:size])
        packets += came
        rest = rest[size:]
        assert frames.kept <= 2 + window.LONGEST_FRAME
    assert (packets, end) == expected(data)


TARGET = Target("framing", SEEDS, lambda: one_input, ("_fastpath/wire/framing.pyx",))
