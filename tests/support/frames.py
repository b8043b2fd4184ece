"""WebSocket frames of a client, byte by byte."""

from __future__ import annotations

TEXT, CONTINUATION, PING = 0x1, 0x0, 0x9


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Masked with zeros, which leave the payload as it is."""
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += bytes([0x80 | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([0x80 | 127]) + size.to_bytes(8, "big")
    return head + bytes(4) + payload
