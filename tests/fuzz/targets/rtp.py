"""RTP headers, extensions and RTX, against a page that must not be read."""

from __future__ import annotations

import struct

from tests.fuzz.target import Target
from tests.support.rtp import (
    ONE_BYTE,
    TWO_BYTE,
    extension_block,
    one_byte_elements,
    packet,
    two_byte_elements,
)
from tests.windows import wire as window

ELEMENTS = [(1, b"0"), (2, b"rid"), (3, b"\x12\x34\x56"), (4, b"\x00\x07"), (14, bytes(16))]
KINDS = {number: number % 11 for number in range(1, 256)}
SEEDS = [
    packet(b"payload", padding=4, csrcs=(1, 2)),
    packet(b"\xab\xcdoriginal", extension=extension_block(ONE_BYTE, one_byte_elements(ELEMENTS))),
    packet(b"payload", extension=extension_block(TWO_BYTE, two_byte_elements(ELEMENTS))),
    packet(padding=255),
]


def one_input(data: bytes) -> None:
    view = window.rtp_read(data, KINDS)
    original = window.rtp_read_rtx(data, KINDS, 96, 1)
    if not isinstance(view, dict):
        assert original is None
        return
    assert view["data"] == data
    assert view["header_length"] + len(view["payload"]) + view["padding_length"] == len(data)
    for value in view["extensions"].values():
        assert value in data[12 : view["header_length"]]
    if original is None:
        assert len(view["payload"]) < 2
        return
    assert original["sequence_number"] == struct.unpack("!H", view["payload"][:2])[0]
    assert original["payload"] == view["payload"][2:]
    assert original["extensions"] == view["extensions"]


TARGET = Target("rtp", SEEDS, lambda: one_input, ("_fastpath/wire/rtp.pyx",))
