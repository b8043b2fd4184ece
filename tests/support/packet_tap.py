"""A tap of UDP on the loopback interface: RTP headers and extensions are not encrypted.

Needs root (AF_PACKET). It sees each packet once, and does not touch it.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType

_ETH_P_IP = 0x0800  # a socket for one protocol sees what comes in, and on loopback that is everything, once


@dataclass(frozen=True, slots=True)
class Seen:
    """One RTP packet."""

    at_s: float
    """CLOCK_MONOTONIC."""
    source_port: int
    target_port: int
    marker: bool
    payload_type: int
    sequence_number: int
    timestamp: int
    ssrc: int
    extensions: dict[int, bytes]
    size: int


class PacketTap:
    """`with PacketTap(port) as tap:` keeps the last packets to and from that UDP port."""

    def __init__(self, port: int, *, keep: int = 200_000) -> None:
        self._port = port
        self._kept: deque[Seen] = deque(maxlen=keep)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self._socket.bind(("lo", _ETH_P_IP))
        self._socket.settimeout(0.2)
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> PacketTap:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._thread.join()
        self._socket.close()

    def packets(self) -> list[Seen]:
        return list(self._kept)

    def clear(self) -> None:
        self._kept.clear()

    def _run(self) -> None:
        while not self._ended:
            try:
                self._take(self._socket.recv(65536))
            except TimeoutError:
                continue

    def _take(self, data: bytes) -> None:
        if len(data) < 28 or data[9] != socket.IPPROTO_UDP:
            return
        start = (data[0] & 0x0F) * 4
        source_port, target_port = struct.unpack_from("!HH", data, start)
        if self._port not in (source_port, target_port):
            return
        seen = rtp(data[start + 8 :], source_port, target_port, time.monotonic())
        if seen is not None:
            self._kept.append(seen)


def rtp(data: bytes, source_port: int, target_port: int, now_s: float) -> Seen | None:
    """The header of an RTP packet with its extensions (RFC 8285); None for anything else."""
    if len(data) < 12 or data[0] >> 6 != 2 or 64 <= data[1] & 0x7F < 96:
        return None
    sequence_number, timestamp, ssrc = struct.unpack_from("!HII", data, 2)
    extensions: dict[int, bytes] = {}
    if data[0] & 0x10:
        at = 12 + 4 * (data[0] & 0x0F)
        profile, words = struct.unpack_from("!HH", data, at)
        extensions = _elements(data[at + 4 : at + 4 + 4 * words], one_byte=profile == 0xBEDE)
    return Seen(
        now_s,
        source_port,
        target_port,
        bool(data[1] & 0x80),
        data[1] & 0x7F,
        sequence_number,
        timestamp,
        ssrc,
        extensions,
        len(data),
    )


def _elements(block: bytes, *, one_byte: bool) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        if block[at] == 0:
            at += 1
            continue
        if one_byte:
            number, length, head = block[at] >> 4, (block[at] & 0x0F) + 1, 1
        else:
            number, length, head = block[at], block[at + 1], 2
        found[number] = block[at + head : at + head + length]
        at += head + length
    return found
